package cli

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) history() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List rollouts, the newest first",
		Long: `History lists the rollouts that are kept in the cluster's own global topo: the
last 50 of each keyspace, and every open one, whoever started them and where.
See one of them with ` + "`vtsync show ROLLOUT`" + `.`,
		Example: `  vtsync history
  vtsync history --keyspace customer --limit 5`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			records, err := look(cmd.Context(), c, "", "reading the records", func(ctx context.Context, e Engine) ([]rollout.Record, error) {
				return e.History(ctx)
			})
			if err != nil && len(records) == 0 {
				return err
			}
			records = chosen(records, c.flags.keyspaces, limit)
			shown := c.show(view.NewRollouts(records), func(w io.Writer, s view.Style) error { return view.History(w, records, s) })
			return errors.Join(err, shown)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many to list; 0 for all")
	return cmd
}

// chosen gives the first records that touch one of the keyspaces.
func chosen(records []rollout.Record, keyspaces []string, limit int) []rollout.Record {
	out := []rollout.Record{}
	for _, r := range records {
		if limit > 0 && len(out) == limit {
			break
		}
		touches := func(ks string) bool { return slices.Contains(r.Keyspaces, ks) }
		if len(keyspaces) == 0 || slices.ContainsFunc(keyspaces, touches) {
			out = append(out, r)
		}
	}
	return out
}
