package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

const (
	// watchEvery is the pause between two looks at a record.
	watchEvery = 500 * time.Millisecond
	// barsEvery is the pause between two looks at migrations.
	barsEvery = 2 * time.Second
	// textStep is by how many percent a migration must have gone on to be worth
	// a line for people; bars and programs are told of each.
	textStep = 10
)

// companion shows, on stderr, what a rollout that runs in this process waits
// for: bars below the line of progress on a terminal, a line per change
// elsewhere.
type companion struct {
	c    *command
	line *progress
	news view.Progress

	mu  sync.Mutex     // held while a line is written
	rec rollout.Record // guarded by mu

	stop context.CancelFunc
	done chan struct{}
}

// accompany begins to show; the caller ends it with finish. The engine is asked
// beside the rollout that it runs.
func (c *command) accompany(ctx context.Context, engine Engine, line *progress) *companion {
	ctx, cancel := context.WithCancel(ctx)
	f := &companion{c: c, line: line, news: view.Progress{Step: textStep}, stop: cancel, done: make(chan struct{})}
	go f.run(ctx, engine)
	return f
}

// progress is told where the rollout is.
func (f *companion) progress(rec rollout.Record) {
	f.line.say(inHand(rec))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(slices.DeleteFunc(view.Changes(f.rec, rec), func(ch view.Change) bool { return ch.Type != view.ChangeWait }))
	f.rec = rec
}

// tell writes changes as lines, where neither a terminal nor a program is.
func (f *companion) tell(changes []view.Change) {
	if f.line.w != nil || f.c.flags.format != formatText {
		return
	}
	for _, ch := range changes {
		fmt.Fprintln(f.c.env.Stderr, view.ChangeLine(ch))
	}
}

// finish ends it and waits until nothing more is written.
func (f *companion) finish() {
	f.stop()
	<-f.done
	f.line.finish()
}

func (f *companion) run(ctx context.Context, engine Engine) {
	defer close(f.done)
	for sleep(ctx, barsEvery) {
		f.mu.Lock()
		rec := f.rec
		f.mu.Unlock()
		if rec.State != rollout.Waiting {
			f.line.below(nil)
			continue
		}
		answers, err := engine.Waits(ctx, rec)
		if err != nil || ctx.Err() != nil {
			continue // the rollout says itself what does not answer
		}
		f.line.below(view.Bars(answers))
		f.mu.Lock()
		f.tell(f.news.Changes(rec.ID, answers, time.Now()))
		f.mu.Unlock()
	}
}

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
