package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/scenarios.md names the commands that are refused, and no other.
func TestCommandsThatAreNotSupportedYetAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "scenarios.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "Commands whose names are settled and that are refused likewise:")
	require.True(t, ok)
	rest, _, _ = strings.Cut(rest, "\n\n")
	var named []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(rest, -1) {
		named = append(named, m[1])
	}
	require.ElementsMatch(t, notYet, named)
}
