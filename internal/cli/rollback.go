package cli

import (
	"github.com/spf13/cobra"
)

func (c *command) rollback() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback [ROLLOUT]",
		Short: "Take a rollout back, and keep what others changed since",
		Long: `Rollback takes back what a rollout changed, entry by entry, where each still has
the value that the rollout gave it; everything else in the keyspace is kept. An
entry that others changed since is a conflict, shown with its difference. An open
rollout is turned round; a committed one is undone by a rollout of its own.
Without ROLLOUT it takes the last one. It needs no files.

Files are not changed: revert them too, or the next apply brings the change back.

Exit codes: 0 taken back; 3 denied or in conflict, nothing was changed; 4 parked,
or the outcome is unknown.`,
		Example: `  vtsync rollback
  vtsync rollback 20260102t150405-ab12cd`,
		Args: atMostOneArg("ROLLOUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := c.engine("")
			if err != nil {
				return err
			}
			defer engine.Close()
			line := c.startProgress("rolling back")
			record, err := engine.Rollback(cmd.Context(), arg(args), Running{
				Park: c.env.Park, Progress: line.say, Show: c.showIfText,
			})
			line.finish()
			if err != nil {
				return err
			}
			return c.showOutcome(record, rollbackCode(record))
		},
	}
}
