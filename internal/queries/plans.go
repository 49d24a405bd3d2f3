package queries

import (
	"bufio"
	"encoding/json"
	"slices"
	"strings"
)

// KeyspaceOf gives the session's keyspace of a cached plan as far as its tables
// tell, which are named KEYSPACE.TABLE: vtgate does not show it. It is empty where
// they are of several.
func KeyspaceOf(tables []string) string {
	keyspace := ""
	for _, t := range tables {
		of, _, ok := strings.Cut(t, ".")
		if !ok || keyspace != "" && of != keyspace {
			return ""
		}
		keyspace = of
	}
	return keyspace
}

// readPlans reads what /debug/query_plans shows: plans by their queries.
func readPlans(s *source, in *bufio.Reader) error {
	d := newDocument(in, s.corpus.limits.line)
	if err := d.delim('{'); err != nil {
		return err
	}
	for d.more() {
		sql, err := d.key()
		if err != nil {
			return err
		}
		raw, start, err := d.part()
		if err != nil {
			return err
		}
		var plan struct {
			ExecCount  int64
			TablesUsed []string
		}
		if err := json.Unmarshal(raw, &plan); err != nil {
			s.bad(d.line(start))
			continue
		}
		// A plan without a count was made and not yet used.
		s.count(statement{sql: sql, keyspace: KeyspaceOf(plan.TablesUsed), executions: max(plan.ExecCount, 1), line: d.line(start)})
	}
	return d.finish('}')
}

// readKeys reads the output of vt keys.
func readKeys(s *source, in *bufio.Reader) error {
	d := newDocument(in, s.corpus.limits.line)
	if err := d.delim('{'); err != nil {
		return err
	}
	for d.more() {
		key, err := d.key()
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"queries", "failed"}, key) {
			if _, _, err := d.part(); err != nil {
				return err
			}
			continue
		}
		if err := s.readKeyList(d, key); err != nil {
			return err
		}
	}
	return d.finish('}')
}

func (s *source) readKeyList(d *document, key string) error {
	return d.each(func(raw json.RawMessage, start int64) error {
		var query struct {
			QueryStructure string `json:"queryStructure"`
			UsageCount     int64  `json:"usageCount"`
		}
		switch err := json.Unmarshal(raw, &query); {
		case key == "failed":
			s.unread++
		case err != nil || query.QueryStructure == "":
			s.bad(d.line(start))
		default:
			s.count(statement{sql: query.QueryStructure, executions: max(query.UsageCount, 1), line: d.line(start)})
		}
		return nil
	})
}

// each calls f for the elements of an array; null is an empty one.
func (d *document) each(f func(raw json.RawMessage, start int64) error) error {
	token, err := d.dec.Token()
	if err != nil {
		return d.wrong(err)
	}
	if token == nil {
		return nil
	}
	if token != json.Delim('[') {
		return d.invalid(d.dec.InputOffset()-1, "a list is missing here")
	}
	for d.more() {
		raw, start, err := d.part()
		if err != nil {
			return err
		}
		if err := f(raw, start); err != nil {
			return err
		}
	}
	return d.delim(']')
}

// finish reads the last bracket and the end.
func (d *document) finish(bracket json.Delim) error {
	if err := d.delim(bracket); err != nil {
		return err
	}
	return d.end()
}
