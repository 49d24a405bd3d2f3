package lint

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
)

func at(file string, line int) errs.Position { return errs.Position{File: file, Line: line, Column: 3} }

// outcome is Judged by its messages.
func outcome(j Judged) map[string][]string {
	out := map[string][]string{}
	for _, f := range j.Kept {
		out["kept"] = append(out["kept"], f.Message)
	}
	for _, s := range j.Suppressed {
		out["suppressed"] = append(out["suppressed"], s.Message+" by "+s.By.String()+": "+s.Reason)
	}
	for _, f := range append(j.Bad, j.Unused...) {
		out[f.Code] = append(out[f.Code], f.Pos.String()+": "+f.Message+" near="+f.Near)
	}
	return out
}

func TestSuppress(t *testing.T) {
	found := []Finding{
		{Code: "VS301", Message: "a", Pos: at("repo/keyspaces/a/vschema.yaml", 4)},
		{Code: "VS301", Message: "b", Pos: at("repo/keyspaces/b/vschema.json", 4)},
		{Code: "VS401", Message: "c", Pos: at("repo/keyspaces/a/vschema.yaml", 4)},
		{Code: "VS301", Message: "nowhere"},
	}
	config := at("repo/vtsync.yaml", 9)
	tests := []struct {
		name    string
		ignores []Ignore
		want    map[string][]string
	}{
		{"a folder and all below", []Ignore{{Codes: []string{"VS301"}, Path: "keyspaces/a/**", Reason: "r", Pos: config}}, map[string][]string{
			"kept": {"b", "c", "nowhere"}, "suppressed": {"a by repo/vtsync.yaml:9:3: r"},
		}},
		{"a folder by its name", []Ignore{{Codes: []string{"VS301"}, Path: "keyspaces/b", Reason: "r", Pos: config}}, map[string][]string{
			"kept": {"a", "c", "nowhere"}, "suppressed": {"b by repo/vtsync.yaml:9:3: r"},
		}},
		{"a config above the current folder", []Ignore{{Codes: []string{"VS301"}, Path: "./prod/repo/keyspaces/b", From: "prod", Reason: "r", Pos: at("../vtsync.yaml", 9)}}, map[string][]string{
			"kept": {"a", "c", "nowhere"}, "suppressed": {"b by ../vtsync.yaml:9:3: r"},
		}},
		{"everywhere that has a place", []Ignore{{Codes: []string{"VS301", "VS401"}, Path: "**/vschema.*", Reason: "r", Pos: config}}, map[string][]string{
			"kept":       {"nowhere"},
			"suppressed": {"a by repo/vtsync.yaml:9:3: r", "b by repo/vtsync.yaml:9:3: r", "c by repo/vtsync.yaml:9:3: r"},
		}},
		{"one line", []Ignore{{Codes: []string{"VS401"}, Line: 4, Reason: "r", Pos: at("repo/keyspaces/a/vschema.yaml", 3)}}, map[string][]string{
			"kept": {"a", "b", "nowhere"}, "suppressed": {"c by repo/keyspaces/a/vschema.yaml:3:3: r"},
		}},
		{"unused, by code", []Ignore{{Codes: []string{"VS301", "VS302"}, Path: "keyspaces/a", Reason: "r", Pos: config}}, map[string][]string{
			"kept": {"b", "c", "nowhere"}, "suppressed": {"a by repo/vtsync.yaml:9:3: r"},
			"VS107": {"repo/vtsync.yaml:9:3: nothing here is found by VS302 near="},
		}},
		{"a file with a name that only begins alike", []Ignore{{Codes: []string{"VS301"}, Path: "keyspaces/a/vschema", Reason: "r", Pos: config}}, map[string][]string{
			"kept":  {"a", "b", "c", "nowhere"},
			"VS107": {"repo/vtsync.yaml:9:3: nothing here is found by VS301 near="},
		}},
		{"no suppression", []Ignore{{Codes: []string{"VS3O1"}, Path: "[", Pos: config}, {Codes: []string{"VS301"}, Line: 4, Reason: " ", Pos: found[0].Pos}}, map[string][]string{
			"kept": {"a", "b", "c", "nowhere"},
			"VS106": {
				"repo/vtsync.yaml:9:3: there is no rule VS3O1 near=VS301",
				"repo/vtsync.yaml:9:3: the suppression gives no reason near=",
				`repo/vtsync.yaml:9:3: "[" is no pattern of paths near=`,
				"repo/keyspaces/a/vschema.yaml:4:3: the suppression gives no reason near=",
			},
		}},
		{"a rule about a change", []Ignore{{Codes: []string{"VS301", "VS241"}, Path: "keyspaces/a", Reason: "r", Pos: config}}, map[string][]string{
			"kept":  {"a", "b", "c", "nowhere"},
			"VS106": {"repo/vtsync.yaml:9:3: VS241 is about a change, which no suppression outlives near="},
		}},
		{"no rule named", []Ignore{{Line: 1, Reason: "r", Pos: at("f", 1)}}, map[string][]string{
			"kept": {"a", "b", "c", "nowhere"}, "VS106": {"f:1:3: the suppression names no rule near="},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, outcome(Suppress(found, tt.ignores))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
