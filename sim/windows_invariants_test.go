package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// generateWindows returns the scenario of a seed with a group of Windows nodes
// besides, in a subnet of the others.
func generateWindows(seed uint64) Config {
	g := &generator{Rand: newChance(seed, 9), cfg: generate(seed)}
	cfg := &g.cfg
	cfg.CNI.Windows = model.WindowsDefaults()
	for _, k := range []struct {
		key    string
		values []string
	}{
		{model.WindowsPrefixKey, []string{"true", "false"}},
		{model.WindowsWarmIPKey, []string{"0", "1", "2", "5", "20"}},
		{model.WindowsMinimumIPKey, []string{"0", "1", "3", "7", "40"}},
		{model.WindowsWarmPrefixKey, []string{"0", "1", "2"}},
	} {
		if g.chance(2) {
			cfg.CNI.Windows[k.key] = oneOf(g, k.values...)
		}
	}
	group := NodeGroup{
		Name: "win", Count: 1 + g.IntN(3), Windows: true,
		Type: model.InstanceType{
			Name: "win.test", VCPU: 2, MemoryMiB: 4096, MaxENIs: 1 + g.IntN(3), IPv4PerENI: 2 + g.IntN(6),
			Hypervisor: oneOf(g, "nitro", "nitro", "xen"),
		},
		MaxPods: oneOf(g, 3, 20, model.WindowsMaxPods), Every: oneOf(g, 0, 0, 5*time.Second),
		Subnets: []model.SubnetID{oneOf(g, cfg.Subnets...).Name},
	}
	cfg.NodeGroups = append(cfg.NodeGroups, group)
	cfg.Workloads = append(cfg.Workloads, Workload{
		Name: "win", Kind: Deployment, Replicas: g.IntN(8), MaxSurge: IntOrPercent{Value: 1},
		Pod: PodSpec{NodeSelector: map[string]string{labelOS: osWindows}, StopAfter: oneOf(g, 0, time.Second)},
	})
	g.pods = nil
	for range 5 + g.IntN(20) {
		g.windowsStep(g.duration(0, stepsEnd), group.Count)
	}
	return *cfg
}

func (g *generator) windowsStep(at time.Duration, count int) {
	node := model.NodeName(fmt.Sprintf("win-%d", g.IntN(count+1)))
	switch n := g.IntN(12); {
	case n < 3:
		for range 1 + g.IntN(12) {
			spec := PodSpec{NodeSelector: map[string]string{labelOS: osWindows}, RunFor: oneOf(g, 0, 0, 20*time.Second)}
			if g.chance(2) {
				spec.Node = node
			}
			name := model.PodName(fmt.Sprintf("win-p-%d", len(g.pods)))
			g.pods = append(g.pods, name)
			g.add(at, 0, Create{Pod: name, Spec: spec})
		}
	case n < 6 && len(g.pods) > 0:
		for range 1 + g.IntN(8) {
			g.add(at, 0, Delete{Pod: oneOf(g, g.pods...)})
		}
	case n == 6:
		g.add(at, 0, AddNodes{"win", 1})
	case n == 7:
		g.add(at, 0, oneOf[StepAction](g, Terminate{node}, Drain{node}, Uncordon{node}))
	case n == 8:
		g.add(at, 0, RestartController{})
	case n == 9:
		g.add(at, 0, SetWindows{Keys: map[string]*string{
			oneOf(g, model.WindowsPrefixKey, model.WindowsPrefixKey, model.WindowsWarmIPKey): oneOf(g, nil, new("true"), new("false"), new("2")),
		}})
	default:
		g.add(at, oneOf(g, 0, 20*time.Second), Scale{"win", g.IntN(20)})
	}
}

// windowsView is what the checker has seen of a Windows node's addresses since
// its pool began.
type windowsView struct {
	starts   int
	holder   map[netip.Addr]*pod
	released map[netip.Addr]model.Instant // the last time; what a pod has again is out of it
}

// checkWindows: the pool's blocks are the ENI's and fit its slots; each of their
// addresses is warm, with one pod or cooling; none comes to a pod within the
// cooldown after another gave it up, and none cools for twice as long.
func (c *checker) checkWindows(n *node) error {
	w := n.windows
	if w == nil || !w.managed {
		return nil // a start will see everything anew
	}
	used, cooling := 0, 0
	for _, side := range w.sides {
		if err := c.checkWindowsSide(n, side); err != nil {
			return err
		}
		stats := side.pool.Stats()
		used, cooling = used+stats.Used, cooling+stats.Cooling
	}
	if capacity := model.WindowsCapacity(n.group.Type, w.settings.PrefixDelegation); n.windowsCapacity != capacity {
		return fmt.Errorf("the node advertises %d addresses, its pool may have %d", n.windowsCapacity, capacity)
	}
	v := c.view(n)
	held, err := v.look(c.e.now, n)
	if err != nil {
		return err
	}
	young, old := 0, 0
	for _, at := range v.released {
		switch rest := c.e.now.Sub(at); {
		case rest < model.WindowsCooldown:
			young++
			old++
		case rest <= model.WindowsCooldown+model.WindowsRound:
			old++
		}
	}
	switch {
	case used != held:
		return fmt.Errorf("pods have %d addresses of the Windows pools, they count %d", held, used)
	case cooling < young || cooling > old:
		return fmt.Errorf("%d to %d addresses cool by the pods that left, the Windows pools count %d", young, old, cooling)
	}
	return nil
}

// checkWindowsSide: a pool has blocks of its own kind only, which are on the ENI,
// and counts each of their addresses once.
func (c *checker) checkWindowsSide(n *node, side *windowsSide) error {
	stats, size := side.pool.Stats(), 0
	for _, b := range side.pool.Blocks() {
		size += 1 << (32 - b.Bits())
		switch {
		case !slices.Contains(side.w.eni().blocks, b):
			return fmt.Errorf("the Windows pool has %s, EC2 has not", b)
		case b.IsSingleIP() == side.prefixes:
			return fmt.Errorf("the Windows pool has %s, of the other kind", b)
		}
	}
	switch {
	case stats.Warm < 0 || stats.PendingCreate < 0 || stats.PendingDelete < 0:
		return fmt.Errorf("the Windows pool counts below 0: %+v", stats)
	case stats.Warm+stats.Used+stats.Cooling != size:
		return fmt.Errorf("the Windows pool counts %+v of %d addresses", stats, size)
	case stats.Created() > stats.Capacity:
		return fmt.Errorf("the Windows pool counts %+v, above its capacity", stats)
	case stats.Capacity != model.WindowsCapacity(n.group.Type, side.prefixes):
		return fmt.Errorf("the Windows pool may have %d addresses, the type has %d", stats.Capacity, model.WindowsCapacity(n.group.Type, side.prefixes))
	}
	return nil
}

// view is what has been seen of the node. A new start of the pool forgets what
// cools.
func (c *checker) view(n *node) *windowsView {
	v := c.windows[n.name]
	if v == nil || v.starts != n.windows.starts {
		v = &windowsView{starts: n.windows.starts, holder: map[netip.Addr]*pod{}, released: map[netip.Addr]model.Instant{}}
		for _, p := range n.pods {
			if p.grant != nil {
				v.holder[p.grant.Address] = p
			}
		}
		c.windows[n.name] = v
	}
	return v
}

// look compares the pods' addresses with those seen last, and returns how many
// they are.
func (v *windowsView) look(now model.Instant, n *node) (used int, err error) {
	holder := map[netip.Addr]*pod{}
	for _, p := range n.pods {
		if p.grant == nil {
			continue
		}
		a := p.grant.Address
		if other := holder[a]; other != nil {
			return 0, fmt.Errorf("pods %s and %s both have %s", other.name, p.name, a)
		}
		if !p.grant.Block.Contains(a) || !slices.Contains(n.windows.blocks(), p.grant.Block) {
			return 0, fmt.Errorf("pod %s has %s of %s, which the Windows pool has not", p.name, a, p.grant.Block)
		}
		holder[a] = p
		if v.holder[a] == p {
			continue
		}
		at, rested := v.released[a]
		if other := v.holder[a]; other != nil {
			at, rested = now, true
		}
		if rested && now.Sub(at) < model.WindowsCooldown {
			return 0, fmt.Errorf("pod %s has %s, which was given up at %s", p.name, a, at)
		}
		delete(v.released, a)
	}
	for a := range v.holder {
		if holder[a] == nil {
			v.released[a] = now
		}
	}
	v.holder = holder
	return len(holder), nil
}

// TestWindowsPoolsReachTheirTargets plays random scenarios with Windows nodes to
// their end, and then leaves them alone. Once nothing cools and nothing is on its
// way each pool is what its targets say, or its subnet is full.
func TestWindowsPoolsReachTheirTargets(t *testing.T) {
	reached := 0
	first, end := seeds(t, 100)
	for seed := first; seed < end; seed++ {
		e, _, err := newChecked(generateWindows(seed), func(Event) error { return nil })
		require.NoError(t, err)
		e.start()
		e.loop()
		playOn(e, 10*time.Minute)
		require.NoError(t, e.sinkErr, "seed %d", seed)
		for _, n := range e.nodes {
			w := n.windows
			if w == nil || !w.managed || n.gone {
				continue
			}
			drains, active := w.byTurn()[0], w.active()
			d, s := drains.pool.Stats(), active.pool.Stats()
			if d.Cooling+d.PendingCreate+d.PendingDelete+s.Cooling+s.PendingCreate+s.PendingDelete > 0 {
				continue
			}
			require.True(t, d.FreePrefixes == 0 && (drains.prefixes || d.Warm == 0), "seed %d, %s: what drains has %+v", seed, n.name, d)
			slots := n.group.Type.SlotsPerENI() - len(drains.pool.Blocks())
			if active.refused != nil {
				// Jobs for other pods can hold the next request up for longer than this.
				require.True(t, active.refused.stands() || slots == len(active.pool.Blocks()) || active.asks > 0, "seed %d, %s: %+v, and there is room", seed, n.name, s)
				continue
			}
			reached++
			require.Empty(t, offTarget(s, w.settings, slots), "seed %d, %s: %+v with %+v", seed, n.name, s, w.settings)
		}
	}
	require.NotZero(t, reached)
}

// offTarget says what a pool in which nothing cools lacks or has too much of,
// by docs/windows of the controller.
func offTarget(s model.WindowsStats, t model.WindowsSettings, slots int) string {
	total := s.Warm + s.Used
	if !t.PrefixDelegation {
		if want := min(max(s.Used+t.WarmIPTarget, t.MinimumIPTarget), slots); total != want {
			return fmt.Sprintf("%d addresses, %d are wanted", total, want)
		}
		return ""
	}
	have, want := total/model.PrefixSize, 0
	if t.WarmPrefixTarget > 0 {
		want = have - s.FreePrefixes + t.WarmPrefixTarget
	} else {
		addresses := max(s.Used+t.WarmIPTarget, t.MinimumIPTarget)
		want = (addresses + model.PrefixSize - 1) / model.PrefixSize
	}
	want = min(want, slots)
	if have < want || have > want && s.FreePrefixes > 0 {
		return fmt.Sprintf("%d prefixes, %d of them free, %d are wanted", have, s.FreePrefixes, want)
	}
	return ""
}
