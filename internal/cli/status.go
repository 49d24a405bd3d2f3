package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/status"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status [DIR]",
		Short: "Tell whether files, global topo, cells and vtgates agree",
		Long: `Status compares each plane with its neighbour: files with the global topo, the
global topo with each cell's SrvVSchema, and that with what each vtgate says it
serves. A difference is drift, also while a rollout is open, which is then named.
Entries that others made, and that the files lack, are drift too: ` + "`vtsync pull`" + `
takes them in.

Keyspaces without a file are named and not judged; open rollouts and pauses are
told of all. It changes nothing.

Exit codes: 0 all planes agree; 1 drift, or a rollout is open; 2 a file cannot be
read; 4 a plane could not be read, so that nobody can tell.`,
		Example: `  vtsync status
  vtsync status --format json --keyspace customer`,
		Args: atMostOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := look(cmd.Context(), c, arg(args), "reading all planes", func(ctx context.Context, e Engine) (status.Status, error) {
				return e.Status(ctx)
			})
			if err != nil {
				return err
			}
			if err := c.show(s, func(w io.Writer, style view.Style) error { return view.Status(w, s, style) }); err != nil {
				return err
			}
			switch {
			case s.Unreadable():
				return exit(errs.ExitUnknown)
			case s.Drifted(), s.Open():
				return exit(errs.ExitFindings)
			default:
				return nil
			}
		},
	}
}
