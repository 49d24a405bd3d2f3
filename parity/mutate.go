package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// mutator is one kind of mistake that people and their tools make.
type mutator struct {
	name string
	// fits tells whether the mistake can be made at a node; names lead to a
	// member of an object, and are empty for anything else.
	fits func(parent, n *node, names string) bool
	// make changes the tree at the path.
	make func(root *node, p path)
}

// mutators lists them all. Their order is part of what the seed means.
var mutators = []mutator{
	{"dropped", notRoot, func(root *node, p path) { remove(root, p) }},
	{"name without a letter", isMember, func(root *node, p path) { rename(root, p, shortened) }},
	{"name in another case", isMember, func(root *node, p path) { rename(root, p, otherCase) }},
	{"given twice", isMember, func(root *node, p path) { double(root, p) }},
	{"value without a letter", isText, func(root *node, p path) { replace(root, p, shortened) }},
	{"value in another case", isText, func(root *node, p path) { replace(root, p, otherCase) }},
	{"value of another", isText, func(root *node, p path) { replace(root, p, func(string) string { return "other.thing" }) }},
	{"of another type", notRoot, retype},
	{"emptied", isFilled, func(root *node, p path) {
		_, n := root.at(p)
		n.members, n.items = nil, nil
	}},
	{"switched", isSwitch, func(root *node, p path) {
		_, n := root.at(p)
		n.scalar = n.scalar != true
	}},
	becomes("vindex type swapped", isVindex, vindexTypes),
	becomes("table type swapped", isTable, []string{"sequence", "reference", "view"}),
	gets("table with more", isTable, []member{
		{"pinned", text("80")},
		{"pinned", text("zz")},
		{"source", text("other.thing")},
		{"type", text("sequence")},
		{"type", text("reference")},
		{"auto_increment", object()},
		{"column_list_authoritative", &node{scalar: true}},
		{"auto_increment", object(member{"column", text("id")}, member{"sequence", text("some_seq")})},
	}),
	gets("vindex with more", isVindex, []member{
		{"owner", text("nobody")},
		{"params", object(member{"write_only", text("true")})},
		{"params", object(member{"table", text("t")}, member{"from", text("c")}, member{"to", text("k")})},
	}),
}

// vindexTypes are what a vindex becomes.
var vindexTypes = []string{
	"hash", "xxhash", "numeric", "binary", "null", "multicol", "unicode_loose_md5", "numeric_static_map",
	"lookup", "lookup_unique", "lookup_hash", "consistent_lookup", "consistent_lookup_unique", "region_experimental", "region_json", "reverse_bits",
}

// mutant is a repository with one mistake in it.
type mutant struct {
	repository
	of   int // the file's number in the corpus
	what string
}

// site is where a mutator can strike.
type site struct {
	doc int
	at  path
}

// mutants makes count mistakes, the same for the same seed: the mutators take
// turns, and each takes turns among the files.
func mutants(corpus []repository, count int, seed uint64) []mutant {
	random := rand.New(rand.NewPCG(seed, 0))
	sites := make([][][]site, len(mutators)) // by mutator and file
	for m := range mutators {
		sites[m] = make([][]site, len(corpus))
		for f := range corpus {
			sites[m][f] = sitesOf(corpus[f], mutators[m])
			random.Shuffle(len(sites[m][f]), func(i, j int) {
				s := sites[m][f]
				s[i], s[j] = s[j], s[i]
			})
		}
	}
	out := withoutOneKeyspace(corpus)
	for len(out) < count {
		before := len(out)
		for f := range corpus {
			for m := range mutators {
				if len(sites[m][f]) == 0 || len(out) == count {
					continue
				}
				made := strike(corpus[f], mutators[m], sites[m][f][0])
				made.of = f
				out = append(out, made)
				sites[m][f] = sites[m][f][1:]
			}
		}
		if len(out) == before {
			break // no site is left
		}
	}
	return out
}

// withoutOneKeyspace takes each keyspace from each repository that has others.
func withoutOneKeyspace(corpus []repository) []mutant {
	var out []mutant
	for f, repo := range corpus {
		for i, d := range repo.docs {
			if d.kind == "" && len(repo.docs) > 1 {
				rest := repository{repo.file, slices.Delete(slices.Clone(repo.docs), i, i+1)}
				out = append(out, mutant{rest, f, "keyspace dropped: " + d.keyspace})
			}
		}
	}
	return out
}

func sitesOf(repo repository, m mutator) []site {
	var out []site
	for i, d := range repo.docs {
		if d.tree == nil {
			continue
		}
		d.tree.walk(nil, func(p path, n *node) {
			parent, _ := d.tree.at(p)
			names := ""
			if parent != nil && parent.kind == '{' {
				names = d.tree.names(p)
			}
			if m.fits(parent, n, names) {
				out = append(out, site{i, p})
			}
		})
	}
	return out
}

func strike(repo repository, m mutator, s site) mutant {
	d := repo.docs[s.doc]
	where := d.keyspace + string(d.kind) + ":" + d.tree.names(s.at)
	d.tree = d.tree.clone()
	m.make(d.tree, s.at)
	docs := slices.Clone(repo.docs)
	docs[s.doc] = d
	return mutant{repository: repository{repo.file, docs}, what: m.name + ": " + where}
}

// Where mistakes fit.

func notRoot(parent, _ *node, _ string) bool { return parent != nil }

func isMember(_, _ *node, names string) bool { return names != "" }

func isText(_, n *node, _ string) bool { return strings.ContainsFunc(n.str(), unicode.IsLetter) }

func isSwitch(_, n *node, _ string) bool { _, ok := n.scalar.(bool); return ok }

func isFilled(_, n *node, _ string) bool { return len(n.members)+len(n.items) > 0 }

func isTable(_, n *node, names string) bool { return n.kind == '{' && inMap(names, "tables") }

func isVindex(_, n *node, names string) bool { return n.kind == '{' && inMap(names, "vindexes") }

// inMap tells whether the names lead to an entry of that map of a keyspace.
func inMap(names, of string) bool {
	rest, ok := strings.CutPrefix(names, of+".")
	return ok && !strings.Contains(rest, ".")
}

// How they are made.

// becomes gives a vindex, or a table, another type.
func becomes(name string, fits func(parent, n *node, names string) bool, types []string) mutator {
	return mutator{name, fits, func(root *node, p path) {
		_, n := root.at(p)
		set(n, member{"type", text(types[pick(root.names(p), len(types))])})
	}}
}

// gets adds one of the fields to a node, or takes its place.
func gets(name string, fits func(parent, n *node, names string) bool, fields []member) mutator {
	return mutator{name, fits, func(root *node, p path) {
		_, n := root.at(p)
		set(n, fields[pick(root.names(p), len(fields))])
	}}
}

// pick chooses one of n by a name, so that it stays when others come and go.
func pick(name string, n int) int {
	sum := 0
	for _, c := range name {
		sum = (sum*31 + int(c)) % 1_000_003
	}
	return sum % n
}

func set(n *node, field member) {
	for i := range n.members {
		if n.members[i].name == field.name {
			n.members[i] = field
			return
		}
	}
	n.members = append(n.members, field)
}

func remove(root *node, p path) {
	parent, _ := root.at(p)
	i := p[len(p)-1]
	if parent.kind == '{' {
		parent.members = slices.Delete(parent.members, i, i+1)
	} else {
		parent.items = slices.Delete(parent.items, i, i+1)
	}
}

func rename(root *node, p path, change func(string) string) {
	parent, _ := root.at(p)
	m := &parent.members[p[len(p)-1]]
	m.name = change(m.name)
}

func double(root *node, p path) {
	parent, n := root.at(p)
	parent.members = append(parent.members, member{parent.members[p[len(p)-1]].name, n.clone()})
}

func replace(root *node, p path, change func(string) string) {
	_, n := root.at(p)
	n.scalar = change(n.str())
}

// retype makes a value one of a kind that its field does not take.
func retype(root *node, p path) {
	_, n := root.at(p)
	switch {
	case n.kind == '{':
		*n = node{kind: '[', items: []*node{n.clone()}}
	case n.kind == '[':
		*n = *object(member{"0", n.clone()})
	case isSwitch(nil, n, ""):
		*n = *text(fmt.Sprint(n.scalar))
	default:
		*n = node{scalar: json.Number("7")}
	}
}

// shortened loses the letter in the middle, as fingers do.
func shortened(s string) string {
	runes := []rune(s)
	if len(runes) == 0 {
		return "x"
	}
	i := len(runes) / 2
	return string(slices.Delete(runes, i, i+1))
}

// otherCase turns the case of the first letter.
func otherCase(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if unicode.IsLetter(r) {
			if runes[i] = unicode.ToUpper(r); runes[i] == r {
				runes[i] = unicode.ToLower(r)
			}
			return string(runes)
		}
	}
	return s + "X"
}
