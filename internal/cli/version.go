package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/view"
)

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the versions of vtsync and of the Vitess module in it",
		Long: `Version shows what this program is and which Vitess module it is built with:
it plans and judges routing the way that version does.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.show(c.env.Version, func(w io.Writer, _ view.Style) error {
				return view.VersionText(w, c.env.Version)
			})
		},
	}
}
