package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) unpause() *cobra.Command {
	return &cobra.Command{
		Use:   "unpause KEYSPACE",
		Short: "Lift the pause of a keyspace",
		Long: `Unpause lets a keyspace be changed again. A keyspace is paused after a rollout
rolled back by itself, so that nothing applies the same change once more before
a person looked.`,
		Example: `  vtsync unpause customer`,
		Args:    oneArg("KEYSPACE", "vtsync status"),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, err := c.engine("")
			if err != nil {
				return err
			}
			defer engine.Close()
			was, err := engine.Unpause(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			lifted := struct {
				Format   int            `json:"format"`
				Keyspace string         `json:"keyspace"`
				Was      *rollout.Pause `json:"was"`
			}{view.Format, args[0], was}
			return c.show(lifted, func(w io.Writer, _ view.Style) error {
				text := fmt.Sprintf("keyspace %s was not paused\n", args[0])
				if was != nil {
					text = fmt.Sprintf("keyspace %s is no longer paused; it was since: %s\n", args[0], was.Reason)
				}
				_, err := io.WriteString(w, text)
				return err
			})
		},
	}
}
