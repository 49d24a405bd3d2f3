// Package catalog holds what people read of each lint rule: what it is about,
// a file that breaks it, one that doesn't, what vtgate does with the first, and
// the fix. One txtar file per rule, rules/CODE.txtar, compiled in; tests run
// every example through lint, and what vtgate does on a real vtgate. It is
// pure: it must import neither lint nor any adapter.
//
// A file begins with prose in Markdown: a paragraph or more on what is wrong,
// and one that starts with "Fix: ". Then follow:
//
//	-- bad/keyspaces/customer/vschema.yaml --   a repository that breaks the rule
//	-- good/keyspaces/customer/vschema.yaml --  and the same with the fix
//	-- bad-2/... --, -- good-2/... --           further ones, which the tests run and nobody is shown
//	-- bad/live/customer/-80.sql --             what the MySQL of a shard has, in any case
//	-- before/keyspaces/... --                  the live state, for a rule about a change
//	-- shards --                                serving shards in topo: "customer: -80 80-" a line
//	-- cell-bytes --                            how large a cell's SrvVSchema may be, where that is not etcd's own limit
//	-- want --                                  findings in files without comments: "bad/keyspaces/customer/vschema.json:3 VS102"
//	-- mysql --                                 tables and rows beside those in schema/: "customer/-80: create table ..." a line
//	-- vtgate --                                what real Vitess does with bad, see Probe
//
// A line of YAML or SQL that ends in a comment of codes ("# VS301", "-- VS611")
// expects exactly these findings there; lines without one expect none.
package catalog

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed rules
var embedded embed.FS

// Page is all that is said of one rule.
type Page struct {
	Code string
	// What is Markdown; Fix is its last paragraph, without "Fix: ".
	What, Fix string
	// Cases are the repositories, by name: "bad", "bad-2", "good".
	Cases []Case
	// Before is the live state of a rule about a change.
	Before []File
	// Shards are the serving shards in topo, per keyspace.
	Shards map[string][]string
	// CellBytes is how large a cell's SrvVSchema may be; 0 means etcd's limit.
	CellBytes int
	// MySQL is what the probes find in MySQL, beside the tables of their case.
	MySQL []Statement
	// Probes show what real Vitess does with the case "bad".
	Probes []Probe
}

// Case is one repository of files.
type Case struct {
	Name  string
	Files []File
	Want  []Want // sorted
}

// Bad tells that the case breaks the rule.
func (c Case) Bad() bool { return strings.HasPrefix(c.Name, "bad") }

// File is one file of a repository.
type File struct {
	Path string
	Data []byte
}

// LiveShard tells of which shard the file says what its MySQL has:
// live/KEYSPACE/SHARD.sql.
func (f File) LiveShard() (keyspace, shard string, ok bool) {
	parts := strings.Split(f.Path, "/")
	if len(parts) != 3 || parts[0] != "live" {
		return "", "", false
	}
	return parts[1], strings.TrimSuffix(parts[2], ".sql"), true
}

// Want is one finding that a case must give.
type Want struct {
	File string
	Line int
	Code string
}

// Compare orders by file, line and code.
func (w Want) Compare(o Want) int {
	return cmp.Or(strings.Compare(w.File, o.File), cmp.Compare(w.Line, o.Line), strings.Compare(w.Code, o.Code))
}

// Codes lists the rules that have a page, sorted.
func Codes() []string {
	names, err := fs.Glob(embedded, "rules/*.txtar")
	if err != nil {
		panic("catalog: the pattern is a constant: " + err.Error())
	}
	var codes []string
	for _, name := range names {
		codes = append(codes, strings.TrimSuffix(path.Base(name), ".txtar"))
	}
	slices.Sort(codes)
	return codes
}

// Get reads the page of one rule; an error that wraps fs.ErrNotExist says that
// it has none.
func Get(code string) (Page, error) {
	data, err := embedded.ReadFile("rules/" + code + ".txtar")
	if err != nil {
		return Page{}, fmt.Errorf("page of rule %s: %w", code, err)
	}
	return Parse(code, data)
}

// Parse reads a page from its bytes.
func Parse(code string, data []byte) (Page, error) {
	archive := txtar.Parse(data)
	p := Page{Code: code}
	p.What, p.Fix, _ = strings.Cut(strings.TrimSpace(string(archive.Comment)), "Fix: ")
	p.What, p.Fix = strings.TrimSpace(p.What), strings.TrimSpace(p.Fix)
	var wants []Want
	for _, f := range archive.Files {
		var err error
		dir, name, inside := strings.Cut(f.Name, "/")
		switch {
		case f.Name == "shards":
			p.Shards, err = parseShards(string(f.Data))
		case f.Name == "cell-bytes":
			p.CellBytes, err = strconv.Atoi(strings.TrimSpace(string(f.Data)))
		case f.Name == "mysql":
			p.MySQL, err = parseStatements(string(f.Data))
		case f.Name == "want":
			wants, err = parseWants(string(f.Data))
		case f.Name == "vtgate":
			p.Probes, err = parseProbes(string(f.Data))
		case inside && dir == "before":
			p.Before = append(p.Before, File{name, f.Data})
		case inside && (strings.HasPrefix(dir, "bad") || strings.HasPrefix(dir, "good")):
			p.add(dir, File{name, f.Data})
		default:
			err = fmt.Errorf("file %q has no place in a page", f.Name)
		}
		if err != nil {
			return Page{}, fmt.Errorf("page of rule %s: %w", code, err)
		}
	}
	for _, w := range wants {
		dir, name, _ := strings.Cut(w.File, "/")
		i := slices.IndexFunc(p.Cases, func(c Case) bool { return c.Name == dir })
		if i < 0 {
			return Page{}, fmt.Errorf("page of rule %s: want names %s, which is not there", code, w.File)
		}
		w.File = name
		p.Cases[i].Want = append(p.Cases[i].Want, w)
	}
	for i := range p.Cases {
		slices.SortFunc(p.Cases[i].Want, Want.Compare)
	}
	return p, nil
}

// Case gives the case of that name.
func (p Page) Case(name string) (Case, bool) {
	i := slices.IndexFunc(p.Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return Case{}, false
	}
	return p.Cases[i], true
}

func (p *Page) add(name string, f File) {
	i := slices.IndexFunc(p.Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		i = len(p.Cases)
		p.Cases = append(p.Cases, Case{Name: name})
	}
	p.Cases[i].Files = append(p.Cases[i].Files, f)
	p.Cases[i].Want = append(p.Cases[i].Want, inlineWants(f)...)
}

// expectation is the comment at the end of a line that expects findings there.
var expectation = regexp.MustCompile(`(?:#|--) (VS\d{3}(?: VS\d{3})*)\s*$`)

// inlineWants reads the expectations inside a YAML or SQL file.
func inlineWants(f File) []Want {
	if !slices.Contains([]string{".yaml", ".yml", ".sql"}, path.Ext(f.Path)) {
		return nil
	}
	var out []Want
	n := 0
	for line := range strings.Lines(string(f.Data)) {
		n++
		if m := expectation.FindStringSubmatch(line); m != nil {
			for code := range strings.FieldsSeq(m[1]) {
				out = append(out, Want{f.Path, n, code})
			}
		}
	}
	return out
}

// parseWants reads lines of FILE:LINE CODE...
func parseWants(text string) ([]Want, error) {
	var out []Want
	for _, line := range contentLines(text) {
		fields := strings.Fields(line)
		file, number, ok := strings.Cut(fields[0], ":")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || len(fields) < 2 {
			return nil, fmt.Errorf("want: %q is not FILE:LINE CODE", line)
		}
		for _, code := range fields[1:] {
			out = append(out, Want{file, n, code})
		}
	}
	return out, nil
}

// parseShards reads lines of KEYSPACE: SHARD SHARD...
func parseShards(text string) (map[string][]string, error) {
	out := make(map[string][]string)
	for _, line := range contentLines(text) {
		ks, shards, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("shards: %q is not a keyspace with its shards (KEYSPACE: SHARD SHARD)", line)
		}
		out[ks] = strings.Fields(shards)
	}
	return out, nil
}

// contentLines gives the lines that hold anything, trimmed.
func contentLines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
