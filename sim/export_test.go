package sim

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"vpcsim/model"
)

// Generate returns the random scenario of a seed, for tests from outside.
func Generate(seed uint64) Config { return generate(seed) }

// GenerateSlow returns that with calls that take minutes.
func GenerateSlow(seed uint64) Config { return generateSlow(seed) }

// SweptBranch returns a scenario in which making a branch takes so long that the
// controller's clean-up deletes it, and its association is refused.
func SweptBranch() Config {
	slow := func(node model.NodeName) Fault {
		return Fault{Action: CreateNetworkInterface, Node: node, Count: 1, Latency: 2 * time.Hour}
	}
	cfg := branchCluster(2, append([]Step{
		{Action: slow("n-1")}, // its trunk, lost by the restart: something to clean up
		{At: time.Minute, Action: RestartController{}},
		{At: 4 * time.Minute, Action: slow("n-0")},
	}, branchPods(5*time.Minute, "n-0", 1, 1)...)...)
	cfg.Duration = 3 * time.Hour
	cfg.CNI.Env["WARM_IP_TARGET"] = "1" // no second ENI
	return cfg
}

// GenerateWindows is Generate with Windows nodes besides.
func GenerateWindows(seed uint64) Config { return generateWindows(seed) }

// Continue returns a scenario that begins in the state in which that of the seed
// ends.
func Continue(t testing.TB, seed uint64) Config {
	cfg, _ := continued(t, seed)
	return cfg
}

// Seeds returns which random scenarios to run.
func Seeds(t testing.TB, usual int) (first, end uint64) { return seeds(t, usual) }

// Snapshot is the engine's state as far as the log tells it: what a fold of
// the log must come to.
type Snapshot struct {
	Now     model.Instant
	Nodes   []NodeSnapshot
	Subnets []SubnetSnapshot
	Pods    []PodSnapshot // by name
	Open    []int         // episodes
	// Leaked are the ENIs that were made for a node, are not attached and in nobody's
	// hand, of nodes whose agents, and the controller, have no such in hand just then.
	Leaked map[model.NodeName][]model.ENIID
}

// NodeSnapshot is a node with its agent's datastore, which is left out while
// the agent is not up.
type NodeSnapshot struct {
	Name                            model.NodeName
	Ready, Cordoned, Gone, Up       bool
	Pods, Total, Assigned, CoolHere int
	ENIs                            []ENISnapshot
}

// ENISnapshot is an ENI in a datastore.
type ENISnapshot struct {
	ID      model.ENIID
	Kind    model.ENIKind
	Card    int
	Device  int
	Subnet  model.SubnetID
	Blocks  []netip.Prefix
	Cooling []netip.Addr // until which instant is not compared
}

// SubnetSnapshot is a subnet in EC2's view.
type SubnetSnapshot struct {
	Name                                            model.SubnetID
	Used, Free, ReservedFree, Prefixes, LargestFree int
	Taken                                           []netip.Addr
}

// PodSnapshot is a pod that exists.
type PodSnapshot struct {
	Name    model.PodName
	Node    model.NodeName
	Phase   string
	Address netip.Addr
	More    string // the addresses of other network cards
	Failed  int
}

// RunInspected is Run, with a look at the state after every timer and after
// the end. The checker of the invariants is on.
func RunInspected(cfg Config, sink func(Event) error, look func(snapshot func() Snapshot) error) error {
	e, c, err := newChecked(cfg, sink)
	if err != nil {
		return err
	}
	check := e.afterTimer
	e.afterTimer = func() {
		if check(); e.sinkErr == nil {
			e.sinkErr = look(c.snapshot)
		}
	}
	e.start()
	e.loop()
	e.end()
	if e.sinkErr != nil {
		return e.sinkErr
	}
	return look(c.snapshot)
}

func (c *checker) snapshot() Snapshot {
	out := Snapshot{Now: c.e.now}
	out.Leaked = map[model.NodeName][]model.ENIID{}
	for _, n := range c.e.nodes {
		out.Nodes = append(out.Nodes, c.snapshotNode(n))
		if n.agent == nil || n.agent.busy || n.agent.inFlight != nil || c.e.controller.nodes[n] == nodeComing {
			continue
		}
		out.Leaked[n.name] = []model.ENIID{}
		for _, ni := range n.instance.loose {
			if !ni.deleted {
				out.Leaked[n.name] = append(out.Leaked[n.name], ni.id)
			}
		}
		slices.Sort(out.Leaked[n.name])
	}
	for _, s := range c.e.ec2.subnets {
		sn := SubnetSnapshot{
			Name: s.ID(), Used: s.Used(), Free: s.Free(), ReservedFree: s.ReservedFree(),
			Prefixes: s.FreePrefixes(), LargestFree: s.LargestFree(),
		}
		for a := s.CIDR().Addr(); s.CIDR().Contains(a); a = a.Next() {
			if s.State(a).Use != model.AddressFree {
				sn.Taken = append(sn.Taken, a)
			}
		}
		out.Subnets = append(out.Subnets, sn)
	}
	for _, p := range c.e.podNamed {
		out.Pods = append(out.Pods, p.snapshot())
	}
	slices.SortFunc(out.Pods, func(a, b PodSnapshot) int { return strings.Compare(string(a.Name), string(b.Name)) })
	for _, ep := range c.e.troubles.order {
		out.Open = append(out.Open, ep.id)
	}
	return out
}

func (c *checker) snapshotNode(n *node) NodeSnapshot {
	out := NodeSnapshot{
		Name: n.name, Ready: n.ready, Cordoned: n.cordoned, Gone: n.gone, Up: n.agent.up, Pods: len(n.pods),
	}
	if n.windows != nil {
		return c.snapshotWindows(n, out)
	}
	if !n.agent.up {
		return out
	}
	for _, p := range n.agent.pools {
		stats := p.store.Stats()
		out.Total += stats.Total
		out.Assigned += stats.Assigned
		out.CoolHere += p.store.Cooling(c.e.now)
	}
	for _, e := range n.agent.stored() {
		es := ENISnapshot{ID: e.ID, Kind: e.Kind, Card: e.Card, Device: e.Device, Subnet: e.Subnet, Blocks: e.Blocks()}
		slices.SortFunc(es.Blocks, comparePrefixes)
		for _, b := range es.Blocks {
			for a := b.Addr(); b.Contains(a); a = a.Next() {
				if until, ok := c.cooling[n.name][a]; ok && until >= c.e.now {
					es.Cooling = append(es.Cooling, a)
				}
			}
		}
		out.ENIs = append(out.ENIs, es)
	}
	return out
}

// snapshotWindows adds the resource controller's pools of the node, whose numbers
// are those of the mode that is on.
func (c *checker) snapshotWindows(n *node, out NodeSnapshot) NodeSnapshot {
	w := n.windows
	out.Up = w.starts > 0 && !n.gone // in the log nothing tells that the controller is away
	if !out.Up {
		return out
	}
	ni, active := w.eni(), w.active()
	es := ENISnapshot{ID: ni.id, Kind: ni.kind, Device: ni.device, Subnet: ni.subnet.ID(), Blocks: w.blocks()}
	slices.SortFunc(es.Blocks, comparePrefixes)
	for _, b := range es.Blocks {
		for a := b.Addr(); b.Contains(a); a = a.Next() {
			if until, ok := c.cooling[n.name][a]; ok && until >= c.e.now {
				es.Cooling = append(es.Cooling, a)
				if b.IsSingleIP() != active.prefixes {
					out.CoolHere++
				}
			}
		}
	}
	out.ENIs = append(out.ENIs, es)
	s := active.pool.Stats()
	out.Total, out.Assigned = s.Warm+s.Used+s.Cooling, active.set
	if w.managed && w.round > c.e.now {
		out.CoolHere = s.Cooling - len(active.unset)
	}
	return out
}

// stored are the ENIs of the agent's datastores, card by card.
func (a *agent) stored() []*model.StoreENI {
	var out []*model.StoreENI
	for _, p := range a.pools {
		out = append(out, p.store.ENIs()...)
	}
	return out
}

func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return b.Bits() - a.Bits()
}

func (p *pod) snapshot() PodSnapshot {
	out := PodSnapshot{Name: p.name, Node: p.nodeName(), Failed: p.attempts}
	switch {
	case p.lease != nil:
		out.Address = p.lease.Address()
		for _, l := range p.more {
			out.More += " " + l.Address().String()
		}
	case p.phase == podCreating, p.phase == podDone: // it has not got it yet, or no more
	case p.grant != nil:
		out.Address = p.grant.Address
	case p.branch != nil:
		out.Address = p.branch.PodAddress()
	}
	switch {
	case p.phase == podDone:
		out.Phase = "Succeeded"
	case p.deleting:
		out.Phase = "Terminating"
	case p.phase == podPending:
		out.Phase = "Pending"
	case p.phase == podCreating, p.phase == podStarting:
		out.Phase = "ContainerCreating"
	default:
		out.Phase = "Running"
	}
	return out
}

// UnknownWord says which word of an event the declared lists lack.
func UnknownWord(e Event) error { return unknownWord(e) }
