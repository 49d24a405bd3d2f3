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
	case Full:
		return []string{"with rows, not yet shown by a test: " + p.Text}
	case Plan:
		out = []string{"VEXPLAIN PLAN " + p.Text}
	case Run:
		out = []string{p.Text}
	}
	if p.Target != "" {
		out[0] = "use " + p.Target + "; " + out[0]
	}
	for _, e := range p.Expects {
		switch e.Kind {
		case Fails:
			out = append(out, fmt.Sprintf("fails: %q", e.Text))
		case Has:
			out = append(out, "the plan has "+e.Text)
		case Lacks:
			out = append(out, "the plan lacks "+e.Text)
		}
	}
	return out
}
