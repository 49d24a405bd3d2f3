package cluster

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// tailOfLog and widthOfLog are how many lines of each log a failed test prints,
// and how many bytes of each: what the test itself says must not drown in it.
const tailOfLog, widthOfLog = 8, 300

// StartT starts a cluster for a test and stops it when the test ends. If the
// test failed, it prints the end of every log and says where they are kept.
// With -short it skips the test.
func StartT(t testing.TB, options Options) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED with -short: this test starts a real Vitess cluster")
	}
	if options.Log == nil {
		options.Log = os.Stderr
	}
	c, err := Start(t.Context(), options)
	if errors.Is(err, ErrNoMySQL) && !InCI() {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, p := range c.Processes() {
				t.Logf("--- %s\n%s", p.Name, narrow(p.Tail(tailOfLog)))
			}
			t.Logf("the logs are kept in %s", c.logs())
		}
		if err := c.stop(t.Failed()); err != nil {
			t.Errorf("stopping the lab: %v", err)
		}
	})
	return c
}

// narrow cuts long lines.
func narrow(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > widthOfLog {
			lines[i] = strings.ToValidUTF8(line[:widthOfLog], "") + " [...]"
		}
	}
	return strings.Join(lines, "\n")
}

// InCI says whether what can't be had here is a failure and nothing to skip.
func InCI() bool { return os.Getenv("CI") != "" }

// CommerceT is StartT with the standard example in place.
func CommerceT(t testing.TB, options Options) *Cluster {
	t.Helper()
	c := StartT(t, options)
	if err := c.Commerce(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	return c
}

// FullT is StartT with the tablets and tables of Shop, two shards of customer,
// or with those of the options: statements through any vtgate work at once. A
// machine where MySQL can't be had skips the test, but not in CI.
func FullT(t testing.TB, options Options) *Cluster {
	t.Helper()
	if !options.full() {
		options.Keyspaces = Shop(2)
	}
	return StartT(t, options)
}
