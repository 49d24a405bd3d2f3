package rollout_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

const transcripts = "../../testdata/rollout"

// TestTranscripts plays the stories of testdata/rollout. Each command is one
// event; its output is what the event changed in the record and the action
// that follows. Run with -rewrite to write the output anew.
//
//	new phases=(a+b, c) cells=(zone1, zone2) [auto-undo]
//	admitted allow|wait|deny|nothing [KEYSPACE=TOKEN...] [code=C reason=R] [person] [transient]
//	         [waits=(KIND:KEYSPACE:NAME:TEXT, ...)]
//	wrote INDEX OUTCOME [token=T] [silent] [expired]
//	fenced INDEX OUTCOME [token=T]
//	globals_read KEYSPACE=TOKEN[:undone][:theirs]... [unknown=WHY] [held=WHY] [expired]
//	cells_read CELL=TOKEN[:holds] | CELL=silent | CELL=gone
//	cells_wrote CELL=OUTCOME[:TOKEN]
//	judged PLACE=STATUS... [overwritten=ENTRY] [unknown=WHY] [expired]
//	inspected [CELL...] [unknown=WHY]
//	lock_held [silent] [expired], tick [expired]; start, locked, unlocked, cancel, resume, rollback
//	record       shows the whole of the reason, the diff, the park and the waits
//	spend        uses the budget for retries up
//
// A place is a cell, or a vtgate where its name starts with vtgate. The token
// "absent" is that of a missing record. A crash is a resume: what was to be
// done when the process died is lost, and the record is read back by another.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, transcripts, func(t *testing.T, path string) {
		s := &story{t: t}
		datadriven.RunTest(t, path, s.run)
	})
}

// transitions plays all stories again and gives every step of the table that
// they take.
func transitions(t *testing.T) map[string]bool {
	paths, err := filepath.Glob(filepath.Join(transcripts, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	taken := map[string]bool{}
	for _, path := range paths {
		s := &story{t: t, taken: taken}
		datadriven.RunTest(t, path, s.run)
	}
	return taken
}

// step names one outcome of a row of the table.
func step(from rollout.State, on rollout.EventKind, to rollout.State) string {
	return fmt.Sprintf("%s, %s -> %s", from, on, to)
}

// story is one transcript: a record and the clock, which moves a second with
// every event.
type story struct {
	t     *testing.T
	rec   rollout.Record
	now   time.Time
	taken map[string]bool
}

func (s *story) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "new":
		s.begin(d)
		return show(rollout.Record{}, s.rec, nil)
	case "record":
		return showReason(s.rec)
	case "spend":
		s.rec.Retries = rollout.RetryBudget
		return ""
	}
	s.now = s.now.Add(time.Second)
	ev := s.event(t, d)
	rec, actions, err := rollout.Advance(s.rec, ev)
	if err != nil {
		return "refused: " + err.Error() + "\n"
	}
	out := show(s.rec, rec, actions)
	if s.taken != nil {
		s.taken[step(s.rec.State, ev.Kind(), rec.State)] = true
	}
	read := stored(t, rec)
	checkUnshared(t, s.rec, rec)
	s.rec = read
	return out
}

func (s *story) begin(d *datadriven.TestData) {
	s.now = time.Unix(1_700_000_000, 0).UTC()
	s.rec = rollout.Record{
		Format: rollout.Format, ID: "r1", State: rollout.Pending, UndoHazard: "write_loss",
		Created: s.now, Updated: s.now, Began: s.now,
	}
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "phases":
			for _, v := range arg.Vals {
				names := strings.FieldsFunc(v, func(r rune) bool { return r == '+' })
				s.rec.Phases = append(s.rec.Phases, slices.DeleteFunc(names, func(n string) bool { return n == "heal" }))
			}
		case "cells":
			for _, v := range arg.Vals {
				s.rec.Cells = append(s.rec.Cells, rollout.CellWrite{Cell: v, Status: rollout.WritePlanned})
			}
		case "auto-undo":
			s.rec.AutoUndo = true
		default:
			d.Fatalf(s.t, "unknown argument %s", arg.Key)
		}
	}
}

func token(text string) planes.Token {
	if text == planes.AbsentVersion {
		return planes.Absent()
	}
	return planes.Token{Version: text, Hash: "h" + text}
}

// args are those of a command: named ones that a story may leave out, and the
// rest in order.
type args struct {
	named map[string]string
	rest  []datadriven.CmdArg
}

// flagArgs are those without a value that mean the same for every command.
var flagArgs = []string{"expired", "person", "transient", "silent"}

func readArgs(d *datadriven.TestData, names ...string) args {
	a := args{named: map[string]string{}}
	for _, arg := range d.CmdArgs {
		switch {
		case slices.Contains(flagArgs, arg.Key):
			a.named[arg.Key] = "yes"
		case len(arg.Vals) > 0 && slices.Contains(names, arg.Key):
			a.named[arg.Key] = arg.Vals[0]
		default:
			a.rest = append(a.rest, arg)
		}
	}
	return a
}

func (a args) has(name string) bool { return a.named[name] != "" }

// parts splits the value of an argument such as zone1=7:holds.
func parts(arg datadriven.CmdArg) (first string, flags []string) {
	if len(arg.Vals) == 0 {
		return "", nil
	}
	all := strings.Split(arg.Vals[0], ":")
	return all[0], all[1:]
}

func (s *story) event(t *testing.T, d *datadriven.TestData) rollout.Event {
	at := rollout.At{Time: s.now}
	a := readArgs(d, "unknown", "held", "overwritten", "code", "reason", "token")
	switch d.Cmd {
	case "start":
		return rollout.Start{At: at}
	case "locked":
		return rollout.Locked{At: at}
	case "unlocked":
		return rollout.Unlocked{At: at}
	case "cancel":
		return rollout.Cancel{At: at}
	case "resume":
		return rollout.Resume{At: at, By: rollout.Who{User: "eve", Host: "h2"}}
	case "rollback":
		return rollout.Rollback{At: at, By: rollout.Who{User: "eve", Host: "h2"}}
	case "tick":
		return rollout.Tick{At: at, Expired: a.has("expired")}
	case "lock_held":
		if a.has("silent") {
			return rollout.LockHeld{At: at, By: "topo does not answer", Silent: true, Expired: a.has("expired")}
		}
		return rollout.LockHeld{At: at, By: "held by MoveTables", Expired: a.has("expired")}
	case "admitted":
		return admitted(at, a)
	case "wrote", "fenced":
		return wrote(t, d, at, a)
	case "globals_read":
		return globalsRead(at, a)
	case "inspected":
		ev := rollout.Inspected{At: at, Unknown: a.named["unknown"]}
		for _, arg := range a.rest {
			ev.Shipped = append(ev.Shipped, arg.Key)
		}
		return ev
	case "cells_read":
		return cellsRead(at, a)
	case "cells_wrote":
		return cellsWrote(at, a)
	case "judged":
		return judged(at, a)
	}
	d.Fatalf(t, "unknown command %s", d.Cmd)
	return nil
}

func admitted(at rollout.At, a args) rollout.Event {
	ev := rollout.Admitted{
		At: at, Code: rollout.Code(a.named["code"]), Reason: a.named["reason"],
		Tokens: map[string]planes.Token{}, Person: a.has("person"), Transient: a.has("transient"),
	}
	for _, arg := range a.rest {
		switch {
		case arg.Key == "nothing":
			ev.Nothing = true
		case arg.Key == "waits":
			for _, v := range arg.Vals {
				ev.Waits = append(ev.Waits, blocker(v))
			}
		case len(arg.Vals) == 0:
			ev.Verdict = rollout.Verdict(arg.Key)
		default:
			ev.Tokens[arg.Key] = token(arg.Vals[0])
		}
	}
	return ev
}

func blocker(text string) rollout.Blocker {
	part := strings.SplitN(text, ":", 4)
	return rollout.Blocker{Kind: rollout.WaitKind(part[0]), Keyspace: part[1], Name: part[2], Text: part[3]}
}

func wrote(t *testing.T, d *datadriven.TestData, at rollout.At, a args) rollout.Event {
	if len(a.rest) != 2 {
		d.Fatalf(t, "want an index and an outcome")
	}
	index, err := strconv.Atoi(a.rest[0].Key)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	outcome := rollout.Outcome(a.rest[1].Key)
	var tok planes.Token
	if a.has("token") {
		tok = token(a.named["token"])
	}
	text, diff := "", ""
	switch outcome {
	case rollout.OutcomeUnknown:
		text = "deadline exceeded"
	case rollout.WriteFailed:
		text = "permission denied"
	case rollout.NotSent:
		text = "workflow moves owns table t1"
		if a.has("silent") {
			text = "vtctld does not answer"
		}
	case rollout.Refused, rollout.LandedThenLost, rollout.Unclear:
		text, diff = "it is at another version", "  table t1 was changed\n"
	}
	if d.Cmd == "fenced" {
		return rollout.Fenced{At: at, Index: index, Outcome: outcome, Token: tok, Text: text}
	}
	return rollout.Wrote{At: at, Index: index, Outcome: outcome, Token: tok, Text: text, Diff: diff, Silent: a.has("silent"), Expired: a.has("expired")}
}

func globalsRead(at rollout.At, a args) rollout.Event {
	ev := rollout.GlobalsRead{At: at, Unknown: a.named["unknown"], Held: a.named["held"], Expired: a.has("expired")}
	for _, arg := range a.rest {
		tok, flags := parts(arg)
		f := rollout.GlobalFact{Keyspace: arg.Key, Token: token(tok), Undone: slices.Contains(flags, "undone")}
		if slices.Contains(flags, "theirs") {
			f.Conflict = "  " + arg.Key + ": table t1 was changed by others\n"
		}
		ev.Facts = append(ev.Facts, f)
	}
	return ev
}

func cellsRead(at rollout.At, a args) rollout.Event {
	ev := rollout.CellsRead{At: at}
	for _, arg := range a.rest {
		tok, flags := parts(arg)
		f := rollout.CellFact{Cell: arg.Key, Token: token(tok), Holds: slices.Contains(flags, "holds")}
		switch tok {
		case "gone":
			ev.Gone = append(ev.Gone, arg.Key)
			continue
		case "silent":
			f = rollout.CellFact{Cell: arg.Key, Silent: "deadline exceeded"}
		}
		ev.Cells = append(ev.Cells, f)
	}
	return ev
}

func cellsWrote(at rollout.At, a args) rollout.Event {
	ev := rollout.CellsWrote{At: at}
	for _, arg := range a.rest {
		outcome, flags := parts(arg)
		res := rollout.CellResult{Cell: arg.Key, Outcome: rollout.Outcome(outcome)}
		if len(flags) > 0 {
			res.Token = token(flags[0])
		}
		switch res.Outcome {
		case rollout.OutcomeUnknown:
			res.Text = "deadline exceeded"
		case rollout.NotSent:
			res.Text = "the cell cannot be reached"
		case rollout.WriteFailed:
			res.Text = "permission denied"
		case rollout.Refused:
			res.Text = "it is at another version"
		}
		ev.Cells = append(ev.Cells, res)
	}
	return ev
}

func judged(at rollout.At, a args) rollout.Event {
	ev := rollout.Judged{At: at, Overwritten: a.named["overwritten"], Unknown: a.named["unknown"], Expired: a.has("expired")}
	for _, arg := range a.rest {
		status, _ := parts(arg)
		v := converge.Verdict{Name: arg.Key, Status: converge.Status(status)}
		if v.Status != converge.Serving {
			v.Detail = "table t1 is not as planned"
		}
		if strings.HasPrefix(arg.Key, "vtgate") {
			ev.Report.VTGates = append(ev.Report.VTGates, v)
		} else {
			ev.Report.Cells = append(ev.Report.Cells, v)
		}
	}
	return ev
}
