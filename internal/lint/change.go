package lint

// changeRule is a rule about a change that the differ finds by itself: see the
// table of hazards there. A plan is denied such a change until its code, or its
// hazard, is allowed.
func changeRule(code, name string) Rule {
	return Rule{Code: code, Name: name, Severity: Error, Change: true}
}

// ChangeRules lists the codes, sorted, that a change can have: those that can
// be allowed.
func ChangeRules() []string {
	var codes []string
	for _, r := range All {
		if r.Change {
			codes = append(codes, r.Code)
		}
	}
	return codes
}
