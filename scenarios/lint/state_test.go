package lint

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// What the nodes of a state hold breaks blocks as what others hold does; the
// blocks of their prefixes are theirs. Of the 14 whole blocks of the /24 that are
// not EC2's in part, others break one, single addresses of a node break another
// one, and 10.0.0.64/28 is a prefix. With two more addresses of the node in blocks
// of their own fewer than three in four are left.
func TestBlocksThatAStateBreaks(t *testing.T) {
	check := func(addresses string) []Finding {
		s, err := scenarios.Load("state.yaml", []byte(`
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/24, inUse: {addresses: [10.0.0.40]}}]
cni: {env: {ENABLE_PREFIX_DELEGATION: true}}
nodeGroups: [{name: w, instanceType: m5.large, maxPods: recommended}]
state:
  nodes:
    - name: w-0
      enis:
        - {device: 0, subnet: a, primaryAddress: 10.0.0.20, addresses: [`+addresses+`], prefixes: [10.0.0.64/28]}
`), scenarios.Options{})
		require.NoError(t, err)
		var found []Finding
		for _, f := range Check(s) {
			if f.Rule.ID == "prefix-mode-fragmentation" {
				found = append(found, f)
			}
		}
		return found
	}
	require.Empty(t, check("10.0.0.21"))             // 11 of 13 blocks are whole
	require.Empty(t, check("10.0.0.21, 10.0.0.100")) // 10 of 13
	found := check("10.0.0.21, 10.0.0.100, 10.0.0.150")
	require.Len(t, found, 1)
	require.Equal(t, "5 scattered addresses in use leave about 9 of the 13 /28 blocks of a whole, with 230 addresses free", found[0].Message)
	require.Equal(t, "vpc.subnets[0].inUse", found[0].Place.Path)
}
