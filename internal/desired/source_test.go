package desired

import (
	"strings"
	"testing"
)

// Every character of a text, and its end, is found by its place; what is beyond
// the end is not.
func TestSourceTextOffset(t *testing.T) {
	for _, text := range []string{"", "a", "é\n\nb", strings.Repeat("aé\n世", 400), strings.Repeat("é", 2*markEvery), strings.Repeat("x", markEvery)} {
		src := newSourceText([]byte(text))
		at := point{1, 1}
		for i, r := range text + " " {
			if got, ok := src.offset(at); got != i || !ok {
				t.Fatalf("%.20q: %v is at %d, %v, want %d", text, at, got, ok, i)
			}
			if at.column++; r == '\n' {
				at = point{at.line + 1, 1}
			}
		}
		if got, ok := src.offset(at); ok {
			t.Errorf("%.20q: %v, beyond the end, is at %d", text, at, got)
		}
	}
}
