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
// depth, and one for each of its attributes that bear on what it costs. The zero
// Node is a side without a plan.
func Diff(before, after Node) []Line {
	left, right := treeLines(before, 0), treeLines(after, 0)
	var out []Line
	i, j := 0, 0
	for _, p := range longestCommon(left, right, func(a, b treeLine) bool { return a == b }) {
		out = append(out, unequal(left[i:p.i], right[j:p.j])...)
		out = append(out, Line{left[p.i].text, right[p.j].text, LineSame})
		i, j = p.i+1, p.j+1
	}
	return append(out, unequal(left[i:], right[j:])...)
}

// differing names what two plans say differently: operators and attributes.
func differing(before, after Node) []string {
	left, right := treeLines(before, 0), treeLines(after, 0)
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
		return []string{"details"}
	}
	return out
}

// unequal pairs lines that differ but say the same kind of thing.
func unequal(left, right []treeLine) []Line {
	var out []Line
	only := func(l, r []treeLine) {
		for _, line := range l {
			out = append(out, Line{Left: line.text, Mark: LineLeft})
		}
		for _, line := range r {
			out = append(out, Line{Right: line.text, Mark: LineRight})
		}
	}
	i, j := 0, 0
	for _, p := range longestCommon(left, right, func(a, b treeLine) bool { return a.about == b.about }) {
		only(left[i:p.i], right[j:p.j])
		out = append(out, Line{left[p.i].text, right[p.j].text, LineChanged})
		i, j = p.i+1, p.j+1
	}
	only(left[i:], right[j:])
	return out
}

// treeLine is one line of a plan, and what it is about: an operator or an
// attribute, by its name.
type treeLine struct {
	about, text string
}

// hidden are attributes that follow from others or cost nothing.
var hidden = []string{
	"BvName", "Collation", "Collations", "Cols", "ColumnNames", "Columns", "FieldQuery", "Fields", "Indices",
	"JoinColumnIndexes", "KsidLength", "KsidVindex", "ResultColumns",
}

// leading are attributes that are shown before the sorted rest.
var leading = []string{"Query", "Vindex", "Values"}

func treeLines(n Node, depth int) []treeLine {
	if n.Operator == "" {
		return nil
	}
	indent := strings.Repeat("  ", depth)
	head := strings.Join(slices.DeleteFunc([]string{n.Operator, strings.TrimSpace(n.Variant), n.Keyspace},
		func(s string) bool { return s == "" }), " ")
	if n.Input != "" {
		head = n.Input + ": " + head
	}
	out := []treeLine{{"operator " + n.Operator, indent + head}}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(n.Attrs)), func(key string) bool {
		return slices.Contains(leading, key) || slices.Contains(hidden, key)
	})
	for _, key := range slices.Concat(leading, keys) {
		if v := n.Attrs[key]; !omitted(v) {
			out = append(out, treeLine{key, indent + "    " + key + ": " + attrText(v)})
		}
	}
	for _, in := range n.Inputs {
		out = append(out, treeLines(in, depth+1)...)
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
	length := make([][]int, len(left)+1)
	for i := range length {
		length[i] = make([]int, len(right)+1)
	}
	for i := len(left) - 1; i >= 0; i-- {
		for j := len(right) - 1; j >= 0; j-- {
			if alike(left[i], right[j]) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < len(left) && j < len(right); {
		switch {
		case alike(left[i], right[j]):
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
