package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// generateSlow is a scenario of a seed with calls that take minutes, so that agents,
// the resource controller and instances go away while they are under way, and with
// security groups for pods on types that can have a trunk.
func generateSlow(seed uint64) Config {
	cfg := generate(seed)
	g := &generator{Rand: newChance(seed, 21), cfg: cfg}
	g.cfg.Name = fmt.Sprint("slow-", seed)
	g.cfg.Duration = 2*time.Hour + 10*time.Minute // so that several clean-ups fall into it
	g.cfg.EC2.Throttling = g.chance(6)
	for _, a := range []Action{
		CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute, AssignPrivateIpAddresses,
		UnassignPrivateIpAddresses, DescribeInstances, DescribeNetworkInterfaces, DetachNetworkInterface, DeleteNetworkInterface,
		AssociateTrunkInterface, DisassociateTrunkInterface,
	} {
		if g.chance(2) {
			low := g.duration(0, 12*time.Minute)
			if g.chance(8) {
				low = g.duration(20*time.Minute, 70*time.Minute)
			}
			g.cfg.EC2.Latency[a] = Range{low, low + g.duration(0, 3*time.Minute)}
		}
	}
	if !g.chance(4) {
		g.cfg.CNI.Env["ENABLE_POD_ENI"] = "true"
	}
	for i := range g.cfg.NodeGroups {
		if kind := &g.cfg.NodeGroups[i].Type; !g.chance(3) {
			kind.TrunkingCompatible, kind.BranchENIs = true, 1+g.IntN(5)
		}
	}
	for i := range g.cfg.Steps { // over the whole run
		g.cfg.Steps[i].At *= 12
	}
	for i := range cfg.Workloads {
		if g.chance(2) {
			g.cfg.Workloads[i].Pod.BranchGroups = []model.SecurityGroup{"sg-pods"}
		}
	}
	for _, group := range g.cfg.NodeGroups {
		for i := range group.Count {
			g.names = append(g.names, model.NodeName(fmt.Sprintf("%s-%d", group.Name, i)))
		}
	}
	for range 4 + g.IntN(16) {
		at, node := g.duration(0, 2*time.Hour), oneOf(g, g.names...)
		switch g.IntN(10) {
		case 8, 9:
			g.add(at, 0, Fault{
				Action: oneOf(g, FaultActions...), Error: oneOf(g, append(FaultCodes, "")...), Node: oneOf(g, "", "", node),
				Count: oneOf(g, 0, 1, 2, 12), For: oneOf(g, 0, g.duration(time.Second, 20*time.Minute)), Latency: oneOf(g, 0, g.duration(time.Second, 20*time.Minute)),
			})
		case 0:
			g.add(at, 0, Terminate{node})
		case 1, 2:
			g.add(at, 0, RestartController{})
		default:
			g.add(at, 0, RestartAgent{Node: node, Gap: oneOf(g, 0, 5*time.Second, 3*time.Minute)})
		}
	}
	return g.cfg
}

// TestSlowCallsKeepTheInvariants: whatever is killed while a call of minutes is under
// way, each address has one owner, and a call about an ENI that is gone is refused.
func TestSlowCallsKeepTheInvariants(t *testing.T) {
	// What earlier runs found: refusals with any code, device numbers, pods that are done,
	// branches that are being deleted when the controller starts, or that EC2 denies.
	found := []uint64{54, 468, 579, 1006, 1535, 1905, 2225, 5179}
	for _, seed := range found {
		require.NoError(t, playSlow(seed), "seed %d", seed)
	}
	first, end := seeds(t, 50)
	for seed := first; seed < end; seed++ {
		if err := playSlow(seed); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

func playSlow(seed uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	e, _, err := newChecked(generateSlow(seed), func(Event) error { return nil })
	if err != nil {
		return fmt.Errorf("the generator made nonsense: %w", err)
	}
	e.start()
	e.loop()
	e.end()
	return e.sinkErr
}
