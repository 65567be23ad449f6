package sym

import "testing"

func TestParsePrintsNormalForm(t *testing.T) {
	for _, c := range [][2]string{
		{"0", "0"}, {"-3", "-3"}, {"2+3*4", "14"}, {"12*N", "N*12"}, {"1+s0", "s0+1"}, {"s0-s0", "0"},
		{"s10*s21", "s10*s21"}, {"((s21//20)) - 1", "s21//20-1"}, {"(s12**2)//s12", "s12"}, {"((s12*s86)//s10)", "s12*s86//s10"},
		{"Min(64, s12)", "min(64,s12)"}, {"2*(((s0 - 1)//2)) + 2", "(s0+1)//2*2"}, {"Concatkey.3_dim_0", "Concatkey.3_dim_0"},
		{"(4*s+6)//4", "s+(s*0+6)//4"}, {"(s//2+1)//3", "(s+2)//6"}, {"-s//2", "(-s)//2"}, {"-(s//2)", "-(s//2)"}, {"s%4", "s-(s//4)*4"},
		{"max(s,s+1)", "s+1"}, {"min(s,s+1,64)", "min(64,s)"}, {"min(0,s)", "0"}, {"floor(s/32)*32", "s//32*32"},
	} {
		d, err := Parse(c[0])
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if !d.Equal(e) {
			t.Errorf("%s: %v, want %v", c[0], d, e)
		}
		if r, err := Parse(d.String()); err != nil || !r.Equal(d) {
			t.Errorf("%s: %v parses as %v, %v", c[0], d, r, err)
		}
	}
}
