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
	// Rows: the statement TEXT is run first, where there is a MySQL; of a rule
	// about a change, before the change.
	Rows ProbeKind = "rows"
	// Full is Run where there is a MySQL, with the tables of the page and the
	// Rows above it.
	Full ProbeKind = "full"
	// Tested: the test TEXT shows it, as it takes more than an example.
	Tested ProbeKind = "tested"
)

// NeedsMySQL tells that the probe takes MySQL behind the vtgate.
func (k ProbeKind) NeedsMySQL() bool { return k == Rows || k == Full }

// ProbeKinds lists the kinds.
var ProbeKinds = []ProbeKind{Refused, Dropped, InError, Gone, Plan, Run, Rows, Full, Tested}

// Probe is one look at what Vitess does with the case "bad". The case "good"
// must not show it.
type Probe struct {
	Kind    ProbeKind
	Target  string // a keyspace; for statements the session's target, which may be empty
	Text    string
	Expects []Expect // of Plan, Run and Full: "  error: TEXT", "  has: TEXT" and so on, on the lines below
	// Times is how often the statement is run until it shows it: "  of: 20
	// tries" below it. Zero means once.
	Times int
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
	Works ExpectKind = "works" // it succeeds, and should not: this says why
)

var expectKinds = []ExpectKind{Fails, Has, Lacks, Works}

// ofTries is the line below a statement whose harm depends on chance.
const ofTries = "of"

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
			if len(out) == 0 {
				return nil, fmt.Errorf("vtgate: %q stands under no statement", line)
			}
			if err := out[len(out)-1].add(head, rest); err != nil {
				return nil, err
			}
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

// add takes in a line below the statement.
func (p *Probe) add(head, rest string) error {
	if head == ofTries {
		if _, err := fmt.Sscanf(rest, "%d tries", &p.Times); err != nil || p.Times < 2 {
			return fmt.Errorf("vtgate: \"%s: %s\" is not of: N tries", head, rest)
		}
		return nil
	}
	if !slices.Contains(expectKinds, ExpectKind(head)) {
		return fmt.Errorf("vtgate: \"%s: %s\" expects nothing that is known", head, rest)
	}
	p.Expects = append(p.Expects, Expect{ExpectKind(head), rest})
	return nil
}

// Statement is one that MySQL itself runs, past Vitess.
type Statement struct {
	Keyspace string
	Shard    string // empty means every one
	Text     string
}

// parseStatements reads lines of KEYSPACE[/SHARD]: STATEMENT.
func parseStatements(text string) ([]Statement, error) {
	var out []Statement
	for _, line := range contentLines(text) {
		where, statement, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("mysql: %q is not KEYSPACE[/SHARD]: STATEMENT", line)
		}
		keyspace, shard, _ := strings.Cut(where, "/")
		out = append(out, Statement{keyspace, shard, strings.TrimSpace(statement)})
	}
	return out, nil
}
