// Package freeze says when a cluster may not be changed: windows that repeat as
// a cron line does, or lie between two dates. A window is a matter of wall
// clocks: what begins at 17:00 and takes 63 hours ends at 08:00, also where the
// clocks change in between. It is pure: the time is given to it, and it must
// import no adapter, no logger and no room.
package freeze

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Window is a time in which nothing is begun, once or again and again. Repeated
// and Between make one.
type Window struct {
	reason string
	zone   *time.Location

	starts cron.Schedule // nil for one that lies between two dates
	length time.Duration // by the wall clock

	from, to time.Time
}

// Reason is why the window is there.
func (w Window) Reason() string { return w.reason }

// maxLength bounds a window that repeats: one that is longer than a year never
// ends, or was meant to be between dates.
const maxLength = 366 * 24 * time.Hour

// Repeated gives the windows that begin whenever the cron line says, by the
// wall clock of the zone, and take so long by it. An error in the line is a
// *FieldError where one of its fields is to blame.
func Repeated(line string, length time.Duration, zone *time.Location, reason string) (Window, error) {
	starts, err := parseCron(line)
	if err != nil {
		return Window{}, err
	}
	if length <= 0 || length > maxLength {
		return Window{}, fmt.Errorf("a window of %s is not longer than nothing and at most %s", length, maxLength)
	}
	return Window{reason: reason, zone: zone, starts: starts, length: length}, nil
}

// Between gives the window between two dates by the wall clock of the zone, each
// 2026-12-20 or 2026-12-20 18:00. A last day without a time is in it as a whole.
func Between(from, to string, zone *time.Location, reason string) (Window, error) {
	first, _, err := parseDate(from)
	if err != nil {
		return Window{}, err
	}
	last, day, err := parseDate(to)
	if err != nil {
		return Window{}, err
	}
	if day {
		last = last.AddDate(0, 0, 1)
	}
	if !first.Before(last) {
		return Window{}, fmt.Errorf("from %s is not before to %s", from, to)
	}
	w := Window{reason: reason, zone: zone}
	w.from, _ = readings(first, zone)
	_, w.to = readings(last, zone)
	return w, nil
}

// CheckDate tells what is wrong with one date of Between.
func CheckDate(text string) error {
	_, _, err := parseDate(text)
	return err
}

// parseDate gives a wall-clock time, and whether only its day was said.
func parseDate(text string) (wall time.Time, day bool, err error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if wall, err = time.Parse(layout, text); err == nil {
			return wall, layout == time.DateOnly, nil
		}
	}
	return wall, false, fmt.Errorf("%q is no date like 2026-12-20 or 2026-12-20 18:00", text)
}

// FieldError is a field of a cron line that says nothing.
type FieldError struct {
	Offset int // of the field in the line, in bytes
	Msg    string
}

func (e *FieldError) Error() string { return e.Msg }

// cronFields are the fields of a line and how to read each.
var cronFields = []struct {
	name string
	kind cron.ParseOption
	hint string
}{
	{"minute", cron.Minute, "0 to 59"},
	{"hour", cron.Hour, "0 to 23"},
	{"day of the month", cron.Dom, "1 to 31"},
	{"month", cron.Month, "1 to 12, or jan to dec"},
	{"day of the week", cron.Dow, "0 to 6 with Sunday as 0, or sun to sat"},
}

// parseCron reads a line of five fields. Each is read by itself first: the
// error then has a place.
func parseCron(line string) (cron.Schedule, error) {
	fields := strings.Fields(line)
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("%q has %d fields, and a cron line has 5: minute, hour, day of the month, month, day of the week", line, len(fields))
	}
	options, rest := cron.ParseOption(0), 0
	for i, f := range cronFields {
		at := rest + strings.Index(line[rest:], fields[i])
		rest = at + len(fields[i])
		options |= f.kind
		if strings.ContainsAny(fields[i], "=@") { // cron's own ways to name a zone or an interval
			return nil, &FieldError{at, fmt.Sprintf("%q is no %s (%s)", fields[i], f.name, f.hint)}
		}
		if _, err := cron.NewParser(f.kind).Parse(fields[i]); err != nil {
			return nil, &FieldError{at, fmt.Sprintf("%q is no %s (%s): %v", fields[i], f.name, f.hint, err)}
		}
	}
	schedule, err := cron.NewParser(options).Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, err
	}
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%q names a day that never comes", line)
	}
	return schedule, nil
}

// Frozen is why nothing may be begun now.
type Frozen struct {
	// Reasons are those of the open window, and of those that follow it
	// without a gap, each once.
	Reasons []string
	// Until is when the last of them ends, in its zone; zero where no end is in
	// sight.
	Until time.Time
}

// maxHops bounds how many windows without a gap between them are followed: more
// than these have no end that anybody waits for.
const maxHops = 10_000

// At tells whether a window is open, and for how long nothing may be begun.
func At(windows []Window, now time.Time) (Frozen, bool) {
	var f Frozen
	end := now
	for range maxHops {
		w, later, open := longest(windows, end)
		if !open {
			return f, len(f.Reasons) > 0
		}
		if !slices.Contains(f.Reasons, w.reason) {
			f.Reasons = append(f.Reasons, w.reason)
		}
		end, f.Until = later, later.In(w.zone)
	}
	f.Until = time.Time{}
	return f, true
}

// longest gives, of the windows that are open at t, the one that ends last.
func longest(windows []Window, t time.Time) (last Window, end time.Time, open bool) {
	for _, w := range windows {
		if e, ok := w.end(t); ok && e.After(end) {
			last, end, open = w, e, true
		}
	}
	return last, end, open
}

// String says why, and until when.
func (f Frozen) String() string {
	why := strings.Join(f.Reasons, ", then ")
	if f.Until.IsZero() {
		return why + ", with no end in sight"
	}
	return why + ", until " + f.Until.Format("Mon 2006-01-02 15:04 MST")
}
