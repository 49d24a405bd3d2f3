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
	foreigns map[string][]vschema.Entry // KEYSPACE.NAME or KEYSPACE.KIND.NAME -> what it named
}

func parseAllow(list []string) (allowed, error) {
	a := allowed{hazards: make(map[diff.Hazard]bool), foreigns: make(map[string][]vschema.Entry)}
	known := []string{string(diff.WriteLoss), string(diff.Outage)}
	for _, item := range list {
		name, isForeign := strings.CutPrefix(item, foreignPrefix)
		switch {
		case isForeign && strings.Contains(name, "."):
			a.foreigns[name] = nil
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
	named := false
	for _, name := range []string{e.Keyspace + "." + e.Name, exactly(e)} {
		if _, ok := a.foreigns[name]; ok {
			a.foreigns[name] = append(a.foreigns[name], e)
			named = true
		}
	}
	return named
}

// exactly names an entry with its kind, as a table and a vindex may share a
// name.
func exactly(e vschema.Entry) string {
	return strings.Join([]string{e.Keyspace, string(e.Kind), e.Name}, ".")
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

// foreignAllows notes what was allowed and names nothing, and denies what names
// more than one entry: nobody may have meant the other.
func (b *builder) foreignAllows() {
	for _, name := range sortedKeys(b.allowed.foreigns) {
		switch named := b.allowed.foreigns[name]; len(named) {
		case 0:
			b.note("nothing foreign is named %s: --allow %s%s has no effect", name, foreignPrefix, name)
		case 1:
		default:
			var forms []string
			for _, e := range named {
				forms = append(forms, "--allow "+foreignPrefix+exactly(e))
			}
			b.deny(DeniedForeign, strings.Join(forms, " or "), "--allow %s%s names more than one entry", foreignPrefix, name)
		}
	}
}
