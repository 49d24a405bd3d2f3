package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/fileschema"
	"github.com/vtsync/vtsync/internal/near"
)

// schemaArgs are what `vtsync schema` takes.
var schemaArgs = []string{"vschema", "rules", "config"}

func (c *command) schema() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "schema vschema | rules | config",
		Short: "Print the JSON Schema of a kind of file, for editors",
		Long: `Schema prints the JSON Schema (draft 2020-12) of a keyspace's VSchema, of a kind
of rules, or of vtsync.yaml. It is made of the Vitess that this vtsync is built
with, so that an editor that has it completes names, explains them, and marks what
Vitess would drop in silence. Lint and plan hold each file against it too; they
know more than a schema can say. A VSchema that is wrapped in its keyspace's name
is read all the same, and is not of that schema.

For YAML in editors with yaml-language-server, write as the first line of a file:

  # yaml-language-server: $schema=../../.schemas/vschema.json

For JSON in VS Code, write in .vscode/settings.json:

  "json.schemas": [
    {"fileMatch": ["keyspaces/*/vschema.json"], "url": "./.schemas/vschema.json"}
  ]`,
		Example: `  vtsync schema vschema > .schemas/vschema.json
  vtsync schema rules > .schemas/routing_rules.json
  vtsync schema rules --kind mirror_rules > .schemas/mirror_rules.json
  vtsync schema config > .schemas/vtsync.json`,
		Args: oneArg("of vschema, rules and config", "vtsync schema vschema"),
		RunE: c.untilStopped(func(cmd *cobra.Command, args []string) error {
			k, err := schemaKind(args[0], kind, cmd.Flags().Changed("kind"))
			if err != nil {
				return err
			}
			data, err := fileschema.Encode(k)
			if err != nil {
				return err
			}
			_, err = c.env.Stdout.Write(data)
			return err
		}),
	}
	cmd.Flags().StringVar(&kind, "kind", string(fileschema.TableRules), "which rules: "+strings.Join(ruleKinds(), ", "))
	return cmd
}

// schemaKind gives the kind of file that the argument and --kind name.
func schemaKind(arg, kind string, chosen bool) (fileschema.Kind, error) {
	switch {
	case !slices.Contains(schemaArgs, arg):
		return "", &errs.Invalid{
			Msg:  "there is no schema of " + arg,
			Near: near.Name(arg, schemaArgs),
			Next: "vtsync schema vschema, vtsync schema rules or vtsync schema config",
		}
	case arg != "rules" && chosen:
		return "", &errs.Invalid{Msg: "--kind goes with vtsync schema rules", Next: "vtsync schema rules --kind " + kind}
	case arg != "rules":
		return fileschema.Kind(arg), nil
	case !slices.Contains(ruleKinds(), kind):
		return "", &errs.Invalid{
			Msg:  "there are no rules of the kind " + kind,
			Near: near.Name(kind, ruleKinds()),
			Next: "--kind takes " + strings.Join(ruleKinds(), ", "),
		}
	default:
		return fileschema.Kind(kind), nil
	}
}

// ruleKinds lists the kinds of files that hold rules.
func ruleKinds() []string {
	var out []string
	for _, k := range fileschema.Kinds {
		if k != fileschema.VSchema && k != fileschema.Config {
			out = append(out, string(k))
		}
	}
	return out
}
