package cameo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cameo-onnx/cameo"
)

// classify returns a handler that takes a picture as a JSON list of 784 numbers and answers with ten scores. A Model is safe
// for concurrent use: one serves all requests, as many at a time as WithSessions allows, and a request that waits or runs too
// long is told so.
func classify(m *cameo.Model, limit time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		var pixels []float32
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&pixels); err != nil || len(pixels) != 28*28 {
			http.Error(w, "want a list of 784 numbers", http.StatusBadRequest)
			return
		}
		x := cameo.NewTensor(pixels, 1, 1, 28, 28)
		out, err := m.Run(ctx, map[string]*cameo.Tensor{"image": x})
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			http.Error(w, "out of time", http.StatusGatewayTimeout)
		case errors.Is(err, cameo.ErrInput):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, "internal error", http.StatusInternalServerError)
		default:
			scores, _ := cameo.Data[float32](out["logits"])
			json.NewEncoder(w).Encode(scores)
		}
	})
}

// An HTTP handler with a deadline.
func Example_server() {
	m, err := cameo.Open("testdata/digits_cnn.onnx", cameo.WithSessions(4))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(classify(m, 5*time.Second))
	defer server.Close()

	body, _ := json.Marshal(pixels("testdata/digits/7.png"))
	for _, b := range [][]byte{body, []byte("[1, 2, 3]")} {
		res, err := http.Post(server.URL, "application/json", bytes.NewReader(b))
		if err != nil {
			log.Fatal(err)
		}
		var scores []float32
		json.NewDecoder(res.Body).Decode(&scores)
		res.Body.Close()
		best := 0
		for i, s := range scores {
			if s > scores[best] {
				best = i
			}
		}
		fmt.Println(res.StatusCode, len(scores), best)
	}
	// Output:
	// 200 10 7
	// 400 0 0
}
