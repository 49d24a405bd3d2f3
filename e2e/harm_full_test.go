package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestHarmWithRows is TestHarm for what takes MySQL to be seen: tables, rows
// that were there before, and statements that reach them.
func TestHarmWithRows(t *testing.T) {
	pages := slices.DeleteFunc(allPages(t), func(page catalog.Page) bool {
		_, full := split(page.Probes)
		return len(full) == 0
	})
	l := newFullHarmLab(t)
	shown := 0
	for _, page := range pages {
		t.Run(page.Code, func(t *testing.T) {
			_, probes := split(page.Probes)
			sound, bad := soundAndBad(t, page)
			first := bad
			if len(page.Before) > 0 {
				first = page.Before
			}
			l.fill(t, page, sound, sound)
			l.tryRows(t, probes, nil, false)
			l.fill(t, page, bad, first)
			l.tryRows(t, probes, func() { l.serveFilled(t, bad) }, true)
			if !t.Failed() {
				shown++
			}
		})
	}
	t.Logf("rules whose harm is shown with MySQL: %d", shown)
}

// fill gives MySQL the tables and rows of a page, with those files as the
// routing, and nothing else.
func (l *harmLab) fill(t *testing.T, page catalog.Page, tables, routing []catalog.File) {
	t.Helper()
	ctx := t.Context()
	for name := range l.keyspaces {
		for _, shard := range l.Shards(name) {
			l.empty(t, name, shard)
		}
	}
	l.reloadSchemas(t) // a sequence of the same name would go on where the last one was
	var statements []catalog.Statement
	for _, f := range tables {
		if keyspace, shard, live := f.LiveShard(); live {
			statements = append(statements, catalog.Statement{Keyspace: keyspace, Shard: shard, Text: string(f.Data)})
		} else if path.Ext(f.Path) == ".sql" {
			statements = append(statements, catalog.Statement{Keyspace: strings.Split(f.Path, "/")[1], Text: string(f.Data)})
		}
	}
	for _, s := range append(statements, page.MySQL...) {
		for _, shard := range l.Shards(s.Keyspace) {
			if s.Shard != "" && s.Shard != shard {
				continue
			}
			if _, err := l.MySQL(ctx, s.Keyspace, shard, s.Text); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.reloadSchemas(t)
	l.serveFilled(t, routing)
}

// empty drops every table of a shard.
func (l *harmLab) empty(t *testing.T, keyspace, shard string) {
	t.Helper()
	rows, err := l.MySQL(t.Context(), keyspace, shard, "show tables")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		statement := "set foreign_key_checks = 0; drop table `" + row[0] + "`"
		if _, err := l.MySQL(t.Context(), keyspace, shard, statement); err != nil {
			t.Fatal(err)
		}
	}
}

// reloadSchemas makes the tablets look at MySQL.
func (l *harmLab) reloadSchemas(t *testing.T) {
	t.Helper()
	for name := range l.keyspaces {
		if _, err := l.vtctld.ReloadSchemaKeyspace(t.Context(), &vtctldatapb.ReloadSchemaKeyspaceRequest{Keyspace: name, IncludePrimary: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// serveFilled serves the files, and returns when the vtgate knows the columns
// that MySQL has.
func (l *harmLab) serveFilled(t *testing.T, files []catalog.File) {
	t.Helper()
	l.serve(t, files)
	for name, err := range l.refusals {
		if err != nil {
			t.Fatalf("Vitess refuses %s: %v", name, err)
		}
	}
	for name := range l.keyspaces {
		want := l.columns(t, name)
		if err := cluster.Poll(t.Context(), func() error { return l.tracks(t.Context(), name, want) }); err != nil {
			t.Fatal(err)
		}
	}
}

// columns gives those of every table of a keyspace, in order, as each shard has
// them.
func (l *harmLab) columns(t *testing.T, keyspace string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, shard := range l.Shards(keyspace) {
		rows, err := l.MySQL(t.Context(), keyspace, shard,
			"select table_name, group_concat(column_name order by ordinal_position) from information_schema.columns where table_schema = database() group by table_name")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			out[row[0]] = append(out[row[0]], row[1])
		}
	}
	return out
}

// tracks is nil if the vtgate knows exactly these columns of these tables: where
// shards disagree, those of any.
func (l *harmLab) tracks(ctx context.Context, keyspace string, want map[string][]string) error {
	page, err := l.Debug(ctx, l.gate, "vschema")
	if err != nil {
		return err
	}
	var served struct {
		Keyspaces map[string]struct {
			Tables map[string]struct {
				Columns []struct {
					Name string `json:"name"`
				} `json:"columns"`
			} `json:"tables"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &served); err != nil {
		return err
	}
	for name, columns := range want {
		var got []string
		for _, c := range served.Keyspaces[keyspace].Tables[name].Columns {
			got = append(got, c.Name)
		}
		if !slices.Contains(columns, strings.Join(got, ",")) {
			return fmt.Errorf("the vtgate knows the columns %v of %s.%s, and MySQL has %q", got, keyspace, name, columns)
		}
	}
	return nil
}

// tryRows runs the statements, with the change between those that come before
// it and the rest, and wants the harm to be seen, or not.
func (l *harmLab) tryRows(t *testing.T, probes []catalog.Probe, change func(), harm bool) {
	t.Helper()
	for _, p := range probes {
		if p.Kind == catalog.Full && change != nil {
			change()
			change = nil
		}
		answer, shows, err := l.lookOften(t.Context(), p)
		switch {
		case err != nil:
			t.Errorf("%s: %v", describe(p), err)
		case p.Kind == catalog.Rows && answer.err != nil:
			t.Errorf("%s: %v", describe(p), answer.err)
		case p.Kind == catalog.Full && shows != harm:
			t.Errorf("harm shown: %t, want %t: %s\n%s", shows, harm, describe(p), answer)
		}
	}
}

// lookOften asks as often as the probe says, or until an answer shows the harm.
func (l *harmLab) lookOften(ctx context.Context, p catalog.Probe) (a answer, shows bool, err error) {
	for range max(p.Times, 1) {
		a, err = l.look(ctx, p)
		if err != nil || a.shows(p) {
			return a, err == nil, err
		}
	}
	return a, false, nil
}
