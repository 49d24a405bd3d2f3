package catalog

import "fmt"

// Words says what the probe shows, a line for the look and one for each thing
// to be seen there.
func (p Probe) Words() []string {
	var out []string
	switch p.Kind {
	case Refused:
		return []string{fmt.Sprintf("ApplyVSchema of keyspace %s is refused: %q", p.Target, p.Text)}
	case Dropped:
		return []string{fmt.Sprintf("ApplyVSchema of keyspace %s succeeds, and GetVSchema then lacks %s", p.Target, p.Text)}
	case InError:
		return []string{fmt.Sprintf("SHOW VSCHEMA KEYSPACES says of keyspace %s: %q", p.Target, p.Text)}
	case Gone:
		return []string{fmt.Sprintf("vtgate has no table %s in keyspace %s", p.Text, p.Target)}
	case Tested:
		return []string{"shown by a test of its own: " + p.Text}
	case Plan:
		out = []string{"VEXPLAIN PLAN " + p.Text}
	case Run, Full, Rows:
		out = []string{p.Text}
	}
	if p.Target != "" {
		out[0] = "use " + p.Target + "; " + out[0]
	}
	if p.Kind == Rows {
		out[0] = "first: " + out[0]
	}
	answer := "the plan"
	if p.Kind != Plan {
		answer = "the answer"
	}
	for _, e := range p.Expects {
		switch e.Kind {
		case Fails:
			out = append(out, fmt.Sprintf("fails: %q", e.Text))
		case Has:
			out = append(out, answer+" has "+e.Text)
		case Lacks:
			out = append(out, answer+" lacks "+e.Text)
		case Works:
			out = append(out, "succeeds: "+e.Text)
		}
	}
	if p.Times > 0 {
		out = append(out, fmt.Sprintf("not each time: of %d tries", p.Times))
	}
	return out
}

// Statement tells that the first of the words is a statement, as people write it.
func (p Probe) Statement() bool {
	return p.Kind == Plan || p.Kind == Run || p.Kind == Rows || p.Kind == Full
}
