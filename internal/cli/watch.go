package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// deafFor is how long topo may give no answer before a watch ends.
const deafFor = 5 * time.Minute

func (c *command) watch() *cobra.Command {
	return &cobra.Command{
		Use:   "watch [ROLLOUT]",
		Short: "Follow a rollout until it ends or parks",
		Long: `Watch follows a rollout's record, whoever runs it and on whichever host: what
happens, what it waits for, and, where a vtctld is named, how far each migration
is on each shard. It ends when the rollout has ended or parked, and changes
nothing; Ctrl-C only ends the watching. Without ROLLOUT it takes the open one.

With --format json each change is one line: {"time", "type", "rollout", ...} of
type log, wait, progress, state or untouched.

A rollout whose process died stays as it is until somebody resumes it: watch says
so when no process has touched the record for three minutes.

Exit codes: those of ` + "`vtsync resume`" + `.`,
		Example: `  vtsync watch
  vtsync watch --format json 20260102t150405-ab12cd`,
		Args: atMostOneArg("ROLLOUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := c.untilParked(cmd.Context())
			defer cancel()
			engine, err := c.engine("")
			if err != nil {
				return err
			}
			defer engine.Close()
			w := c.newWatcher(engine)
			rec, err := w.follow(ctx, arg(args))
			if err != nil {
				return err
			}
			return exit(resumeCode(rec))
		},
	}
}

// resumeCode gives the exit code for where a rollout stopped that was started
// by another command: if it went back, and not by itself, a person had asked.
func resumeCode(r rollout.Record) int {
	if !r.Auto {
		return rollbackCode(r)
	}
	return recordCode(r)
}

// watcher writes what changes in one rollout to stdout.
type watcher struct {
	c      *command
	engine Engine
	screen screen
	tty    bool
	news   view.Progress

	last   rollout.Record
	asked  time.Time // when the migrations were looked at last
	deaf   time.Time // since when topo gives no answer
	warned bool
	// untouched is the time of the record of which it was told that nobody
	// touches it.
	untouched time.Time
}

func (c *command) newWatcher(engine Engine) *watcher {
	w := &watcher{c: c, engine: engine, screen: screen{w: c.env.Stdout}, news: view.Progress{Step: textStep}}
	if c.flags.format == formatJSON {
		w.news.Step = 1
	} else if isTerminal(c.env.Stdout) {
		w.tty, w.screen.width = true, terminalWidth(c.env.Stdout)
	}
	return w
}

// follow tells every change until the rollout rests.
func (w *watcher) follow(ctx context.Context, id string) (rollout.Record, error) {
	for {
		rec, err := w.engine.Record(ctx, id)
		if err != nil && !w.bear(err) {
			return rec, err
		}
		if err == nil {
			id, w.deaf, w.warned = rec.ID, time.Time{}, false
			if err := w.tell(view.Changes(w.last, rec)); err != nil {
				return rec, err
			}
			w.last = rec
			if rec.State.Final() || rec.Parked != nil {
				return rec, w.close(rec)
			}
			if err := w.process(rec); err != nil {
				return rec, err
			}
			if err := w.migrations(ctx, rec); err != nil {
				return rec, err
			}
		}
		if !sleep(ctx, watchEvery) {
			w.screen.draw(nil)
			return w.last, &errs.Unknown{
				Msg:  fmt.Sprintf("stopped watching rollout %s (%s): it goes on without", w.last.ID, w.last.State),
				Next: "vtsync watch " + w.last.ID,
			}
		}
	}
}

// process tells, once, that no process seems to run the rollout.
func (w *watcher) process(rec rollout.Record) error {
	now := time.Now()
	text := view.Untouched(rec, now)
	if text == "" || w.untouched.Equal(rec.Updated) {
		return nil
	}
	w.untouched = rec.Updated
	return w.tell([]view.Change{{Time: now, Type: view.ChangeUntouched, Rollout: rec.ID, Text: text}})
}

// bear tells whether to look again after an error: silence is waited out for a
// while, once there was an answer.
func (w *watcher) bear(err error) bool {
	if _, silent := errors.AsType[*errs.Unknown](err); !silent || w.last.ID == "" {
		return false
	}
	if w.deaf.IsZero() {
		w.deaf = time.Now()
	}
	if !w.warned && w.c.flags.format == formatText {
		w.warned = true
		w.screen.draw(nil)
		fmt.Fprintf(w.c.env.Stderr, "topo does not answer, looking again: %v\n", err)
	}
	return time.Since(w.deaf) < deafFor
}

// migrations tells how far the migrations are that are waited for.
func (w *watcher) migrations(ctx context.Context, rec rollout.Record) error {
	if rec.State != rollout.Waiting {
		w.screen.draw(nil)
		return nil
	}
	if time.Since(w.asked) < barsEvery {
		return nil
	}
	w.asked = time.Now()
	answers, err := w.engine.Waits(ctx, rec)
	if err != nil {
		return nil //nolint:nilerr // the record says what does not answer
	}
	return w.progress(rec, answers)
}

func (w *watcher) progress(rec rollout.Record, answers []ddl.Answer) error {
	if w.tty {
		w.screen.draw(view.Bars(answers, terminalHeight(w.c.env.Stdout)-1))
		return nil
	}
	return w.tell(w.news.Changes(rec.ID, answers, time.Now()))
}

// tell writes changes: as objects for programs, as lines for people.
func (w *watcher) tell(changes []view.Change) error {
	for _, ch := range changes {
		if w.c.flags.format == formatJSON {
			if err := view.JSONLine(w.c.env.Stdout, ch); err != nil {
				return err
			}
			continue
		}
		if line := view.ChangeLine(ch); line != "" {
			w.screen.keep(line)
		}
	}
	return nil
}

// close says where the rollout rests; programs were told with its state.
func (w *watcher) close(rec rollout.Record) error {
	w.screen.draw(nil)
	if w.c.flags.format == formatJSON {
		return nil
	}
	return view.Rests(w.c.env.Stdout, rec, w.c.style(w.c.env.Stdout))
}
