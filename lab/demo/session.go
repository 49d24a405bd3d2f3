package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// killDelay bounds how long a command may hold its output after it was told to
// stop.
const killDelay = 5 * time.Second

// The colours of narration, commands and edits.
const (
	bold  = "1"
	cyan  = "36"
	green = "32"
	red   = "31"
	faint = "2"
)

// session is what a person sees: narration, commands and what they printed. The
// first thing that is not as told is kept in err, and nothing runs after it.
type session struct {
	out   io.Writer
	dir   string // where commands run and files are
	env   []string
	color bool

	steps    int
	commands int
	err      error
}

// say tells what comes next.
func (s *session) say(text string) {
	if s.err != nil {
		return
	}
	s.steps++
	s.line(bold, fmt.Sprintf("\n%d. %s", s.steps, text))
}

// run types a command line and shows what it prints. It must end with the exit
// code, and print every one of the texts.
func (s *session) run(ctx context.Context, exit int, line string, wants ...string) {
	if s.err != nil {
		return
	}
	s.commands++
	s.line(cyan, "$ "+line)
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env, cmd.WaitDelay = s.dir, s.env, killDelay
	output, err := cmd.CombinedOutput()
	s.print(string(output))
	got := cmd.ProcessState.ExitCode() // -1 where it did not start
	if got != 0 {
		s.line(faint, fmt.Sprintf("[exit code %d]", got))
	}
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		s.err = ctx.Err()
	case err != nil && !errors.As(err, &ended):
		s.err = fmt.Errorf("%s: %w", line, err)
	case got != exit:
		s.err = fmt.Errorf("%s: it ended with exit code %d, not %d", line, got, exit)
	default:
		s.expect(line, string(output), wants...)
	}
}

// expect wants every one of the texts in what was shown.
func (s *session) expect(what, shown string, wants ...string) {
	for _, want := range wants {
		if s.err == nil && !strings.Contains(shown, want) {
			s.err = fmt.Errorf("%s: %q is not in what it printed", what, want)
		}
	}
}

// edit replaces the only occurrence of a text in a file, and shows the lines
// that differ.
func (s *session) edit(file, old, replacement string) {
	if s.err != nil {
		return
	}
	path := filepath.Join(s.dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		s.err = err
		return
	}
	if n := strings.Count(string(content), old); n != 1 {
		s.err = fmt.Errorf("edit %s: %q is in it %d times, not once", file, old, n)
		return
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), old, replacement, 1)), 0o644); err != nil {
		s.err = err
		return
	}
	s.line(cyan, "edit "+file)
	removed, added := differing(lines(old), lines(replacement))
	for _, l := range removed {
		s.line(red, "- "+l)
	}
	for _, l := range added {
		s.line(green, "+ "+l)
	}
}

// differing cuts off the lines that both begin and end with.
func differing(a, b []string) (onlyA, onlyB []string) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

func lines(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// line prints a line, in a colour if there are colours.
func (s *session) line(color, text string) {
	if s.color {
		text = "\x1b[" + color + "m" + text + "\x1b[0m"
	}
	s.print(text + "\n")
}

func (s *session) print(text string) {
	if _, err := io.WriteString(s.out, text); err != nil && s.err == nil {
		s.err = fmt.Errorf("print: %w", err)
	}
}
