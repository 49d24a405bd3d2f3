package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) pull() *cobra.Command {
	var force, merge bool
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

With --merge, what others changed since the last pull or apply is taken into the
text of the file: JSON or YAML, with its comments, its order and your edits left
as they are. What both changed is a conflict: pull then writes nothing at all,
and shows both values with their places.

What was pulled is remembered in .vtsync/ beside the files (ignored by git), so
that plan can tell your changes from those of others.

Exit codes: 0 pulled; 2 a file cannot be read; 3 refused, nothing was written;
4 the cluster did not answer.`,
		Example: `  vtsync pull
  vtsync pull --topo etcd2://127.0.0.1:2379/vitess/global --keyspace customer DIR
  vtsync pull --merge        # take what others changed into files with edits or comments
  vtsync pull --force        # give up local edits`,
		Args: atMostOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode := view.PullPlain
			switch {
			case force:
				mode = view.PullForce
			case merge:
				mode = view.PullMerge
			}
			pulled, err := look(cmd.Context(), c, arg(args), "pulling", func(ctx context.Context, e Engine) (view.Pull, error) {
				return e.Pull(ctx, mode)
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
	cmd.Flags().BoolVar(&merge, "merge", false, "take what others changed into the files, and keep their edits, comments and order")
	cmd.MarkFlagsMutuallyExclusive("force", "merge")
	return cmd
}

// arg gives the only argument, or "".
func arg(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
