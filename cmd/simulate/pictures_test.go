package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The pictures on the pages are what the commands above them draw, and no picture
// is left over. -update draws them anew.
func TestPicturesAreDrawn(t *testing.T) {
	drawn := map[string]bool{}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^simulate (diagram .* -o (docs/images/\S+))$`).FindAllStringSubmatch(string(text), -1) {
			drawn[m[2]] = true
			t.Run(m[2], func(t *testing.T) {
				work := t.TempDir()
				require.NoError(t, os.MkdirAll(filepath.Join(work, "docs/images"), 0o777))
				run := exec.Command("simulate", strings.Fields(m[1])...)
				run.Dir = work
				said, err := run.CombinedOutput()
				require.NoError(t, err, "%s", said)
				got, err := os.ReadFile(filepath.Join(work, m[2]))
				require.NoError(t, err)
				kept := filepath.Join("../..", m[2])
				if *update {
					require.NoError(t, os.WriteFile(kept, got, 0o644))
				}
				want, err := os.ReadFile(kept)
				require.NoError(t, err)
				require.True(t, string(want) == string(got), "%s draws another picture than %s: go test ./cmd/simulate -run PicturesAreDrawn -update", m[1], m[2])
			})
		}
	}
	there, err := filepath.Glob("../../docs/images/*")
	require.NoError(t, err)
	for _, f := range there {
		name := "docs/images/" + filepath.Base(f)
		require.True(t, drawn[name], "no page draws %s", name)
	}
}
