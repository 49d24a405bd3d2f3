package freeze

import (
	"time"

	"github.com/robfig/cron/v3"
)

// clockChange is more than any change of clocks moves them.
const clockChange = 26 * time.Hour

// end tells whether the window is open at t, and when it closes then.
//
// Cron lines are followed on the wall clock, written as a time in UTC: cron by
// itself leaves out what begins in an hour that a change of clocks skips, and a
// window must not stay shut for that.
func (w Window) end(t time.Time) (time.Time, bool) {
	if w.starts == nil {
		return w.to, !t.Before(w.from) && t.Before(w.to)
	}
	wall := wallClock(t, w.zone)
	begun, known := lastStart(w.starts, wall, w.length+clockChange)
	// Where the clocks go back, a start that the wall clock is yet to show may
	// have been shown before.
	if next := w.starts.Next(wall); !next.IsZero() {
		if end, open := w.opened(next, t); open {
			return end, true
		}
	}
	if !known {
		return time.Time{}, false
	}
	return w.opened(begun, t)
}

// opened tells whether the window that begins at that wall-clock time is open at
// t, and when it closes.
func (w Window) opened(start, t time.Time) (end time.Time, open bool) {
	opens, _ := readings(start, w.zone)
	_, closes := readings(start.Add(w.length), w.zone)
	return closes, !t.Before(opens) && t.Before(closes)
}

// lastStart gives the last start at or before wall, looking back so far at most.
func lastStart(starts cron.Schedule, wall time.Time, back time.Duration) (last time.Time, found bool) {
	for step := time.Minute; !found; step *= 2 {
		next := starts.Next(wall.Add(-step))
		for !next.IsZero() && !next.After(wall) {
			last, found = next, true
			next = starts.Next(next)
		}
		if step > back {
			break
		}
	}
	return last, found
}

// wallClock gives what a clock of the zone shows, written as a time in UTC.
func wallClock(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// readings gives the first and the last moment that a wall-clock time may stand
// for: two where the clocks go back over it, and where they skip it the two
// that the clocks before and after the change would show it at. A window begins
// at the first and ends at the last, so that it is never the shorter one.
func readings(wall time.Time, zone *time.Location) (first, last time.Time) {
	var shown, all []time.Time
	for _, near := range []time.Time{wall.Add(-clockChange), wall.Add(clockChange)} {
		_, offset := near.In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		all = append(all, t)
		if wallClock(t, zone).Equal(wall) {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 {
		shown = all
	}
	first, last = shown[0], shown[len(shown)-1]
	if last.Before(first) {
		first, last = last, first
	}
	return first, last
}
