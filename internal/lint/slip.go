package lint

import "strings"

// Corrects tells whether Near is certainly what was meant by old, which stands
// at the finding's place, so that a program may write it there: the finding is
// an error, and the two differ by one slip. Anything else is for a person to
// judge: a name that is merely similar is often that of another thing.
func (f Finding) Corrects(old string) bool {
	if f.Severity != Error || f.Near == "" || f.guess || old == f.Near {
		return false
	}
	return oneSlip(old, f.Near) || f.Code == unknownField.Code && spelled(old) == spelled(f.Near)
}

// spelled is what is left of a field's name where case and underscores don't
// count: the same for every way to spell it.
func spelled(field string) string {
	return strings.ToLower(strings.ReplaceAll(field, "_", ""))
}

// oneSlip tells whether two names differ by one letter (missing, added, wrong
// or swapped with its neighbour), or by case only. Names with other digits are
// numbered, those with another letter that stands alone are lettered, and those
// of one or two letters are all alike: none of them is misspelled.
func oneSlip(a, b string) bool {
	if digits(a) != digits(b) {
		return false
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b) < 3 {
		return a == b
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i == len(a) || a[i+1:] == b[i+1:] && !alone(a, i) ||
			(i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i:] == b[i+1:]
	default:
		return false
	}
}

// alone tells whether the letter is all that there is between separators.
func alone(s string, i int) bool {
	const separators = "._-@"
	return (i == 0 || strings.IndexByte(separators, s[i-1]) >= 0) &&
		(i == len(s)-1 || strings.IndexByte(separators, s[i+1]) >= 0)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// nearSlip gives the name that is one slip away from what was written, or "".
func nearSlip(written string, names []string) string {
	for _, name := range names {
		if name != written && oneSlip(written, name) {
			return name
		}
	}
	return ""
}
