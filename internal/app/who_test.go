package app

import (
	"os/user"
	"testing"
)

// TestWho: in CI it is who started the job; anywhere else, and where CI does not
// say, whoever the operating system says.
func TestWho(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skip("the operating system does not say")
	}
	github := map[string]string{"GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://h", "GITHUB_REPOSITORY": "o/r", "GITHUB_ACTOR": "eve"}
	again := map[string]string{"GITHUB_TRIGGERING_ACTOR": "bob"}
	for k, v := range github {
		again[k] = v
	}
	tests := []struct {
		name      string
		env       map[string]string
		user, run string
	}{
		{"a shell", nil, me.Username, ""},
		{"a shell in which a name is left", map[string]string{"GITHUB_ACTOR": "eve", "GITLAB_USER_LOGIN": "eve", "BUILD_USER_ID": "eve"}, me.Username, ""},
		{"GitHub", github, "eve", "https://h/o/r/actions/runs/7"},
		{"GitHub, run again by another", again, "bob", "https://h/o/r/actions/runs/7"},
		{"GitLab", map[string]string{"CI_JOB_URL": "https://h/j/1", "GITLAB_USER_LOGIN": "eve"}, "eve", "https://h/j/1"},
		{"Jenkins", map[string]string{"BUILD_URL": "https://h/b/1"}, me.Username, "https://h/b/1"},
		{"Jenkins with the plugin", map[string]string{"BUILD_URL": "https://h/b/1", "BUILD_USER_ID": "eve"}, "eve", "https://h/b/1"},
	}
	for _, tt := range tests {
		a := &App{getenv: func(name string) string { return tt.env[name] }}
		if w := a.who("c1"); w.User != tt.user || w.CI != tt.run || w.Commit != "c1" || w.Host == "" {
			t.Errorf("%s: %+v", tt.name, w)
		}
	}
}
