package replay_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// everyBody has one body of each type, with every field set.
func everyBody() []sim.Body {
	addr := netip.MustParseAddr("10.0.0.10")
	addrs := []netip.Addr{addr, netip.MustParseAddr("10.0.0.11")}
	prefix := netip.MustParsePrefix("10.0.0.32/28")
	prefixes := []netip.Prefix{prefix}
	until := model.Instant(31_000)
	decision := sim.PoolDecision{
		Rule: "grow", Reason: "too-low", Total: 9, Assigned: 8, Available: 1, Cooling: 1, Short: 2, Over: 3, ENI: "eni-1",
	}
	call := sim.CallFields{
		Call: 3, Action: sim.CreateNetworkInterface, Instance: "i-1", ENI: "eni-1", Trunk: "eni-2", VLAN: 4, Subnet: "a", Want: 2,
		Addresses: addrs, Prefixes: prefixes, Error: model.InsufficientCidrBlocks, LatencyMs: 5, Attempt: 2, Throttled: true,
	}
	branch := sim.BranchFields{Pod: "p", ENI: "eni-2", Trunk: "eni-1", VLAN: 3, Address: addr, Subnet: "a"}
	ended := sim.ExhaustionEnded{ID: 1, Kind: sim.KindSubnetIPs, Scope: "subnet", Name: "a", Pods: 2, PodMs: 9}
	return []sim.Body{
		sim.RunStarted{
			APIVersion: "vpcsim/v1", Name: "n", Platform: sim.PlatformECS, Scenario: json.RawMessage(`{"name":"n","x":[1,2]}`),
			Seed: 1<<64 - 1, Digest: "sha256:1", Version: "v", Notes: []string{"note"},
			Subnets: []sim.SubnetStart{{
				Name: "a", Zone: "z", CIDR: netip.MustParsePrefix("10.0.0.0/24"), IPv6CIDR: netip.MustParsePrefix("2001:db8::/64"), Tags: map[string]string{"a": "b"}, Reserved: addrs, InUse: addrs,
				Reservations: []sim.ReservationStart{{CIDR: prefix, Type: model.ReservationPrefix}}, ControlPlane: addrs,
			}},
		},
		sim.RunEnded{EndedBy: "limit", Message: "m", Open: []sim.ExhaustionEnded{ended}},
		sim.NodeLaunched{
			Group: "g", Instance: "i-1", InstanceType: "m5.large", Subnet: "a", Zone: "z", MaxPods: 29, SystemPods: 2,
			MaxENIs: 3, SlotsPerENI: 9, BranchENIs: 9, ENI: "eni-1", PrimaryAddress: addr, SecurityGroups: []model.SecurityGroup{"sg"},
			TaskENIs: 10, AWSVPCTrunking: true,
		},
		sim.NodeReady{},
		sim.NodeNotReady{Reason: "r"},
		sim.NodeCordoned{},
		sim.NodeUncordoned{},
		sim.NodeTerminated{},
		sim.AgentConfigured{
			Env: map[string]string{"A": "b"}, Ignored: []string{"A: why"}, CooldownMs: 30_000,
			Settings: model.Settings{
				WarmENITarget: 1, WarmIPTarget: 2, MinimumIPTarget: 3, WarmPrefixTarget: 4, MaxENI: 5, PrefixDelegation: true,
				CustomNetworking: true, ENIConfigLabel: "l", ENIConfigAnnotation: "a", PodENI: true, EnforcingMode: "strict",
				SubnetDiscovery: true, ClusterName: "c", IPv4: true, IPv6: true, Cooldown: 30 * time.Second,
				ManageNonSchedulable: true, MultiNIC: true, NoProvisioning: true, KeepLeakedENIs: true,
			},
		},
		sim.AgentStarted{Start: 2},
		sim.AgentExited{Error: "e", Reason: "failed"},
		sim.ENIAttached{
			ENI: "eni-1", Kind: model.ENITrunk, Device: 2, Subnet: "a", SecurityGroups: []model.SecurityGroup{"sg"},
			PrimaryAddress: addr, Addresses: addrs, Prefixes: prefixes, By: sim.ByGrow,
		},
		sim.ENIDetached{
			ENI: "eni-1", Kind: model.ENISecondary, Device: 2, Subnet: "a", PrimaryAddress: addr,
			Addresses: addrs, Prefixes: prefixes, By: sim.ByFree,
		},
		sim.AddressesAdded{ENI: "eni-1", Device: 1, Addresses: addrs, Prefixes: prefixes, By: sim.ByGrow},
		sim.AddressesRemoved{ENI: "eni-1", Device: 1, Addresses: addrs, Prefixes: prefixes, By: sim.ByShrink},
		sim.ENIExcluded{ENI: "eni-1", Device: 1},
		sim.TrunkSignalled{},
		sim.TrunkFailed{Subnet: "a", Error: sim.ErrNoDevice, Attempt: 1, Reasons: []string{"NodeTrunkFailedInit"}},
		sim.BranchRequested{Pod: "p", Trunk: "eni-1"},
		sim.BranchCreated{BranchFields: branch, SecurityGroups: []model.SecurityGroup{"sg"}},
		sim.BranchFailed{BranchFields: branch, Error: sim.ErrAtCapacity, Attempt: 2, Reason: "BranchAllocationFailed", RetryMs: &until},
		sim.BranchQueued{BranchFields: branch, Front: true},
		sim.BranchDeleted{BranchFields: branch, Error: model.InternalError, Leaked: true},
		sim.ENICreated{ENI: "eni-1", Kind: model.ENITrunk, Subnet: "a", PrimaryAddress: addr, Addresses: addrs, Prefixes: prefixes},
		sim.ENIDeleted{ENI: "eni-1", Subnet: "a", PrimaryAddress: addr, Addresses: addrs, Prefixes: prefixes, Released: 19},
		sim.PoolGrow{PoolDecision: decision},
		sim.PoolShrink{PoolDecision: decision},
		sim.PoolFree{PoolDecision: decision},
		sim.PoolSkip{PoolDecision: decision},
		sim.EC2Call{CallFields: call},
		sim.EC2Returned{CallFields: call},
		sim.PodCreated{Pod: "p", Workload: "w", HostNetwork: true},
		sim.PodBound{Pod: "p", Workload: "w"},
		sim.PodUnschedulable{Pod: "p", Workload: "w", Reason: sim.KindMaxPods, Attempt: 1, Message: "m"},
		sim.PodSetupFailed{Pod: "p", Workload: "w", Reason: sim.KindCooldown, Attempt: 1, Message: "m"},
		sim.PodAddressed{Pod: "p", Workload: "w", ENI: "eni-1", Device: 1, Address: addr, Prefix: prefix, VLAN: 3, Attempt: 2},
		sim.PodReady{Pod: "p"},
		sim.PodDeleted{Pod: "p"},
		sim.PodReleased{Pod: "p", ENI: "eni-1", Device: 1, Address: addr, Prefix: prefix, CoolUntilMs: &until, Reason: "r"},
		sim.PodCompleted{Pod: "p"},
		sim.AutoscalerScaledUp{Group: "g", Count: 2, Nodes: 3, Max: 5, Pods: 40, For: "p"},
		sim.AutoscalerNotScaledUp{Pod: "p", Workload: "w", Pods: 4, Reason: sim.ScaleMaxReached, Message: "m"},
		sim.TaskCreated{Pod: "p", Workload: "w", NetworkMode: sim.NetworkBridge},
		sim.TaskPlaced{Pod: "p", Workload: "w", Attempt: 2},
		sim.TaskUnplaceable{Pod: "p", Workload: "w", Reason: sim.KindENILimit, Code: sim.ResourceENI, Attempt: 2, Message: "m"},
		sim.TaskFailed{Pod: "p", Workload: "w", Reason: sim.KindSubnetIPs, Attempt: 2, Message: "m", RetryMs: until},
		sim.TaskAddressed{Pod: "p", Workload: "w", ENI: "eni-1", Kind: model.ENIBranch, Device: -1, VLAN: 4, Subnet: "a", Address: addr, Attempt: 2},
		sim.TaskReady{Pod: "p"},
		sim.TaskDeleted{Pod: "p"},
		sim.TaskReleased{Pod: "p", ENI: "eni-1", Device: -1, Address: addr, Reason: "terminated"},
		sim.TaskCompleted{Pod: "p"},
		sim.SubnetTagged{Subnet: "a", Tags: map[string]string{"kubernetes.io/role/cni": "1"}},
		sim.ControllerConfigured{BranchCooldown: "20", CooldownMs: 30_000, Windows: map[string]string{"enable-windows-ipam": "true"}},
		sim.PoolConfigured{
			Env: map[string]string{"enable-windows-ipam": "true"}, Settings: model.Settings{PrefixDelegation: true, Cooldown: 30 * time.Second},
			Ignored: []string{"x"}, CooldownMs: 30_000, Capacity: 144,
		},
		sim.ControllerRestarted{},
		sim.FaultBegan{Fault: 1, Action: sim.AttachNetworkInterface, Error: model.InternalError, Count: 3, ForMs: 60_000, LatencyMs: 2000},
		sim.FaultEnded{Fault: 1, Action: sim.AttachNetworkInterface, Error: model.InternalError, Calls: 3},
		sim.ExhaustionBegan{
			ID: 1, Kind: sim.KindSubnetIPs, Scope: "subnet", Name: "a", Pod: "p", Reason: "r", CappedBy: "MAX_ENI", Message: "m",
			Numbers: map[sim.Number]int{sim.NumberFree: 1}, Remedy: "x",
		},
		ended,
	}
}

func TestEveryTypeOfEventComesBackAsItWent(t *testing.T) {
	seen := map[sim.EventType]bool{}
	for i, b := range everyBody() {
		seen[b.Type()] = true
		e := sim.Event{Seq: int64(i), At: 1500, Node: "workers-0", Body: b}
		line, err := json.Marshal(e)
		require.NoError(t, err)
		back, err := replay.DecodeEvent(line)
		require.NoError(t, err, "%s", line)
		require.Equal(t, e, back)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(line), string(again))
	}
	require.Len(t, seen, replay.EventTypes(), "a type of event is missing here")
	// The types are those that the engine's source names.
	source, err := os.ReadFile("../event.go")
	require.NoError(t, err)
	named := regexp.MustCompile(`EventType = "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.True(t, seen[sim.EventType(m[1])], "%s cannot be decoded", m[1])
	}
}

// The zero body of each type must come back, too: what is omitted when empty
// is not required.
func TestEmptyBodiesComeBack(t *testing.T) {
	for _, b := range []sim.Body{sim.NodeReady{}, sim.PodReady{}, sim.PodCreated{}, sim.PoolSkip{}, sim.PodReleased{}} {
		e := sim.Event{Body: b}
		line, err := json.Marshal(e)
		require.NoError(t, err)
		back, err := replay.DecodeEvent(line)
		require.NoError(t, err)
		require.Equal(t, e, back)
	}
}

func TestDecodingIsStrict(t *testing.T) {
	for line, want := range map[string]string{
		`{"seq":0,"atMs":0,"type":"pod.ready","pod":"p","extra":1}`:                   `unknown field "extra"`,
		`{"seq":0,"atMs":0,"type":"pod.sings","pod":"p"}`:                             `unknown type of event "pod.sings"`,
		`{"atMs":0,"type":"pod.ready","pod":"p"}`:                                     `"seq" is missing`,
		`{"seq":0,"type":"pod.ready","pod":"p"}`:                                      `"atMs" is missing`,
		`{"seq":0,"atMs":0}`:                                                          `"type" is missing`,
		`{"seq":0,"atMs":0.5,"type":"pod.ready","pod":"p"}`:                           `atMs`,
		`{"seq":0,"seq":0,"atMs":0,"type":"pod.ready","pod":"p"}`:                     `"seq" stands twice`,
		`{"seq":0,"atMs":0,"type":"pod.ready","pod":"p","pod":"q"}`:                   `"pod" stands twice`,
		`{"seq":0,"atMs":0,"type":"pod.ready","pod":"p"} {}`:                          `more than one event`,
		`{"seq":0,"atMs":0,"type":"pod.addressed","pod":"p","address":"10.0.0.300"}`:  `10.0.0.300`,
		`{"seq":0,"atMs":0,"type":"eni.created","eni":"e","prefixes":["10.0.0.0/x"]}`: `10.0.0.0/x`,
		`[1]`:                                  `an event is a JSON object`,
		`{"seq":0,"atMs":0,"type":"pod.ready"`: ``,
	} {
		_, err := replay.DecodeEvent([]byte(line))
		require.Error(t, err, line)
		require.ErrorContains(t, err, want, line)
	}
}

func TestDecodeNamesTheLine(t *testing.T) {
	in := `{"seq":0,"atMs":0,"type":"pod.ready","pod":"p"}` + "\n\n" + `{"seq":1}`
	var got []sim.Event
	var failure error
	for e, err := range replay.Decode(strings.NewReader(in)) {
		if err != nil {
			failure = err
			break
		}
		got = append(got, e)
	}
	require.Len(t, got, 1)
	require.ErrorContains(t, failure, "line 3")
}

func FuzzDecodeEvent(f *testing.F) {
	for i, b := range everyBody() { // a sound line of each type
		line, err := json.Marshal(sim.Event{Seq: int64(i), Body: b})
		require.NoError(f, err)
		f.Add(line)
	}
	f.Add([]byte(`{"seq":0,"atMs":0,"type":"agent.configured","cooldownMs":9223372036854775807}`)) // overflows a duration
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := replay.DecodeEvent(line)
		if err != nil {
			return
		}
		out, err := json.Marshal(e)
		require.NoError(t, err)
		back, err := replay.DecodeEvent(out)
		require.NoError(t, err, "%s", out)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.True(t, bytes.Equal(out, again), "%s\n%s", out, again)
	})
}
