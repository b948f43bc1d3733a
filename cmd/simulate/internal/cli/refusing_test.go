package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where everything fits the last line tells that a subnet refuses the nodes what
// they ask for, and only then.
func TestVerdictTellsOfRefusals(t *testing.T) {
	for _, test := range []struct{ name, subnet, env, want string }{
		{"no /28 is left", "{name: private-a, cidr: 10.0.0.0/26}", "ENABLE_PREFIX_DELEGATION: true, WARM_PREFIX_TARGET: 6",
			"But EC2 refused 11 calls of the nodes, and private-a has no free /28: the next pods may hang."},
		{"there was one for each", "{name: private-a, cidr: 10.0.0.0/24}", "ENABLE_PREFIX_DELEGATION: true, WARM_PREFIX_TARGET: 6", ""},
		{"none is left, and none was refused", "{name: private-a, cidr: 10.0.0.0/26}", "ENABLE_PREFIX_DELEGATION: true, WARM_PREFIX_TARGET: 1", ""},
		{"another ENI doesn't fit", "{name: private-a, cidr: 10.0.0.0/28}", "WARM_ENI_TARGET: 1",
			"and private-a has too few free addresses for another ENI: the next pods may hang."},
		{"another ENI fits", "{name: private-a, cidr: 10.0.0.0/27}", "WARM_ENI_TARGET: 1", ""},
		{"every call of an action is refused", "{name: private-a, cidr: 10.0.0.0/24}", "WARM_ENI_TARGET: 2}}\nsteps: [{fault: {action: AttachNetworkInterface, error: UnauthorizedOperation}}]\nduration: 10m\nagent: {exitBackoff: {min: 10s, max: 5m",
			"But EC2 refused all 88 calls to AttachNetworkInterface (UnauthorizedOperation)."},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "s.yaml")
			require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
vpc: {cidrs: [10.0.0.0/16], subnets: [%s]}
cni: {env: {%s}}
nodeGroups: [{name: workers, count: 1, instanceType: m5.large, maxPods: 110}]
workloads: [{name: web, replicas: 4, at: 1m}]
`, test.subnet, test.env), 0o644))
			a, out, _ := app("run " + file)
			a.Run(context.Background())
			_, verdict, ok := strings.Cut(out.String(), "Everything fits: ")
			require.True(t, ok)
			verdict = strings.Join(strings.Fields(verdict), " ")
			if test.want == "" {
				require.NotContains(t, verdict, "But")
				return
			}
			require.Contains(t, verdict, test.want)
		})
	}
}
