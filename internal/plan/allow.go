package plan

import (
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

const foreignPrefix = "foreign="

// allowed is what the user allows this once.
type allowed struct {
	hazards  map[diff.Hazard]bool
	foreigns map[string]bool // KEYSPACE.NAME -> whether an entry matched
}

func parseAllow(list []string) (allowed, error) {
	a := allowed{hazards: make(map[diff.Hazard]bool), foreigns: make(map[string]bool)}
	known := []string{string(diff.WriteLoss), string(diff.Outage)}
	for _, item := range list {
		name, isForeign := strings.CutPrefix(item, foreignPrefix)
		switch {
		case isForeign && strings.Contains(name, "."):
			a.foreigns[name] = false
		case isForeign:
			return a, &errs.Invalid{Msg: "--allow " + item + " does not name an entry", Next: "--allow foreign=KEYSPACE.NAME"}
		case slices.Contains(known, item):
			a.hazards[diff.Hazard(item)] = true
		default:
			return a, &errs.Invalid{
				Msg:  "--allow " + item + " is not known",
				Near: near.Name(item, known),
				Next: "--allow write_loss, --allow outage or --allow foreign=KEYSPACE.NAME",
			}
		}
	}
	return a, nil
}

// foreign tells whether the user allows that an entry of others is replaced by
// what the file says, or removed where the file lacks it.
func (a allowed) foreign(e vschema.Entry) bool {
	name := e.Keyspace + "." + e.Name
	if _, ok := a.foreigns[name]; !ok {
		return false
	}
	a.foreigns[name] = true
	return true
}

// list gives everything that was allowed, sorted.
func (a allowed) list() []string {
	var out []string
	for _, h := range sortedKeys(a.hazards) {
		out = append(out, string(h))
	}
	for _, name := range sortedKeys(a.foreigns) {
		out = append(out, foreignPrefix+name)
	}
	slices.Sort(out)
	return out
}

func (b *builder) noteUnmatchedAllows() {
	for _, name := range sortedKeys(b.allowed.foreigns) {
		if !b.allowed.foreigns[name] {
			b.note("nothing foreign is named %s: --allow %s%s has no effect", name, foreignPrefix, name)
		}
	}
}
