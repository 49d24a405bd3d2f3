package rollout_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// show writes what one event made of a record: where it is, the writes and
// cells that changed, the new lines of the log, and what is to be done next.
func show(old, rec rollout.Record, actions []rollout.Action) string {
	var b strings.Builder
	b.WriteString(string(rec.State))
	if rec.Step != rollout.StepNone {
		fmt.Fprintf(&b, "/%s", rec.Step)
	}
	if rec.Phase > 0 {
		fmt.Fprintf(&b, ", phase %d", rec.Phase)
	}
	if rec.Then != "" {
		fmt.Fprintf(&b, ", then %s", rec.Then)
	}
	b.WriteString("\n")
	for i, w := range rec.Globals {
		if i >= len(old.Globals) || old.Globals[i] != w {
			fmt.Fprintf(&b, "  global %s: %s\n", w.Keyspace, showWrite(w))
		}
	}
	for _, c := range rec.Cells {
		if !slices.Contains(old.Cells, c) {
			fmt.Fprintf(&b, "  cell %s: %s%s\n", c.Cell, showCell(c), detail(c.Detail))
		}
	}
	for _, w := range rec.Waits {
		if !slices.Contains(old.Waits, w) {
			fmt.Fprintf(&b, "  %s\n", showWait(w))
		}
	}
	if rec.HalfOpen != old.HalfOpen {
		fmt.Fprintf(&b, "  half open: %t\n", rec.HalfOpen)
	}
	for _, l := range rec.Log[len(old.Log):] {
		fmt.Fprintf(&b, "  log: %s\n", l.Text)
	}
	for _, a := range actions {
		fmt.Fprintf(&b, "=> %s\n", a)
	}
	if rec.Parked != nil {
		fmt.Fprintf(&b, "=> parked: %s\n", rec.Parked.Code)
	}
	return b.String()
}

func showWrite(w rollout.Write) string {
	text := string(w.Status) + on(w.Token)
	if w.Back {
		text = "back, " + text
	}
	if w.Attempts > 1 {
		text += fmt.Sprintf(", attempt %d", w.Attempts)
	}
	return text
}

func showCell(c rollout.CellWrite) string {
	text := string(c.Status) + on(c.Token)
	if c.Doubt && c.Status == rollout.WriteIntended {
		text += ", an earlier try in doubt"
	}
	return text
}

// showWait writes one thing waited for, with its times in seconds.
func showWait(w rollout.Waited) string {
	text := fmt.Sprintf("waits for %s %s/%s since %ds: %s", w.Kind, w.Keyspace, w.Name, w.Since.Unix()%1000, w.Text)
	if !w.Met.IsZero() {
		text += fmt.Sprintf(" (met at %ds)", w.Met.Unix()%1000)
	}
	return text
}

func on(t planes.Token) string {
	if t.IsZero() {
		return ""
	}
	return " on " + t.Version
}

func detail(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// showReason writes why a record is where it is.
func showReason(rec rollout.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s\n", rec.State, rec.Code, rec.Reason)
	b.WriteString(rec.Diff)
	if rec.ForeignRebuild {
		b.WriteString("somebody else's rebuild shipped a part of it\n")
	}
	if rec.Auto {
		b.WriteString("taken back by vtsync itself\n")
	}
	if rec.Parked != nil {
		fmt.Fprintf(&b, "parked: %s\n%s\n", rec.Parked.Text, rec.Parked.Next)
	}
	for _, w := range rec.Waits {
		fmt.Fprintf(&b, "%s\n", showWait(w))
	}
	return b.String()
}
