package recording

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
)

// script feeds hand-written events to a fold.
type script struct {
	fold *Fold
	seq  int64
}

func (s *script) at(at model.Instant, node model.NodeName, bodies ...sim.Body) {
	for _, b := range bodies {
		s.fold.Add(sim.Event{Seq: s.seq, At: at, Node: node, Body: b})
		s.seq++
	}
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// span is the addresses from first to last of 10.0.0.0/24.
func span(first, last int) []netip.Addr {
	var list []netip.Addr
	for i := first; i <= last; i++ {
		list = append(list, addr(fmt.Sprintf("10.0.0.%d", i)))
	}
	return list
}

// launch is a node of which eni-0 is the primary ENI.
func (s *script) launch(in *Input, node model.NodeName, primary string) {
	cidr := netip.MustParsePrefix(in.Subnets[0].CIDR)
	last := cidr.Addr()
	for n := last; cidr.Contains(n); n = n.Next() {
		last = n
	}
	first := cidr.Addr()
	reserved := []netip.Addr{first, first.Next(), first.Next().Next(), first.Next().Next().Next(), last}
	s.at(0, "", sim.RunStarted{Subnets: []sim.SubnetStart{{
		Name: model.SubnetID(in.Subnets[0].ID), CIDR: cidr, Reserved: reserved,
	}}})
	s.at(0, node, sim.NodeLaunched{ENI: "eni-0", PrimaryAddress: addr(primary)})
}

// The events of a real recording, written by hand: nine pods fill the only
// ENI, all are deleted at once, and three come back around the end of the
// cooldown. 90000 and 90001 ms are still too early.
func TestFoldReproducesARecording(t *testing.T) {
	data, err := os.ReadFile("../../testdata/recordings/cases/boundary-cooldown-30s.json")
	require.NoError(t, err)
	want, err := Parse(data)
	require.NoError(t, err)

	got := foldCooldown(&want.Input, 0)
	require.Empty(t, Compare(want.Outcome, got))
	require.Len(t, got.Trace, 4)

	t.Run("and tells where another run differs", func(t *testing.T) {
		// Cooling ends 1 ms early, so the sample at 90001 ms sees nothing cooling.
		diffs := Compare(want.Outcome, foldCooldown(&want.Input, -1))
		require.Equal(t, "90001 ms: trace[3] assignedIPs", firstLine(diffs[0].String()))
	})
}

func firstLine(text string) string {
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}

// foldCooldown is the log of that recording; shift moves the end of the
// cooldown.
func foldCooldown(in *Input, shift model.Instant) Outcome {
	s := &script{fold: NewFold(in)}
	const n = "n1-0"
	s.launch(in, n, "10.0.0.4")
	s.at(0, n, sim.AgentConfigured{},
		sim.ENIAttached{ENI: "eni-0", Kind: model.ENIPrimary, Subnet: "subnet-node", PrimaryAddress: addr("10.0.0.4"), By: sim.ByStart},
		sim.EC2Call{CallFields: sim.CallFields{Action: sim.AssignPrivateIpAddresses, ENI: "eni-0", Want: 9, Addresses: span(5, 13)}},
		sim.EC2Returned{CallFields: sim.CallFields{Action: sim.AssignPrivateIpAddresses, ENI: "eni-0"}},
		sim.AddressesAdded{ENI: "eni-0", Addresses: span(5, 13), By: sim.ByGrow},
		sim.AgentStarted{Start: 1})
	for i := range 9 {
		pod := model.PodName(fmt.Sprintf("p%d", i+1))
		s.at(10001, n, sim.PodCreated{Pod: pod}, sim.PodAddressed{Pod: pod, ENI: "eni-0", Address: span(5, 13)[i]})
	}
	for i := range 9 {
		pod := model.PodName(fmt.Sprintf("p%d", i+1))
		until := model.Instant(90001) + shift
		s.at(60001, n, sim.PodDeleted{Pod: pod}, sim.PodReleased{Pod: pod, ENI: "eni-0", Address: span(5, 13)[i], CoolUntilMs: &until})
	}
	s.at(90000, n, sim.PodSetupFailed{Pod: "x1"})
	s.at(90001, n, sim.PodSetupFailed{Pod: "x2"})
	s.at(90002, n, sim.PodAddressed{Pod: "x3", ENI: "eni-0", Address: addr("10.0.0.5")})
	return s.fold.Outcome()
}

// smallInput is one m5.large in a /24 for 60 s.
func smallInput() *Input {
	return &Input{
		Subnets: []Subnet{{ID: "a", CIDR: "10.0.0.0/24"}}, NodeSubnet: "a",
		Nodes: []Node{{Name: "n1"}}, DurationMs: 60000,
	}
}

// start is a node n1-0 with one ENI and no addresses.
func start(in *Input) *script {
	s := &script{fold: NewFold(in)}
	s.launch(in, "n1-0", "10.0.0.4")
	s.at(0, "n1-0", sim.AgentConfigured{}, primaryENI(nil), sim.AgentStarted{Start: 1})
	return s
}

func primaryENI(addresses []netip.Addr) sim.ENIAttached {
	return sim.ENIAttached{ENI: "eni-0", Kind: model.ENIPrimary, Subnet: "a", PrimaryAddress: addr("10.0.0.4"), Addresses: addresses, By: sim.ByStart}
}

func callOf(action sim.Action, eni model.ENIID, want int) sim.CallFields {
	return sim.CallFields{Action: action, ENI: eni, Subnet: "a", Want: want}
}

// Making an ENI takes 5 s, freeing it 3 s: EC2's view changes at the begin of
// the first and the end of the second, the agent's the other way round.
func TestSlowCallsShowAtBothEnds(t *testing.T) {
	s := start(smallInput())
	const n = "n1-0"
	create := callOf(sim.CreateNetworkInterface, "eni-1", 2)
	s.at(2500, n, sim.EC2Call{CallFields: create},
		sim.ENICreated{ENI: "eni-1", Subnet: "a", PrimaryAddress: addr("10.0.0.5"), Addresses: span(6, 7)})
	s.at(7600, n, sim.EC2Returned{CallFields: create},
		sim.ENIAttached{ENI: "eni-1", Kind: model.ENISecondary, Device: 1, Subnet: "a", PrimaryAddress: addr("10.0.0.5"), Addresses: span(6, 7), By: sim.ByGrow})
	s.at(11000, n, sim.ENIDetached{ENI: "eni-1", By: sim.ByFree},
		sim.EC2Call{CallFields: callOf(sim.DetachNetworkInterface, "eni-1", 0)})
	s.at(12000, n, sim.EC2Returned{CallFields: callOf(sim.DetachNetworkInterface, "eni-1", 0)})
	s.at(14000, n, sim.EC2Call{CallFields: callOf(sim.DeleteNetworkInterface, "eni-1", 0)},
		sim.ENIDeleted{ENI: "eni-1", PrimaryAddress: addr("10.0.0.5"), Addresses: span(6, 7)},
		sim.EC2Returned{CallFields: callOf(sim.DeleteNetworkInterface, "eni-1", 0)})
	got := s.fold.Outcome()

	require.Equal(t, []Call{
		{AtMs: 2500, Call: "AllocENI", Device: 1, Want: 2, CIDRs: []string{"10.0.0.5-10.0.0.7"}},
		{AtMs: 11000, Call: "FreeENI", Device: 1},
	}, got.EC2Log)
	require.Equal(t, []string{
		"0: 1 ENIs, total 0, free 250", "2500: 1 ENIs, total 0, free 247", "7600: 2 ENIs, total 2, free 247",
		"11000: 1 ENIs, total 0, free 247", "14000: 1 ENIs, total 0, free 250",
	}, summaries(got))
}

func summaries(o Outcome) []string {
	var list []string
	for _, s := range o.Trace {
		list = append(list, fmt.Sprintf("%d: %d ENIs, total %d, free %d", s.AtMs, len(s.ENIs), s.TotalIPs, s.SubnetFree["a"]))
	}
	return list
}

// The agent tries the next subnet when one refuses: one call. The next attempt,
// later or in the same subnet, is another.
func TestOneAttemptInSeveralSubnetsIsOneCall(t *testing.T) {
	in := smallInput()
	s := start(in)
	full := callOf(sim.CreateNetworkInterface, "", 9)
	full.Error = model.InsufficientFreeAddressesInSubnet
	other := full
	other.Subnet = "b"
	s.at(2500, "n1-0", sim.EC2Call{CallFields: full}, sim.EC2Call{CallFields: other})
	s.at(7500, "n1-0", sim.EC2Call{CallFields: full}, sim.EC2Call{CallFields: full})
	got := s.fold.Outcome()
	require.Len(t, got.EC2Log, 3)
	last := got.Trace[len(got.Trace)-1]
	require.Equal(t, 3, last.EC2Calls["AllocENI"])
	require.Equal(t, map[string]int{"AllocENI": 3}, last.EC2Errors)
	require.Equal(t, -1, got.EC2Log[0].Device)
}

// A prefix and single addresses side by side: only blocks of the active mode
// count, the others show. A restart takes in anew what is there, without
// cooling, and drops the pods deleted meanwhile; in the gap there is no sample.
func TestRestartWithAnotherMode(t *testing.T) {
	s := start(smallInput())
	const n = "n1-0"
	until := model.Instant(32001)
	s.at(1001, n, sim.AddressesAdded{ENI: "eni-0", Addresses: span(5, 7), By: sim.ByGrow},
		sim.PodAddressed{Pod: "stays", Address: addr("10.0.0.5")},
		sim.PodAddressed{Pod: "goes", Address: addr("10.0.0.6")},
		sim.PodAddressed{Pod: "cools", Address: addr("10.0.0.7")})
	s.at(2001, n, sim.PodDeleted{Pod: "cools"}, sim.PodReleased{Pod: "cools", Address: addr("10.0.0.7"), CoolUntilMs: &until})
	s.at(3301, n, sim.AgentExited{Reason: "restart"})
	s.at(5001, n, sim.PodDeleted{Pod: "goes"}, sim.PodReleased{Pod: "goes", Address: addr("10.0.0.6"), Reason: "agent-down"})
	again := primaryENI(span(5, 7))
	again.Prefixes = []netip.Prefix{netip.MustParsePrefix("10.0.0.16/28")}
	s.at(13301, n, sim.AgentConfigured{Settings: model.Settings{PrefixDelegation: true}}, again, sim.AgentStarted{Start: 2})
	got := s.fold.Outcome()

	up := int64(13301)
	require.Equal(t, []Restart{{AtMs: 3301, UpMs: &up, PodsPruned: []string{"goes"}}}, got.Restarts)
	require.Equal(t, []int64{0, 1001, 2001, 13301}, instants(got))
	cooling := got.Trace[2]
	require.Equal(t, []int{3, 2, 1}, []int{int(cooling.TotalIPs), cooling.AssignedIPs, cooling.CooldownIPs})
	last := got.Trace[3]
	require.Equal(t, []int{16, 0, 0, 16}, []int{int(last.TotalIPs), last.AssignedIPs, last.CooldownIPs, int(last.AvailableIPs)})
	require.Equal(t, []ENI{{
		IsPrimary: true, Primary: "10.0.0.4", CreatedAtMs: 13301, IPCount: 19,
		IPs: []string{"10.0.0.5-10.0.0.7"}, Prefixes: []string{"10.0.0.16/28"},
		AssignedPods: []PodIP{{"stays", "10.0.0.5"}},
	}}, last.ENIs)
}

func instants(o Outcome) []int64 {
	var list []int64
	for _, s := range o.Trace {
		list = append(list, s.AtMs)
	}
	return list
}

// Reconcile drops an address under a pod, another pod gets it, and the first
// one's deletion must not take it from the second.
func TestAddressDroppedUnderAPod(t *testing.T) {
	s := start(smallInput())
	const n = "n1-0"
	until := model.Instant(33001)
	s.at(1001, n, sim.AddressesAdded{ENI: "eni-0", Addresses: span(5, 5), By: sim.ByGrow},
		sim.PodAddressed{Pod: "first", Address: addr("10.0.0.5")},
		sim.AddressesRemoved{ENI: "eni-0", Addresses: span(5, 5), By: sim.ByReconcile},
		sim.AddressesAdded{ENI: "eni-0", Addresses: span(5, 5), By: sim.ByGrow},
		sim.PodAddressed{Pod: "second", Address: addr("10.0.0.5")})
	s.at(3001, n, sim.PodDeleted{Pod: "first"}, sim.PodReleased{Pod: "first", Address: addr("10.0.0.5"), CoolUntilMs: &until})
	got := s.fold.Outcome()
	require.NotEmpty(t, got.PodResults[0].DeleteError)
	require.Equal(t, []PodIP{{"second", "10.0.0.5"}}, got.Trace[len(got.Trace)-1].ENIs[0].AssignedPods)
}

func TestFirstStartThatFails(t *testing.T) {
	s := &script{fold: NewFold(smallInput())}
	s.launch(smallInput(), "n1-0", "10.0.0.4")
	s.at(0, "n1-0", sim.AgentConfigured{}, primaryENI(nil), sim.AgentExited{Error: "no address", Reason: "failed"})
	got := s.fold.Outcome()
	require.Contains(t, got.InitErrors, "n1")
	require.Len(t, got.Trace, 1)
	require.Empty(t, Compare(Outcome{InitErrors: map[string]string{"n1": "other words"}, Trace: got.Trace}, got))
	require.Equal(t, `["n1"]`, Compare(Outcome{Trace: got.Trace}, got)[0].Got)
}

// The end is the last sample of the whole trace, at another instant.
func TestEndFoldHasTheLastState(t *testing.T) {
	in := smallInput()
	s := &script{fold: NewEndFold(in)}
	s.launch(in, "n1-0", "10.0.0.4")
	s.at(0, "n1-0", sim.AgentConfigured{}, primaryENI(span(5, 6)), sim.AgentStarted{Start: 1})
	s.at(10001, "n1-0", sim.PodAddressed{Pod: "p", Address: addr("10.0.0.5")})
	got := s.fold.Outcome()
	require.Equal(t, []int64{60000}, instants(got))
	require.Equal(t, []PodIP{{"p", "10.0.0.5"}}, got.Trace[0].ENIs[0].AssignedPods)
	require.Len(t, got.PodResults, 1)
}
