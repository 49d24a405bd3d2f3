package view

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vtsync/vtsync/internal/impact"
)

func markdown(t *testing.T, r *impact.Report, limit int) string {
	t.Helper()
	return text(t, func(w io.Writer, _ Style) error { return ImpactMarkdown(w, r, limit) })
}

var update = flag.Bool("update", false, "write the golden files anew")

func TestImpactMarkdown(t *testing.T) {
	for name, r := range map[string]*impact.Report{
		"impact": lookupDropped(), "impact_unweighed": unweighed(lookupDropped()), "impact_none": impact.NewReport("24.0.1", nil, nil),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".md")
			got := markdown(t, r, 0)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want(t, got, string(golden))
		})
	}
}

// large is a report of so many dearer queries, the most frequent first.
func large(n int) *impact.Report {
	var results []impact.Result
	for i := range n {
		results = append(results, impact.Result{
			SQL: fmt.Sprintf("select c%05d from customer where x = :x%s", i, strings.Repeat(" or 名 = :y", i%40)), Keyspace: "customer", Weight: int64(2*n - i),
			Verdict: impact.Dearer, Reasons: []string{"1 shard -> 64 shards"},
			Before: side(impact.SingleShard, 1, route("EqualUnique", "hash")), After: side(impact.Scatter, 64, route("Scatter", "")),
		})
	}
	return impact.NewReport("24.0.1", results, nil)
}

// shownQueries are the numbers of the queries that a text shows.
func shownQueries(out string) int {
	n := 0
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, fmt.Sprintf("| %d | dearer", n+1)) {
			n++
		}
	}
	return n
}

func TestImpactMarkdownOfManyQueries(t *testing.T) {
	const all = 10_000
	out := markdown(t, large(all), 0)
	if len(out) > ImpactMarkdownLimit || len(out) < ImpactMarkdownLimit*9/10 {
		t.Errorf("%d bytes, want the limit nearly used", len(out))
	}
	n := shownQueries(out)
	for _, text := range []string{
		ImpactMarker + "\n", "| dearer | 10000 | 100 % |",
		fmt.Sprintf("<summary>%d more</summary>", n-markdownOpen), fmt.Sprintf("Not shown: %d more.", all-n),
	} {
		if !strings.Contains(out, text) {
			t.Errorf("lacks %q", text)
		}
	}
}

// At every limit the text is within it, is whole as Markdown, counts what it
// leaves out, and never shows less than with a smaller one.
func TestImpactMarkdownAtEveryLimit(t *testing.T) {
	const all = 13
	r := large(all)
	whole := markdown(t, r, 0)
	least, before := 0, 0
	for limit := 1; limit <= len(whole)+100; limit++ {
		var buf bytes.Buffer
		if err := ImpactMarkdown(&buf, r, limit); err != nil {
			if least > 0 {
				t.Fatalf("limit %d: %v, and %d was enough", limit, err, least)
			}
			if want := fmt.Sprintf("the limit is %d", limit); !strings.Contains(err.Error(), want) || buf.Len() > 0 {
				t.Fatalf("limit %d: %v, %d bytes", limit, err, buf.Len())
			}
			continue
		}
		if least == 0 {
			least = limit
		}
		out := buf.String()
		n := shownQueries(out)
		switch {
		case len(out) > limit:
			t.Fatalf("limit %d: %d bytes", limit, len(out))
		case !utf8.ValidString(out):
			t.Fatalf("limit %d: broken characters", limit)
		case n < before:
			t.Fatalf("limit %d: %d queries, and %d with less", limit, n, before)
		case strings.Contains(out, "Not shown") != (n < all) || n < all && !strings.Contains(out, fmt.Sprintf("Not shown: %d more.", all-n)):
			t.Fatalf("limit %d shows %d:\n%s", limit, n, out)
		case strings.Count(out, "<details>") != strings.Count(out, "</details>") || strings.Contains(out, "<details>") != (n > markdownOpen):
			t.Fatalf("limit %d shows %d:\n%s", limit, n, out)
		case !strings.HasSuffix(out, "</sub>\n"):
			t.Fatalf("limit %d: no end", limit)
		}
		before = n
	}
	if out := markdown(t, r, len(whole)); out != whole || before != all {
		t.Errorf("%d queries in the end, and the exact limit gives\n%s", before, out)
	}
	if out := markdown(t, r, len(whole)-1); shownQueries(out) >= all {
		t.Errorf("one byte less gives\n%s", out)
	}
	// What the least limit allows is the summary and the number.
	if out := markdown(t, r, least); shownQueries(out) != 0 || len(out) != least {
		t.Errorf("%d bytes, limit %d:\n%s", len(out), least, out)
	}
}

func TestImpactMarkdownNotes(t *testing.T) {
	notes := make([]string, 40)
	for i := range notes {
		notes[i] = fmt.Sprintf("%d: see @octocat, #%d, [x](javascript:y) and https://example.com\n# <img src=x> %s", i, i, strings.Repeat("long ", 1000))
	}
	out := markdown(t, impact.NewReport("24.0.1", nil, notes), 10_000)
	if !strings.Contains(out, "- and 30 more notes\n") {
		t.Error(out)
	}
	first, _, _ := strings.Cut(out[strings.Index(out, "- note"):], "long")
	want(t, first, "- note: 0: see &#64;&#8203;octocat, &#35;&#8203;0, &#91;x&#93;(javascript:y) and https&#58;//example.com &#35;&#8203; &lt;img src=x&gt; ")
}

func TestCodeSpan(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "select 1", "`select 1`"},
		{"empty", "  ", ""},
		{"pipe", "select a || b", "`select a \\|\\| b`"},
		{"lines", "select 1\r\n\tfrom t", "`select 1 from t`"},
		{"names in backticks", "select `a b` from t", "``select `a b` from t``"},
		{"backticks at the ends", "`a`.`b``c`", "``` `a`.`b``c` ```"},
		{"markup", "</code><img src=x> @octocat #1 *a* _b_ ~~c~~ [d](e)", "`</code><img src=x> @octocat #1 *a* _b_ ~~c~~ [d](e)`"},
		{"backslash before pipe", "a\\|b`<@c", "<code>a&#92;&#124;b&#96;&#60;&#64;c</code>"},
		{"hidden", "a\x1b[2Jb\u202ec\x00", "`a\ufffd[2Jb\ufffdc\ufffd`"},
		{"long", strings.Repeat("a", 301), "`" + strings.Repeat("a", 297) + "...`"},
		{"long and wide", strings.Repeat("名", 151), "`" + strings.Repeat("名", 148) + "...`"},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, codeSpan(tt.text), tt.want) })
	}
}

// A row has its cells whatever is in them.
func TestImpactMarkdownRow(t *testing.T) {
	const hostile = "a | b \\| c \\\\| `|` \\"
	res := impact.Result{
		SQL: hostile, Keyspace: "k|s", Weight: 7, Verdict: impact.Dearer, Reasons: []string{hostile},
		Before: side(impact.FewShards, 3, impact.Route{Opcode: "IN", Keyspace: "k|s", Vindex: hostile}),
		After:  refused("VT|", hostile),
	}
	res.Before.Memory = []string{hostile}
	row := markdownQuery(1, &res, impact.Summary{Queries: 1, Executions: 7})
	// As GitHub does: a backslash takes the character behind it along.
	cells := 0
	for i := 0; i < len(row); i++ {
		switch row[i] {
		case '\\':
			i++
		case '|':
			cells++
		}
	}
	if cells != 7 || strings.Contains(row, "\n") {
		t.Errorf("%d bars in %s", cells, row)
	}
}

// A query that is judged for a type of tablet which nobody says it asks, is told as
// what it is, whatever becomes of it.
func TestImpactIfTabletType(t *testing.T) {
	for _, v := range []impact.Verdict{impact.Breaks, impact.Dearer, impact.Changed, impact.Cheaper, impact.Fixed} {
		res := impact.Result{SQL: "select 1", Keyspace: "shop", IfTabletType: "replica", Verdict: v, Weight: 1}
		r := impact.NewReport("24.0.1", []impact.Result{res}, nil)
		var text, explained bytes.Buffer
		if err := errors.Join(Impact(&text, r, false, Style{}), ImpactExplain(&explained, r, 1, Style{})); err != nil {
			t.Fatal(err)
		}
		for _, got := range []string{text.String(), explained.String(), markdownQueries(r, 1<<16)} {
			if !strings.Contains(got, "if it asks replica tablets") || strings.Contains(got, "@replica") {
				t.Errorf("%s: %s", v, got)
			}
		}
	}
}
