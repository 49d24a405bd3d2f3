package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	// asMain makes this test binary the demo itself.
	asMain = "VTSYNC_DEMO_TEST_MAIN"
	// mark is in the environment of every process that a test's demo starts.
	mark = "VTSYNC_DEMO_TEST_MARK"
)

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestDemo runs the demo as people do: it ends well and leaves nothing.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: this test starts a real Vitess cluster")
	}
	tmp := t.TempDir()
	marked := mark + "=" + tmp
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asMain+"=1", marked, "TMPDIR="+tmp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("the demo ended with %v\n%s\n%s", err, stderr.String(), stdout.String())
	}
	if !strings.HasSuffix(stdout.String(), "each with the outcome that was told.\n") {
		t.Errorf("the demo ends without its last line:\n%s", stdout.String())
	}
	if strings.Contains(stdout.String(), "\x1b[") {
		t.Error("the demo prints colours where there is no terminal")
	}
	for pid, line := range processesWith(t, marked) {
		t.Errorf("process %d is left: %s", pid, line)
	}
	left, err := filepath.Glob(filepath.Join(tmp, "vtsync-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("folders are left: %v, %v", left, err)
	}
}

// processesWith finds the living processes whose environment has a variable,
// by command line. It skips the test where there is no /proc.
func processesWith(t *testing.T, variable string) map[int]string {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skipf("SKIPPED in part: which processes are left cannot be told: %v", err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !bytes.Contains(environ, []byte(variable)) {
			continue // gone by now, or another user's
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		found[pid] = strings.ReplaceAll(string(line), "\x00", " ")
	}
	return found
}

// TestProcessesWith holds the check for processes to finding one.
func TestProcessesWith(t *testing.T) {
	marked := mark + "=" + t.TempDir()
	cmd := exec.CommandContext(t.Context(), "cat") // until its input ends
	cmd.Env = append(os.Environ(), marked)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if found := processesWith(t, marked); found[cmd.Process.Pid] == "" {
		t.Errorf("found %v, not the process %d", found, cmd.Process.Pid)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if found := processesWith(t, marked); len(found) > 0 {
		t.Errorf("found %v after its end", found)
	}
}

// TestSessionNotices is what makes the demo honest: whatever is not as told
// ends it.
func TestSessionNotices(t *testing.T) {
	for name, c := range map[string]struct {
		step func(t *testing.T, s *session)
		want string // in the error; none if empty
	}{
		"as told":            {func(t *testing.T, s *session) { s.run(t.Context(), 3, "echo out; echo err >&2; exit 3", "out", "err") }, ""},
		"another exit code":  {func(t *testing.T, s *session) { s.run(t.Context(), 0, "exit 3") }, "exit code 3, not 0"},
		"success unexpected": {func(t *testing.T, s *session) { s.run(t.Context(), 1, "true") }, "exit code 0, not 1"},
		"another text":       {func(t *testing.T, s *session) { s.run(t.Context(), 0, "echo out", "in") }, `"in" is not in what it printed`},
		"no such program":    {func(t *testing.T, s *session) { s.run(t.Context(), 0, "no-such-program") }, "exit code 127, not 0"},
		"killed":             {func(t *testing.T, s *session) { s.run(t.Context(), 0, "kill -9 $$") }, "exit code -1, not 0"},
		"edit":               {func(_ *testing.T, s *session) { s.edit("f", "b", "x") }, ""},
		"edit of nothing":    {func(_ *testing.T, s *session) { s.edit("f", "q", "x") }, "0 times"},
		"edit of two places": {func(_ *testing.T, s *session) { s.edit("f", "a", "x") }, "2 times"},
		"edit of no file":    {func(_ *testing.T, s *session) { s.edit("g", "a", "x") }, "no such file"},
		"nothing after an error": {func(t *testing.T, s *session) {
			s.run(t.Context(), 0, "false")
			s.run(t.Context(), 0, "rm f")
			s.edit("f", "b", "x")
			if got, err := os.ReadFile(filepath.Join(s.dir, "f")); string(got) != "a\nb\na\n" || err != nil {
				t.Errorf("f is %q, %v", got, err)
			}
		}, "exit code 1, not 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &session{out: io.Discard, dir: t.TempDir(), env: os.Environ()}
			if err := os.WriteFile(filepath.Join(s.dir, "f"), []byte("a\nb\na\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			c.step(t, s)
			if c.want == "" && s.err != nil || c.want != "" && (s.err == nil || !strings.Contains(s.err.Error(), c.want)) {
				t.Errorf("the session's error is %v, want %q", s.err, c.want)
			}
		})
	}
}

func TestSessionShows(t *testing.T) {
	var out strings.Builder
	s := &session{out: &out, dir: t.TempDir(), env: os.Environ()}
	if err := os.WriteFile(filepath.Join(s.dir, "f"), []byte("one\ntwo\nthree\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.say("A step.")
	s.run(t.Context(), 2, "cat f; exit 2")
	s.edit("f", "one\ntwo\nthree\n", "one\nthree\nthree\n")
	s.edit("f", "one\n", "zero\none\n")
	const want = `
1. A step.
$ cat f; exit 2
one
two
three
[exit code 2]
edit f
- two
+ three
edit f
+ zero
`
	if s.err != nil || out.String() != want {
		t.Errorf("the session showed, with error %v:\n%s\nwant:\n%s", s.err, out.String(), want)
	}
}
