package sim

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// continued is a run of a random scenario with the state in which the run of
// another seed ended, and what that state was. The second run has no steps.
func continued(t testing.TB, seed uint64) (Config, Snapshot) {
	cfg := generate(seed)
	e, c, err := newChecked(cfg, func(Event) error { return nil })
	require.NoError(t, err)
	e.start()
	e.loop()
	require.NoError(t, e.sinkErr, "seed %d", seed)
	return stateOfEngine(e, cfg), c.snapshot()
}

// stateOfEngine writes down what an engine has as the state of another run.
// What no node holds is in use by others.
func stateOfEngine(e *engine, cfg Config) Config {
	next := cfg
	next.Steps, next.Subnets, next.NodeGroups = nil, slices.Clone(cfg.Subnets), slices.Clone(cfg.NodeGroups)
	next.Cluster.ControlPlaneENIs = 0
	held := map[model.SubnetID]map[netip.Addr]bool{}
	for _, s := range next.Subnets {
		held[s.Name] = map[netip.Addr]bool{}
	}
	hold := func(s model.SubnetID, blocks ...netip.Prefix) {
		for _, b := range blocks {
			for a := b.Addr(); b.Contains(a); a = a.Next() {
				held[s][a] = true
			}
		}
	}
	names := map[model.NodeName]model.NodeName{}
	for i := range next.NodeGroups {
		next.NodeGroups[i].Count, next.NodeGroups[i].Every = 0, 0
	}
	for _, n := range e.nodes {
		if n.gone || n.windows != nil || !n.agent.up {
			continue
		}
		g := &next.NodeGroups[slices.IndexFunc(next.NodeGroups, func(g NodeGroup) bool { return g.Name == n.group.Name })]
		names[n.name] = model.NodeName(fmt.Sprintf("%s-%d", g.Name, g.Count))
		g.Count++
		s := NodeState{Node: names[n.name], Cordoned: n.cordoned}
		for _, ni := range n.instance.enis {
			one := ENIState{Card: ni.card, Device: ni.device, Kind: ni.kind, Subnet: ni.subnet.ID(), SecurityGroups: ni.groups, PrimaryAddress: ni.primary, Blocks: ni.blocks}
			hold(one.Subnet, blocksOf([]netip.Addr{ni.primary})...)
			hold(one.Subnet, ni.blocks...)
			for _, b := range ni.branches {
				if !b.associated {
					continue
				}
				one.Branches = append(one.Branches, BranchState{b.primary, b.ipv6, b.vlan, b.subnet.ID(), b.groups})
				hold(b.subnet.ID(), blocksOf([]netip.Addr{b.primary})...)
			}
			s.ENIs = append(s.ENIs, one)
		}
		next.State.Nodes = append(next.State.Nodes, s)
	}
	for i := range next.Subnets {
		s := &next.Subnets[i]
		s.InUse, s.InUseCount = nil, 0
		space := e.ec2.named[s.Name]
		for a := s.CIDR.Addr(); s.CIDR.Contains(a); a = a.Next() {
			if use := space.State(a).Use; use != model.AddressFree && use != model.AddressReserved && !held[s.Name][a] {
				s.InUse = append(s.InUse, a)
			}
		}
	}
	next.State.Pods = podsOfEngine(e, cfg, names)
	return next
}

func podsOfEngine(e *engine, cfg Config, names map[model.NodeName]model.NodeName) []PodState {
	pods := slices.Collect(maps.Values(e.podNamed))
	slices.SortFunc(pods, func(a, b *pod) int { return cmp.Compare(a.seq, b.seq) })
	var out []PodState
	for _, p := range pods {
		if !p.stays() || p.node != nil && names[p.node.name] == "" || p.node == nil && p.target != nil {
			continue
		}
		s := PodState{Pod: p.name}
		if p.beside || p.owner == nil {
			s.Spec = *p.spec
			s.Spec.Node = "" // the state says where it is
		} else {
			s.Workload = p.owner.Name
		}
		if p.node != nil {
			s.Node = names[p.node.name]
		}
		switch {
		case p.lease != nil && p.lease.ENI().Card >= managed(cfg, p.node):
			continue // its card has no agent at the beginning
		case p.lease != nil && !p.lease.Dropped():
			s.Address = p.lease.Address()
		case p.lease != nil:
			continue // its address is no node's any more
		case p.branch != nil && p.phase != podCreating:
			s.Address = p.branch.Address
		}
		out = append(out, s)
	}
	return out
}

// managed is how many of the node's network cards the agent manages with the
// environment of the beginning.
func managed(cfg Config, n *node) int {
	settings, _ := model.ParseSettings(cfg.CNI.Env)
	settings, _ = settings.ForVersion(cfg.CNI.Version)
	settings, _ = settings.ForType(n.instance.kind)
	return settings.ManagedCards(n.instance.kind)
}

// A run that begins in the state in which another ended has it at instant 0:
// the same ENIs with the same blocks, pods with their addresses, subnets with
// the same addresses taken. It holds to all invariants from there on.
func TestRunBeginsInAnotherOnesEnd(t *testing.T) {
	first, end := seeds(t, 100)
	var nodes, addressed, trunks, branches, above int
	for seed := first; seed < end; seed++ {
		cfg, before := continued(t, seed)
		e, c, err := newChecked(cfg, func(Event) error { return nil })
		require.NoError(t, err, "seed %d", seed)
		e.start()
		require.NoError(t, e.sinkErr, "seed %d", seed)
		require.NoError(t, c.state(), "seed %d", seed)
		now := c.snapshot()
		for i, s := range before.Subnets {
			require.Equal(t, s, now.Subnets[i], "seed %d", seed)
		}
		for _, want := range cfg.State.Nodes {
			i := slices.IndexFunc(now.Nodes, func(n NodeSnapshot) bool { return n.Name == want.Node })
			have := now.Nodes[i]
			require.True(t, have.Ready && have.Up, "seed %d: %s", seed, want.Node)
			require.Equal(t, want.Cordoned, have.Cordoned)
			cards := managed(cfg, e.nodeNamed[want.Node])
			there := slices.DeleteFunc(slices.Clone(want.ENIs), func(ni ENIState) bool { return ni.Card >= cards })
			require.Len(t, have.ENIs, len(there))
			for k, ni := range there {
				if ni.Card > 0 {
					above++
				}
				blocks := slices.Clone(ni.Blocks)
				slices.SortFunc(blocks, comparePrefixes)
				if ni.Kind == model.ENITrunk {
					trunks, branches = trunks+1, branches+len(ni.Branches)
					blocks = have.ENIs[k].Blocks // it depends on the release
				}
				require.Empty(t, cmpBlocks(blocks, have.ENIs[k].Blocks), "seed %d: %s", seed, want.Node)
				require.Equal(t, [4]any{ni.Card, ni.Device, ni.Kind, ni.Subnet}, [4]any{have.ENIs[k].Card, have.ENIs[k].Device, have.ENIs[k].Kind, have.ENIs[k].Subnet})
			}
			nodes++
		}
		pods := map[model.PodName]PodSnapshot{}
		for _, p := range now.Pods {
			pods[p.Name] = p
		}
		for _, p := range cfg.State.Pods {
			have := pods[p.Pod]
			require.Equal(t, p.Address, have.Address, "seed %d: %s", seed, p.Pod)
			if p.Address.IsValid() {
				addressed++
				require.Equal(t, p.Node, have.Node)
				require.Equal(t, "Running", have.Phase)
			}
		}
		e.loop()
		e.end()
		require.NoError(t, e.sinkErr, "seed %d", seed)
	}
	require.Greater(t, nodes, 50)
	require.Greater(t, addressed, 200)
	require.Greater(t, trunks, 10)
	require.Greater(t, branches, 10)
	require.Greater(t, above, 10)
}

// cmpBlocks tells how two sorted lists of blocks differ.
func cmpBlocks(want, have []netip.Prefix) string {
	if slices.Equal(want, have) {
		return ""
	}
	return fmt.Sprintf("%v, and not %v", have, want)
}
