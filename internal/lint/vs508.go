package lint

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var badPin = Rule{
	Code: "VS508", Name: "pinned is not a keyspace id in hex", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			_, err := hex.DecodeString(t.Pinned)
			if err == nil {
				return
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "pinned"},
				Message:  fmt.Sprintf("table %s is pinned to %q, which is not hex: %v", name, t.Pinned, err),
				Harm:     "ApplyVSchema refuses it: \"could not decode the keyspace id for pin\"",
				Next:     "write a keyspace id in hex, two digits a byte, without 0x: 00 is in the first shard",
			}
			if bare, ok := strings.CutPrefix(strings.ToLower(t.Pinned), "0x"); ok && bare != "" && isHex(bare) {
				finding.Near = bare
			}
			out = append(out, finding)
		})
		return out
	},
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}
