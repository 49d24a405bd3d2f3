package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/view"
)

// The formats that only lint has.
const (
	formatSARIF  = "sarif"
	formatGitHub = "github"
)

func (c *command) lint() *cobra.Command {
	var (
		fix, live bool
		code      string
	)
	cmd := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Find mistakes in the files that Vitess accepts and traffic pays for",
		Long: `Lint judges all keyspaces and rules below DIR together, the way vtgate builds
them, and says of each mistake where it stands, what Vitess would do with it and
how to correct it. It needs no cluster and no vtsync.yaml, unless it is told to
look at one by --live.

Without DIR it takes the folders of all clusters of ./vtsync.yaml (or of
--cluster), and without a vtsync.yaml the current folder. --keyspace leaves out
what is about other keyspaces alone; all are judged, and rule files always shown.

With --fix it corrects misspelled names where the right one is plain, leaves the
rest of the file as it is, and shows what is left.

With --live the files are judged with what one cluster holds: the VSchema of
keyspaces that have no file, the tables of every serving shard's primary in place
of schema/*.sql, and the rows of sequences. Without files its own VSchema is
judged. That takes the topo, a vtctld, and for sequences a vtgate's SQL port;
nothing is written anywhere.

A finding that is known is suppressed, with a reason, in vtsync.yaml by

  lint:
    ignore:
      - {rule: VS405, path: "keyspaces/customer/**", reason: "backfill until May"}

or in YAML by a comment at its line: # vtsync:ignore VS405 backfill until May

Exit codes: 0 nothing, or only notes (info); 1 errors or warnings; 2 a file
cannot be read as what it should be, or there is none; 4 some of the cluster could
not be read (--live).`,
		Example: `  vtsync lint
  vtsync lint --fix prod
  vtsync lint --live --cluster prod
  vtsync lint --explain VS301
  vtsync lint --format sarif > vtsync.sarif    # or github, in a workflow`,
		Args:        atMostOneArg("DIR"),
		Annotations: map[string]string{moreFormats: formatSARIF + " " + formatGitHub},
		RunE: c.untilStopped(func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("explain") {
				if err := c.explainsOnly(cmd, args); err != nil {
					return err
				}
				return c.explain(code)
			}
			return c.runLint(cmd.Context(), arg(args), fix, live)
		}),
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "correct misspelled names in the files")
	cmd.Flags().BoolVar(&live, "live", false, "judge the files with what the cluster and its MySQLs hold")
	// In place of the root's, which names the formats that every verb has.
	cmd.Flags().StringVar(&c.flags.format, "format", formatText, "output format: text, json, sarif or github")
	cmd.Flags().StringVar(&code, "explain", "", "show what is to know of a rule, such as VS301")
	return cmd
}

// explainedBySARIF writes a log that says why there are no results, where that
// is the format: programs that take it in fail on none.
func (c *command) explainedBySARIF(err error) error {
	if c.flags.format != formatSARIF {
		return err
	}
	return errors.Join(err, view.LintErrorSARIF(c.env.Stdout, err, c.env.Version.Version))
}

func (c *command) runLint(ctx context.Context, dir string, fix, live bool) error {
	find := c.lintJob
	if live {
		find = func(dir string) (lintJob, error) { return c.liveJob(ctx, dir) }
	}
	job, err := find(dir)
	if err != nil {
		return c.explainedBySARIF(err)
	}
	report, err := c.review(job)
	if err != nil {
		return c.explainedBySARIF(err)
	}
	var fixed []view.LintFix
	var failed error
	if fix {
		fixed, report, failed = c.fixAll(job, report)
	}
	result := view.NewLint(report, fixed)
	if err := c.showLint(result); err != nil || failed != nil {
		return cmp.Or(failed, err)
	}
	return exit(lintCode(result.Summary))
}

// maxPasses bounds how often --fix looks again. What a file says is only judged
// when it can be read: one pass for its fields, one for its names, and some for
// names that the corrected ones lead to.
const maxPasses = 10

// fixAll corrects until nothing is left that it can, and gives what it did, with
// the report on what is left. Where it fails both are true all the same.
func (c *command) fixAll(job lintJob, report review.Report) ([]view.LintFix, review.Report, error) {
	var fixed []view.LintFix
	for range maxPasses {
		some, err := c.writeFixes(job.folders, report)
		if len(some) == 0 {
			return fixed, report, err
		}
		fixed = append(fixed, some...)
		after, reviewed := c.review(job)
		if reviewed == nil {
			report = after
		}
		if err = cmp.Or(err, reviewed); err != nil {
			return fixed, report, err
		}
	}
	return fixed, report, nil
}

// review judges the folders; --keyspace restricts what is told of them.
func (c *command) review(job lintJob) (review.Report, error) {
	report, err := review.All(job.folders, job.config)
	if err != nil || len(c.flags.keyspaces) == 0 {
		return report, err
	}
	for _, name := range c.flags.keyspaces {
		if !slices.Contains(report.Keyspaces, name) {
			return report, &errs.Invalid{
				Msg:  "keyspace " + name + " has no file here",
				Near: near.Name(name, report.Keyspaces),
				Next: "--keyspace with one of: " + strings.Join(report.Keyspaces, ", "),
			}
		}
	}
	return report.Only(c.flags.keyspaces), nil
}

func (c *command) showLint(l view.Lint) error {
	switch c.flags.format {
	case formatSARIF:
		return view.LintSARIF(c.env.Stdout, l, c.env.Version.Version)
	case formatGitHub:
		return view.LintGitHub(c.env.Stdout, l)
	default:
		return c.show(l, func(w io.Writer, s view.Style) error { return view.LintText(w, l, s) })
	}
}

func lintCode(s view.LintSummary) int {
	switch {
	case s.Unreadable:
		return errs.ExitError
	case len(s.Unread) > 0:
		return errs.ExitUnknown
	case s.Errors+s.Warnings > 0:
		return errs.ExitFindings
	default:
		return errs.ExitOK
	}
}

// explainsOnly refuses what would be ignored beside --explain.
func (c *command) explainsOnly(cmd *cobra.Command, args []string) error {
	var ignored []string
	if len(args) > 0 {
		ignored = append(ignored, "DIR")
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"explain", "format", "verbose"}, f.Name) {
			ignored = append(ignored, "--"+f.Name)
		}
	})
	if c.flags.format != formatText && c.flags.format != formatJSON {
		ignored = append(ignored, "--format "+c.flags.format)
	}
	if len(ignored) == 0 {
		return nil
	}
	return &errs.Invalid{
		Msg:  "--explain shows the page of a rule, as text or JSON: it goes with no " + strings.Join(ignored, ", "),
		Next: "vtsync lint --explain CODE",
	}
}

// explain shows the page of a rule.
func (c *command) explain(code string) error {
	if code == "" {
		return &errs.Invalid{Msg: "--explain takes the code of a rule, such as VS301", Next: "docs/rules.md lists the rules"}
	}
	code = strings.ToUpper(code)
	rule, ok := lint.RuleOf(code)
	if !ok {
		return &errs.Invalid{
			Msg:  "there is no rule " + code,
			Near: near.Name(code, lint.Codes()),
			Next: "docs/rules.md lists the rules",
		}
	}
	page, err := catalog.Get(code)
	if err != nil {
		return err
	}
	explained := view.NewExplained(rule, page)
	return c.show(explained, func(w io.Writer, s view.Style) error { return view.ExplainText(w, explained, s) })
}
