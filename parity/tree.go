package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// node is a JSON value as it stands in a file: with the order of its members,
// and able to hold one name twice.
type node struct {
	// kind is '{', '[' or 0 for a scalar.
	kind    byte
	members []member // of '{'
	items   []*node  // of '['
	scalar  any      // string, json.Number, bool or nil
}

type member struct {
	name  string
	value *node
}

func text(s string) *node { return &node{scalar: s} }

func object(members ...member) *node { return &node{kind: '{', members: members} }

// parseTree reads one JSON value.
func parseTree(data []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := parseValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more after the value")
	}
	return n, nil
}

func parseValue(d *json.Decoder) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &node{scalar: token}, nil
	}
	n := &node{kind: byte(delim)}
	for d.More() {
		name := ""
		if n.kind == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name = key.(string)
		}
		value, err := parseValue(d)
		if err != nil {
			return nil, err
		}
		if n.kind == '{' {
			n.members = append(n.members, member{name, value})
		} else {
			n.items = append(n.items, value)
		}
	}
	_, err = d.Token() // the closing bracket
	return n, err
}

// bytes gives the value as JSON.
func (n *node) bytes() []byte {
	var w bytes.Buffer
	n.write(&w)
	return w.Bytes()
}

func (n *node) write(w *bytes.Buffer) {
	switch n.kind {
	case '{':
		w.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				w.WriteByte(',')
			}
			text(m.name).write(w)
			w.WriteByte(':')
			m.value.write(w)
		}
		w.WriteByte('}')
	case '[':
		w.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.WriteByte(',')
			}
			item.write(w)
		}
		w.WriteByte(']')
	default:
		b, err := json.Marshal(n.scalar)
		if err != nil {
			panic("a scalar that was read cannot be written: " + err.Error())
		}
		w.Write(b)
	}
}

func (n *node) clone() *node {
	out := *n
	out.members = slices.Clone(n.members)
	for i := range out.members {
		out.members[i].value = out.members[i].value.clone()
	}
	out.items = slices.Clone(n.items)
	for i := range out.items {
		out.items[i] = out.items[i].clone()
	}
	return &out
}

// get gives the value of a member; nil where there is none.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// str is a scalar's string; empty for anything else.
func (n *node) str() string {
	if n == nil {
		return ""
	}
	s, _ := n.scalar.(string)
	return s
}

// path leads from the root to a node: the indexes of members and items.
type path []int

// at gives the node at the path and its parent, which is nil for the root.
func (n *node) at(p path) (parent, found *node) {
	found = n
	for _, i := range p {
		parent = found
		if found.kind == '{' {
			found = found.members[i].value
		} else {
			found = found.items[i]
		}
	}
	return parent, found
}

// walk calls fn for the node and all below it.
func (n *node) walk(p path, fn func(path, *node)) {
	fn(p, n)
	for i, m := range n.members {
		m.value.walk(append(slices.Clone(p), i), fn)
	}
	for i, item := range n.items {
		item.walk(append(slices.Clone(p), i), fn)
	}
}

// names writes a path as people do: tables.customer.column_vindexes.0.
func (n *node) names(p path) string {
	var out []string
	for _, i := range p {
		if n.kind == '{' {
			out = append(out, n.members[i].name)
			n = n.members[i].value
		} else {
			out = append(out, fmt.Sprint(i))
			n = n.items[i]
		}
	}
	return strings.Join(out, ".")
}
