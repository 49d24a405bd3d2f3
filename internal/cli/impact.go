package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/view"
)

// formatMarkdown is a format that only impact has.
const formatMarkdown = "markdown"

// impactFlags are the flags of impact as they are written.
type impactFlags struct {
	ask      Impacting
	shards   []string
	exitCode bool
}

func (c *command) impact() *cobra.Command {
	var f impactFlags
	cmd := &cobra.Command{
		Use:   "impact [DIR]",
		Short: "Show which of the known queries get another plan, before anything is applied",
		Long: `Impact plans every known query twice, with the routing before a change and after
it, by Vitess's own planner, and shows which become dearer or cheaper, lose their
plan or get one: how many shards one execution asks, which vindex leads there, and
what vtgate joins and sorts itself. No query is executed and nothing is written.

The two sides are --before and --after, each one of

  live       the cluster of vtsync.yaml or --topo, as its global topo has it
  FOLDER     one that holds keyspaces/
  git:REV    the files of DIR as that branch, tag or commit has them
  PLAN       a file of ` + "`vtsync plan --out`" + `: what the plan starts from, or leads to

Without --before that is live, without --after the files of DIR. What one side says
nothing of (a keyspace without a file, rules of a kind) is taken from the other.
No cluster is asked where none is named in a side or a source.

Queries are read from --queries: a file, a folder, - for the standard input, or live
for the plan caches of all vtgates; without it, from the folder queries/ of DIR,
which ` + "`vtsync queries collect`" + ` fills. A file can be plain SQL, vtgate's query log
as text or JSON, a saved /debug/query_plans, the JSON of vt keys, MySQL's slow or
general log, or a file of vtsync's: its content tells, compressed by gzip or not.
Literals are dropped as they are read.

Columns come from keyspaces/KEYSPACE/schema/*.sql, then from MySQL through a vtctld
(--vtctld), then from what vtgates know. A query that needs columns which nobody
knows has no plan, and the report says which table's they are. How many shards a
keyspace has comes from the cluster, or from --shards.

The planner is that of the Vitess that vtsync is built with. Where the vtgates run
another version the report begins with that; --planner vtgate then asks them for the
plans before the change (VEXPLAIN PLAN, which executes nothing).

Exit codes: 0 shown; 1 with --exit-code, where the policy of the config (impact)
would deny the change: by default where a query loses its plan or begins to scatter,
or where less than half of the executions can be judged, as the rest has no plan on
either side; 2 a side or a source cannot be read, or no query is known; 4 the cluster, or a part
of it, did not answer.`,
		Example: `  vtsync impact                                    # the files against the cluster
  vtsync impact --before git:main --format markdown # in a pull request
  vtsync impact --explain 1                        # both plans of the worst query
  vtsync impact --before old --after new --queries query.log --shards customer=64
  vtsync impact --after plan.json --queries live`,
		Args:        atMostOneArg("DIR"),
		Annotations: map[string]string{moreFormats: formatMarkdown},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runImpact(cmd, arg(args), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ask.Before, "before", "", "the side before the change: live, FOLDER, git:REV or PLAN (default live)")
	flags.StringVar(&f.ask.After, "after", "", "the side after the change, named the same way (default the files)")
	flags.StringArrayVar(&f.ask.Queries, "queries", nil, "where the known queries are: FILE, FOLDER, - or live; repeatable (default queries/ of the files)")
	flags.StringArrayVar(&f.shards, "shards", nil, "how many shards a keyspace has: KEYSPACE=N, in place of what the cluster says; repeatable")
	flags.StringVar(&f.ask.Planner, "planner", PlannerOurs, "who plans the side before the change: vtsync, or vtgate for the live one")
	flags.IntVar(&f.ask.Explain, "explain", 0, "show both plans of the query that has this number in the list")
	flags.BoolVar(&f.ask.All, "all", false, "list all queries: in a text more than the worst 100, and those that stay the same, too")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 where the policy would deny the change")
	// In place of the root's, which names the formats that every verb has.
	flags.StringVar(&c.flags.format, "format", formatText, "output format: text, json or markdown")
	return cmd
}

func (c *command) runImpact(cmd *cobra.Command, dir string, f impactFlags) error {
	if err := c.checkImpact(cmd, &f); err != nil {
		return err
	}
	s, err := c.impactSettings(dir, f)
	if err != nil {
		return err
	}
	engine, err := c.env.Open(s)
	if err != nil {
		return err
	}
	c.tellReading(f.ask.Queries)
	report, err := lookWith(cmd.Context(), c, engine, "planning the known queries", func(ctx context.Context, e Engine) (*impact.Report, error) {
		return e.Impact(ctx, f.ask)
	})
	if report == nil {
		return err
	}
	if shown := c.showImpact(report, f.ask); shown != nil {
		return errors.Join(shown, err)
	}
	if err != nil {
		return err
	}
	if breaches := s.Cluster.Policy.Impact.Check(report.Summary); f.exitCode && len(breaches) > 0 {
		return c.deniedByPolicy(breaches)
	}
	return nil
}

// deniedByPolicy says what the policy would deny a change for, beside the report.
func (c *command) deniedByPolicy(breaches []impact.Breach) error {
	if c.flags.format != formatJSON {
		var texts []string
		for _, b := range breaches {
			texts = append(texts, b.Text)
		}
		if err := view.Breaches(c.env.Stderr, texts, c.style(c.env.Stderr)); err != nil {
			return err
		}
	}
	return exit(errs.ExitFindings)
}

// checkImpact refuses flags that cannot be meant, and fills in what they leave
// open.
func (c *command) checkImpact(cmd *cobra.Command, f *impactFlags) error {
	ask := &f.ask
	const next = "vtsync impact --help"
	if ask.Planner != PlannerOurs && ask.Planner != PlannerVTGate {
		return &errs.Invalid{
			Msg:  "--planner " + ask.Planner + ": there are " + PlannerOurs + " and " + PlannerVTGate,
			Near: near.Name(ask.Planner, []string{PlannerOurs, PlannerVTGate}),
		}
	}
	if explains := cmd.Flags().Changed("explain"); explains && f.ask.Explain < 1 {
		return &errs.Invalid{Msg: "--explain takes the number of a query in the list, from 1", Next: next}
	} else if explains && c.flags.format == formatMarkdown {
		return &errs.Invalid{Msg: "--explain shows the plans of one query as text or JSON, not as markdown", Next: "leave --format out"}
	}
	ask.Stdin = c.env.Stdin
	var err error
	if ask.Shards, err = shardCounts(f.shards); err != nil {
		return err
	}
	if ask.Before == "" {
		named, err := c.clusterNamed()
		if err != nil {
			return err
		}
		if !named {
			return &errs.Invalid{
				Msg:  "there is nothing to compare the files with: no --before is given, and no cluster is named",
				Next: "add --before git:HEAD, or --before FOLDER, or name the cluster by --topo or a vtsync.yaml",
			}
		}
		ask.Before = SideLive
	}
	if ask.Planner == PlannerVTGate && ask.Before != SideLive {
		return &errs.Invalid{
			Msg:  "--planner vtgate asks the vtgates for the plans that they have now: the side before the change is then " + SideLive + ", not " + ask.Before,
			Next: "leave --before out, or --planner",
		}
	}
	return nil
}

// clusterNamed tells whether flags or config name a cluster to ask.
func (c *command) clusterNamed() (bool, error) {
	if c.flags.topo != "" {
		return true, nil
	}
	cfg, err := c.flags.configIfAny()
	return cfg != nil && len(cfg.Clusters) > 0, err
}

// shardCounts reads KEYSPACE=N.
func shardCounts(texts []string) (map[string]int, error) {
	out := make(map[string]int, len(texts))
	for _, text := range texts {
		name, number, _ := strings.Cut(text, "=")
		n, err := strconv.Atoi(number)
		if name == "" || err != nil || n < 1 {
			return nil, &errs.Invalid{Msg: "--shards " + text + " is not KEYSPACE=N, with N from 1", Next: "--shards customer=64"}
		}
		if _, twice := out[name]; twice {
			return nil, &errs.Invalid{Msg: "--shards gives keyspace " + name + " twice"}
		}
		out[name] = n
	}
	return out, nil
}

// impactSettings are the settings of the cluster where one is asked, and else
// what the config says of files.
func (c *command) impactSettings(dir string, f impactFlags) (Settings, error) {
	if f.ask.Live() {
		return c.settings(dir)
	}
	if c.flags.topo != "" || len(c.flags.vtgates) > 0 || c.flags.vtctld != "" {
		return Settings{}, &errs.Invalid{
			Msg:  "neither side is live, nor are the queries: no cluster is asked, so that --topo, --vtgate and --vtctld mean nothing",
			Next: "leave them out, or give --before live or --queries live",
		}
	}
	if f.exitCode {
		if err := c.onePolicy(); err != nil {
			return Settings{}, err
		}
	}
	return c.fileSettings(dir)
}

// onePolicy refuses to choose between the policies of several clusters.
func (c *command) onePolicy() error {
	cfg, err := c.flags.configIfAny()
	if cfg == nil || err != nil {
		return err
	}
	clusters, err := cfg.Chosen(c.flags.cluster)
	if err != nil || samePolicy(clusters) {
		return err
	}
	names := cfg.Names()
	return &errs.Invalid{
		Pos:  errs.Position{File: cfg.File},
		Msg:  "--exit-code goes by the policy, and the clusters have several for impact: none was chosen",
		Next: "vtsync impact --exit-code --cluster " + names[0] + ", or another of: " + strings.Join(names, ", "),
	}
}

// samePolicy tells that the clusters deny a change of plans alike.
func samePolicy(clusters []*config.Cluster) bool {
	return !slices.ContainsFunc(clusters, func(cl *config.Cluster) bool { return !cl.Policy.Impact.Equal(clusters[0].Policy.Impact) })
}

// fileSettings are those of a verb that asks no cluster. Where a config names
// several and none is chosen, what it says of vindex types holds of all, and a
// policy that they share.
func (c *command) fileSettings(dir string) (Settings, error) {
	s := Settings{FilesOnly: true, Dir: ".", Keyspaces: c.flags.keyspaces, Log: c.logger(), Getenv: c.env.Getenv}
	s.Cluster.Policy = config.DefaultPolicy()
	cfg, err := c.flags.configIfAny()
	if err != nil {
		return s, err
	}
	if cfg != nil {
		clusters, err := cfg.Chosen(c.flags.cluster)
		if err != nil {
			return s, err
		}
		for _, cluster := range clusters {
			s.Cluster.VindexTypes = append(s.Cluster.VindexTypes, cluster.VindexTypes...)
		}
		if len(clusters) > 0 && samePolicy(clusters) {
			s.Cluster.Policy.Impact = clusters[0].Policy.Impact
		}
		if len(clusters) == 1 {
			s.Dir, s.Cluster.Name, s.Cluster.Policy = cfg.FilesDir(clusters[0]), clusters[0].Name, clusters[0].Policy
		}
	}
	if dir != "" {
		s.Dir = dir
	}
	return s, nil
}

// showImpact writes a report, or one of its queries in full.
func (c *command) showImpact(r *impact.Report, ask Impacting) error {
	out, style := c.env.Stdout, c.style(c.env.Stdout)
	if explain := ask.Explain; explain > 0 {
		if explain > len(r.Queries) {
			return noSuchQuery(explain, len(r.Queries))
		}
		if c.flags.format == formatJSON {
			return view.JSON(out, explained(r.Queries[explain-1]))
		}
		return view.ImpactExplain(out, r, explain, style)
	}
	switch c.flags.format {
	case formatJSON:
		return view.ImpactJSON(out, r)
	case formatMarkdown:
		return view.ImpactMarkdown(out, r, 0)
	default:
		return view.Impact(out, r, ask.All, style)
	}
}

func noSuchQuery(number, listed int) error {
	if listed == 0 {
		return &errs.Invalid{Msg: fmt.Sprintf("--explain %d: no query gets another plan", number), Next: "add --all to list those that stay the same"}
	}
	return &errs.Invalid{Msg: fmt.Sprintf("--explain %d: the list ends at %d", number, listed), Next: "vtsync impact without --explain shows the list"}
}

// explainedQuery is a result with its plans.
type explainedQuery struct {
	impact.Result
	BeforeTree *impact.Node `json:"before_plan,omitempty"`
	AfterTree  *impact.Node `json:"after_plan,omitempty"`
}

func explained(r impact.Result) explainedQuery {
	return explainedQuery{Result: r, BeforeTree: r.BeforeTree, AfterTree: r.AfterTree}
}
