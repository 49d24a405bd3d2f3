package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

// loadRules reads the rule files at the top of the repository into the tree.
func loadRules(fsys fs.FS, tree *Tree) error {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return fmt.Errorf("listing the rule files: %w", err)
	}
	found := make(map[vschema.RuleKind]string)
	for _, entry := range entries {
		name := entry.Name()
		kind, ok := ruleKind(name)
		switch first := found[kind]; {
		case !ok:
			tree.refuseMisspelled(fsys, name)
		case first != "":
			tree.refuseRules(kind, name, &errs.Invalid{
				Code: codeLayout,
				Pos:  errs.Position{File: name},
				Msg:  fmt.Sprintf("stands beside %s; a kind of rules has one file", first),
				Next: "remove one of the two",
			})
		default:
			found[kind] = name
			if rules, err := loadRuleFile(fsys, kind, name); err != nil {
				tree.refuseRules(kind, name, err)
			} else {
				tree.Rules[kind] = rules
			}
		}
	}
	for kind := range tree.UnreadableRules {
		delete(tree.Rules, kind)
	}
	return nil
}

// refuseRules notes why the rules of a kind cannot be read.
func (t *Tree) refuseRules(kind vschema.RuleKind, file string, err error) {
	bad, ok := t.UnreadableRules[kind]
	if !ok {
		bad.File = file
	}
	bad.Err = errors.Join(bad.Err, err)
	t.UnreadableRules[kind] = bad
}

// refuseMisspelled refuses a file that holds rules under nearly the name that
// they should have: they would be left out in silence.
func (t *Tree) refuseMisspelled(fsys fs.FS, file string) {
	ext := path.Ext(file)
	if isAside(file) || !slices.Contains(ruleExts, strings.ToLower(ext)) {
		return
	}
	var kinds []string
	for _, kind := range vschema.RuleKinds {
		kinds = append(kinds, string(kind))
	}
	stem := strings.ReplaceAll(strings.TrimSuffix(file, ext), "-", "_")
	kind := vschema.RuleKind(stem)
	if !slices.Contains(vschema.RuleKinds, kind) {
		kind = vschema.RuleKind(near.Name(stem, kinds))
	}
	if kind == "" || !mayHoldRules(fsys, kind, file) {
		return
	}
	t.refuseRules(kind, file, &errs.Invalid{
		Code: codeLayout,
		Pos:  errs.Position{File: file},
		Msg:  "not the name of a file of rules",
		Near: string(kind) + strings.ToLower(ext),
		Next: "rename the file, or move it out of the folder that holds " + KeyspacesDir,
	})
}

// mayHoldRules tells files of rules from those of other tools, whose names can
// come near too: some rule in it has a field of that kind. What cannot be read
// may be anything.
func mayHoldRules(fsys fs.FS, kind vschema.RuleKind, file string) bool {
	data, err := readFile(fsys, file)
	if err != nil {
		return true
	}
	root, _ := parseTree(file, data, &problems{})
	if root == nil {
		return true
	}
	rule := vschema.NewRules(kind).ProtoReflect().Descriptor().Fields().ByName(rulesField).Message()
	for _, m := range root.members {
		if m.name == rulesField && slices.ContainsFunc(m.value.items, func(n *node) bool {
			return slices.ContainsFunc(n.members, func(m member) bool { return fieldByName(rule, m.name) != nil })
		}) {
			return true
		}
	}
	return false
}

// ruleExts are the endings of the names of rule files.
var ruleExts = []string{".json", ".yaml", ".yml"}

// ruleKind tells which kind of rules a file of that name holds.
func ruleKind(name string) (vschema.RuleKind, bool) {
	ext := path.Ext(name)
	kind := vschema.RuleKind(strings.TrimSuffix(name, ext))
	return kind, slices.Contains(vschema.RuleKinds, kind) && slices.Contains(ruleExts, ext)
}

// IsRuleFile tells whether the name is that of a file of rules.
func IsRuleFile(name string) bool {
	_, ok := ruleKind(name)
	return ok
}

func loadRuleFile(fsys fs.FS, kind vschema.RuleKind, file string) (*Rules, error) {
	data, err := readFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return ParseRules(kind, file, data)
}

// ParseRules turns the content of a file into the rules that it describes:
// {"rules": [...]}, as the Get commands of vtctldclient print them.
func ParseRules(kind vschema.RuleKind, file string, data []byte) (*Rules, error) {
	rules := &Rules{Kind: kind, Value: vschema.NewRules(kind)}
	doc, err := parse(file, data, rules.Value, func(root *node, _ *problems) *node { return root })
	if err != nil {
		return nil, err
	}
	rules.Document = *doc
	return rules, nil
}

// RuleFiles lists the rule files, those that cannot be read too, sorted.
func (t *Tree) RuleFiles() []string {
	var files []string
	for _, r := range t.Rules {
		files = append(files, r.File)
	}
	for _, u := range t.UnreadableRules {
		files = append(files, u.File)
	}
	slices.Sort(files)
	return files
}
