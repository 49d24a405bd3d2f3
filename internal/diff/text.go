package diff

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Text gives the changes for people: a heading per keyspace, a line per entry
// (+ added, ~ changed, - dropped), and under it each change as a sentence with
// its hazard. Changes come in the order given, which is sorted.
func Text(changes []EntryChange) string {
	var b strings.Builder
	for i, ec := range changes {
		if i == 0 || ec.Entry.Keyspace != changes[i-1].Entry.Keyspace {
			fmt.Fprintf(&b, "keyspace %s\n", ec.Entry.Keyspace)
		}
		if ec.Entry.Kind != "" { // else it is about the whole keyspace
			fmt.Fprintf(&b, "  %s %s %s\n", ec.Sign(), ec.Entry.Kind, ec.Entry.Name)
		}
		for _, c := range ec.Changes {
			fmt.Fprintf(&b, "      %s [%s]\n", c.Text, c.hazardText())
		}
	}
	return b.String()
}

// Sign gives "+" for an added entry, "-" for a dropped and "~" for a changed
// one.
func (ec EntryChange) Sign() string {
	switch {
	case ec.Entry.Kind == vschema.SettingEntry:
		return "~"
	case len(ec.Before) == 0:
		return "+"
	case len(ec.After) == 0:
		return "-"
	default:
		return "~"
	}
}

// hazardText says what the change can do: "write_loss VS241: rows stay ...".
func (c Change) hazardText() string {
	text := string(c.Hazard)
	if c.Code != "" {
		text += " " + c.Code
	}
	if c.Why != "" {
		text += ": " + c.Why
	}
	return text
}
