package yamldoc

import (
	"fmt"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"# nothing\n":                      "",
		"a: b":                             "map@1:1 a@1:1 b@1:4",
		"a: b\n---\nc":                     "map@1:1 a@1:1 b@1:4; c@3:1",
		"a: *x":                            "map@1:1 a@1:1 *x@1:4",
		"---\na: *x\nb: [*y, *x]\nc: d":    "map@2:1 a@2:1 *x@2:4 b@3:1 seq@3:4 *y@3:5 *x@3:9 c@4:1 d@4:4",
		"%YAML 1.1\n---\n# *z\n'*z': *x\n": "map@4:1 *z@4:1 *x@4:7",
		"a\n---\n*x":                       "a@1:1; *x@3:1",
		"a: *x\nb: [\n":                    "line 2: did not find expected node content",
		"a: b\n---\n[\n":                   "map@1:1 a@1:1 b@1:4; line 3: did not find expected node content",
		"a: b\n c: d\n":                    "line 2: mapping values are not allowed in this context",
	} {
		t.Run(text, func(t *testing.T) {
			first, second, err := Read([]byte(text))
			got := show(first)
			if second != nil {
				got += "; " + show(second)
			}
			if err != nil && first != nil {
				got += "; "
			}
			if err != nil {
				got += fmt.Sprintf("line %d: %v", err.Line, err)
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// show lists the nodes of a document, each with its place.
func show(doc *yaml.Node) string {
	if doc == nil {
		return ""
	}
	out := ""
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		text := n.Value
		switch n.Kind {
		case yaml.AliasNode:
			text = "*" + n.Value
		case yaml.MappingNode:
			text = "map"
		case yaml.SequenceNode:
			text = "seq"
		}
		if n.Kind != yaml.DocumentNode {
			out += fmt.Sprintf(" %s@%d:%d", text, n.Line, n.Column)
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(doc)
	return out[1:]
}
