package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/view"
)

// allowUsage is the help of --allow, which plan and apply share.
const allowUsage = "allow a change by its code (VS241) or hazard (write_loss, outage), or what it does to queries (breaks, new_scatter, unjudged, dearer), apply in a freeze window (freeze), without migration=UUID, or take out foreign=KEYSPACE.NAME; repeatable"

// afterFlag names the migrations that a plan waits for, for plan and apply.
const (
	afterFlag  = "after-migration"
	afterUsage = "apply only once this Vitess migration is complete: UUID, or KEYSPACE=UUID; repeatable"
)

func (c *command) plan() *cobra.Command {
	var (
		out      string
		exitCode bool
		wish     Planning
	)
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what applying the files would change, and what it could break",
		Long: `Plan compares the files below DIR with the cluster and shows each change with
its hazard: safe, replan (plans of queries change), scatter (queries may go to
all shards), write_loss (rows may become unreachable) or outage (queries may
fail). It builds the whole routing as vtgate would, before and after, and
reports mistakes with file, line and the nearest valid name. It changes nothing
that routes; only with --out, which ties the plan to its cluster, it writes the
cluster's random name to vtsync/id where there is none yet.

A change with the hazard write_loss or outage is denied until you allow it: by
the code that is shown with it (--allow VS241), or by the hazard, which allows all
of that kind. ` + "`vtsync lint --explain VS241`" + ` tells what the code means, and the
safe way to make such a change. What others changed in the cluster is shown and
kept; it is taken out only with --allow foreign=KEYSPACE.NAME; where a table and a
vindex share the name, with foreign=KEYSPACE.table.NAME or
foreign=KEYSPACE.vindex.NAME.

Where queries are known, in queries/ beside keyspaces/, each is planned with the
routing before and after. What the policy does not let a change do to them is
denied: by default that a query loses its plan (--allow breaks), that one begins to
ask all shards (--allow new_scatter), and that less than half of what was executed
can be judged (--allow unjudged). ` + "`vtsync impact`" + ` shows all of it.

Where a vtctld is named (--vtctld) a plan also lists what each phase waits for:
the migrations of --after-migration and of keyspaces/KEYSPACE/requires.yaml, those
that are pending on a table which it touches, and columns that it newly routes by.
Apply waits until every serving shard has them; --allow migration=UUID goes on
without one.

With --out the plan is saved, for ` + "`vtsync apply FILE`" + ` to run exactly that; it
is refused once what it was made from has changed.

Exit codes: 0 shown; 1 mistakes in the files, or with --exit-code any difference;
2 a file cannot be read; 3 denied, or stale; 4 the cluster did not answer.`,
		Example: `  vtsync plan
  vtsync plan --cluster prod --out plan.json
  vtsync plan --topo etcd2://127.0.0.1:2379/vitess/global --vtgate 127.0.0.1:15001 DIR
  vtsync plan --exit-code --format json    # in CI`,
		Args: atMostOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var outlook []string
			wish.Bind = out != ""
			p, err := look(cmd.Context(), c, arg(args), "planning", func(ctx context.Context, e Engine) (*plan.Plan, error) {
				p, err := e.Plan(ctx, wish)
				if err == nil {
					outlook = e.Outlook(ctx, p)
				}
				return p, err
			})
			if err != nil {
				return err
			}
			if err := c.showPlan(p, outlook); err != nil {
				return err
			}
			if out != "" {
				if err := writePlan(out, p); err != nil {
					return err
				}
			}
			return exit(planCode(p, exitCode))
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "save the plan to this file, for apply")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 when there is something to apply")
	cmd.Flags().StringArrayVar(&wish.Allow, "allow", nil, allowUsage)
	cmd.Flags().StringArrayVar(&wish.After, afterFlag, nil, afterUsage)
	return cmd
}

// showPlan writes a plan; as JSON it is exactly what apply takes. What would
// hold it up now is for people.
func (c *command) showPlan(p *plan.Plan, outlook []string) error {
	if c.flags.format != formatJSON {
		if err := view.Plan(c.env.Stdout, p, c.style(c.env.Stdout)); err != nil {
			return err
		}
		return view.Outlook(c.env.Stdout, outlook, c.style(c.env.Stdout))
	}
	data, err := plan.Encode(p)
	if err != nil {
		return err
	}
	_, err = c.env.Stdout.Write(data)
	return err
}

// showIfText writes a plan for people; as JSON a command has one value to show.
func (c *command) showIfText(p *plan.Plan, outlook []string) error {
	if c.flags.format != formatText {
		return nil
	}
	return c.showPlan(p, outlook)
}

func writePlan(path string, p *plan.Plan) error {
	data, err := plan.Encode(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return &errs.Invalid{Msg: "save the plan", Err: err}
	}
	return nil
}
