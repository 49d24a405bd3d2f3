package freeze

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func repeated(t testing.TB, line string, length time.Duration, zoneName string) Window {
	t.Helper()
	w, err := Repeated(line, length, zone(t, zoneName), "weekend")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func between(t testing.TB, from, to, zoneName string) Window {
	t.Helper()
	w, err := Between(from, to, zone(t, zoneName), "year end")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAt: each window is held against moments with their offset, so that a
// change of clocks is visible in the test.
func TestAt(t *testing.T) {
	weekend := repeated(t, "0 17 * * 5", 63*time.Hour, "Europe/Berlin")
	yearEnd := between(t, "2026-12-20", "2027-01-02", "Europe/Berlin")
	night := repeated(t, "30 2 * * *", 15*time.Minute, "Europe/Berlin")
	for _, tt := range []struct {
		name    string
		windows []Window
		now     string
		want    string // "" for none
	}{
		{"no window", nil, "2026-11-20T17:00:00+01:00", ""},
		{"before it opens", []Window{weekend}, "2026-11-20T16:59:59+01:00", ""},
		{"as it opens", []Window{weekend}, "2026-11-20T17:00:00+01:00", "weekend, until Mon 2026-11-23 08:00 CET"},
		{"seen from another zone", []Window{weekend}, "2026-11-20T16:00:00Z", "weekend, until Mon 2026-11-23 08:00 CET"},
		{"before it ends", []Window{weekend}, "2026-11-23T07:59:59+01:00", "weekend, until Mon 2026-11-23 08:00 CET"},
		{"as it ends", []Window{weekend}, "2026-11-23T08:00:00+01:00", ""},
		{"clocks go forward in it", []Window{weekend}, "2026-03-30T07:59:00+02:00", "weekend, until Mon 2026-03-30 08:00 CEST"},
		{"clocks went forward in it", []Window{weekend}, "2026-03-30T08:00:00+02:00", ""},
		{"clocks go back in it", []Window{weekend}, "2026-10-26T07:59:00+01:00", "weekend, until Mon 2026-10-26 08:00 CET"},
		{"clocks went back in it", []Window{weekend}, "2026-10-26T08:00:00+01:00", ""},
		{"begins in an hour that is skipped", []Window{night}, "2026-03-29T01:40:00+01:00", "weekend, until Sun 2026-03-29 03:45 CEST"},
		{"and ends in it", []Window{night}, "2026-03-29T03:44:00+02:00", "weekend, until Sun 2026-03-29 03:45 CEST"},
		{"and has ended", []Window{night}, "2026-03-29T03:45:00+02:00", ""},
		{"an hour that comes twice, the first time", []Window{night}, "2026-10-25T02:30:00+02:00", "weekend, until Sun 2026-10-25 02:45 CET"},
		{"between its two readings", []Window{night}, "2026-10-25T02:10:00+01:00", "weekend, until Sun 2026-10-25 02:45 CET"},
		{"the second time", []Window{night}, "2026-10-25T02:44:00+01:00", "weekend, until Sun 2026-10-25 02:45 CET"},
		{"after both", []Window{night}, "2026-10-25T02:45:00+01:00", ""},
		{"the eve of a first day", []Window{yearEnd}, "2026-12-19T23:59:59+01:00", ""},
		{"a first day", []Window{yearEnd}, "2026-12-20T00:00:00+01:00", "year end, until Sun 2027-01-03 00:00 CET"},
		{"a last day is in it as a whole", []Window{yearEnd}, "2027-01-02T23:59:59+01:00", "year end, until Sun 2027-01-03 00:00 CET"},
		{"the day after", []Window{yearEnd}, "2027-01-03T00:00:00+01:00", ""},
		{
			"dates with times", []Window{between(t, "2026-12-24 12:00", "2026-12-24T18:30", "Asia/Kolkata")},
			"2026-12-24T12:00:00+05:30", "year end, until Thu 2026-12-24 18:30 IST",
		},
		{
			"windows that overlap end with the last", []Window{weekend, yearEnd}, "2026-12-18T18:00:00+01:00",
			"weekend, then year end, until Mon 2027-01-04 08:00 CET",
		},
		{
			"windows that follow each other", []Window{repeated(t, "0 0 * * 1,2", 24*time.Hour, "UTC")},
			"2026-11-23T12:00:00Z", "weekend, until Wed 2026-11-25 00:00 UTC",
		},
		{"one that never ends", []Window{repeated(t, "* * * * *", 2*time.Minute, "UTC")}, "2026-11-23T12:00:00Z", "weekend, with no end in sight"},
		{
			"many starts, the last of which counts", []Window{repeated(t, "* 8 * * *", 2*time.Hour, "UTC")},
			"2026-11-23T10:30:00Z", "weekend, until Mon 2026-11-23 10:59 UTC",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			f, open := At(tt.windows, now)
			got := ""
			if open {
				got = f.String()
			}
			if got != tt.want {
				t.Errorf("at %s: %q, want %q", tt.now, got, tt.want)
			}
		})
	}
}

// TestNoDayIsLeftOut: over all changes of clocks of a few years, a window is
// open throughout from its first to its last reading.
func TestNoDayIsLeftOut(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"} {
		z := zone(t, name)
		rapid.Check(t, func(t *rapid.T) {
			hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
			length := time.Duration(rapid.IntRange(1, 20*60).Draw(t, "minutes")) * time.Minute // shut before it opens again
			w, err := Repeated(strings.Join([]string{itoa(minute), itoa(hour), "* * *"}, " "), length, z, "r")
			if err != nil {
				t.Fatal(err)
			}
			day := rapid.IntRange(0, 1500).Draw(t, "day")
			start := time.Date(2024, 1, 1+day, hour, minute, 0, 0, z) // as Go reads it
			for _, in := range []time.Duration{0, length / 2, length - time.Second} {
				// Go's own reading of a wall-clock time is one of those that count.
				at := time.Date(2024, 1, 1+day, hour, minute, int(in/time.Second), 0, z)
				if _, open := At([]Window{w}, at); !open {
					t.Fatalf("shut at %s, begun at %s for %s", at, start, length)
				}
			}
			f, _ := At([]Window{w}, start)
			if _, open := At([]Window{w}, f.Until); open {
				t.Fatalf("open at its end %s", f.Until)
			}
			if _, open := At([]Window{w}, f.Until.Add(-time.Second)); !open {
				t.Fatalf("shut before its end %s", f.Until)
			}
		})
	}
}

func itoa(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

func TestRefused(t *testing.T) {
	for line, want := range map[string]struct {
		offset int // -1 where no field is to blame
		says   string
	}{
		"0 17 * *":         {-1, "4 fields"},
		"0 0 17 * * 5":     {-1, "6 fields"},
		"":                 {-1, "0 fields"},
		"@every 1h a b c":  {0, `"@every" is no minute`},
		"60 17 * * 5":      {0, `"60" is no minute (0 to 59)`},
		"0 24 * * 5":       {2, `"24" is no hour`},
		"0  17 32 * 5":     {6, `"32" is no day of the month`},
		"0 17 * Foo 5":     {7, `"Foo" is no month`},
		"0 17 * * 7":       {9, `"7" is no day of the week (0 to 6 with Sunday as 0`},
		"0 17 * * 5-1":     {9, `"5-1" is no day of the week`},
		"*/0 * * * *":      {0, `"*/0" is no minute`},
		"TZ=UTC 0 17 * *":  {0, `"TZ=UTC" is no minute`},
		"0 17 TZ=UTC * *":  {5, `"TZ=UTC" is no day of the month`},
		"0 0 31 2 *":       {-1, "a day that never comes"},
		"0 17 * * fri#2":   {9, `"fri#2" is no day of the week`},
		"0 17 * * 5 extra": {-1, "6 fields"},
	} {
		_, err := Repeated(line, time.Hour, time.UTC, "r")
		if err == nil || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%q: error %v, want %q", line, err, want.says)
			continue
		}
		offset := -1
		if f, ok := errors.AsType[*FieldError](err); ok {
			offset = f.Offset
		}
		if offset != want.offset {
			t.Errorf("%q: the mistake is said to be at %d, want %d", line, offset, want.offset)
		}
	}
	for _, length := range []time.Duration{0, -time.Hour, 9000 * time.Hour} {
		if _, err := Repeated("0 17 * * 5", length, time.UTC, "r"); err == nil {
			t.Errorf("a window of %s is accepted", length)
		}
	}
	for _, dates := range [][2]string{
		{"2026-12-20", "2026-12-19"}, {"2026-12-20 12:00", "2026-12-20 12:00"}, {"20.12.2026", "2026-12-24"},
		{"2026-12-20", "2026-13-01"}, {"2026-12-20T10:00Z", "2026-12-24"},
	} {
		if _, err := Between(dates[0], dates[1], time.UTC, "r"); err == nil {
			t.Errorf("%q is accepted", dates)
		}
	}
}

func FuzzRepeated(f *testing.F) {
	for _, line := range []string{"0 17 * * 5", "TZ=UTC 0 17 * *", "*/15 1-5,7 1 jan-mar mon", "@weekly", "0 0 31 2 *"} {
		f.Add(line, int64(1_700_000_000))
	}
	f.Fuzz(func(t *testing.T, line string, sec int64) {
		w, err := Repeated(line, time.Hour, time.UTC, "r")
		if err != nil {
			if field, ok := errors.AsType[*FieldError](err); ok && (field.Offset < 0 || field.Offset >= len(line)) {
				t.Errorf("%q: offset %d lies outside", line, field.Offset)
			}
			return
		}
		now := time.Unix(sec%4e9, 0)
		if frozen, open := At([]Window{w}, now); open && !frozen.Until.IsZero() && !frozen.Until.After(now) {
			t.Errorf("%q is open at %s until %s", line, now, frozen.Until)
		}
	})
}

func TestReasons(t *testing.T) {
	a, b := repeated(t, "0 0 * * *", 12*time.Hour, "UTC"), between(t, "2026-11-23 12:00", "2026-11-23 13:00", "UTC")
	f, open := At([]Window{b, a, a}, time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))
	if want := []string{"weekend", "year end"}; !open || !slices.Equal(f.Reasons, want) {
		t.Errorf("reasons %q (%v), want %q", f.Reasons, open, want)
	}
}
