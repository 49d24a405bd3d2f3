package desired

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// Document is a file that was read, and where each of its nodes stands.
type Document struct {
	File string // path inside the fs.FS
	// Ignores are the suppressions in its comments, from top to bottom.
	Ignores []Ignore
	// root is the object of the message itself, without what wraps it.
	root    *node
	message protoreflect.MessageDescriptor
}

// Position gives where the node at the path stands, or the nearest parent of
// it that stands in the file. Paths are proto field names, map keys and list
// indexes: "tables", "customer", "column_vindexes", "0", "name".
//
// An object or a list stands where its name is, or where it begins when it is
// an item of a list. Any other value stands where it is itself.
func (d *Document) Position(path ...string) errs.Position {
	places := d.walk(path)
	if len(places) == 0 {
		return errs.Position{File: d.File}
	}
	return places[len(places)-1].at().in(d.File)
}

// Text gives the value at the path as a text: a string's content, or another
// scalar as it is written. It gives false for what is no scalar, or not there.
func (d *Document) Text(path ...string) (string, bool) {
	places := d.walk(path)
	if len(places) != len(path)+1 {
		return "", false
	}
	return places[len(path)].value.scalarText()
}

// Misspelled gives what the nearest valid name of a finding at the path would
// replace, and where that stands: the value there, or the name of the entry
// where that is what comes near. It gives false where neither does.
func (d *Document) Misspelled(nearest string, path ...string) (string, errs.Position, bool) {
	places := d.walk(path)
	if len(places) != len(path)+1 {
		return "", errs.Position{}, false
	}
	last := places[len(path)]
	if text, ok := last.value.scalarText(); ok && near.Name(text, []string{nearest}) == nearest {
		return text, last.value.at.in(d.File), true
	}
	if last.name != nil && near.Name(last.name.name, []string{nearest}) == nearest {
		return last.name.name, last.name.at.in(d.File), true
	}
	return "", errs.Position{}, false
}

// place is a step of a path: a value, and the name before it where it has one.
type place struct {
	name  *member
	value *node
}

func (p place) at() point {
	if _, scalar := p.value.scalarText(); p.name != nil && !scalar {
		return p.name.at
	}
	return p.value.at
}

// walk gives the root and then the place of each step of the path, as far as
// they stand in the file.
func (d *Document) walk(path []string) []place {
	if d.root == nil {
		return nil
	}
	places := []place{{value: d.root}}
	var fd protoreflect.FieldDescriptor // of the value in hand; nil where that is a message
	md := d.message
	for _, step := range path {
		n := places[len(places)-1].value
		var next place
		switch {
		case fd == nil && md != nil && n.kind == objectNode:
			next, fd = n.field(md, step)
			if fd != nil && fd.Message() != nil && !fd.IsMap() && !fd.IsList() {
				md, fd = fd.Message(), nil
			}
		case fd != nil && fd.IsMap() && n.kind == objectNode:
			if i, ok := n.index[step]; ok {
				next = place{&n.members[i], n.members[i].value}
			}
			md, fd = fd.MapValue().Message(), nil
		case fd != nil && fd.IsList() && n.kind == listNode:
			if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.items) {
				next = place{value: n.items[i]}
			}
			md, fd = fd.Message(), nil
		}
		if next.value == nil {
			break
		}
		places = append(places, next)
	}
	return places
}

// field finds a field of a message by its proto name, whichever of its names
// the file uses.
func (n *node) field(md protoreflect.MessageDescriptor, name string) (place, protoreflect.FieldDescriptor) {
	fd := md.Fields().ByName(protoreflect.Name(name))
	if fd == nil {
		return place{}, nil
	}
	i := slices.IndexFunc(n.members, func(m member) bool { return fieldByName(md, m.name) == fd })
	if i < 0 {
		return place{}, nil
	}
	return place{&n.members[i], n.members[i].value}, fd
}

// scalarText gives the text of a scalar that says anything.
func (n *node) scalarText() (string, bool) {
	switch n.kind {
	case boolNode, numberNode, stringNode:
		return n.text, true
	default:
		return "", false
	}
}
