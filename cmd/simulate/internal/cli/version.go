package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/view"
)

// versionDocument is what -o json writes.
type versionDocument struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Version    string `json:"version"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

func (a *App) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the program's version",
		Args:  usage(cobra.NoArgs),
	}
	format := output(c, "table", "json", "yaml")
	c.RunE = func(*cobra.Command, []string) error {
		d := versionDocument{view.APIVersion, "Version", version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
		switch format.value {
		case "json":
			return written(view.JSON(a.Out, d))
		case "yaml":
			return written(view.YAML(a.Out, d))
		}
		_, err := fmt.Fprintf(a.Out, "simulate %s (%s, %s)\n", d.Version, d.Go, d.Platform)
		return written(err)
	}
	return c
}

// version is the module's version as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
