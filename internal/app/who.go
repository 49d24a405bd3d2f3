package app

import (
	"os"
	"os/user"
	"runtime"
	"runtime/debug"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// who says who runs this process; commit is that of the files, if any.
func (a *App) who(commit string) rollout.Who {
	w := rollout.Who{Commit: commit, CI: ciURL(a.getenv)}
	if u, err := user.Current(); err == nil {
		w.User = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		w.Host = host
	}
	return w
}

// ciURL gives the page of the CI run, by the variables that GitHub, GitLab and
// Jenkins set.
func ciURL(getenv func(string) string) string {
	if run := getenv("GITHUB_RUN_ID"); run != "" {
		return getenv("GITHUB_SERVER_URL") + "/" + getenv("GITHUB_REPOSITORY") + "/actions/runs/" + run
	}
	for _, name := range []string{"CI_JOB_URL", "BUILD_URL"} {
		if url := getenv(name); url != "" {
			return url
		}
	}
	return ""
}

// Version says what this program is, from what the compiler put into it.
func Version() view.Version {
	v := view.Version{Version: "unknown", Vitess: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == "vitess.io/vitess" {
			v.Vitess = dep.Version
		}
	}
	return v
}
