// Package cli is the command line: one file per verb, each turning flags into
// a call of the Engine and its answer into text or JSON and an exit code. It
// declares the little that it needs of the rest (Engine) and must import no
// adapter; signals and the process belong to main.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/view"
)

// Env is what the command line gets from the process.
type Env struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Park is closed when the user asks to stop: what is being read is
	// dropped, a rollout parks after the action in hand. The context of Run
	// ends when they insist.
	Park <-chan struct{}
	// Open connects nothing yet; it gives the engine for one cluster.
	Open    func(Settings) (Engine, error)
	Version view.Version
}

// Run runs one command line and returns the exit code of the process.
func Run(ctx context.Context, env Env) int {
	c := &command{env: env}
	root := c.root()
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	if err == nil {
		return errs.ExitOK
	}
	if errors.Is(err, context.Canceled) && c.parked() {
		// Only reading is dropped: a rollout parks and says so itself.
		err = interrupted()
	}
	return c.report(err)
}

// parked tells whether the user has asked to stop.
func (c *command) parked() bool {
	select {
	case <-c.env.Park:
		return true
	default:
		return false
	}
}

func interrupted() error {
	return &errs.Denied{Msg: "interrupted, nothing was changed"}
}

// exitError ends a command with a code when all that is to say was said.
type exitError struct{ code int }

func (e *exitError) Error() string { return "exit" }

// exit gives the error that ends a command with the code; nil for ExitOK.
func exit(code int) error {
	if code == errs.ExitOK {
		return nil
	}
	return &exitError{code: code}
}

// command is one run of the command line: the environment and the root flags.
type command struct {
	env     Env
	flags   flags
	writing writing
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vtsync",
		Short: "Keep the VSchema of Vitess clusters in files, and the clusters true to them",
		Long: `vtsync keeps the VSchema of Vitess clusters in files under version control.

  lint      find mistakes in the files, before any cluster is touched
  fmt       lay the files out the canonical way
  schema    print the JSON Schema of a kind of file, for editors
  pull      take the live VSchema into files
  queries   gather the queries that applications run, for impact and plan
  impact    show which of the known queries would get another plan
  plan      show what applying the files would change, and what it could break
  apply     change the cluster, prove that every cell and vtgate serves it
  status    do files, global topo, cells and vtgates agree?
  watch     follow a rollout until it ends or parks
  rollback  take a rollout back

Every write is decided on what was read: what others changed meanwhile is never
overwritten. A cluster is named by vtsync.yaml, or by --topo and --vtgate.

Exit codes: 0 done, or nothing to do; 1 findings or differences; 2 error or bad
file; 3 denied, nothing was changed; 4 outcome unknown or parked, look first;
5 rolled back by itself.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	c.flags.register(root)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		c.lint(), c.fmt(), c.schema(), c.pull(), c.queries(), c.impact(), c.plan(), c.apply(), c.status(), c.history(), c.showRollout(),
		c.watch(), c.resume(), c.rollback(), c.unpause(), c.doctor(), c.version(),
	)
	return root
}

func unknownVerb(root *cobra.Command, name string) error {
	var verbs []string
	for _, sub := range root.Commands() {
		if sub.IsAvailableCommand() {
			verbs = append(verbs, sub.Name())
		}
	}
	return &errs.Invalid{
		Msg:  "there is no verb " + name,
		Near: near.Name(name, verbs),
		Next: "vtsync --help",
	}
}

// report writes an error to stderr in the chosen format and gives its code.
func (c *command) report(err error) int {
	code := errs.ExitCode(err)
	var werr error
	if c.flags.format == formatJSON {
		werr = view.JSON(c.env.Stderr, view.Errors(err))
	} else {
		werr = view.ErrorText(c.env.Stderr, err, c.style(c.env.Stderr))
	}
	if werr != nil && code == errs.ExitOK {
		return errs.ExitError
	}
	return code
}

// style tells how text may be written to w: in colour and to a width on a
// terminal only.
func (c *command) style(w io.Writer) view.Style {
	if !isTerminal(w) {
		return view.Style{}
	}
	return view.Style{
		Color: c.env.Getenv("NO_COLOR") == "" && c.env.Getenv("TERM") != "dumb",
		Width: terminalWidth(w),
	}
}

// isTerminal tells whether a reader or writer is a person's terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// tellReading says what is waited for where a person is to type the sources.
func (c *command) tellReading(sources []string) {
	if slices.Contains(sources, "-") && isTerminal(c.env.Stdin) {
		fmt.Fprintln(c.env.Stderr, "reading queries from the standard input, to its end (Ctrl-D)")
	}
}

// terminalWidth gives the columns of a terminal, or 80 where it does not say.
func terminalWidth(f any) int {
	width, _ := terminalSize(f)
	return width
}

// terminalHeight gives the rows of a terminal, or 24 where it does not say.
func terminalHeight(f any) int {
	_, height := terminalSize(f)
	return height
}

func terminalSize(f any) (width, height int) {
	if file, ok := f.(*os.File); ok {
		if w, h, err := term.GetSize(int(file.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}

// logger gives the log on stderr: warnings, or with -v everything.
func (c *command) logger() *slog.Logger {
	level := slog.LevelWarn
	if c.flags.verbose {
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.flags.format == formatJSON {
		return slog.New(slog.NewJSONHandler(c.env.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(c.env.Stderr, opts))
}

// untilParked gives a context for work that may be dropped at the first
// request to stop.
func (c *command) untilParked(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.env.Park:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// look opens the engine for a verb that changes no cluster, and reads under a
// progress line. The first request to stop drops it.
func look[T any](ctx context.Context, c *command, dir, doing string, read func(context.Context, Engine) (T, error)) (T, error) {
	engine, err := c.engine(dir)
	if err != nil {
		var none T
		return none, err
	}
	return lookWith(ctx, c, engine, doing, read)
}

// lookWith is look with an engine that is open, and closes it.
func lookWith[T any](ctx context.Context, c *command, engine Engine, doing string, read func(context.Context, Engine) (T, error)) (T, error) {
	defer engine.Close()
	ctx, cancel := c.untilParked(ctx)
	defer cancel()
	line := c.startProgress(doing)
	defer line.finish()
	return read(ctx, engine)
}

// show writes a value to stdout in the chosen format.
func (c *command) show(v any, text func(io.Writer, view.Style) error) error {
	if c.flags.format == formatJSON {
		return view.JSON(c.env.Stdout, v)
	}
	return text(c.env.Stdout, c.style(c.env.Stdout))
}

// oneArg takes exactly one argument and says what it should have been.
func oneArg(what, next string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return &errs.Invalid{Msg: "give one " + what, Next: next}
		}
		return &errs.Invalid{Msg: "give exactly one " + what + ", not: " + strings.Join(args, " "), Next: next}
	}
}

// atMostOneArg takes one argument or none.
func atMostOneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return &errs.Invalid{
			Msg:  "give one " + what + ", not several: " + strings.Join(args, " "),
			Next: "vtsync " + cmd.Name() + " --help",
		}
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &errs.Invalid{
		Msg:  cmd.Name() + " takes no argument, and was given: " + strings.Join(args, " "),
		Next: "vtsync " + cmd.Name() + " --help",
	}
}
