package errs

import "testing"

func TestWord(t *testing.T) {
	for give, want := range map[string]string{
		"customer":        "customer",
		"my-ks_2.t":       "my-ks_2.t",
		"":                "''",
		"two words":       "'two words'",
		"$(reboot)":       "'$(reboot)'",
		"it's":            `'it'\''s'`,
		"a;b":             "'a;b'",
		"back`tick`":      "'back`tick`'",
		"~root":           "'~root'",
		"/global/k/x y/z": "'/global/k/x y/z'",
	} {
		if got := Word(give); got != want {
			t.Errorf("%q: %s, want %s", give, got, want)
		}
	}
}
