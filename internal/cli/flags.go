package cli

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// The formats of output.
const (
	formatText = "text"
	formatJSON = "json"
)

// flags are the root flags, which every verb has.
type flags struct {
	config    string
	cluster   string
	topo      string
	tls       config.TLS
	vtgates   []string
	vtctld    string
	wait      time.Duration
	keyspaces []string
	format    string
	timeout   time.Duration
	verbose   bool
}

func (f *flags) register(root *cobra.Command) {
	p := root.PersistentFlags()
	p.SortFlags = false
	p.StringVar(&f.config, "config", "", "config file (default ./vtsync.yaml, if there is one)")
	p.StringVar(&f.cluster, "cluster", "", "which cluster of the config")
	p.StringVar(&f.topo, "topo", "", "global topo server instead of a config: etcd2://HOST:PORT[,HOST:PORT]/ROOT")
	p.StringVar(&f.tls.Cert, "topo-cert", "", "client certificate file for the topo servers")
	p.StringVar(&f.tls.Key, "topo-key", "", "client key file for the topo servers")
	p.StringVar(&f.tls.CA, "topo-ca", "", "certificate authority file for the topo servers")
	p.StringArrayVar(&f.vtgates, "vtgate", nil, "a vtgate to prove changes on: HOST:PORT[,mysql=PORT][,grpc=PORT][,cell=NAME]; repeatable")
	p.StringVar(&f.vtctld, "vtctld", "", "vtctld to ask for migrations, workflows and MySQL's tables: HOST:PORT of its gRPC server")
	p.StringArrayVar(&f.keyspaces, "keyspace", nil, "only this keyspace; repeatable")
	p.StringVar(&f.format, "format", formatText, "output format: text or json")
	p.DurationVar(&f.timeout, "timeout", 0, "how long cells and vtgates may take to serve a change (default 1m)")
	p.DurationVar(&f.wait, "wait", 0, "how long to wait for migrations, workflows and freeze windows (default 1h)")
	p.BoolVarP(&f.verbose, "verbose", "v", false, "log each step to stderr")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return f.validate(append([]string{formatText, formatJSON}, strings.Fields(cmd.Annotations[moreFormats])...))
	}
}

// moreFormats annotates a verb with the formats that it has beside text and
// json.
const moreFormats = "formats"

func (f *flags) validate(formats []string) error {
	if !slices.Contains(formats, f.format) {
		bad, last := f.format, len(formats)-1
		f.format = formatText
		return &errs.Invalid{
			Msg:  "--format " + bad + ": there are " + strings.Join(formats[:last], ", ") + " and " + formats[last],
			Near: near.Name(bad, formats),
		}
	}
	if f.timeout < 0 {
		return &errs.Invalid{Msg: "--timeout must be positive, not " + f.timeout.String()}
	}
	if f.wait < 0 {
		return &errs.Invalid{Msg: "--wait must be positive, not " + f.wait.String()}
	}
	if (f.tls.Cert == "") != (f.tls.Key == "") {
		return &errs.Invalid{Msg: "--topo-cert and --topo-key go together"}
	}
	if f.topo != "" && (f.config != "" || f.cluster != "") {
		return &errs.Invalid{Msg: "--topo names a cluster by itself: it goes with neither --config nor --cluster"}
	}
	return nil
}

// settings joins flags and config; dir is the verb's argument, if it has one.
func (c *command) settings(dir string) (Settings, error) {
	s := Settings{Keyspaces: c.flags.keyspaces, Log: c.logger(), Getenv: c.env.Getenv}
	cluster, cfg, err := c.flags.resolve()
	if err != nil {
		return s, err
	}
	s.Cluster, s.Dir = cluster, "."
	if cfg != nil {
		s.Dir = cfg.FilesDir(&cluster)
		s.Cluster.State.Value = cfg.StateFile(&cluster)
	}
	if dir != "" {
		s.Dir = dir
	}
	if cfg != nil {
		if s.Ignores, err = suppressions(cfg, s.Dir); err != nil {
			return s, err
		}
	}
	if len(c.flags.vtgates) > 0 {
		s.Cluster.VTGates = vtgatesOf(c.flags.vtgates)
	}
	if !c.flags.tls.IsZero() {
		if s.Cluster.Backend == config.BackendVTCtld {
			return s, &errs.Invalid{Msg: "--topo-cert, --topo-key and --topo-ca: cluster " + cluster.Name + " is written through vtctld", Next: "give `tls` below `vtctld` in the config"}
		}
		s.Cluster.TopoTLS = c.flags.tls
	}
	if c.flags.vtctld != "" {
		s.Cluster.VTCtld.Address = config.Text{Value: c.flags.vtctld}
	}
	if c.flags.wait > 0 {
		s.Cluster.Policy.Wait = c.flags.wait
	}
	if c.flags.timeout > 0 {
		s.Cluster.Policy.Timeout = c.flags.timeout
	}
	return s, nil
}

func vtgatesOf(specs []string) []config.VTGate {
	var out []config.VTGate
	for _, spec := range specs {
		out = append(out, config.VTGate{Spec: spec})
	}
	return out
}

// resolve gives the cluster, and the config that names it. --topo needs no
// config and does not read one.
func (f *flags) resolve() (config.Cluster, *config.Config, error) {
	if f.topo != "" {
		return config.Cluster{Topo: config.Text{Value: f.topo}, Policy: config.DefaultPolicy()}, nil, nil
	}
	cfg, err := f.configIfAny()
	if err != nil {
		return config.Cluster{}, nil, err
	}
	if cfg == nil {
		return config.Cluster{}, nil, &errs.Invalid{
			Msg:  "no cluster is named: there is no ./" + config.FileName + " and no --topo",
			Next: "write a " + config.FileName + ", or add --topo etcd2://HOST:PORT/ROOT --vtgate HOST:PORT",
		}
	}
	cluster, err := cfg.Cluster(f.cluster)
	if err != nil {
		return config.Cluster{}, nil, err
	}
	return *cluster, cfg, nil
}

// configIfAny reads the config; nil where none is named and there is no
// ./vtsync.yaml.
func (f *flags) configIfAny() (*config.Config, error) {
	path := f.config
	if path == "" {
		path = config.FileName
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	return config.Load(path)
}

// engine opens the engine for the cluster that the flags name.
func (c *command) engine(dir string) (Engine, error) {
	s, err := c.settings(dir)
	if err != nil {
		return nil, err
	}
	return c.env.Open(s)
}

var unknownShorthand = regexp.MustCompile(`unknown shorthand flag: '(.)'`)

// flagError names the nearest flag for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	next := "vtsync " + cmd.Name() + " --help"
	if cmd.Name() == "vtsync" {
		next = "vtsync --help"
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknownShorthand.MatchString(err.Error()) {
		return &errs.Invalid{Msg: err.Error(), Next: next}
	}
	name := unknown.GetSpecifiedName()
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	nearest := near.Name(name, names)
	if nearest != "" {
		nearest = "--" + nearest
	}
	return &errs.Invalid{Msg: "there is no flag --" + name, Near: nearest, Next: next}
}
