package expect

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every type of event that the engine has is one that an expectation may name.
func TestEveryEventCanBeNamed(t *testing.T) {
	files, err := filepath.Glob("../../sim/event*.go")
	require.NoError(t, err)
	var types []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^\tType\w+ +EventType += "([^"]+)"`).FindAllSubmatch(source, -1) {
			types = append(types, string(m[1]))
		}
	}
	require.ElementsMatch(t, types, eventTypes(Scope{}))
}
