// Package config reads vtsync.yaml: which clusters there are, how each is
// reached, by which policy it is changed, and which findings of lint are known
// and do not count. It is strict (an unknown key, a
// duplicate or a wrong type is an error with its position) and knows nothing
// of what it configures: it must import no adapter and no room but errs, near,
// yamldoc, freeze for its windows, diff for the names of the hazards and impact
// for its policy.
package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
)

// FileName is where the config is looked for when no other file is named.
const FileName = "vtsync.yaml"

const maxFileBytes = 1 << 20

// Config is one vtsync.yaml.
type Config struct {
	File     string
	Clusters map[string]*Cluster
	// Ignores are the suppressions of lint, in the order of the file.
	Ignores []Ignore
	// Source is the content of the file, for messages that show a line of it.
	Source []byte
}

// Ignore is a suppression as it is written. What of it is missing is for lint
// to say.
type Ignore struct {
	Rule   string // the code of a rule
	Path   string // a glob, from the folder of the config
	Reason string
	Pos    errs.Position
}

// Cluster is one Vitess cluster, the files that it follows, and how it may be
// changed.
type Cluster struct {
	Name string
	// Path is the folder that holds keyspaces/. In a Config it is relative
	// to the config file's folder; FilesDir resolves it.
	Path    string
	PathPos errs.Position // where it is written, if it is
	// Backend is how the cluster is read and written.
	Backend Backend
	// State is the file that holds vtsync's own records where the backend is
	// vtctld. In a Config it is relative to the config file's folder; StateFile
	// resolves it.
	State Text
	// Topo is the global topo server: etcd2://HOST:PORT[,HOST:PORT]/ROOT. It is
	// empty where the backend is vtctld.
	Topo    Text
	TopoTLS TLS
	VTGates []VTGate
	// VTCtld is where migrations, workflows and schemas are read; empty where
	// none is named, and nothing of them is checked then.
	VTCtld VTCtld
	// IgnoredCells are decommissioned cells: neither written nor proved, and
	// shown in every plan.
	IgnoredCells []string
	Policy       Policy
	// VindexTypes are types that this build of Vitess cannot construct and
	// that stand in as opaque ones.
	VindexTypes []string
}

// Backend is a way to read and write a cluster.
type Backend string

// The backends.
const (
	// BackendTopo compares and swaps in the cluster's own topo.
	BackendTopo Backend = "topo"
	// BackendVTCtld checks and then writes through vtctld, where topo is out of
	// reach.
	BackendVTCtld Backend = "vtctld"
)

// Text is a value with the place where it was written.
type Text struct {
	Value string
	Pos   errs.Position
}

// TLS names the files of a client's TLS set-up; empty means plain text.
type TLS struct {
	Cert, Key, CA string
}

// IsZero tells that TLS was not asked for.
func (t TLS) IsZero() bool { return t == TLS{} }

// VTGate is one vtgate. Spec holds the short form "HOST:PORT,mysql=PORT", the
// other fields come from the mapping form, which can say more.
type VTGate struct {
	Spec        string
	User        string
	PasswordEnv string // name of the environment variable that holds it
	TLS         TLS
	Pos         errs.Position
}

// VTCtld is a cluster's vtctld.
type VTCtld struct {
	Address     Text   // HOST:PORT of its gRPC server
	User        string // of static authentication
	PasswordEnv string // name of the environment variable that holds the password
	TLS         TLS
}

// Load reads the config file at path. A missing file is an error that wraps
// fs.ErrNotExist.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &errs.Invalid{Msg: "read the config", Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, &errs.Invalid{Pos: errs.Position{File: path}, Msg: "read the config", Err: err}
	}
	return Parse(path, data)
}

// Parse reads a config from its bytes; file is the name used in positions.
func Parse(file string, data []byte) (*Config, error) {
	if len(data) > maxFileBytes {
		return nil, &errs.Invalid{Pos: errs.Position{File: file}, Msg: "the config is larger than 1 MiB"}
	}
	r := &reader{file: file}
	c := r.config(data)
	c.Source = data
	r.ownStates(c)
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// Names gives the names of the clusters, sorted.
func (c *Config) Names() []string {
	names := make([]string, 0, len(c.Clusters))
	for name := range c.Clusters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Chosen gives the cluster of that name, or all of them, by name, when it is
// empty: for verbs that read files, of which a config may name no cluster.
func (c *Config) Chosen(name string) ([]*Cluster, error) {
	if name != "" {
		one, err := c.Cluster(name)
		return []*Cluster{one}, err
	}
	var all []*Cluster
	for _, name := range c.Names() {
		all = append(all, c.Clusters[name])
	}
	return all, nil
}

// Cluster gives the cluster of that name, or the only one when name is empty.
func (c *Config) Cluster(name string) (*Cluster, error) {
	names := c.Names()
	if len(names) == 0 {
		return nil, &errs.Invalid{
			Pos:  errs.Position{File: c.File},
			Msg:  "the config names no cluster",
			Next: "write `clusters: {NAME: {path: DIR, topo: etcd2://HOST:PORT/ROOT}}`",
		}
	}
	if name == "" {
		if len(names) == 1 {
			return c.Clusters[names[0]], nil
		}
		return nil, &errs.Invalid{
			Msg:  "the config has several clusters and none was chosen",
			Next: "add --cluster with one of: " + join(names),
		}
	}
	cl, ok := c.Clusters[name]
	if !ok {
		return nil, &errs.Invalid{
			Pos:  errs.Position{File: c.File},
			Msg:  "there is no cluster " + name,
			Near: near.Name(name, names),
			Next: "add --cluster with one of: " + join(names),
		}
	}
	return cl, nil
}

// FilesDir gives the folder that holds the cluster's keyspaces/.
func (c *Config) FilesDir(cl *Cluster) string {
	if filepath.IsAbs(cl.Path) {
		return filepath.Clean(cl.Path)
	}
	return filepath.Join(filepath.Dir(c.File), cl.Path)
}

// StateFile gives the file that holds vtsync's own records; empty where the
// cluster's topo does.
func (c *Config) StateFile(cl *Cluster) string {
	if cl.State.Value == "" || filepath.IsAbs(cl.State.Value) {
		return cl.State.Value
	}
	return filepath.Join(filepath.Dir(c.File), cl.State.Value)
}

func join(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}
