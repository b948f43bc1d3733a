package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// A node whose agent fails to start is named where other nodes are full: with it the
// pods would fit, and the message of the pods says only that it isn't ready.
func TestRemedyNamesANodeThatDoesNotStart(t *testing.T) {
	remedy := func(configs ...ENIConfig) []string {
		cfg := branchCluster(2)
		cfg.CNI.Env = model.DaemonSetEnv()
		cfg.CNI.Env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] = "true"
		cfg.CNI.Env["ENI_CONFIG_LABEL_DEF"] = "topology.kubernetes.io/zone"
		cfg.CNI.ENIConfigs = configs
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "b", Zone: "zb", CIDR: netip.MustParsePrefix("10.0.1.0/24")})
		cfg.NodeGroups[0].Subnets = []model.SubnetID{"a", "b"}
		cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
		cfg.NodeGroups[0].MaxPods = 5
		cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, At: time.Minute, Replicas: 20}}
		var out []string
		for _, b := range logged[ExhaustionBegan](events(t, cfg)) {
			if b.Kind == KindMaxPods {
				out = append(out, b.Remedy)
			}
		}
		return out
	}
	require.Equal(t, []string{
		`the agent of n-1 fails to start, so the node is never ready (Failed to attach any ENIs for custom networking); the node's ENIConfig "zb" does not exist: create it, or correct the node's label; or more nodes, or a higher max-pods where the node has addresses to spare (prefix mode with max-pods raised)`,
	}, remedy(ENIConfig{Name: "za", Subnet: "a"}))
	require.Equal(t, []string{"more nodes, or a higher max-pods where the node has addresses to spare (prefix mode with max-pods raised)"},
		remedy(ENIConfig{Name: "za", Subnet: "a"}, ENIConfig{Name: "zb", Subnet: "b"}))
}
