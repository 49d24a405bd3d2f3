package desired

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
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
		case first != "":
			tree.UnreadableRules[kind] = Unreadable{File: name, Err: &errs.Invalid{
				Code: codeLayout,
				Pos:  errs.Position{File: name},
				Msg:  fmt.Sprintf("stands beside %s; a kind of rules has one file", first),
				Next: "remove one of the two",
			}}
			delete(tree.Rules, kind)
		default:
			found[kind] = name
			if rules, err := loadRuleFile(fsys, kind, name); err != nil {
				tree.UnreadableRules[kind] = Unreadable{File: name, Err: err}
			} else {
				tree.Rules[kind] = rules
			}
		}
	}
	return nil
}

// ruleKind tells which kind of rules a file of that name holds.
func ruleKind(name string) (vschema.RuleKind, bool) {
	ext := path.Ext(name)
	kind := vschema.RuleKind(strings.TrimSuffix(name, ext))
	return kind, slices.Contains(vschema.RuleKinds, kind) && slices.Contains([]string{".json", ".yaml", ".yml"}, ext)
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
