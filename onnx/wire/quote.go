package wire

import (
	"strconv"
	"unicode/utf8"
)

// maxQuoted is the length that Quote keeps within, in bytes.
const maxQuoted = 80

// Quote returns name as messages print it: in double quotes, with escapes for what is not printable, and at most 80 bytes long, quotes
// included. A name that is too long keeps its beginning and its end around "…".
func Quote(name string) string {
	if len(name) <= maxQuoted {
		if q := strconv.Quote(name); len(q) <= maxQuoted {
			return q
		}
	}
	const half = (maxQuoted - len(`"…"`)) / 2
	head, tail := "", ""
	for s := name; s != ""; {
		_, n := utf8.DecodeRuneInString(s)
		q := escape(s[:n])
		if len(head)+len(q) > half {
			break
		}
		head, s = head+q, s[n:]
	}
	for s := name; s != ""; {
		_, n := utf8.DecodeLastRuneInString(s)
		q := escape(s[len(s)-n:])
		if len(tail)+len(q) > half {
			break
		}
		tail, s = q+tail, s[:len(s)-n]
	}
	return `"` + head + "…" + tail + `"`
}

func escape(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
