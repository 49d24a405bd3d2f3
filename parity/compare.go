package main

import (
	"runtime"
	"strings"
	"testing/fstest"

	"golang.org/x/sync/errgroup"
	"vitess.io/vitess/go/vt/vtenv"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

// said is one error of lint's.
type said struct {
	code     string
	keyspace string
	path     []string
	pos      string // of what has no path
	message  string
}

func (e said) place() string {
	return strings.Join(append([]string{e.keyspace, e.pos}, e.path...), "\x00")
}

// outcome is what both sides said of one repository.
type outcome struct {
	mutant
	// base is the outcome of the file without the mistake; nil for itself.
	base   *outcome
	vitess judgement
	errors []said // in the order of the report
	// unread tells that lint could not read a file, and says nothing else until
	// it can.
	unread bool
}

// compare judges the files as they are and with each mistake.
func compare(corpus []repository, made []mutant) (*result, error) {
	env, err := vtenv.New(vtenv.Options{})
	if err != nil {
		return nil, err
	}
	r := &result{files: make([]outcome, len(corpus)), mutants: make([]outcome, len(made))}
	for i, repo := range corpus {
		r.files[i].mutant = mutant{repo, i, "as it is"}
	}
	for i, m := range made {
		r.mutants[i] = outcome{mutant: m, base: &r.files[m.of]}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, outcomes := range [][]outcome{r.files, r.mutants} {
		for i := range outcomes {
			group.Go(func() error {
				outcomes[i].vitess = askVitess(outcomes[i].repository, env)
				return outcomes[i].askLint()
			})
		}
	}
	return r, group.Wait()
}

// askLint reads the repository as a folder of files.
func (o *outcome) askLint() error {
	folder := fstest.MapFS{}
	for _, d := range o.docs {
		folder[d.path()] = &fstest.MapFile{Data: d.bytes()}
	}
	report, err := review.Run(folder, review.Options{})
	if err != nil {
		return err
	}
	o.unread = report.Unreadable
	for _, f := range report.Findings {
		if f.Severity != lint.Error {
			continue
		}
		e := said{code: f.Code, keyspace: f.Keyspace, path: f.Path, message: f.Message}
		if len(f.Path) == 0 {
			e.pos = f.Pos.String()
		}
		o.errors = append(o.errors, e)
	}
	if report.Unreadable && len(o.errors) == 0 {
		o.errors = []said{{code: unreadable}}
	}
	return nil
}

// unreadable stands for a file that lint refuses before any rule.
const unreadable = "unreadable"
