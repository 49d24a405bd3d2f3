package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) pull() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "pull [DIR]",
		Short: "Take the live VSchema of each keyspace into files",
		Long: `Pull writes keyspaces/KEYSPACE/vschema.json below DIR for each keyspace that has
a VSchema in the global topo, in a stable form that diffs well. DIR is the folder
of the cluster's files; without it, the one that vtsync.yaml names.

Use it to begin, and whenever others changed the cluster and you want to keep
what they did. A file that means the same already is left as it is, comments and
formatting included. A file with an edit of yours is never overwritten: pull
then writes nothing at all and shows the difference. A record with fields that
this vtsync does not know is refused, since the file would lose them.

What was pulled is remembered in .vtsync/ beside the files (ignored by git), so
that plan can tell your changes from those of others.

Exit codes: 0 pulled; 2 a file cannot be read; 3 refused, nothing was written;
4 the cluster did not answer.`,
		Example: `  vtsync pull
  vtsync pull --topo etcd2://127.0.0.1:2379/vitess/global --keyspace customer DIR
  vtsync pull --force        # give up local edits`,
		Args: atMostOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pulled, err := look(cmd.Context(), c, arg(args), "pulling", func(ctx context.Context, e Engine) (view.Pull, error) {
				return e.Pull(ctx, force)
			})
			if err != nil {
				return err
			}
			if err := c.show(pulled, func(w io.Writer, s view.Style) error { return view.PullText(w, pulled, s) }); err != nil {
				return err
			}
			if pulled.Refused() {
				return exit(errs.ExitDenied)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite local edits, and replace YAML files by JSON")
	return cmd
}

// arg gives the only argument, or "".
func arg(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
