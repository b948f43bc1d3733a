package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// checkQuotas counts anew what the account has: each ENI with its addresses and
// prefixes, and one unit more if it isn't its instance's first.
func (c *checker) checkQuotas() error {
	enis, units := 0, 0
	for _, s := range c.e.ec2.subnets {
		enis += len(s.start.ControlPlane)
		units += 2 * len(s.start.ControlPlane)
	}
	for _, n := range c.e.nodes {
		all := slices.Concat(n.instance.enis, n.instance.loose)
		for _, ni := range all {
			all = append(all, ni.branches...)
		}
		if t := n.instance.trunk; t != nil && n.gone {
			all = append(all, t.branches...)
		}
		for _, ni := range all {
			enis++
			units += 1 + len(ni.blocks)
			if ni.kind != model.ENIPrimary {
				units++
			}
			if ni.hasIPv6 {
				units++
			}
		}
	}
	if q := c.e.ec2.quotas; q.enis != enis || q.units != units {
		return fmt.Errorf("%d ENIs with %d units, counted %d and %d", enis, units, q.enis, q.units)
	}
	return nil
}

// TestNetworkAddressUnits counts by the VPC user guide's table: one for each
// IPv4 or IPv6 address, each prefix and each ENI but an instance's first. With
// just that many allowed everything comes; with one fewer something is refused.
func TestNetworkAddressUnits(t *testing.T) {
	ipv6 := map[string]string{"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true"}
	with := func(env map[string]string, more ...string) map[string]string {
		out := map[string]string{}
		for k, v := range env {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	for _, c := range []struct {
		name   string
		env    map[string]string
		pods   int // with branch ENIs
		change func(cfg *Config)
		units  int
	}{
		{"secondary addresses", nil, 0, nil, 1 + 9},
		{"a second ENI", map[string]string{"WARM_ENI_TARGET": "2"}, 0, nil, 1 + 9 + 2 + 9},
		{"prefixes", map[string]string{"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "2"}, 0, nil, 1 + 2},
		{"trunk and branches", map[string]string{"ENABLE_POD_ENI": "true", "WARM_IP_TARGET": "1"}, 2, nil, 1 + 1 + 2 + 2*2},
		{"the control plane", map[string]string{"WARM_IP_TARGET": "1"}, 0, func(cfg *Config) { cfg.Cluster.ControlPlaneENIs = 2 }, 2*2 + 1 + 1},
		{"IPv6: both addresses and the prefix", ipv6, 0, nil, 1 + 1 + 1},
		{"IPv6: trunk and branches", with(ipv6, "ENABLE_POD_ENI", "true"), 2, nil, 3 + 2 + 2*3},
		{"IPv6: a second card", with(ipv6, "ENABLE_MULTI_NIC", "true"), 0, func(cfg *Config) {
			kind := &cfg.NodeGroups[0].Type
			kind.NetworkCards, kind.MaxENIsAllCards = 2, 6
		}, 3 + 2 + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			play := func(quota int) (*engine, []Event) {
				cfg := branchCluster(1, branchPods(time.Minute, "n-0", 1, c.pods)...)
				delete(cfg.CNI.Env, "ENABLE_POD_ENI")
				cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64")
				for k, v := range c.env {
					cfg.CNI.Env[k] = v
				}
				if c.change != nil {
					c.change(&cfg)
				}
				cfg.EC2.Quotas.Units = quota
				cfg.Duration, cfg.Agent.Exit.Never = 2*time.Minute, true
				var log []Event
				e, err := newEngine(cfg, func(ev Event) error {
					log = append(log, ev)
					return nil
				})
				require.NoError(t, err)
				check := &checker{e: e} // the other checks are of IPv4
				e.afterTimer = func() { require.NoError(t, check.checkQuotas()) }
				e.start()
				e.loop()
				return e, log
			}
			refused := func(log []Event) bool {
				return len(find(log, func(b EC2Call) bool { return b.Error == model.NetworkAddressUsageLimitExceeded })) > 0
			}
			e, log := play(c.units)
			require.Equal(t, c.units, e.ec2.quotas.units)
			require.False(t, refused(log))
			_, log = play(c.units - 1)
			require.True(t, refused(log))
		})
	}
}

// TestUnitsComeBack with the ENI, the block, the branch and the node.
func TestUnitsComeBack(t *testing.T) {
	q := quotas{}
	for _, c := range []counted{{}, {first: true}, {ipv6: true, blocks: 3}} {
		q.created(c)
		q.deleted(c)
	}
	q.added(2)
	q.removed(2)
	require.Equal(t, quotas{}, q)
	require.Equal(t, []int{2, 1, 2, 3, 6}, []int{
		counted{}.units(), counted{first: true}.units(), counted{first: true, ipv6: true}.units(), counted{ipv6: true}.units(), counted{ipv6: true, blocks: 3}.units(),
	})
}

// TestAStartThatAQuotaEndsIsItsKind: of pods that the node would take and of one that
// is on it, by the code of the start-up's last refusal. With a unit more it starts.
func TestAStartThatAQuotaEndsIsItsKind(t *testing.T) {
	const nodes = 3 // a unit each
	for _, ipv6 := range []bool{false, true} {
		for _, units := range []int{nodes * (1 + 1), nodes} {
			cfg := baseConfig("a")
			cfg.CNI.Env["WARM_IP_TARGET"] = "1"
			if ipv6 {
				cfg.CNI.Env = map[string]string{"ENABLE_IPv6": "true", "ENABLE_IPv4": "false", "ENABLE_PREFIX_DELEGATION": "true"}
				cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64")
				units += nodes
			}
			cfg.NodeGroups = []NodeGroup{baseGroup(cfg, "n", nodes)}
			cfg.EC2.Quotas.Units = units
			cfg.Workloads = []Workload{{Name: "web", Kind: Deployment, Replicas: 3, At: time.Second}}
			cfg.Steps = []Step{{At: 2 * time.Second, Action: Create{Pod: "pinned", Spec: PodSpec{Node: "n-0"}}}}
			cfg.Duration = time.Minute
			log := playAll(t, cfg)
			short := units == nodes || ipv6 && units == 2*nodes
			require.Equal(t, !short, len(find[PodAddressed](log, nil)) > 0)
			if !short {
				continue
			}
			for _, ev := range find[PodSetupFailed](log, nil) {
				require.Equal(t, KindQuota, ev.Body.(PodSetupFailed).Reason)
			}
			for _, ev := range find[PodUnschedulable](log, nil) {
				require.Equal(t, KindQuota, ev.Body.(PodUnschedulable).Reason)
			}
			require.Len(t, find[PodUnschedulable](log, nil), 3)
			began := find[ExhaustionBegan](log, nil)
			require.Len(t, began, 1)
			b := began[0].Body.(ExhaustionBegan)
			require.Equal(t, []any{KindQuota, "cluster", reasonStartFailed, nodes}, []any{b.Kind, b.Scope, b.Reason, b.Numbers["nodesAtQuota"]})
			require.Contains(t, b.Remedy, "network address units")
			require.NotContains(t, b.Remedy, "network interfaces per Region", "that quota has room")
		}
	}
}

func TestARemedyNamesTheQuotaThatIsUsedUp(t *testing.T) {
	const enis, units = "network interfaces per Region", "network address units per VPC"
	for code, want := range map[model.ErrorCode][2]bool{
		model.NetworkInterfaceLimitExceeded: {true, false}, model.NetworkAddressUsageLimitExceeded: {false, true}, "": {true, true},
	} {
		text := remedyRefused(KindQuota, code)
		require.Equal(t, want, [2]bool{strings.Contains(text, enis), strings.Contains(text, units)}, text)
	}
}
