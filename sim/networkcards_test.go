package sim

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// cardsConfig is a node with three network cards, of three ENIs each, in a subnet
// with IPv6, whose agent manages all cards.
func cardsConfig(pods int) Config {
	cfg := baseConfig("a")
	cfg.Subnets[0].IPv6CIDR = netip.MustParsePrefix("2001:db8:0:1::/64")
	cfg.CNI.Env["ENABLE_MULTI_NIC"] = "true"
	g := baseGroup(cfg, "n", 1)
	g.Type.NetworkCards, g.Type.MaxENIsAllCards = 3, 9
	cfg.NodeGroups = []NodeGroup{g}
	cfg.Duration = time.Minute
	cfg.Workloads = []Workload{{
		Name: "w", Kind: Deployment, Replicas: pods, At: 10 * time.Second,
		Pod: PodSpec{Annotations: map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}},
	}}
	return cfg
}

func ipv6Env(env map[string]string) {
	env["ENABLE_IPv4"], env["ENABLE_IPv6"], env["ENABLE_PREFIX_DELEGATION"] = "false", "true", "true"
}

// TestIPv6OnEveryCard: each card above 0 gets one ENI with a /80 at the agent's
// start, and no more; a pod that wants all cards has an address of each.
func TestIPv6OnEveryCard(t *testing.T) {
	cfg := cardsConfig(40)
	cfg.NodeGroups[0].MaxPods = 110
	ipv6Env(cfg.CNI.Env)
	log := playAll(t, cfg)
	require.Equal(t, 3, calls(AssignIpv6Addresses)(log))
	require.Equal(t, 2, calls(CreateNetworkInterface)(log))
	attached := find[ENIAttached](log, nil)
	require.Len(t, attached, 3)
	for card, ev := range attached {
		b := ev.Body.(ENIAttached)
		require.Equal(t, [2]int{card, 0}, [2]int{b.Card, b.Device})
		require.Zero(t, ev.At, "at the agent's start")
	}
	addressed := find[PodAddressed](log, nil)
	require.Len(t, addressed, 40)
	seen := map[netip.Addr]bool{}
	for _, ev := range addressed {
		b := ev.Body.(PodAddressed)
		require.Len(t, b.More, 2)
		for card, a := range append([]PodAddress{{Address: b.Address, Prefix: b.Prefix}}, b.More...) {
			require.Equal(t, card, a.Card)
			require.Equal(t, 80, a.Prefix.Bits())
			require.True(t, a.Prefix.Contains(a.Address))
			require.False(t, seen[a.Address], "%s", a.Address)
			seen[a.Address] = true
		}
	}
	require.Empty(t, find[PodSetupFailed](log, nil))
}

// TestIPv6CardWithoutENI: an ENI that is refused at the agent's start doesn't end
// it, and is not asked for again before the next one. Pods that want all cards
// wait for it.
func TestIPv6CardWithoutENI(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  Fault
		only   func(f CallFields) bool
		kind   Kind
		reason string
	}{
		{"no ENI", Fault{Action: CreateNetworkInterface, Error: model.InsufficientFreeAddressesInSubnet}, nil, KindSubnetIPs, string(model.InsufficientFreeAddressesInSubnet)},
		{"an ENI and no prefix", Fault{Action: AssignIpv6Addresses, Error: model.UnauthorizedOperation}, func(f CallFields) bool { return f.Card > 0 }, KindMisconfig, string(model.UnauthorizedOperation)},
	} {
		cfg := cardsConfig(1)
		ipv6Env(cfg.CNI.Env)
		cfg.Duration = 3 * time.Minute
		cfg.Steps = []Step{{At: time.Minute, Action: RestartAgent{Node: "n-0"}}}
		var log []Event
		e, err := newEngine(cfg, func(ev Event) error {
			log = append(log, ev)
			return nil
		})
		require.NoError(t, err)
		c.fault.For = 59 * time.Second
		e.ec2.beginFaultOf(c.fault, c.only)
		e.start()
		e.loop()
		require.NoError(t, e.sinkErr)

		require.Len(t, find[NodeReady](log, nil), 1, c.name)
		began := find[ExhaustionBegan](log, nil)[0].Body.(ExhaustionBegan)
		require.Equal(t, c.kind, began.Kind, c.name)
		require.Equal(t, c.reason, began.Reason, c.name)
		require.Contains(t, began.Remedy, "at its start only", c.name)
		addressed := find[PodAddressed](log, nil)
		require.Len(t, addressed, 1, c.name)
		require.Greater(t, addressed[0].At, model.Instant(60_000), c.name)
		require.Len(t, addressed[0].Body.(PodAddressed).More, 2, c.name)
	}
}

// TestIPv6CardNeedsIPv6Subnet: where no subnet has IPv6 for the card's ENI, EC2
// refuses to make it.
func TestIPv6CardNeedsIPv6Subnet(t *testing.T) {
	cfg := cardsConfig(0)
	ipv6Env(cfg.CNI.Env)
	cfg.Subnets = append(cfg.Subnets, SubnetConfig{
		Name: "b", Zone: "a", CIDR: netip.MustParsePrefix("10.1.0.0/16"), Tags: map[string]string{tagRole: "1"},
	})
	cfg.Subnets[0].InUseCount = 100 // the other subnet is tried first
	log := playAll(t, cfg)
	refused := find(log, func(b EC2Call) bool { return b.Error == model.InvalidParameterValue })
	require.Len(t, refused, 2)
	require.Len(t, find[ENIAttached](log, nil), 3, "the node's own subnet is tried next")
}

// TestOneCardIgnoresMultiNIC: on a type with one card nothing but the settings
// differs, and an annotated pod has one address.
func TestOneCardIgnoresMultiNIC(t *testing.T) {
	logs := map[string][]Event{}
	for _, on := range []string{"true", "false"} {
		cfg := cardsConfig(5)
		cfg.NodeGroups[0].Type.NetworkCards, cfg.NodeGroups[0].Type.MaxENIsAllCards = 1, 3
		cfg.CNI.Env["ENABLE_MULTI_NIC"] = on
		if on == "false" {
			cfg.Workloads[0].Pod.Annotations = nil
		}
		for _, ev := range playAll(t, cfg) {
			if ev.Body.Type() != TypeAgentConfigured {
				logs[on] = append(logs[on], ev)
			}
		}
	}
	require.Equal(t, logs["false"], logs["true"])
}

// TestCardsInRandomOrder: the agent's decisions are a hash map. Which card grows
// first at the start is drawn.
func TestCardsInRandomOrder(t *testing.T) {
	first := map[int]int{}
	for seed := range uint64(200) {
		cfg := cardsConfig(0)
		cfg.Seed, cfg.Agent.Order, cfg.Duration = seed, OrderRandom, time.Second
		first[find[PoolGrow](playAll(t, cfg), nil)[0].Body.(PoolGrow).Card]++
	}
	require.InDelta(t, 150, first[0], 25, "six times in eight")
	require.InDelta(t, 25, first[1], 17)
	require.InDelta(t, 25, first[2], 17)
}

// TestStateGivesEachPodItsOwnAddressFirst: a pod whose only address is on another card
// has it at the beginning, though one before it gets the lowest free one of that card.
func TestStateGivesEachPodItsOwnAddressFirst(t *testing.T) {
	all := PodSpec{Annotations: map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}}
	eni := func(card int, primary string, blocks ...string) ENIState {
		s := ENIState{Card: card, Kind: model.ENISecondary, Subnet: "a", PrimaryAddress: netip.MustParseAddr(primary)}
		for _, b := range blocks {
			s.Blocks = append(s.Blocks, netip.MustParsePrefix(b+"/32"))
		}
		return s
	}
	cfg := cardsConfig(0)
	cfg.State.Nodes = []NodeState{{Node: "n-0", ENIs: []ENIState{
		eni(0, "10.0.0.10", "10.0.0.11"), eni(1, "10.0.0.20", "10.0.0.21", "10.0.0.22"), eni(2, "10.0.0.30", "10.0.0.31"),
	}}}
	cfg.State.Nodes[0].ENIs[0].Kind = model.ENIPrimary
	cfg.State.Pods = []PodState{
		{Pod: "p1", Node: "n-0", Address: netip.MustParseAddr("10.0.0.11"), Spec: all},
		{Pod: "p2", Node: "n-0", Address: netip.MustParseAddr("10.0.0.21")},
	}
	addressed := find[PodAddressed](playAll(t, cfg), nil)
	require.Len(t, addressed, 2)
	p1, p2 := addressed[0].Body.(PodAddressed), addressed[1].Body.(PodAddressed)
	require.Equal(t, "10.0.0.22", p1.More[0].Address.String())
	require.Equal(t, "10.0.0.31", p1.More[1].Address.String())
	require.Equal(t, "10.0.0.21", p2.Address.String())
	require.Equal(t, 1, p2.Card)
	require.Empty(t, p2.More)
}
