package vtgate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// vars is what /debug/vars says of a vtgate.
type vars struct {
	version string
	reloads int64
	started time.Time // zero where it does not say how long it is up
	flags   flags
}

// flags are those of a vtgate's own flags that lead to its other ports and say
// what it shows.
type flags struct {
	mysql, grpc int
	cell        string
	watches     []string
	untracked   bool // the schema tracker is off
	planning    map[string]string
}

// planningFlags decide how a vtgate plans, and tells whether they have their values
// behind "=" only, as boolean flags have.
var planningFlags = map[string]bool{
	"no-scatter": true, "enable-partial-keyspace-migration": true, "enable-views": true, "enable-system-settings": true,
	"normalize-queries": true, "track-udfs": true,
	"default-tablet-type": false, "foreign-key-mode": false, "mysql-server-version": false, "planner-version": false,
}

// parseVars reads /debug/vars. asked is when it was asked for: a slow
// answer makes a process look older than it is, never younger.
func parseVars(page []byte, asked time.Time) (vars, error) {
	var decoded struct {
		BuildVersion        string
		Cmdline             []string      `json:"cmdline"`
		Uptime              time.Duration // in nanoseconds
		VtgateVSchemaCounts map[string]int64
	}
	if err := json.Unmarshal(page, &decoded); err != nil {
		return vars{}, fmt.Errorf("decode /debug/vars: %w", err)
	}
	v := vars{
		version: decoded.BuildVersion,
		reloads: decoded.VtgateVSchemaCounts["Reload"],
		flags:   parseFlags(decoded.Cmdline),
	}
	if decoded.Uptime > 0 {
		v.started = asked.Add(-decoded.Uptime)
	}
	return v, nil
}

// parseFlags reads a vtgate's command line. Vitess spells flags with hyphens
// or, up to v24, underscores, behind one hyphen or two, and takes a value
// behind "=" or as the next argument.
func parseFlags(cmdline []string) flags {
	var f flags
	for i, arg := range cmdline {
		text, ok := strings.CutPrefix(arg, "-")
		if !ok {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(text, "-"), "=")
		if !ok && i+1 < len(cmdline) {
			value = cmdline[i+1]
		}
		name = strings.ReplaceAll(name, "_", "-")
		if boolean, plans := planningFlags[name]; plans {
			if boolean && !ok {
				value = "true"
			}
			if f.planning == nil {
				f.planning = map[string]string{}
			}
			f.planning[name] = value
		}
		switch name {
		case "mysql-server-port":
			f.mysql = portFlag(value)
		case "grpc-port":
			f.grpc = portFlag(value)
		case "cell":
			f.cell = value
		case "keyspaces-to-watch":
			f.watches = append(f.watches, strings.Split(value, ",")...)
		case "schema-change-signal":
			// A boolean flag has its value behind "=" only.
			f.untracked = ok && isFalse(value)
		}
	}
	return f
}

// isFalse reads a boolean flag as Go's flag packages do.
func isFalse(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && !on
}

// portFlag gives the port, or 0 where the flag turns it off (-1, 0).
func portFlag(value string) int {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}
