package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

const (
	// watchEvery is the pause between two looks at a record.
	watchEvery = 500 * time.Millisecond
	// barsEvery is the pause between two looks at migrations by one who only
	// watches: each is a query to every primary.
	barsEvery = 5 * time.Second
	// textStep is by how many percent a migration must have gone on to be worth
	// a line for people; bars and programs are told of each.
	textStep = 10
)

// companion shows, on stderr, how a rollout that runs in this process goes: what
// it waits for as bars below the line of progress on a terminal, as a line per
// change elsewhere; to programs each change, as watch tells it. It asks nothing
// itself. Its methods are called one after the other.
type companion struct {
	c    *command
	line *progress
	news view.Progress
	rec  rollout.Record
}

// accompany begins to show; the caller ends it with finish.
func (c *command) accompany(line *progress) *companion {
	f := &companion{c: c, line: line, news: view.Progress{Step: textStep}}
	if c.flags.format == formatJSON {
		f.news.Step = 1
	}
	return f
}

// watch has a rollout tell of itself.
func (f *companion) watch(run Running) Running {
	run.Progress, run.Looked = f.progress, f.looked
	return run
}

// progress is told where the rollout is.
func (f *companion) progress(rec rollout.Record) {
	f.line.say(inHand(rec))
	if rec.State != rollout.Waiting {
		f.line.below(nil)
	}
	changes := view.Changes(f.rec, rec)
	if f.c.flags.format == formatText {
		changes = slices.DeleteFunc(changes, func(ch view.Change) bool { return ch.Type != view.ChangeWait })
	}
	f.tell(changes)
	f.rec = rec
}

// looked is told how far the migrations are that the rollout waits for.
func (f *companion) looked(answers []ddl.Answer) {
	if f.line.w != nil {
		f.line.below(view.Bars(answers, terminalHeight(f.line.w)-2))
		return
	}
	f.tell(f.news.Changes(f.rec.ID, answers, time.Now()))
}

// tell writes changes as lines, where no terminal is.
func (f *companion) tell(changes []view.Change) {
	if f.line.w != nil {
		return
	}
	for _, ch := range changes {
		if f.c.flags.format == formatJSON {
			_ = view.JSONLine(f.c.env.Stderr, ch) // nobody reads it: no reason to stop
			continue
		}
		fmt.Fprintln(f.c.env.Stderr, view.ChangeLine(ch))
	}
}

// finish ends it and waits until nothing more is written.
func (f *companion) finish() { f.line.finish() }

// inHand says what a rollout is doing, in a few words.
func inHand(r rollout.Record) string {
	text := fmt.Sprintf("rollout %s: %s", r.ID, r.State)
	if r.Step != rollout.StepNone {
		text += ", " + string(r.Step)
	}
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text
}

// screen writes lines that stay, and below them, on a terminal, some that are
// written over.
type screen struct {
	w     io.Writer
	width int // of the terminal, in columns
	below int // lines that are written over next
}

// draw replaces the lines below by these.
func (s *screen) draw(lines []string) {
	text := s.erase()
	for _, l := range lines {
		text += clip(l, s.width-1) + "\n"
	}
	s.below = len(lines)
	if text != "" {
		fmt.Fprint(s.w, text)
	}
}

// erase gives what takes the lines below away.
func (s *screen) erase() string {
	if s.below == 0 {
		return ""
	}
	n := s.below
	s.below = 0
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", n)
}

// keep writes lines that stay, above those below.
func (s *screen) keep(lines ...string) {
	if len(lines) > 0 {
		fmt.Fprint(s.w, s.erase()+strings.Join(lines, "\n")+"\n")
	}
}

// sleep waits, and tells whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
