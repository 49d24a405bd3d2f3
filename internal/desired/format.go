package desired

import (
	"bytes"
	"path"
	"regexp"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Format gives a file in its canonical layout: fields in the order in which
// people write them, the names of vindexes, tables and parameters sorted, lists
// and rules in their own order. JSON looks as Encode writes it. YAML keeps its
// comments, its quotes, and what stands on one line in brackets. No value, no
// spelling of a field and no form of a file is changed.
//
// A file of any name will do: what it holds is told by its content.
func Format(file string, data []byte) ([]byte, error) {
	first, err := readSource(file, data)
	if err != nil {
		return nil, err
	}
	// Comments settle where the layout puts them: it may take a second look
	// to see them as they are read next time.
	out := first.print()
	for range maxPasses {
		again, err := readSource(file, out)
		if err != nil || !again.sameAs(first) {
			break
		}
		next := again.print()
		if bytes.Equal(next, out) {
			return out, nil
		}
		out = next
	}
	return nil, &errs.Invalid{
		Pos:  errs.Position{File: file},
		Msg:  "no layout was found that reads back the same",
		Next: "write the file in a plainer way: no strings over several lines, no names of more than 1024 letters",
	}
}

// maxPasses bounds how often a layout is looked at again; two are enough for
// all that people write.
const maxPasses = 4

// source is a file that was read to be written again.
type source struct {
	root *node
	form form
	// yaml is the text and its comments; nil for JSON.
	yaml *yamlSource
}

type yamlSource struct {
	text     *sourceText
	comments []comment
}

// readSource reads a file, with its members in canonical order, and refuses
// what Parse would refuse of its content.
func readSource(file string, data []byte) (*source, error) {
	p := &problems{file: file}
	data, ok := cleanText(data, p)
	if !ok {
		return nil, p.err()
	}
	out := &source{}
	if isJSON(file, data) {
		var syntax *syntaxError
		if out.root, syntax = parseJSON(data); syntax != nil {
			p.add(codeSyntax, syntax.at, "%s", syntax.msg).Next = syntax.next
		}
	} else {
		root, doc := parseYAML(data, p)
		text := newSourceText(data)
		out.root, out.yaml = root, &yamlSource{text, findComments(text, doc)}
	}
	if out.root == nil {
		return nil, p.err()
	}
	out.form = formOf(file, out.root)
	out.form.decode(out.root, p)
	return out, p.err()
}

func (s *source) print() []byte {
	if s.yaml == nil {
		s.form.sort(s.root)
		return printJSON(s.root)
	}
	notes := attach(s.yaml, s.root) // by the order of the file
	s.form.sort(s.root)
	return printYAML(s.root, notes)
}

// sameAs tells whether what was printed says the same, in the same words.
func (s *source) sameAs(o *source) bool {
	if s.yaml != nil && !slices.Equal(s.yaml.texts(), o.yaml.texts()) {
		return false
	}
	return bytes.Equal(printJSON(s.root), printJSON(o.root))
}

// texts gives the comments, sorted.
func (s *yamlSource) texts() []string {
	var out []string
	for _, c := range s.comments {
		out = append(out, c.text)
	}
	slices.Sort(out)
	return out
}

// isJSON tells what a file holds by its name, or where that says nothing by
// its content: YAML has brackets too, but JSON no words without quotes.
func isJSON(file string, data []byte) bool {
	switch path.Ext(file) {
	case ".json":
		return true
	case ".yaml", ".yml":
		return false
	}
	if first := bytes.TrimSpace(data)[0]; first != '{' && first != '[' {
		return false
	}
	_, syntax := parseJSON(data)
	return syntax == nil || !bareWord.Match(data[offsetOf(data, syntax.at):])
}

// bareWord is what begins a name, a string in single quotes or a comment of YAML.
var bareWord = regexp.MustCompile(`^[\pL_'#]`)

// offsetOf gives the byte at a point of a text; its end where there is none.
func offsetOf(data []byte, at point) int {
	if offset, ok := newSourceText(data).offset(at); ok {
		return offset
	}
	return len(data)
}

// form is one of the forms that people write: a message, or the names of
// keyspaces around one each.
type form struct {
	message func() proto.Message
	wrapped bool
}

// formOf tells the form of a file, whose name counts only for rules.
func formOf(file string, root *node) form {
	keyspace := form{message: func() proto.Message { return &vschema.Keyspace{} }}
	if kind, ok := ruleKind(path.Base(file)); ok {
		return form{message: func() proto.Message { return vschema.NewRules(kind) }}
	}
	if root.kind != objectNode || looksLikeKeyspace(root) {
		return keyspace
	}
	has := func(name string) bool {
		return slices.ContainsFunc(root.members, func(m member) bool { return m.name == name })
	}
	switch {
	case has("keyspaces"):
		return form{message: func() proto.Message { return &vschema.SrvVSchema{} }}
	case has(rulesField):
		return formOfRules(root)
	}
	folder := path.Base(path.Dir(file))
	keyspace.wrapped = slices.ContainsFunc(root.members, func(m member) bool {
		return m.name == folder || looksLikeKeyspace(m.value)
	})
	return keyspace
}

// formOfRules gives the kind of rules that the file can be, table routing rules
// first.
func formOfRules(root *node) form {
	var forms []form
	for _, kind := range vschema.RuleKinds {
		f := form{message: func() proto.Message { return vschema.NewRules(kind) }}
		p := &problems{}
		if f.decode(root, p); p.err() == nil {
			return f
		}
		forms = append(forms, f)
	}
	return forms[0]
}

// decode notes what is wrong with the file.
func (f form) decode(root *node, p *problems) {
	d := &decoder{p}
	if !f.wrapped {
		d.message(f.message().ProtoReflect(), root)
		return
	}
	seen := make(map[string]bool)
	for _, m := range root.members {
		if seen[m.name] {
			p.add(codeDuplicate, m.at, "duplicate key %q", clip(m.name))
		}
		seen[m.name] = true
		d.message(f.message().ProtoReflect(), m.value)
	}
}

// sort puts what is below the root in order.
func (f form) sort(root *node) {
	md := f.descriptor()
	if !f.wrapped {
		sortTree(md, root)
		return
	}
	slices.SortFunc(root.members, byName)
	for _, m := range root.members {
		sortTree(md, m.value)
	}
}

func (f form) descriptor() protoreflect.MessageDescriptor {
	return f.message().ProtoReflect().Descriptor()
}
