package cameo_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/cameo-onnx/cameo"
)

// A recurrent model that reads a name letter by letter and says which language it is from. Its hidden state goes from run to
// run inside the session, without a copy.
func Example_stateful() {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;'"
	languages := []string{"Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German", "Greek", "Irish", "Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish", "Vietnamese"}

	m, err := cameo.Open("testdata/names_rnn.onnx")
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.Feed("next_hidden", "hidden"); err != nil {
		log.Fatal(err)
	}
	x, err := s.Input("letter") // one-hot, 1×57
	if err != nil {
		log.Fatal(err)
	}
	letter, err := cameo.Data[float32](x)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Rossi", "Jackson", "Dovesky"} {
		if err := s.Set("hidden", cameo.Zeros(cameo.Float32, 1, 128)); err != nil { // each name begins anew
			log.Fatal(err)
		}
		for _, r := range name {
			clear(letter)
			letter[strings.IndexRune(alphabet, r)] = 1
			if err := s.Run(context.Background()); err != nil {
				log.Fatal(err)
			}
		}
		scores, err := cameo.Data[float32](s.Output("log_probabilities"))
		if err != nil {
			log.Fatal(err)
		}
		best := 0
		for i, v := range scores {
			if v > scores[best] {
				best = i
			}
		}
		fmt.Println(name, languages[best])
	}
	// Output:
	// Rossi Italian
	// Jackson English
	// Dovesky Russian
}
