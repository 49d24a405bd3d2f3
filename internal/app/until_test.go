package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/worktree"
)

func TestUntil(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), partSize/4)
	if err := iotest.TestReader(until(t.Context(), bytes.NewReader(data)), data); err != nil {
		t.Error(err)
	}
	if err := iotest.TestReader(until(t.Context(), iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(data)))), data); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	if got, err := io.ReadAll(until(t.Context(), io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)))); string(got) != "a" || !errors.Is(err, broken) {
		t.Errorf("read %q, error %v", got, err)
	}
}

// ending is a source that has somebody end the run as it is read the nth time, and
// then gives more, or waits for good.
type ending struct {
	io.Reader
	reads int
	end   func()
}

func (e *ending) Read(p []byte) (int, error) {
	if e.reads--; e.reads == 0 {
		e.end()
	}
	return e.Reader.Read(p)
}

// TestReadingEnds: whoever ends a run while queries are read is heard at once,
// also where the source is silent.
func TestReadingEnds(t *testing.T) {
	silent, open := io.Pipe()
	defer open.Close()
	for name, source := range map[string]func() *ending{
		"silent from the start": func() *ending { return &ending{Reader: silent, reads: 1} },
		"silent by then": func() *ending {
			return &ending{Reader: io.MultiReader(strings.NewReader("select 1 from a;\n"), silent), reads: 2}
		},
		"with much more": func() *ending {
			return &ending{Reader: strings.NewReader(strings.Repeat("select 1 from a;\n", 1<<21)), reads: 3}
		},
	} {
		for verb, read := range map[string]func(context.Context, io.Reader) error{
			"impact": func(ctx context.Context, in io.Reader) error {
				r := &impactRun{App: &App{files: worktree.At(t.TempDir())}, ask: cli.Impacting{Queries: []string{"-"}, Stdin: in}}
				return r.readQueries(ctx)
			},
			"import": func(ctx context.Context, in io.Reader) error {
				return readSources(ctx, queries.NewCorpus(), cli.Collecting{Sources: []string{"-"}, Stdin: in})
			},
		} {
			t.Run(verb+" "+name, func(t *testing.T) {
				ctx, end := context.WithCancel(t.Context())
				in := source()
				in.end = end
				if err := read(ctx, in); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

// TestReadQueriesEnds: the files beside the files, too.
func TestReadQueriesEnds(t *testing.T) {
	a := withQueries(t, oneQuery)
	ctx, end := context.WithCancel(t.Context())
	end()
	if _, err := a.knownQueries(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := a.unlooked(ctx, &plan.Plan{Phases: []plan.Phase{{}}}); got != nil {
		t.Errorf("told %q", got)
	}
}
