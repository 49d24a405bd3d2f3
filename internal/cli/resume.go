package cli

import (
	"github.com/spf13/cobra"
)

func (c *command) resume() *cobra.Command {
	var approve bool
	cmd := &cobra.Command{
		Use:   "resume ROLLOUT",
		Short: "Go on with a rollout that parked or lost its process",
		Long: `Resume goes on with an open rollout from its record, on any host: it looks at
every plane first, settles what was in doubt, and continues as apply would.
Take ` + "`vtsync rollback`" + ` instead to go back.

With --approve it is recorded that you approve of the plan, which ` + "`vtsync show`" + `
shows: that is how a rollout goes on that parked for approvals.

Exit codes: as for apply; 0 also when a rollback that was asked for is done.`,
		Example: `  vtsync resume 20260102t150405-ab12cd
  vtsync resume 20260102t150405-ab12cd --approve`,
		Args: oneArg("ROLLOUT", "vtsync history"),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := c.engine("")
			if err != nil {
				return err
			}
			defer engine.Close()
			beside := c.accompany(c.startProgress("resuming"))
			record, err := engine.Resume(cmd.Context(), args[0], beside.watch(Running{Park: c.env.Park, Approve: approve}))
			beside.finish()
			if err != nil {
				return err
			}
			return c.showOutcome(record, resumeCode(record))
		},
	}
	cmd.Flags().BoolVar(&approve, "approve", false, approveUsage)
	return cmd
}
