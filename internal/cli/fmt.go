package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
)

// stdio is the PATH that stands for the standard input and output.
const stdio = "-"

func (c *command) fmt() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Lay files out the canonical way",
		Long: `Fmt gives VSchema and rule files one layout, so that a diff shows nothing but
what was changed: fields in the order in which people write them, vindexes,
tables and parameters by name, one per line. JSON looks as pull writes it. YAML
keeps its comments, at the entry that they are for, its quotes, and what stands
in brackets on one line.

What a file says stays: rules and lists keep their order, fields their spelling,
strings their quotes, and the forms that other tools read, such as a VSchema in
the name of its keyspace, their form. Only a string in a block of lines (| or >)
gets double quotes.

PATH is a file, of any name, or a folder: of a folder it takes each
keyspaces/KEYSPACE/vschema.json (or .yaml) below it, and the rule files beside
keyspaces/. Without PATH it takes the current folder. With - it reads the standard
input and writes the standard output. Where a name does not say whether it is JSON
or YAML, the content does.

It lists the files that it has rewritten. With --check it lists those that it
would rewrite, and writes nothing.

Exit codes: 0 done; 1 with --check: some file is not in its canonical layout; 2 a
file cannot be read: the others are laid out all the same.`,
		Example: `  vtsync fmt
  vtsync fmt --check prod
  vtsync fmt keyspaces/customer/vschema.yaml
  vtctldclient GetVSchema customer | vtsync fmt -`,
		RunE: c.untilStopped(func(_ *cobra.Command, args []string) error {
			if err := c.flags.noCluster("fmt"); err != nil {
				return err
			}
			if slices.Contains(args, stdio) {
				return c.formatStdin(args, check)
			}
			return c.formatFiles(args, check)
		}),
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, and exit with 1 where something would be written")
	return cmd
}

// noCluster refuses the flags that choose a cluster, or a part of one.
func (f *flags) noCluster(verb string) error {
	if f.topo == "" && len(f.vtgates) == 0 && f.cluster == "" && f.config == "" && len(f.keyspaces) == 0 {
		return nil
	}
	return &errs.Invalid{
		Msg:  verb + " takes the files at its PATHs: none of --config, --cluster, --topo, --vtgate and --keyspace",
		Next: "vtsync " + verb + " --help",
	}
}

func (c *command) formatStdin(args []string, check bool) error {
	if len(args) > 1 {
		return &errs.Invalid{Msg: "- stands for the standard input: it goes with no other PATH", Next: "vtsync fmt --help"}
	}
	if c.flags.format != formatText && !check {
		return &errs.Invalid{Msg: "fmt - writes the file itself: --format " + c.flags.format + " goes with --check", Next: "vtsync fmt --help"}
	}
	data, err := io.ReadAll(c.env.Stdin)
	if err != nil {
		return fmt.Errorf("read the standard input: %w", err)
	}
	out, err := desired.Format(stdio, data)
	if err != nil {
		return err
	}
	if !check {
		_, err := c.env.Stdout.Write(out)
		return err
	}
	result := view.Formatted{Format: view.Format, Files: 1, Changed: []string{}, Check: true}
	if !bytes.Equal(data, out) {
		result.Changed = []string{stdio}
	}
	return c.showFormatted(result)
}

func (c *command) formatFiles(paths []string, check bool) error {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var found formatted
	for _, path := range paths {
		if err := found.add(path); err != nil {
			found.failed = append(found.failed, err)
		}
	}
	files := slices.Compact(slices.Sorted(slices.Values(found.files)))
	result := view.Formatted{Format: view.Format, Files: len(files), Changed: []string{}, Check: check}
	failed := found.failed
	for _, file := range files {
		changed, err := c.formatFile(file, check)
		if err != nil {
			failed = append(failed, err)
		} else if changed {
			result.Changed = append(result.Changed, file)
		}
	}
	shown := c.showFormatted(result)
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return shown
}

func (c *command) showFormatted(f view.Formatted) error {
	if err := c.show(f, func(w io.Writer, _ view.Style) error { return view.FormattedText(w, f) }); err != nil {
		return err
	}
	if f.Check && len(f.Changed) > 0 {
		return exit(errs.ExitFindings)
	}
	return nil
}

// formatFile tells whether the file was not in its canonical layout.
func (c *command) formatFile(file string, check bool) (bool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return false, desired.Unreachable(file, err)
	}
	out, err := desired.Format(filepath.ToSlash(file), data)
	if err != nil || bytes.Equal(data, out) {
		return false, err
	}
	if check {
		return true, nil
	}
	n, err := c.writing.replace(newFile{file, out})
	return n > 0, err
}
