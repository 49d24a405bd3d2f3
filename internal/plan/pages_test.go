package plan

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestPages plans the examples of every rule about a change: from its live
// state to the bad example each change must have exactly the codes that stand at
// its entry's line, and to the good one nothing is denied.
func TestPages(t *testing.T) {
	for _, code := range lint.ChangeRules() {
		page, err := catalog.Get(code)
		if err != nil {
			t.Errorf("rule %s: %v", code, err)
			continue
		}
		if len(page.Before) == 0 {
			t.Errorf("the page of %s has no state before the change", code)
		}
		before := load(t, page.Before)
		for _, c := range page.Cases {
			t.Run(code+"/"+c.Name, func(t *testing.T) {
				after := load(t, c.Files)
				checkPage(t, code, c, planned(t, before, after), after)
			})
		}
	}
}

func checkPage(t *testing.T, code string, c catalog.Case, p *Plan, after *desired.Tree) {
	t.Helper()
	got := wants(p, after)
	if d := cmp.Diff(c.Want, got); d != "" {
		t.Errorf("codes (-want +got):\n%s\ndenials: %+v", d, p.Denials)
	}
	own := slices.ContainsFunc(got, func(w catalog.Want) bool { return w.Code == code })
	named := slices.ContainsFunc(p.Denials, func(d Denial) bool { return slices.Contains(d.Codes, code) })
	if own != c.Bad() || named != c.Bad() {
		t.Errorf("case %s has %s: %v, and its denials name it: %v", c.Name, code, own, named)
	}
	if !c.Bad() && len(p.Denials) > 0 {
		t.Errorf("the good case is denied: %+v", p.Denials)
	}
}

// wants gives the codes of a plan's changes, and of its errors, by the place in
// the files.
func wants(p *Plan, tree *desired.Tree) []catalog.Want {
	var out []catalog.Want
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			for _, ec := range w.Changes {
				pos := tree.Keyspaces[w.Keyspace].Position(ec.Path()...)
				for _, c := range ec.Changes {
					if c.Code != "" {
						out = append(out, catalog.Want{File: pos.File, Line: pos.Line, Code: c.Code})
					}
				}
			}
		}
	}
	for _, f := range p.Findings {
		if f.Severity == lint.Error {
			out = append(out, catalog.Want{File: f.Pos.File, Line: f.Pos.Line, Code: f.Code})
		}
	}
	slices.SortFunc(out, catalog.Want.Compare)
	return slices.Compact(out)
}

func load(t *testing.T, files []catalog.File) *desired.Tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, f := range files {
		fsys[f.Path] = &fstest.MapFile{Data: f.Data}
	}
	tree, err := desired.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// planned plans from a live state, all of which vtsync has committed.
func planned(t *testing.T, before, after *desired.Tree) *Plan {
	t.Helper()
	live := make(map[string]string)
	for name := range after.Keyspaces {
		live[name] = "{}"
	}
	last, wanted := keyspaces{}, keyspaces{}
	for name, ks := range before.Keyspaces {
		live[name] = string(vschema.EncodeJSON(ks.VSchema))
		last[name] = ks.VSchema
	}
	for name, ks := range after.Keyspaces {
		wanted[name] = ks.VSchema
	}
	in := input(snapshot(t, live), wanted)
	in.Last = last
	in.Position = func(ks string, path ...string) errs.Position { return after.Keyspaces[ks].Position(path...) }
	return build(t, in)
}
