package main

import (
	"runtime"
	"slices"
	"testing/fstest"

	"golang.org/x/sync/errgroup"
	"vitess.io/vitess/go/vt/vtenv"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

// outcome is what both sides said of one repository.
type outcome struct {
	mutant
	vitess judgement
	// errors are the codes of lint's errors, each once, sorted, with the first
	// message of each.
	errors   []string
	messages map[string]string
}

// compare judges the files as they are and with each mistake.
func compare(corpus []repository, made []mutant) (*result, error) {
	env, err := vtenv.New(vtenv.Options{})
	if err != nil {
		return nil, err
	}
	r := &result{files: len(corpus), mutations: len(made)}
	all := make([]mutant, 0, len(corpus)+len(made))
	for _, repo := range corpus {
		all = append(all, mutant{repo, "as it is"})
	}
	all = append(all, made...)
	r.outcomes = make([]outcome, len(all))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, m := range all {
		group.Go(func() error {
			o := outcome{mutant: m, vitess: askVitess(m.repository, env)}
			if err := o.askLint(); err != nil {
				return err
			}
			r.outcomes[i] = o
			return nil
		})
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
	o.messages = map[string]string{}
	for _, f := range report.Findings {
		if f.Severity == lint.Error && o.messages[f.Code] == "" {
			o.errors = append(o.errors, f.Code)
			o.messages[f.Code] = f.Message
		}
	}
	if report.Unreadable && len(o.errors) == 0 {
		o.errors = []string{unreadable}
	}
	slices.Sort(o.errors)
	return nil
}

// unreadable stands for a file that lint refuses before any rule.
const unreadable = "unreadable"
