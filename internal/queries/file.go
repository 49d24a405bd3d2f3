package queries

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
)

// format is the version of the file. A reader refuses any other.
const format = 1

// Encode writes a corpus as its file, in the order given.
func Encode(queries []impact.Query) []byte {
	if queries == nil {
		queries = []impact.Query{}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(struct {
		Format  int            `json:"format"`
		Queries []impact.Query `json:"queries"`
	}{format, queries}); err != nil {
		panic(fmt.Sprintf("texts and numbers are not JSON: %v", err))
	}
	return out.Bytes()
}

// readFile reads vtsync's own file, strictly.
func readFile(s *source, in *bufio.Reader) error {
	d := newDocument(in, s.corpus.limits.line)
	if err := d.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.more() {
		key, err := d.key()
		if err != nil {
			return err
		}
		at := d.dec.InputOffset() - int64(len(key)) - 2
		if seen[key] {
			return d.invalid(at, fmt.Sprintf("the field %q stands twice", key))
		}
		switch key {
		case "format":
			err = d.format()
		case "queries":
			err = d.each(func(raw json.RawMessage, start int64) error { return s.readEntry(d, raw, start) })
		default:
			return d.invalid(at, unknownField(key))
		}
		if err != nil {
			return err
		}
		seen[key] = true
	}
	if err := d.finish('}'); err != nil {
		return err
	}
	if !seen["format"] {
		return d.invalid(0, fmt.Sprintf("the field %q is missing: this vtsync reads format %d", "format", format))
	}
	return nil
}

func (d *document) format() error {
	raw, start, err := d.part()
	if err != nil {
		return err
	}
	if string(raw) == fmt.Sprint(format) {
		return nil
	}
	var number int
	if json.Unmarshal(raw, &number) != nil {
		return d.invalid(start, "the format must be a number")
	}
	return d.invalid(start, fmt.Sprintf("it has format %d, and this vtsync reads format %d", number, format))
}

// readEntry reads one query of the file.
func (s *source) readEntry(d *document, raw json.RawMessage, start int64) error {
	var q impact.Query
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		return d.wrongEntry(raw, start, err)
	}
	tabletType, err := tabletTypeOf(q.TabletType)
	switch {
	case err != nil || tabletType != q.TabletType:
		return d.invalid(start+field(raw, "tablet_type"), "the tablet type must be primary, replica or rdonly")
	case strings.TrimSpace(q.SQL) == "":
		return d.invalid(start, `the query has no "sql"`)
	case q.Executions < 1:
		return d.invalid(start+field(raw, "executions"), `"executions" must be at least 1`)
	}
	s.count(statement{q.SQL, q.Keyspace, q.TabletType, q.Executions, d.line(start)})
	return nil
}

var unknown = regexp.MustCompile(`unknown field "(.*)"$`)

// wrongEntry says what is wrong with an entry, and where.
func (d *document) wrongEntry(raw json.RawMessage, start int64, err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		if wrongType.Field == "" {
			return d.invalid(start, "a query must be an object")
		}
		want := "a text"
		if wrongType.Field == "executions" {
			want = "a whole number"
		}
		return d.invalid(start+field(raw, wrongType.Field), fmt.Sprintf("%q must be %s", wrongType.Field, want))
	}
	if m := unknown.FindStringSubmatch(err.Error()); m != nil {
		return d.invalid(start+field(raw, m[1]), unknownField(m[1]))
	}
	return &errs.Invalid{Pos: errs.Position{Line: d.line(start)}, Msg: "the query cannot be read"}
}

// field is where an entry has the field of that name.
func field(raw json.RawMessage, name string) int64 {
	if at := bytes.Index(raw, []byte(`"`+name+`"`)); at >= 0 {
		return int64(at)
	}
	return 0
}

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

// unknownField names the field where it looks like one.
func unknownField(name string) string {
	if fieldName.MatchString(name) {
		return fmt.Sprintf("unknown field %q", name)
	}
	return "unknown field"
}
