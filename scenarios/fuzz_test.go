package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad: no text makes Load panic; what is refused is refused with Errors
// that each have a message; what loads has a canonical form that loads to the
// same.
func FuzzLoad(f *testing.F) {
	// Every known mistake is a step towards the next.
	files, err := filepath.Glob("testdata/broken/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		if len(data) < 4096 {
			f.Add(string(data), "")
		}
	}
	// A scenario that loads, and options that reach into each kind of node.
	f.Add(forSet, "nodeGroups.workers.count=3")
	f.Add(forSet, "nodeGroups.workers.labels.a.b=c")
	f.Add(forSet, "steps.0.scale={workload: web, replicas: 3}")
	f.Add(forSet, "vpc.subnets.with.dot.inUse.addresses=[10.0.1.9]")
	// The other platform, whose canonical form has no Kubernetes in it.
	f.Add(baseECS, "nodeGroups.instances.awsvpcTrunking=true")
	f.Add(baseECS, "workloads=[{name: web, subnets: [tasks], placement: [spread, {type: binpack, field: CPU}], strategy: {maximumPercent: 150}}]")
	f.Add(baseECS, "platform=eks")
	// What is there already.
	f.Add(withState, "state.nodes.workers-0.enis.0.addresses=[10.0.0.99]")
	// Paths that lead nowhere.
	f.Add(forSet, "....=..")
	f.Add(forSet, "nodeGroups[[]]=&a [*a]")
	// What the YAML parser reads in more than one way.
	f.Add("? a\n: - b\n  - ? c\n", "a=1")
	f.Add("a: |2-\n   x\n", "")
	f.Add("%YAML 1.2\n---\na: !!binary x\n...\n---\n", "")
	f.Add("<<: {<<: [{a: 1}, *b]}\n&b *b : &b\n", "")
	f.Add("\ufeff{\"vpc\":{\"cidrs\":[],\"subnets\":[{}]}}", "vpc.cidrs.0=10.0.0.0/16")
	// Arithmetic at its edges.
	f.Add(forSet, "workloads.web.requests.memory=9223372036854775807")
	f.Add(forSet, "nodeGroups.workers.maxPods=[1,2,3].map(x, [1,2,3].map(y, x*y)).size()")
	f.Add(forSet, "nodeGroups.workers.maxPods=9223372036854775807 + max_pods")
	f.Add(forSet, "instanceTypes.m5.large.vcpu=100000")

	f.Fuzz(func(t *testing.T, text, set string) {
		o := Options{ReadFile: noFiles}
		if set != "" {
			o.Set = strings.Split(set, "\n")
		}
		s, err := Load("fuzz.yaml", []byte(text), o)
		if err != nil {
			var all Errors
			require.True(t, errors.As(err, &all))
			require.NotEmpty(t, all)
			for _, e := range all {
				require.NotEmpty(t, e.Message)
			}
			return
		}
		requireCanonical(t, s.Config())
	})
}
