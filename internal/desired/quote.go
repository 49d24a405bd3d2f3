package desired

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// quoteJSON writes a string, which is valid UTF-8, for people to read: "<" and
// "&" stay what they are.
func quoteJSON(s string) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("desired: a string cannot be written as JSON: " + err.Error())
	}
	return strings.TrimSuffix(buf.String(), "\n")
}

// quoteYAML writes a string in double quotes. JSON's are YAML's too, but YAML
// has more characters that must be escaped.
func quoteYAML(s string) string {
	var b strings.Builder
	for _, r := range quoteJSON(s) {
		if isYAMLRune(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// plainText is what no reader of YAML takes for anything but a string, if it
// is not one of the words below.
var plainText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$./-]*$`)

// isPlain tells whether a string can stand without quotes, for readers of any
// version of YAML.
func isPlain(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	default:
		return plainText.MatchString(s)
	}
}

// isPrintable tells whether a string can stand in single quotes.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || !isYAMLRune(r) })
}
