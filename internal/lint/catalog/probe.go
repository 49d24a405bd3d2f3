package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// ProbeKind is a way to look at what Vitess does with a repository.
type ProbeKind string

// The kinds of probes. Each is a line "KIND TARGET: TEXT".
const (
	// Refused: ApplyVSchema of the keyspace is refused, with TEXT in its error.
	Refused ProbeKind = "refused"
	// Dropped: ApplyVSchema succeeds, and GetVSchema then lacks the field at
	// TEXT, a dotted path to what was meant: tables.customer.auto_increment.
	Dropped ProbeKind = "dropped"
	// InError: SHOW VSCHEMA KEYSPACES shows TEXT beside the keyspace.
	InError ProbeKind = "keyspace"
	// Gone: vtgate has no table TEXT in the keyspace.
	Gone ProbeKind = "gone"
	// Plan: VEXPLAIN PLAN of the statement TEXT, in the session's TARGET
	// (KEYSPACE or KEYSPACE@TYPE, or none), shows what Expects say.
	Plan ProbeKind = "plan"
	// Run: running the statement TEXT shows what Expects say.
	Run ProbeKind = "run"
	// Full: the harm takes rows to be seen, and TEXT says which.
	Full ProbeKind = "full"
)

// ProbeKinds lists the kinds.
var ProbeKinds = []ProbeKind{Refused, Dropped, InError, Gone, Plan, Run, Full}

// Probe is one look at what Vitess does with the case "bad". The case "good"
// must not show it.
type Probe struct {
	Kind    ProbeKind
	Target  string // a keyspace; for Plan and Run the session's target, which may be empty
	Text    string
	Expects []Expect // of Plan and Run: "  error: TEXT", "  has: TEXT" or "  lacks: TEXT" on the lines below
}

// Expect is a part of an answer.
type Expect struct {
	Kind ExpectKind
	Text string
}

// ExpectKind says how an answer is compared.
type ExpectKind string

// The kinds of expectations.
const (
	Fails ExpectKind = "error" // the statement fails, with this in the error
	Has   ExpectKind = "has"   // it succeeds, with this in the plan's JSON
	Lacks ExpectKind = "lacks" // it succeeds, without it
)

var expectKinds = []ExpectKind{Fails, Has, Lacks}

// parseProbes reads the file "vtgate".
func parseProbes(text string) ([]Probe, error) {
	var out []Probe
	for raw := range strings.Lines(text) {
		line := strings.TrimSpace(raw)
		head, rest, ok := strings.Cut(line, ":")
		rest = strings.TrimSpace(rest)
		switch {
		case line == "":
		case !ok || rest == "":
			return nil, fmt.Errorf("vtgate: %q is not KIND TARGET: TEXT", line)
		case strings.HasPrefix(raw, " "):
			if len(out) == 0 || !slices.Contains(expectKinds, ExpectKind(head)) {
				return nil, fmt.Errorf("vtgate: %q stands under no statement", line)
			}
			last := &out[len(out)-1]
			last.Expects = append(last.Expects, Expect{ExpectKind(head), rest})
		default:
			kind, target, _ := strings.Cut(head, " ")
			if !slices.Contains(ProbeKinds, ProbeKind(kind)) {
				return nil, fmt.Errorf("vtgate: %q: there is no probe %s", line, kind)
			}
			out = append(out, Probe{Kind: ProbeKind(kind), Target: strings.TrimSpace(target), Text: rest})
		}
	}
	return out, nil
}
