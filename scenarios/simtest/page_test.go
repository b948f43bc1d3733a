package simtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test in docs/go.md is one that a reader can copy: in a module of its own,
// with the go.mod that the page describes, it compiles and passes.
func TestTheTestOnThePageRuns(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs/go.md"))
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 1)

	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("cluster_test.go", blocks[0][1])
	write("testdata/peak.yaml", `
vpc: {cidrs: [10.0.0.0/16], subnets: [{name: a, cidr: 10.0.0.0/22}]}
cni: {env: {MINIMUM_IP_TARGET: 25}}
nodeGroups: [{name: workers, instanceType: m5.large}]
workloads: [{name: web, replicas: 20, at: 40s}]
`)
	// What go mod tidy would make of the two lines, without asking anybody.
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	text := strings.Replace(string(mod), "module vpcsim", "module cluster", 1)
	text = regexp.MustCompile(`(?ms)^tool (\(.*?^\)|[^\n(]*)$`).ReplaceAllString(text, "")
	write("go.mod", text+"\nrequire vpcsim v0.0.0\n\nreplace vpcsim => "+root+"\n")
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	write("go.sum", string(sum))

	test := exec.Command("go", "test", "-mod=mod", ".")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := test.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
