package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/scenarios"
)

func (a *App) schemaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the scenario language",
		Long: `Print the JSON Schema (draft 2020-12) of the scenario language, with which
editors complete fields, show what they mean and mark mistakes.

With the YAML language server (VS Code, Neovim, JetBrains and others), put the
schema beside your scenarios and this line at the top of each:

  # yaml-language-server: $schema=scenario.schema.json

The schema doesn't see names that refer to nothing, address space, arithmetic
and expressions: 'simulate run' does.`,
		Example: `  simulate schema > scenario.schema.json`,
		Args:    usage(cobra.NoArgs),
	}
	format := output(c, "json", "yaml")
	c.RunE = func(*cobra.Command, []string) error {
		schema := scenarios.Schema()
		if format.value == "yaml" {
			return written(view.YAML(a.Out, json.RawMessage(schema)))
		}
		_, err := a.Out.Write(schema)
		return written(err)
	}
	return c
}
