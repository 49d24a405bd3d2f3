package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
)

// terminal gives the end of a terminal at which a process sits.
func terminal(t *testing.T) *os.File {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { control.Close() })
	var number, unlock int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlock} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, control.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Skipf("there are no terminals here: %v", errno)
		}
	}
	f, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestReadingIsTold: whoever is to type the queries learns that it is their turn.
func TestReadingIsTold(t *testing.T) {
	const told = "reading queries from the standard input"
	typed := terminal(t)
	for _, tt := range []struct {
		args  []string
		typed bool
		want  bool
	}{
		{[]string{"impact", "--before", "old", "--queries", "-"}, true, true},
		{[]string{"impact", "--before", "old", "--queries", "-"}, false, false},
		{[]string{"impact", "--before", "old"}, true, false},
		{[]string{"queries", "import", "-"}, true, true},
		{[]string{"queries", "import", "-"}, false, false},
	} {
		t.Chdir(t.TempDir())
		d := &double{impact: scattering(4), collected: view.Collected{Format: 1, File: "f.json"}}
		var stdout, stderr bytes.Buffer
		env := Env{
			Args: tt.args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
			Getenv: func(string) string { return "" },
			Open:   func(Settings) (Engine, error) { return d, nil },
		}
		if tt.typed {
			env.Stdin = typed
		}
		if code := Run(t.Context(), env); code != errs.ExitOK || strings.Contains(stderr.String(), told) != tt.want {
			t.Errorf("%v at a terminal %t: exit code %d, %q", tt.args, tt.typed, code, &stderr)
		}
	}
}
