package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestHarm shows on real Vitess what the page of each rule says that it does:
// with the bad example applied every probe shows the harm, with the good one
// none does. For a rule about a change it is the state before that is sound.
func TestHarm(t *testing.T) {
	pages := allPages(t)
	l := newHarmLab(t)
	shown := 0
	for _, page := range pages {
		lite, _ := split(page.Probes)
		if len(lite) == 0 {
			continue
		}
		t.Run(page.Code, func(t *testing.T) {
			l.tryPage(t, page, lite)
			if !t.Failed() {
				shown++
			}
		})
	}
	t.Logf("rules whose harm is shown without MySQL: %d", shown)
}

func allPages(t *testing.T) []catalog.Page {
	t.Helper()
	var pages []catalog.Page
	for _, code := range catalog.Codes() {
		page, err := catalog.Get(code)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	return pages
}

// TestNoAnswerIsNoHarm holds a probe for a table that is gone to telling that
// from a vtgate that does not answer, or not as it should.
func TestNoAnswerIsNoHarm(t *testing.T) {
	text := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, text) // who does not get it fails the test
	}))
	l := &harmLab{Cluster: &cluster.Cluster{}, gate: cluster.VTGate{HTTP: strings.TrimPrefix(server.URL, "http://")}}
	p := catalog.Probe{Kind: catalog.Gone, Target: "customer", Text: "orders"}
	ask := func(want string, fails bool) {
		t.Helper()
		if a, err := l.look(t.Context(), p); (err != nil) != fails || !fails && a.text != want {
			t.Errorf("%q gives %q, %v", text, a.text, err)
		}
	}
	text = `{"keyspaces": {"customer": {"tables": {"orders": {}}}}}`
	ask("served", false)
	text = `{"keyspaces": {"customer": {"tables": {}}}}`
	ask(absent, false)
	for _, text = range []string{`{}`, `not JSON`} {
		ask("", true)
	}
	server.Close()
	ask("", true)
}

// split sorts the probes by whether they take MySQL. What a test of its own
// shows is in neither.
func split(probes []catalog.Probe) (lite, full []catalog.Probe) {
	for _, p := range probes {
		switch {
		case p.Kind == catalog.Tested:
		case p.Kind.NeedsMySQL():
			full = append(full, p)
		default:
			lite = append(lite, p)
		}
	}
	return lite, full
}

func (l *harmLab) tryPage(t *testing.T, page catalog.Page, probes []catalog.Probe) {
	sound, bad := soundAndBad(t, page)
	l.serve(t, sound)
	for name, err := range l.refusals {
		if err != nil {
			t.Errorf("the sound case: Vitess refuses %s: %v", name, err)
		}
	}
	for _, p := range probes {
		answer, err := l.look(t.Context(), p)
		switch {
		case err != nil:
			t.Errorf("the sound case: %s: %v", describe(p), err)
		case answer.shows(p):
			t.Errorf("the sound case shows the harm too: %s\n%s", describe(p), answer)
		case p.Kind == catalog.Plan && answer.err != nil:
			t.Errorf("the sound case has no plan: %s\n%s", describe(p), answer)
		}
	}
	l.serve(t, bad)
	for _, p := range probes {
		answer, err := l.look(t.Context(), p)
		switch {
		case err != nil:
			t.Errorf("%s: %v", describe(p), err)
		case !answer.shows(p):
			t.Errorf("the bad case does not show the harm: %s\n%s", describe(p), answer)
		}
	}
	for name, err := range l.refusals {
		if err != nil && !slices.ContainsFunc(probes, func(p catalog.Probe) bool { return p.Kind == catalog.Refused && p.Target == name }) {
			t.Errorf("Vitess refuses %s, and no probe says so: %v", name, err)
		}
	}
}

// soundAndBad gives the two states that are compared: of a rule about a change
// the one before it is the sound one.
func soundAndBad(t *testing.T, page catalog.Page) (sound, bad []catalog.File) {
	t.Helper()
	good, _ := page.Case("good")
	worse, ok := page.Case("bad")
	sound = good.Files
	if len(page.Before) > 0 {
		sound = page.Before
	}
	if !ok || len(sound) == 0 {
		t.Fatal("the page has no two cases to compare")
	}
	return sound, worse.Files
}

func describe(p catalog.Probe) string {
	return fmt.Sprintf("%s %s: %s %v", p.Kind, p.Target, p.Text, p.Expects)
}

// answer is what Vitess said to a probe.
type answer struct {
	text string
	err  error // of Vitess; what kept us from asking is no answer
}

func (a answer) String() string {
	if a.err != nil {
		return "error: " + a.err.Error()
	}
	return a.text
}

// shows tells whether the answer shows what the probe says.
func (a answer) shows(p catalog.Probe) bool {
	switch p.Kind {
	case catalog.Refused:
		return a.err != nil && strings.Contains(a.err.Error(), p.Text)
	case catalog.InError:
		return strings.Contains(a.text, p.Text)
	case catalog.Dropped, catalog.Gone:
		return a.text == absent
	default:
		return len(p.Expects) > 0 && !slices.ContainsFunc(p.Expects, func(e catalog.Expect) bool { return !a.meets(e) })
	}
}

// absent is the answer to what a thing is that is not there.
const absent = "absent"

func (a answer) meets(e catalog.Expect) bool {
	switch e.Kind {
	case catalog.Fails:
		return a.err != nil && strings.Contains(a.err.Error(), e.Text)
	case catalog.Has:
		return a.err == nil && strings.Contains(a.text, e.Text)
	case catalog.Lacks:
		return a.err == nil && !strings.Contains(a.text, e.Text)
	case catalog.Works:
		return a.err == nil
	default:
		return false
	}
}

// look asks Vitess what a probe wants to know.
func (l *harmLab) look(ctx context.Context, p catalog.Probe) (answer, error) {
	switch p.Kind {
	case catalog.Refused:
		return answer{text: "accepted", err: l.refusals[p.Target]}, nil
	case catalog.Dropped:
		if err := l.refusals[p.Target]; err != nil {
			return answer{}, fmt.Errorf("refused: %w", err)
		}
		v, err := l.stored(ctx, p.Target)
		if err != nil || holds(v, p.Text) {
			return answer{text: fmt.Sprint(v)}, err
		}
		return answer{text: absent}, nil
	case catalog.InError:
		return l.keyspaceComment(ctx, p.Target)
	case catalog.Gone:
		served, err := l.serves(ctx, p.Target, p.Text)
		if err != nil || served {
			return answer{text: "served"}, err
		}
		return answer{text: absent}, nil
	case catalog.Plan:
		return l.ask(ctx, p.Target, "VEXPLAIN PLAN "+p.Text)
	case catalog.Run, catalog.Rows, catalog.Full:
		return l.ask(ctx, p.Target, p.Text)
	case catalog.Tested:
	}
	return answer{}, errors.New("nobody can be asked")
}

// keyspaceComment is what SHOW VSCHEMA KEYSPACES says beside a keyspace.
func (l *harmLab) keyspaceComment(ctx context.Context, keyspace string) (answer, error) {
	rows, err := l.gate.Query(ctx, "", "SHOW VSCHEMA KEYSPACES")
	if err != nil {
		return answer{}, err
	}
	for _, row := range rows {
		if row[0] == keyspace {
			return answer{text: row[len(row)-1]}, nil
		}
	}
	return answer{}, fmt.Errorf("vtgate has no keyspace %s", keyspace)
}

// ask runs a statement in a session with that target. The error in the answer
// is vtgate's own text: the statement, which ours repeats, would match too much.
func (l *harmLab) ask(ctx context.Context, target, statement string) (answer, error) {
	rows, err := l.gate.Query(ctx, target, statement)
	if refusal, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return answer{err: refusal}, nil
	}
	var text strings.Builder
	for _, row := range rows {
		text.WriteString(strings.Join(row, "\t") + "\n")
	}
	return answer{text: text.String()}, err
}

// TestEveryErrorIsShown holds every rule that calls something an error to a
// probe that shows it on the lab; but for the nets, which catch what no rule
// names yet, so that there is no example.
func TestEveryErrorIsShown(t *testing.T) {
	for _, r := range lint.All {
		page, err := catalog.Get(r.Code)
		if r.Severity != lint.Error || r.Net || err != nil { // that a page is missing the catalogue's own test says
			continue
		}
		shows := func(p catalog.Probe) bool { return p.Kind != catalog.Rows }
		if !slices.ContainsFunc(page.Probes, shows) {
			t.Errorf("rule %s is an error, and no probe of its page shows that", r.Code)
		}
	}
}
