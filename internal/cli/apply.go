package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// maxPlanBytes bounds a plan file before it is read.
const maxPlanBytes = 16 << 20

func (c *command) apply() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply [DIR | PLAN]",
		Short: "Change the cluster, and prove that every cell and vtgate serves it",
		Long: `Apply plans as ` + "`vtsync plan`" + ` does, shows the plan and asks; or it takes a plan
that was saved with --out. It then writes each keyspace by compare-and-swap, so
that nothing which others wrote meanwhile is lost, writes each cell, and waits
until every vtgate serves the change. On evidence that the change broke a vtgate
it rolls back by itself, and pauses the keyspace.

When cells or vtgates only stay silent the rollout parks: see ` + "`vtsync show`" + `, then
resume it or roll it back. Ctrl-C parks it after the action in hand; a second
Ctrl-C stops at once, and ` + "`vtsync resume`" + ` goes on from the record.

Where a vtctld is named it first waits, up to --wait, for the migrations that the
plan needs, and it denies what a workflow in flight owns. Ctrl-C ends the waiting;
where too many shards report a failed migration the rollout parks.

Without a terminal apply needs --yes. A paused keyspace is only changed when a
person confirms it at a terminal.

Where the policy asks for approvals, --approve records yours, and the rollout
parks until as many others have run ` + "`vtsync resume ROLLOUT --approve`" + `. While a
freeze window is open apply is denied, or waits where that ends within --wait.

With --format json stdout has where the rollout stopped, and stderr, where it is
no terminal, a line of JSON for each change on the way, as of ` + "`vtsync watch`" + `.

Exit codes: 0 committed, or nothing to do; 2 a file or plan cannot be read;
3 denied, stale or in conflict, nothing was changed; 4 parked, or the outcome is
unknown; 5 rolled back by itself.`,
		Example: `  vtsync apply
  vtsync apply --yes plan.json                 # in CI, what was reviewed
  vtsync apply --allow VS247 --keyspace customer   # a change that plan denied`,
		Args: atMostOneArg("DIR or PLAN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runApply(cmd.Context(), arg(args), f)
		},
	}
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&f.approve, "approve", false, approveUsage)
	cmd.Flags().StringArrayVar(&f.wish.Allow, "allow", nil, allowUsage)
	cmd.Flags().StringArrayVar(&f.wish.After, afterFlag, nil, afterUsage)
	return cmd
}

// approveUsage is the help of --approve, which apply and resume share.
const approveUsage = "record that you approve of the plan"

// applyFlags are the flags of apply.
type applyFlags struct {
	yes, approve bool
	wish         Planning
}

func (c *command) runApply(ctx context.Context, target string, f applyFlags) error {
	saved, err := readPlan(target)
	if err != nil {
		return err
	}
	dir := target
	if saved != nil {
		dir = ""
		if len(f.wish.Allow)+len(f.wish.After) > 0 {
			return &errs.Invalid{Msg: "a saved plan holds what was allowed and what it waits for: --allow and --" + afterFlag + " go with `vtsync plan --out`"}
		}
	}
	engine, err := c.engine(dir)
	if err != nil {
		return err
	}
	defer engine.Close()

	p := saved
	if p == nil {
		if p, err = c.planToApply(ctx, engine, f.wish); err != nil {
			return err
		}
	}
	looking, done := c.untilParked(ctx)
	outlook := engine.Outlook(looking, p)
	done()
	if err := c.showIfText(p, outlook); err != nil {
		return err
	}
	if len(p.Denials) > 0 {
		return deniedPlan(p)
	}
	run := Running{Park: c.env.Park, Approve: f.approve}
	if !p.Empty() {
		if run.OverPause, err = c.confirm(ctx, engine, p, f.yes); err != nil {
			return err
		}
	}
	beside := c.accompany(c.startProgress("applying"))
	record, err := engine.Apply(ctx, p, beside.watch(run))
	beside.finish()
	if err != nil {
		return err
	}
	if p.Empty() {
		if c.flags.format == formatText {
			return nil // the plan has said so
		}
		return view.JSON(c.env.Stdout, view.NewSkipped(record, p))
	}
	return c.showOutcome(record, recordCode(record))
}

func (c *command) planToApply(ctx context.Context, engine Engine, wish Planning) (*plan.Plan, error) {
	ctx, cancel := c.untilParked(ctx)
	defer cancel()
	line := c.startProgress("planning")
	defer line.finish()
	wish.Bind = true
	return engine.Plan(ctx, wish)
}

// deniedPlan is the error of applying a plan that is denied. The reasons were
// shown with the plan; programs get them here.
func deniedPlan(p *plan.Plan) error {
	reasons := make([]string, 0, len(p.Denials))
	for _, d := range p.Denials {
		reasons = append(reasons, d.Text)
	}
	return &view.PlanDenied{Plan: p, Err: &errs.Denied{
		Msg:  "the plan is denied, nothing was changed: " + strings.Join(reasons, "; "),
		Next: p.Denials[0].Remedy,
	}}
}

// showOutcome writes where a rollout stopped and ends with the code.
func (c *command) showOutcome(record rollout.Record, code int) error {
	if err := c.show(record, func(w io.Writer, s view.Style) error { return view.Record(w, record, s) }); err != nil {
		return err
	}
	return exit(code)
}

// confirm asks whether to go on. It tells whether a person confirmed to change
// paused keyspaces too; --yes is not enough for that.
func (c *command) confirm(ctx context.Context, engine Engine, p *plan.Plan, yes bool) (overPause bool, err error) {
	paused, err := engine.Paused(ctx, admit.Keyspaces(p))
	if err != nil {
		return false, err
	}
	switch {
	case len(paused) == 0 && yes:
		return false, nil
	case len(paused) > 0 && !isTerminal(c.env.Stdin):
		return false, &errs.Denied{
			Msg:  fmt.Sprintf("keyspace %s is paused: %s", paused[0].Keyspace, paused[0].Paused.Reason),
			Next: "vtsync unpause " + paused[0].Keyspace,
		}
	}
	for _, h := range paused {
		fmt.Fprintf(c.env.Stderr, "keyspace %s is paused: %s\n", h.Keyspace, h.Paused.Reason)
	}
	if err := c.askAtTerminal("apply this plan?"); err != nil {
		return false, err
	}
	return len(paused) > 0, nil
}

// askAtTerminal asks where somebody can answer.
func (c *command) askAtTerminal(question string) error {
	if !isTerminal(c.env.Stdin) {
		return &errs.Denied{Msg: "there is no terminal to ask at, nothing was changed", Next: "add --yes"}
	}
	return ask(c.env.Stdin, c.env.Stderr, question, c.env.Park)
}

// ask wants the word yes, typed out. A request to stop is a no; what still
// waits for the answer then ends with the process.
func ask(in io.Reader, out io.Writer, question string, park <-chan struct{}) error {
	fmt.Fprintf(out, "%s type yes to go on: ", question)
	type line struct {
		text string
		err  error
	}
	answer := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		answer <- line{text, err}
	}()
	select {
	case <-park:
		return interrupted()
	case l := <-answer:
		if l.err != nil && !errors.Is(l.err, io.EOF) {
			return fmt.Errorf("read the answer: %w", l.err)
		}
		if strings.TrimSpace(l.text) != "yes" {
			return &errs.Denied{Msg: "the answer was not yes, nothing was changed"}
		}
		return nil
	}
}

// readPlan reads a saved plan when the target is a file; nil for a folder.
func readPlan(target string) (*plan.Plan, error) {
	if target == "" {
		return nil, nil //nolint:nilnil // no plan is an answer: the files are planned
	}
	info, err := os.Stat(target)
	if err != nil {
		return nil, &errs.Invalid{
			Msg: "read what to apply", Err: err,
			Next: "name the folder of the files, or a plan: vtsync plan --out FILE makes one",
		}
	}
	if info.IsDir() {
		return nil, nil //nolint:nilnil // as above
	}
	if info.Size() > maxPlanBytes {
		return nil, &errs.Invalid{
			Pos: errs.Position{File: target}, Msg: "this is no plan: it is larger than 16 MiB",
			Next: "make it again: vtsync plan --out FILE",
		}
	}
	data, err := os.ReadFile(target)
	if err != nil {
		return nil, &errs.Invalid{Msg: "read the plan", Err: err}
	}
	p, err := plan.Decode(data)
	if invalid, ok := errors.AsType[*errs.Invalid](err); ok {
		invalid.Pos.File = target
	}
	return p, err
}
