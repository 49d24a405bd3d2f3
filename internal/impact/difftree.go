package impact

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mark says how the two texts of a Line stand to each other. The set is closed.
type Mark string

// The marks.
const (
	LineSame    Mark = "same"
	LineChanged Mark = "changed"
	LineLeft    Mark = "left only"
	LineRight   Mark = "right only"
)

// Line is one line of two plans, side by side.
type Line struct {
	Left, Right string
	Mark        Mark
}

// Diff sets two plans side by side: a line for each operator, indented by its
// depth, and one for each of its attributes that bear on what it costs. Of several
// operators of one type those are beside each other that run the most similar
// queries. The zero Node is a side without a plan.
func Diff(before, after Node) []Line {
	left, right := operatorsOf(before, 0), operatorsOf(after, 0)
	var out []Line
	i, j := 0, 0
	unpaired := func(toI, toJ int) {
		for ; i < toI; i++ {
			out = append(out, alone(left[i].lines, nil)...)
		}
		for ; j < toJ; j++ {
			out = append(out, alone(nil, right[j].lines)...)
		}
	}
	for _, p := range bestPairs(len(left), len(right), func(i, j int) int { return left[i].likeness(right[j]) }) {
		unpaired(p.i, p.j)
		out = append(out, beside(left[p.i].lines, right[p.j].lines)...)
		i, j = p.i+1, p.j+1
	}
	unpaired(len(left), len(right))
	return out
}

// beside sets the lines of two operators beside each other.
func beside(left, right []treeLine) []Line {
	var out []Line
	i, j := 0, 0
	for _, p := range longestCommon(left, right, treeLine.same) {
		out = append(out, unequal(left[i:p.i], right[j:p.j])...)
		out = append(out, Line{left[p.i].text, right[p.j].text, LineSame})
		i, j = p.i+1, p.j+1
	}
	return append(out, unequal(left[i:], right[j:])...)
}

// differing names what two plans say differently: operators and attributes.
func differing(before, after Node) []string {
	left, right := treeLines(before), treeLines(after)
	i, j := 0, 0
	var out []string
	add := func(lines []treeLine) {
		for _, line := range lines {
			if !slices.Contains(out, line.about) {
				out = append(out, line.about)
			}
		}
	}
	for _, p := range longestCommon(left, right, func(a, b treeLine) bool { return a == b }) {
		add(left[i:p.i])
		add(right[j:p.j])
		i, j = p.i+1, p.j+1
	}
	add(left[i:])
	add(right[j:])
	if len(out) == 0 {
		// Only what is hidden differs.
		return []string{onlyHidden}
	}
	return out
}

// unequal pairs lines that differ but say the same kind of thing.
func unequal(left, right []treeLine) []Line {
	var out []Line
	i, j := 0, 0
	for _, p := range longestCommon(left, right, func(a, b treeLine) bool { return a.about == b.about }) {
		out = append(out, alone(left[i:p.i], right[j:p.j])...)
		out = append(out, Line{left[p.i].text, right[p.j].text, LineChanged})
		i, j = p.i+1, p.j+1
	}
	return append(out, alone(left[i:], right[j:])...)
}

// alone are lines that have nothing beside them.
func alone(left, right []treeLine) []Line {
	var out []Line
	for _, line := range left {
		out = append(out, Line{Left: line.text, Mark: LineLeft})
	}
	for _, line := range right {
		out = append(out, Line{Right: line.text, Mark: LineRight})
	}
	return out
}

// operatorLines are the lines of one operator of a plan, the first of which names
// it, and the words of its query.
type operatorLines struct {
	lines []treeLine
	words []string // sorted
}

func operatorsOf(n Node, depth int) []operatorLines {
	if n.Operator == "" {
		return nil
	}
	out := []operatorLines{{ownLines(n, depth), slices.Sorted(strings.FieldsSeq(n.text("Query")))}}
	for _, in := range n.Inputs {
		out = append(out, operatorsOf(in, depth+1)...)
	}
	return out
}

// likeness weighs how well two operators stand beside each other: not at all where
// they are of different types.
func (o operatorLines) likeness(other operatorLines) int {
	if o.lines[0].about != other.lines[0].about {
		return 0
	}
	const query, equal = 100, 50
	weight := 1
	if n := len(o.words) + len(other.words); n > 0 {
		// The square, as any two queries have some words in common.
		both := 2 * shared(o.words, other.words)
		weight += query * both * both / (n * n)
	}
	if slices.Equal(o.lines, other.lines) {
		weight += equal
	}
	return weight
}

// shared counts what two sorted lists have in common.
func shared(a, b []string) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

// treeLine is one line of a plan, and what it is about: an operator or an
// attribute, by its name.
type treeLine struct {
	about, text string
}

// same tells that two lines say the same: an operator also by its depth.
func (l treeLine) same(other treeLine) bool {
	if strings.HasPrefix(l.about, operatorLine) {
		return l == other
	}
	return l.about == other.about && strings.TrimLeft(l.text, " ") == strings.TrimLeft(other.text, " ")
}

// operatorLine begins what a line is about that names an operator.
const operatorLine = "operator "

// onlyHidden stands for all hidden attributes.
const onlyHidden = "details"

// hidden are attributes that follow from others or cost nothing.
var hidden = []string{
	"BvName", "Collation", "Collations", "Cols", "ColumnNames", "Columns", "FieldQuery", "Fields", "Indices",
	"JoinColumnIndexes", "KsidLength", "KsidVindex", "ResultColumns",
}

// leading are attributes that are shown before the sorted rest.
var leading = []string{"Query", "Vindex", "Values"}

func treeLines(n Node) []treeLine {
	var out []treeLine
	for _, o := range operatorsOf(n, 0) {
		out = append(out, o.lines...)
	}
	return out
}

// ownLines are those of a plan's uppermost operator.
func ownLines(n Node, depth int) []treeLine {
	indent := strings.Repeat("  ", depth)
	head := strings.Join(slices.DeleteFunc([]string{n.Operator, strings.TrimSpace(n.Variant), n.Keyspace},
		func(s string) bool { return s == "" }), " ")
	if n.Input != "" {
		head = n.Input + ": " + head
	}
	out := []treeLine{{operatorLine + n.Operator, indent + head}}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(n.Attrs)), func(key string) bool {
		return slices.Contains(leading, key) || slices.Contains(hidden, key)
	})
	for _, key := range slices.Concat(leading, keys) {
		if v := n.Attrs[key]; !omitted(v) {
			out = append(out, treeLine{key, indent + "    " + key + ": " + attrText(v)})
		}
	}
	return out
}

// attrText is an attribute's value as one reads it.
func attrText(v any) string {
	if b, err := canonicalJSON(v); err == nil {
		v, _ = decode(b)
	}
	switch v := v.(type) {
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, attrText(item))
		}
		return strings.Join(out, ", ")
	case map[string]any:
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, key+"="+attrText(v[key]))
		}
		return strings.Join(out, ", ")
	}
	return fmt.Sprint(v)
}

type pair struct{ i, j int }

// longestCommon is the longest list of pairs, in the order of both sides, whose
// members are alike.
func longestCommon(left, right []treeLine, alike func(a, b treeLine) bool) []pair {
	return bestPairs(len(left), len(right), func(i, j int) int {
		if alike(left[i], right[j]) {
			return 1
		}
		return 0
	})
}

// bestPairs is the list of pairs of so many things on either side, in the order of
// both, that weighs most. What weighs nothing is no pair.
func bestPairs(left, right int, weight func(i, j int) int) []pair {
	most := make([][]int, left+1)
	for i := range most {
		most[i] = make([]int, right+1)
	}
	for i := left - 1; i >= 0; i-- {
		for j := right - 1; j >= 0; j-- {
			most[i][j] = max(most[i+1][j], most[i][j+1], weight(i, j)+most[i+1][j+1])
		}
	}
	var out []pair
	for i, j := 0, 0; i < left && j < right; {
		switch w := weight(i, j); {
		case w > 0 && most[i][j] == w+most[i+1][j+1]:
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case most[i+1][j] >= most[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
