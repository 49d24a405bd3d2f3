package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) showRollout() *cobra.Command {
	return &cobra.Command{
		Use:   "show ROLLOUT",
		Short: "Show a rollout: its plan, what happened, and how to undo it by hand",
		Long: `Show writes one rollout's record: where each plane is, who started it and from
which commit, what happened when, and its plan. It ends with the vtctldclient
commands that would take it back if vtsync were gone; unlike
` + "`vtsync rollback`" + ` these also take back what others changed since.`,
		Example: `  vtsync show 20260102t150405-ab12cd`,
		Args:    oneArg("ROLLOUT", "vtsync history"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := look(cmd.Context(), c, "", "reading the record", func(ctx context.Context, e Engine) (view.Rollout, error) {
				return e.Rollout(ctx, args[0])
			})
			if err != nil {
				return err
			}
			r.Untouched = view.Untouched(r.Record, time.Now())
			return c.show(r, func(w io.Writer, s view.Style) error { return view.RolloutText(w, r, s) })
		},
	}
}
