package cli

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/view"
)

// Collecting is what known queries are gathered with.
type Collecting struct {
	// Sources are files and folders, or - for Stdin; none stands for the plan
	// caches of the vtgates.
	Sources []string
	Stdin   io.Reader
	// Out is the file; empty for one in the folder queries/ of the files.
	Out string
	// Replace forgets what the file has.
	Replace bool
}

func (c *command) queries() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queries collect | import",
		Short: "Gather the known queries into files, for impact and plan",
		Long: `Queries gathers the queries that applications run into files below queries/, to be
kept in version control: impact and plan show what a change does to each of them.

  collect   take them from the plan caches of the vtgates
  import    take them from a query log, or from any other file that impact reads

A query stands in the file in its normalised form with the number of its executions.
No literal is stored: each is a bind variable.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return &errs.Invalid{
				Msg:  "there is no vtsync queries " + args[0],
				Near: near.Name(args[0], []string{"collect", "import"}),
				Next: "vtsync queries --help",
			}
		},
	}
	cmd.AddCommand(c.collect(), c.importQueries())
	return cmd
}

func (c *command) collect() *cobra.Command {
	var how Collecting
	cmd := &cobra.Command{
		Use:   "collect [DIR]",
		Short: "Take the queries from the plan caches of all vtgates",
		Long: `Collect reads /debug/query_plans of every vtgate that is named, and merges what it
finds into queries/CLUSTER.json below DIR, the folder of the cluster's files. Nothing
is executed, and nothing is written anywhere else. No topo is asked: where no cluster
is named, --vtgate alone does, and the file is queries/live.json.

vtgate keeps a query from its second execution on, and forgets all of them at every
change of a VSchema. So collect often, for example each night: a query of both the
file and the caches gets the larger number of executions, and one that only the file
has stays. With --replace the file begins anew.

A cache does not tell the keyspace that a session had chosen: it is taken to be the
one of all the tables of a query, and to be none where they are of several.

Exit codes: 0 gathered; 2 the file is not one of vtsync's; 4 a vtgate did not give its
plans: those of the others are written, but with --replace nothing is.`,
		Example: `  vtsync queries collect
  vtsync queries collect --vtgate 10.0.0.1:15001 --vtgate 10.0.0.2:15001
  vtsync queries collect --replace --out queries/peak.json`,
		Args: atMostOneArg("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.collectSettings(arg(args))
			if err != nil {
				return err
			}
			return c.gather(cmd, s, how, "reading the plan caches")
		},
	}
	how.register(cmd, "CLUSTER.json")
	return cmd
}

// collectSettings are those of the cluster, or of the vtgates alone where none is
// named.
func (c *command) collectSettings(dir string) (Settings, error) {
	named, err := c.clusterNamed()
	if err != nil {
		return Settings{}, err
	}
	if named || len(c.flags.vtgates) == 0 {
		return c.settings(dir)
	}
	s, err := c.fileSettings(dir)
	s.Cluster.VTGates = vtgatesOf(c.flags.vtgates)
	return s, err
}

func (c *command) importQueries() *cobra.Command {
	var how Collecting
	cmd := &cobra.Command{
		Use:   "import SOURCE...",
		Short: "Take the queries from logs and other files",
		Long: `Import reads each SOURCE, a file, a folder, or - for the standard input, and merges
what it finds into queries/imported.json. A source can be plain SQL, vtgate's query
log as text or JSON, a saved /debug/query_plans, the JSON of vt keys, MySQL's slow or
general log, or a file of vtsync's: its content tells, compressed by gzip or not. A
log of any size is read in constant memory. No cluster is asked.

A query of both the file and the sources gets the larger number of executions, so
that the same log counts once. With --replace the file begins anew.

Exit codes: 0 gathered; 1 gathered, but more than half of a source cannot be used;
2 nothing of a source can be used, or it cannot be read, or the file is not one of
vtsync's: nothing is written.`,
		Example: `  vtsync queries import vtgate-query.log.gz
  zstd -dc slow.log.zst | vtsync queries import - --out queries/slow.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &errs.Invalid{Msg: "give the files to read, or - for the standard input", Next: "vtsync queries import --help"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, SideLive) {
				return &errs.Invalid{Msg: "import reads files", Next: "vtsync queries collect reads the vtgates"}
			}
			if c.flags.topo != "" || len(c.flags.vtgates) > 0 || c.flags.vtctld != "" {
				return &errs.Invalid{Msg: "import asks no cluster: --topo, --vtgate and --vtctld mean nothing", Next: "leave them out"}
			}
			s, err := c.fileSettings("")
			if err != nil {
				return err
			}
			how.Sources, how.Stdin = args, c.env.Stdin
			return c.gather(cmd, s, how, "reading queries")
		},
	}
	how.register(cmd, "imported.json")
	return cmd
}

func (f *Collecting) register(cmd *cobra.Command, file string) {
	cmd.Flags().StringVar(&f.Out, "out", "", "the file to write (default queries/"+file+" of the files)")
	cmd.Flags().BoolVar(&f.Replace, "replace", false, "forget what the file has")
}

func (c *command) gather(cmd *cobra.Command, s Settings, how Collecting, doing string) error {
	if len(s.Keyspaces) > 0 {
		return &errs.Invalid{Msg: "--keyspace: a query can be of several keyspaces, so all are gathered", Next: "leave --keyspace out"}
	}
	engine, err := c.env.Open(s)
	if err != nil {
		return err
	}
	c.tellReading(how.Sources)
	got, err := lookWith(cmd.Context(), c, engine, doing, func(ctx context.Context, e Engine) (view.Collected, error) {
		return e.Collect(ctx, how)
	})
	if err != nil {
		return err
	}
	if err := c.show(got, func(w io.Writer, s view.Style) error { return view.CollectedText(w, got, s) }); err != nil {
		return err
	}
	switch {
	case got.Partial():
		return exit(errs.ExitUnknown)
	case len(got.Unusable) > 0:
		return exit(errs.ExitFindings)
	}
	return nil
}
