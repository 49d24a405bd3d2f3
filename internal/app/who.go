package app

import (
	"cmp"
	"os"
	"os/user"
	"runtime"
	"runtime/debug"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// who says who runs this process; commit is that of the files, if any. In CI
// every job has the same account, so there it is who started the job.
func (a *App) who(commit string) rollout.Who {
	url, actor := ci(a.getenv)
	w := rollout.Who{Commit: commit, CI: url, User: actor}
	if u, err := user.Current(); err == nil && actor == "" {
		w.User = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		w.Host = host
	}
	return w
}

// ci gives the page of the CI run and who started it, by the variables that
// GitHub, GitLab and Jenkins set; Jenkins names nobody without a plugin.
func ci(getenv func(string) string) (url, actor string) {
	if run := getenv("GITHUB_RUN_ID"); run != "" {
		url = getenv("GITHUB_SERVER_URL") + "/" + getenv("GITHUB_REPOSITORY") + "/actions/runs/" + run
		// Who runs a job again is not who ran it first.
		return url, cmp.Or(getenv("GITHUB_TRIGGERING_ACTOR"), getenv("GITHUB_ACTOR"))
	}
	if url = getenv("CI_JOB_URL"); url != "" {
		return url, getenv("GITLAB_USER_LOGIN")
	}
	if url = getenv("BUILD_URL"); url != "" {
		return url, getenv("BUILD_USER_ID")
	}
	return "", ""
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
