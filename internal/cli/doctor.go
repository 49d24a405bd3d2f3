package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check that vtsync can reach and prove every plane",
		Long: `Doctor looks at everything that the other verbs need: the global topo and the
right to write below vtsync/ in it, each cell's topo server, each vtgate's web
pages, SQL and gRPC health, and the versions. For what will not work it says why,
and what to do.

It writes one key, vtsync/id: the random name of the cluster, if it has none yet.

Exit codes: 0 everything works, or works with warnings; 2 the config cannot be
used; 4 a plane cannot be reached.`,
		Example: `  vtsync doctor
  vtsync doctor --topo etcd2://127.0.0.1:2379/vitess/global --vtgate 127.0.0.1:15001`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := look(cmd.Context(), c, "", "looking at all planes", func(ctx context.Context, e Engine) (view.Doctor, error) {
				return e.Doctor(ctx)
			})
			if err != nil {
				return err
			}
			if err := c.show(d, func(w io.Writer, s view.Style) error { return view.DoctorText(w, d, s) }); err != nil {
				return err
			}
			if d.Failed() {
				return exit(errs.ExitUnknown)
			}
			return nil
		},
	}
}
