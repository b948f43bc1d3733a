package lint

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the list of rules in docs/check.md")

//go:generate go test . -run IsGenerated -update

const page = "../../docs/check.md"

// check.md lists all rules with what the code says of them.
func TestListOfRulesIsGenerated(t *testing.T) {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	const heading = "\n## Rules\n"
	before, _, ok := strings.Cut(string(data), heading)
	require.True(t, ok)
	text := before + heading + markdown()
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(text), 0o644))
		return
	}
	require.Equal(t, text, string(data), "run go generate ./scenarios/lint")
}

// wrap breaks a paragraph into lines as the pages have them.
func wrap(text string) string {
	const width = 160
	line, lines := "", []string(nil)
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

func markdown() string {
	var b strings.Builder
	for _, theme := range Themes() {
		fmt.Fprintf(&b, "\n### %s\n", theme.Name)
		for _, r := range theme.Rules {
			source := r.Source.Title
			if r.Source.URL != "" {
				source = fmt.Sprintf("[%s](%s)", source, r.Source.URL)
			}
			fmt.Fprintf(&b, "\n#### `%s`\n\n%s\nSource: %s.\n", r.ID, wrap(fmt.Sprintf("**%s**: %s. %s", r.Severity, r.Summary, r.Why)), source)
		}
	}
	return b.String()
}
