package load

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Report is what came of a load.
type Report struct {
	Began   time.Time
	Lasted  time.Duration
	Sent    int
	LeftOut int            // not sent, because every worker waited for an answer
	OK      map[string]int // statements without an error, by name
	Slowest time.Duration
	Errors  []Event // in the order in which they came in
	Wrong   []Event // statements that succeeded with rows that Check did not take

	ended time.Time // zero while the load runs
}

// Event is a statement that went wrong.
type Event struct {
	At        time.Time // when it was sent
	Took      time.Duration
	Addr      string // of the vtgate
	Statement string // its name
	SQL       string
	Args      []any
	Err       error
}

// Number is the MySQL error number, or 0 for an error that no server sent.
func (e Event) Number() uint16 {
	var sent *mysql.MySQLError
	if errors.As(e.Err, &sent) {
		return sent.Number
	}
	return 0
}

// vitessCode is how Vitess names its own errors at the start of their text.
var vitessCode = regexp.MustCompile(`\bVT\d{5}\b`)

// Code is Vitess's own code, such as VT09004, else the MySQL error number, such
// as 1054, else empty.
func (e Event) Code() string {
	if code := vitessCode.FindString(e.Err.Error()); code != "" {
		return code
	}
	if n := e.Number(); n != 0 {
		return strconv.Itoa(int(n))
	}
	return ""
}

// String is one line.
func (e Event) String() string {
	return fmt.Sprintf("%s %s at %s: %s %v: %v", e.At.Format("15:04:05.000"), e.Statement, e.Addr, e.SQL, e.Args, e.Err)
}

// Codes counts the errors by Code; those without one are under "other".
func (r Report) Codes() map[string]int {
	counts := map[string]int{}
	for _, e := range r.Errors {
		code := e.Code()
		if code == "" {
			code = "other"
		}
		counts[code]++
	}
	return counts
}

// Total is the number of statements without an error.
func (r Report) Total() int {
	total := 0
	for _, n := range r.OK {
		total += n
	}
	return total
}

// shown bounds the errors that String spells out.
const shown = 5

// String is a summary, with the first errors in full.
func (r Report) String() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%d statements in %s, %d right, %d wrong, %d left out, the slowest took %s",
		r.Sent, r.Lasted.Round(time.Millisecond), r.Total(), len(r.Wrong), r.LeftOut, r.Slowest.Round(time.Millisecond))
	codes := r.Codes()
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Fprintf(&w, "; %d errors %s", codes[code], code)
	}
	for _, events := range [][]Event{r.Errors, r.Wrong} {
		for _, e := range events[:min(shown, len(events))] {
			fmt.Fprintf(&w, "\n  %s", e)
		}
	}
	return w.String()
}

// clone makes a report that the load does not change any more.
func (r Report) clone(now time.Time) Report {
	if !r.ended.IsZero() {
		now = r.ended
	}
	r.Lasted = now.Sub(r.Began)
	r.OK = maps.Clone(r.OK)
	r.Errors, r.Wrong = slices.Clone(r.Errors), slices.Clone(r.Wrong)
	return r
}
