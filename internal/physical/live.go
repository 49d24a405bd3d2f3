package physical

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"vitess.io/vitess/go/vt/schemadiff"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtenv"

	"github.com/vtsync/vtsync/internal/errs"
)

// environment is Vitess's, made once: live tables are parsed by the thousand. No
// collation stands for the server's default, which nobody knows.
var environment = sync.OnceValues(func() (*schemadiff.Environment, error) {
	env, err := vtenv.New(vtenv.Options{})
	if err != nil {
		return nil, err
	}
	return schemadiff.NewEnv(env, 0), nil
})

// Parse makes a schema of what MySQL says its tables are: the CREATE TABLE (or
// CREATE VIEW) of each, by name. What cannot be parsed is in Unread, and the
// error joins why. Nothing in it has a position.
func Parse(texts map[string]string) (*Schema, error) {
	schema := &Schema{Tables: make(map[string]*Table), Views: make(map[string]string), Unread: make(map[string]bool)}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		t, err := ParseTable(texts[name])
		switch {
		case errors.Is(err, errView):
			schema.Views[name] = texts[name]
		case err != nil:
			schema.Unread[name] = true
			problems = append(problems, fmt.Errorf("table %s: %w", name, err))
		default:
			t.Name = name
			schema.Tables[name] = t
		}
	}
	return schema, errors.Join(problems...)
}

var errView = errors.New("it is a view")

// ParseTable makes a table of its CREATE TABLE, as MySQL prints it. It has no
// position.
func ParseTable(text string) (*Table, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("parse CREATE TABLE: %w", err)
	}
	s, err := one(env.Parser(), text)
	if err != nil {
		return nil, err
	}
	if object, _ := s.object(); object == sqlparser.VIEW {
		return nil, errView
	}
	l := &loader{env: env, schema: &Schema{Tables: make(map[string]*Table), Unread: make(map[string]bool)}}
	entity, err := l.parse(s.text)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	t := l.build(newSource("", s.text), s, entity)
	if len(l.problems) > 0 {
		return nil, errors.New(l.problems[0].Msg)
	}
	t.Pos = errs.Position{}
	for i := range t.Columns {
		t.Columns[i].Pos = errs.Position{}
	}
	return t, nil
}

// one gives the only statement of a text, if the parser may be given it.
func one(parser *sqlparser.Parser, text string) (statement, error) {
	if len(text) > maxStatement {
		return statement{}, fmt.Errorf("a statement of more than %d KB", maxStatement>>10)
	}
	s := statement{text: text, tokens: scan(parser, text)}
	switch {
	case len(s.tokens) == 0:
		return s, errors.New("no statement")
	case s.tooLarge():
		return s, fmt.Errorf("a statement nested deeper than %d", maxDepth)
	}
	return s, nil
}
