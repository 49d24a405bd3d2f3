package vschema

import (
	"encoding/hex"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"vitess.io/vitess/go/vt/sqlparser"
)

// Canonical gives a copy of ks in which everything that vtgate reads alike is
// written alike, in the shortest form; nil stays nil. All quirks of notation
// are removed here, so that comparisons elsewhere are plain.
//
// What vtgate tells apart stays apart: the order of column vindexes (the first
// is the primary), of their columns and of the column list; the case of names
// of tables, vindexes, owners and listed columns (a column list names the
// columns of a "select *"). What is merely invalid is left as it stands.
func Canonical(ks *Keyspace) *Keyspace {
	if ks == nil {
		return nil
	}
	out := proto.Clone(ks).(*Keyspace)
	dropEmpty(out.ProtoReflect())
	// vtgate reads unspecified as unmanaged (replaceUnspecifiedForeignKeyMode).
	if out.ForeignKeyMode == unmanaged {
		out.ForeignKeyMode = unspecified
	}
	for _, v := range out.Vindexes {
		v.Params = canonicalParams(v.Type, v.Params)
	}
	for _, t := range out.Tables {
		canonicalTable(t)
	}
	return out
}

// Equal tells whether vtgate would read both alike. An absent record (nil)
// equals only another absent one.
func Equal(a, b *Keyspace) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	// Most are equal as they stand, and comparing costs no copy.
	return proto.Equal(a, b) || proto.Equal(Canonical(a), Canonical(b))
}

func canonicalTable(t *Table) {
	if _, err := hex.DecodeString(t.Pinned); err == nil {
		t.Pinned = strings.ToLower(t.Pinned)
	}
	for _, cv := range t.ColumnVindexes {
		// Both at once is an error to Vitess and stays what it is.
		if cv.Column != "" && len(cv.Columns) == 0 {
			cv.Column, cv.Columns = "", []string{cv.Column}
		}
		// Here Vitess compares column names without case (IdentifierCI), and
		// they appear in no result.
		for i, c := range cv.Columns {
			cv.Columns[i] = strings.ToLower(c)
		}
	}
	if t.AutoIncrement != nil {
		t.AutoIncrement.Column = strings.ToLower(t.AutoIncrement.Column)
		t.AutoIncrement.Sequence = plainName(t.AutoIncrement.Sequence)
	}
	for _, c := range t.Columns {
		if c.GetNullable() {
			c.Nullable = nil // absent means nullable
		}
	}
}

// plainName drops the backticks of a possibly qualified table name where the
// name needs none. Names that do need them, keywords among them, keep them, as
// Vitess pastes a lookup table's name into SQL as it stands.
func plainName(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		inner, ok := strings.CutPrefix(p, "`")
		if !ok {
			continue
		}
		inner, ok = strings.CutSuffix(inner, "`")
		if ok && inner != "" && sqlparser.String(sqlparser.NewIdentifierCS(inner)) == inner {
			parts[i] = inner
		}
	}
	return strings.Join(parts, ".")
}

// dropEmpty replaces nil messages inside maps and lists by empty ones, which
// is how they are written, so that no reader has to ask for nil.
func dropEmpty(m protoreflect.Message) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(k protoreflect.MapKey, e protoreflect.Value) bool {
				if !e.Message().IsValid() {
					e = v.Map().NewValue()
					v.Map().Set(k, e)
				}
				dropEmpty(e.Message())
				return true
			})
		case fd.IsList() && fd.Message() != nil:
			for i := range v.List().Len() {
				if !v.List().Get(i).Message().IsValid() {
					v.List().Set(i, v.List().NewElement())
				}
				dropEmpty(v.List().Get(i).Message())
			}
		case fd.Message() != nil && !fd.IsMap():
			dropEmpty(v.Message())
		}
		return true
	})
}
