package desired

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIgnores(t *testing.T) {
	text := `# vtsync:ignore VS201 , VS202 the whole file
#   and more of it

sharded: true
vindexes:
  a: {type: hash} #vtsync:ignore VS203,VS204
  'b # vtsync:ignore VS001 no': {type: "h # vtsync:ignore VS002 no"} # vtsync:ignore VS205 the reason # with a hash
  c:
    type: it's#nothing
    owner: "two
      # vtsync:ignore VS003 no
      lines" # vtsync:ignore VS206 yes
    params:
      x: |  # vtsync:ignore VS207 a header
        # vtsync:ignore VS004 no

        # vtsync:ignore VS005 no
      # vtsync:ignore VS208 next
      # more words

      y: |2
          # vtsync:ignore VS006 no
        # vtsync:ignore VS007 no
       # vtsync:ignore VS209 out of it
tables:
- |
 # vtsync:ignore VS008 no
# vtsync:ingore VS210 a slip
# vtsync:ignore
`
	p := &problems{file: "v.yaml"}
	_, root := parseYAML([]byte(text), p)
	if err := p.err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range findIgnores("v.yaml", []byte(text), root) {
		got = append(got, fmt.Sprintf("%s for %d: %s | %s", i.Pos, i.Line, strings.Join(i.Codes, " "), i.Reason))
	}
	want := []string{
		"v.yaml:1:1 for 4: VS201 VS202 | the whole file",
		"v.yaml:6:19 for 6: VS203 VS204 | ",
		"v.yaml:7:70 for 7: VS205 | the reason # with a hash",
		"v.yaml:12:14 for 12: VS206 | yes",
		"v.yaml:14:13 for 14: VS207 | a header",
		"v.yaml:18:7 for 21: VS208 | next",
		"v.yaml:24:8 for 25: VS209 | out of it",
		"v.yaml:28:1 for 28:  | vtsync:ingore VS210 a slip",
		"v.yaml:29:1 for 29:  | ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("suppressions (-want +got):\n%s", d)
	}
}

// A file's suppressions come with it, in YAML only.
func TestDocumentIgnores(t *testing.T) {
	ks, err := Parse("customer", "v.yaml", []byte("sharded: true # vtsync:ignore VS201 so it is\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(ks.Ignores) != 1 || ks.Ignores[0].Reason != "so it is" {
		t.Errorf("got %+v", ks.Ignores)
	}
}
