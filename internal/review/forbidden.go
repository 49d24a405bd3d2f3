package review

import (
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/fileschema"
	"github.com/vtsync/vtsync/internal/lint"
)

// Forbidden holds each file against the schema of its kind: what editors are
// told, and the first check of all. An error is a mistake in vtsync itself.
func Forbidden(tree *desired.Tree) ([]lint.Forbidden, error) {
	var out []lint.Forbidden
	add := func(kind fileschema.Kind, doc *desired.Document, keyspace string, parents ...string) error {
		found, err := fileschema.Validate(kind, doc.Value())
		for _, v := range found {
			where := strings.Join(v.Path, ".")
			out = append(out, lint.Forbidden{
				Keyspace: keyspace,
				Path:     slices.Concat(parents, v.Path),
				Message:  where + ": " + v.Message,
			})
		}
		return err
	}
	for _, name := range sortedKeys(tree.Keyspaces) {
		if err := add(fileschema.VSchema, &tree.Keyspaces[name].Document, name); err != nil {
			return nil, err
		}
	}
	for _, kind := range sortedKeys(tree.Rules) {
		if err := add(fileschema.Kind(kind), &tree.Rules[kind].Document, "", string(kind)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
