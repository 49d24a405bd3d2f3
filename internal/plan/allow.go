package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	foreignPrefix   = "foreign="
	migrationPrefix = "migration="
)

// AllowFreeze in Plan.Allowed lets a plan be applied while a freeze window is
// open.
const AllowFreeze = "freeze"

// allowed is what the user allows this once.
type allowed struct {
	hazards  map[diff.Hazard]bool
	codes    map[string]bool            // of rules about changes
	impact   map[string]bool            // kinds of breaches of the impact policy
	freeze   bool                       // see AllowFreeze
	foreigns map[string][]vschema.Entry // KEYSPACE.NAME or KEYSPACE.KIND.NAME -> what it named
	// migrations are those that need not be complete, by UUID.
	migrations map[string]bool
}

func parseAllow(list []string) (allowed, error) {
	a := allowed{
		hazards:  make(map[diff.Hazard]bool),
		codes:    make(map[string]bool),
		impact:   make(map[string]bool),
		foreigns: make(map[string][]vschema.Entry),

		migrations: make(map[string]bool),
	}
	hazards, codes := []string{string(diff.WriteLoss), string(diff.Outage)}, lint.ChangeRules()
	for _, item := range list {
		name, isForeign := strings.CutPrefix(item, foreignPrefix)
		uuid, isMigration := strings.CutPrefix(item, migrationPrefix)
		switch {
		case isMigration:
			if err := checkUUID("--allow "+item, uuid); err != nil {
				return a, err
			}
			a.migrations[uuid] = true
		case isForeign && strings.Contains(name, "."):
			a.foreigns[name] = nil
		case isForeign:
			return a, &errs.Invalid{Msg: "--allow " + item + " does not name an entry", Next: "--allow foreign=KEYSPACE.NAME"}
		case slices.Contains(hazards, item):
			a.hazards[diff.Hazard(item)] = true
		case slices.Contains(codes, item):
			a.codes[item] = true
		case slices.Contains(impact.BreachKinds, item):
			a.impact[item] = true
		case item == AllowFreeze:
			a.freeze = true
		default:
			return a, unknownAllow(item, slices.Concat(hazards, codes, impact.BreachKinds, []string{AllowFreeze}))
		}
	}
	return a, nil
}

// unknownAllow says why something cannot be allowed.
func unknownAllow(item string, known []string) error {
	if _, isRule := lint.RuleOf(item); isRule {
		return &errs.Invalid{
			Msg:  fmt.Sprintf("--allow %s: %s is a mistake and no hazard, so it cannot be allowed", item, item),
			Next: "correct what it finds, or suppress it with a reason in vtsync.yaml",
		}
	}
	return &errs.Invalid{
		Msg:  "--allow " + item + " is not known",
		Near: near.Name(item, known),
		Next: "--allow CODE as the plan names it, such as VS241; or --allow write_loss, --allow outage, --allow breaks, --allow new_scatter, --allow unjudged, --allow dearer, --allow freeze, --allow foreign=KEYSPACE.NAME, --allow migration=UUID",
	}
}

// hazard tells whether the user allows that hazard: all of its kind, or those
// of that code.
func (a allowed) hazard(h diff.Hazard, code string) bool {
	return a.hazards[h] || a.codes[code]
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
	out = slices.Concat(out, sortedKeys(a.codes), sortedKeys(a.impact))
	if a.freeze {
		out = append(out, AllowFreeze)
	}
	for _, name := range sortedKeys(a.foreigns) {
		out = append(out, foreignPrefix+name)
	}
	for _, uuid := range sortedKeys(a.migrations) {
		out = append(out, migrationPrefix+uuid)
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
