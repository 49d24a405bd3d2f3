package lint

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

// TestHarmOfMisplacedFiles: vtctldclient saves what it takes for a VSchema, and
// nothing in Vitess reads SQL files.
func TestHarmOfMisplacedFiles(t *testing.T) {
	for file, saved := range map[string]bool{
		"keyspaces/a/vshema.json":        true,
		"keyspaces/a/schema/tables.sql":  false,
		"keyspaces/a/schema/TABLES2.SQL": false,
	} {
		found := Check(Input{Files: []*errs.Invalid{{Code: misplacedFile.Code, Pos: errs.Position{File: file, Line: 1}, Msg: "wrong"}}})
		if len(found) != 1 || strings.Contains(found[0].Harm, "vtctldclient") != saved {
			t.Errorf("%s: %v", file, found)
		}
	}
}
