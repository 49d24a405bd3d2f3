package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/plan"
)

func (c *command) rollback() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rollback [ROLLOUT]",
		Short: "Take a rollout back, and keep what others changed since",
		Long: `Rollback takes back what a rollout changed, entry by entry, where each still has
the value that the rollout gave it; everything else in the keyspace is kept. An
entry that others changed since is a conflict, shown with its difference. An open
rollout is turned round; a committed one is undone by a rollout of its own, whose
plan is shown with its hazards. Without ROLLOUT it takes the last one. It needs
no files.

It asks before it changes anything; without a terminal it needs --yes.

Files are not changed: revert them too, or the next apply brings the change back.

Exit codes: 0 taken back; 3 denied or in conflict, nothing was changed; 4 parked,
or the outcome is unknown.`,
		Example: `  vtsync rollback
  vtsync rollback --yes 20260102t150405-ab12cd`,
		Args: atMostOneArg("ROLLOUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runRollback(cmd.Context(), arg(args), yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (c *command) runRollback(ctx context.Context, id string, yes bool) error {
	engine, err := c.engine("")
	if err != nil {
		return err
	}
	defer engine.Close()
	beside := c.accompany(c.startProgress("rolling back"))
	// A plan and a question are not written over by the line.
	aside := func(do func() error) error {
		beside.finish()
		err := do()
		beside.line = c.startProgress("rolling back")
		return err
	}
	record, err := engine.Rollback(ctx, id, beside.watch(Running{
		Park: c.env.Park,
		Show: func(p *plan.Plan) error {
			return aside(func() error { return c.showIfText(p, nil) })
		},
		Confirm: func(question string) error {
			if yes {
				return nil
			}
			return aside(func() error { return c.askAtTerminal(question) })
		},
	}))
	beside.finish()
	if err != nil {
		return err
	}
	return c.showOutcome(record, rollbackCode(record))
}
