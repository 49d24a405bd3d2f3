package desired

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/errs"
)

// maxDepth bounds how deep a file may nest. A VSchema needs six levels.
const maxDepth = 64

// kind is what a node is, in JSON's terms.
type kind uint8

const (
	nullNode kind = iota
	boolNode
	numberNode
	stringNode
	listNode
	objectNode
)

// node is one value of a file, JSON or YAML, with where it stands.
type node struct {
	kind kind
	at   point
	// text is a string's content, a number as it is written, or "true" or
	// "false".
	text    string
	items   []*node  // of a list
	members []member // of an object, in the order of the file
	// index finds the members of an object that is a map; the decoder fills it in.
	index map[string]int
	// source is what a node was read from in YAML; nil in JSON.
	source *yaml.Node
}

// member is one name and value of an object. Names may repeat: what that
// means is for the reader of the tree to say.
type member struct {
	name  string
	at    point
	value *node
	// key is what the name was read from in YAML; nil in JSON.
	key *node
}

// point is a place in a file; both count from 1, and columns are characters,
// not bytes.
type point struct{ line, column int }

func (p point) in(file string) errs.Position {
	return errs.Position{File: file, Line: p.line, Column: p.column}
}

// String describes the node as a user would, for "want a string, got ...".
func (n *node) String() string {
	switch n.kind {
	case nullNode:
		return "null"
	case boolNode, numberNode:
		return n.text
	case stringNode:
		return fmt.Sprintf("%q", clip(n.text))
	case listNode:
		return "a list"
	case objectNode:
		return "an object"
	default:
		return "nothing"
	}
}

// clip keeps a message readable when a name in it is a novel.
func clip(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "..."
}
