package view

import (
	"cmp"
	"encoding/json"
	"io"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// APIVersion is that of all structured output.
const APIVersion = "vpcsim/v1"

// RunDocument is what run -o json writes. Lists are never null; what doesn't
// apply is.
type RunDocument struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Scenario   scenarioDocument     `json:"scenario"`
	EndMs      model.Instant        `json:"endMs"`
	EndedBy    string               `json:"endedBy"`
	Summary    SummaryDocument      `json:"summary"`
	Exhaustion []exhaustionDocument `json:"exhaustion"`
	Nodes      []nodeDocument       `json:"nodes"`
	Subnets    []SubnetDocument     `json:"subnets"`
	Leaked     []leakedDocument     `json:"leaked"`
	Pods       []podDocument        `json:"pods"`
	// Autoscaler is left out where no group is scaled.
	Autoscaler   *autoscalerDocument   `json:"autoscaler,omitempty"`
	Expectations []ExpectationDocument `json:"expectations"`
}

type scenarioDocument struct {
	Name   string `json:"name"`
	Seed   uint64 `json:"seed"`
	Digest string `json:"digest"`
}

// SummaryDocument are the numbers of the whole run.
type SummaryDocument struct {
	Pods      podSummary         `json:"pods"`
	Nodes     int                `json:"nodes"`
	ENIs      int                `json:"enis"`
	Addresses addressSummary     `json:"addresses"`
	EC2Calls  map[sim.Action]int `json:"ec2Calls"`
	// EC2CallsOverTime are calls per bucket, from the start to the last call.
	EC2CallsOverTime callsOverTimeDocument `json:"ec2CallsOverTime"`
}

type callsOverTimeDocument struct {
	BucketMs  int64 `json:"bucketMs"` // 0: there was no call
	Calls     []int `json:"calls"`
	Throttled []int `json:"throttled"`
}

type podSummary struct {
	Created int `json:"created"`
	Running int `json:"running"`
	Pending int `json:"pending"` // without a node, or not ready
	// Gone were deleted, or ran to their end, without ever having had an address
	// although they asked for one.
	Gone           int `json:"gone"`
	FailedAttempts int `json:"failedAttempts"`
	// Null if no pod was given an address.
	StartLatencyMs *latencyDocument `json:"startLatencyMs"` // created to addressed
	TimeToIPMs     *latencyDocument `json:"timeToIPMs"`     // bound to addressed
	// WaitMs is from created to addressed, deleted or the end of the run, of all pods
	// that need an address; null if none does.
	WaitMs *latencyDocument `json:"waitMs"`
	// When the last of all pods got its address, and when the last became ready;
	// null if none did.
	LastAddressedMs *model.Instant `json:"lastAddressedMs"`
	LastReadyMs     *model.Instant `json:"lastReadyMs"`
}

type latencyDocument struct {
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

type addressSummary struct {
	Total    int `json:"total"`
	Assigned int `json:"assigned"`
	Cooling  int `json:"cooling"`
	Free     int `json:"free"`
}

type exhaustionDocument struct {
	Kind     sim.Kind           `json:"kind"`
	Scope    string             `json:"scope"`
	Name     string             `json:"name"`
	FirstPod *model.PodName     `json:"firstPod"`
	FirstMs  model.Instant      `json:"firstMs"`
	LastMs   *model.Instant     `json:"lastMs"` // null: to the end
	Pods     int                `json:"pods"`
	PodMs    int64              `json:"podMs"`
	Reason   *string            `json:"reason"`
	CappedBy *string            `json:"cappedBy"` // what limits the ENIs, of an eni-limit
	Message  string             `json:"message"`
	Numbers  map[sim.Number]int `json:"numbers"`
	Remedy   string             `json:"remedy"`
}

type nodeDocument struct {
	Name         model.NodeName `json:"name"`
	InstanceType string         `json:"instanceType"`
	Subnet       model.SubnetID `json:"subnet"`
	MaxPods      int            `json:"maxPods"` // 0 on ECS
	// TaskENIs is how many tasks in awsvpc mode an ECS container instance takes,
	// AWSVPCTrunking whether it has a trunk for them.
	TaskENIs       *int             `json:"taskENIs,omitempty"`
	AWSVPCTrunking *bool            `json:"awsvpcTrunking,omitempty"`
	ENIs           []eniDocument    `json:"enis"`
	Branches       []branchDocument `json:"branches"`
	Totals         totalsDocument   `json:"totals"`
}

type eniDocument struct {
	Card           int                   `json:"card,omitempty"` // network card
	Device         int                   `json:"device"`
	Kind           model.ENIKind         `json:"kind"`
	Subnet         model.SubnetID        `json:"subnet"`
	SecurityGroups []model.SecurityGroup `json:"securityGroups"`
	PrimaryAddress string                `json:"primaryAddress"`
	Excluded       bool                  `json:"excluded"`
	Addresses      []addressDocument     `json:"addresses"`
	Prefixes       []prefixDocument      `json:"prefixes"`
}

type addressDocument struct {
	Address     string              `json:"address"`
	State       replay.AddressState `json:"state"`
	Pod         *model.PodName      `json:"pod"`
	CoolUntilMs *model.Instant      `json:"coolUntilMs"`
}

type prefixDocument struct {
	Prefix    string            `json:"prefix"`
	Addresses []addressDocument `json:"addresses"`
}

type branchDocument struct {
	ENI     model.ENIID        `json:"eni"`
	Pod     *model.PodName     `json:"pod"` // null: not known, or none
	VLAN    int                `json:"vlan"`
	Address string             `json:"address"`
	Subnet  model.SubnetID     `json:"subnet"`
	State   replay.BranchState `json:"state"`
}

type totalsDocument struct {
	Total     int `json:"total"`
	Assigned  int `json:"assigned"`
	Available int `json:"available"`
	Cooling   int `json:"cooling"`
}

// SubnetDocument are the numbers of a subnet at the end.
type SubnetDocument struct {
	Name         model.SubnetID `json:"name"`
	CIDR         string         `json:"cidr"`
	Usable       int            `json:"usable"`
	Used         int            `json:"used"`
	Free         int            `json:"free"`
	ReservedFree int            `json:"reservedFree"`
	FreePrefixes int            `json:"freePrefixes"`
	LargestFree  int            `json:"largestFree"`
	Leaked       int            `json:"leaked,omitempty"` // of used: those of leaked ENIs
}

// leakedDocument is an ENI that EC2 has at the end and nobody uses.
type leakedDocument struct {
	ENI       model.ENIID      `json:"eni"`
	Kind      model.ENIKind    `json:"kind"`
	Node      model.NodeName   `json:"node"`
	Subnet    model.SubnetID   `json:"subnet"`
	Addresses int              `json:"addresses"`
	CreatedMs model.Instant    `json:"createdMs"`
	SinceMs   model.Instant    `json:"sinceMs"`
	Action    *sim.Action      `json:"action"` // null: its owner was killed
	Error     *model.ErrorCode `json:"error"`
	Refused   int              `json:"refused"`
	Fate      string           `json:"fate"`
}

type podDocument struct {
	Name     model.PodName      `json:"name"`
	Workload model.WorkloadName `json:"workload"`
	Node     *model.NodeName    `json:"node"`
	Phase    replay.Phase       `json:"phase"`
	Address  *string            `json:"address"`
	Card     int                `json:"card,omitempty"` // network card
	Device   *int               `json:"device"`
	// MoreAddresses are those of the other network cards, of a pod that has one of
	// each.
	MoreAddresses  []moreDocument `json:"moreAddresses,omitempty"`
	CreatedMs      model.Instant  `json:"createdMs"`
	BoundMs        *model.Instant `json:"boundMs"`
	AddressedMs    *model.Instant `json:"addressedMs"`
	FailedAttempts int            `json:"failedAttempts"`
}

// Document builds the structured form of a run. Nodes that were terminated and
// pods that are gone are not in it, except in the summary.
func Document(s *replay.State) RunDocument {
	d := RunDocument{
		APIVersion:   APIVersion,
		Kind:         "Run",
		Scenario:     scenarioDocument{s.Started.Name, s.Started.Seed, s.Started.Digest},
		EndMs:        s.Now,
		Exhaustion:   []exhaustionDocument{},
		Nodes:        []nodeDocument{},
		Subnets:      []SubnetDocument{},
		Leaked:       []leakedDocument{},
		Pods:         []podDocument{},
		Expectations: []ExpectationDocument{},
	}
	if s.Ended != nil {
		d.EndedBy = s.Ended.EndedBy
	}
	for _, ep := range s.Episodes {
		d.Exhaustion = append(d.Exhaustion, exhaustionOf(ep))
	}
	for _, n := range s.Nodes {
		if !n.Gone() {
			d.Nodes = append(d.Nodes, nodeOf(s, n))
		}
	}
	for _, sn := range s.Subnets {
		st := sn.Stats()
		d.Subnets = append(d.Subnets, SubnetDocument{
			sn.Name, sn.CIDR.String(), st.Usable, st.Used, st.Free, st.ReservedFree, st.FreePrefixes, st.LargestFree, sn.Leaked(),
		})
	}
	for _, l := range s.Leaks() {
		d.Leaked = append(d.Leaked, leakedOf(s, l))
	}
	for _, p := range s.Pods.All() {
		d.Pods = append(d.Pods, podOf(p))
	}
	d.Autoscaler = autoscalerOf(s)
	d.Summary = summaryOf(s, d.Nodes)
	return d
}

func summaryOf(s *replay.State, nodes []nodeDocument) SummaryDocument {
	n, t := s.Pods.Count(), s.Totals()
	sum := SummaryDocument{
		Pods: podSummary{
			Created: n.Created, Running: n.Running, Pending: n.Waiting(), Gone: n.Gone, FailedAttempts: n.FailedAttempts,
			StartLatencyMs: latencyOf(&s.Pods.StartLatency), TimeToIPMs: latencyOf(&s.Pods.TimeToIP),
			WaitMs:          waitOf(&s.Pods.Wait, s.Now),
			LastAddressedMs: unlessNever(s.Pods.LastAddressedAt), LastReadyMs: unlessNever(s.Pods.LastReadyAt),
		},
		Nodes:     len(nodes),
		Addresses: addressSummary{t.Total, t.Assigned, t.Cooling, t.Free()},
		EC2Calls:  map[sim.Action]int{},

		EC2CallsOverTime: callsOverTime(&s.Calls.Over),
	}
	for _, n := range nodes {
		sum.ENIs += len(n.ENIs) + len(n.Branches)
	}
	for _, a := range s.Calls.ByAction() {
		sum.EC2Calls[a.Action] = a.Count
	}
	return sum
}

func callsOverTime(series *replay.CallSeries) callsOverTimeDocument {
	d := callsOverTimeDocument{BucketMs: series.Width().Milliseconds(), Calls: []int{}, Throttled: []int{}}
	for _, b := range series.Buckets() {
		d.Calls = append(d.Calls, b.Calls)
		d.Throttled = append(d.Throttled, b.Throttled)
	}
	return d
}

func latencyOf(l *replay.Latencies) *latencyDocument {
	if l.Count() == 0 {
		return nil
	}
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	return &latencyDocument{ms(l.Percentile(50)), ms(l.Percentile(90)), ms(l.Percentile(99)), ms(l.Max())}
}

func waitOf(l *replay.Waits, end model.Instant) *latencyDocument {
	if l.Count() == 0 {
		return nil
	}
	ms := func(percent int) int64 { return l.Percentile(percent, end).Milliseconds() }
	return &latencyDocument{ms(50), ms(90), ms(99), ms(100)}
}

func exhaustionOf(ep *replay.Episode) exhaustionDocument {
	numbers := ep.Numbers
	if numbers == nil {
		numbers = map[sim.Number]int{}
	}
	return exhaustionDocument{
		Kind: ep.Kind, Scope: ep.Scope, Name: ep.Name, FirstPod: unlessZero(ep.Pod),
		FirstMs: ep.BeganAt, LastMs: unlessNever(ep.EndedAt),
		Pods: ep.Pods, PodMs: ep.PodMs,
		Reason: unlessZero(ep.Reason), CappedBy: unlessZero(ep.CappedBy),
		Message: ep.Message, Numbers: numbers, Remedy: ep.Remedy,
	}
}

func nodeOf(s *replay.State, n *replay.Node) nodeDocument {
	t := n.Totals(s.Now)
	d := nodeDocument{
		Name: n.Name, InstanceType: n.Launched.InstanceType, Subnet: n.Launched.Subnet, MaxPods: n.Launched.MaxPods,
		ENIs: []eniDocument{}, Branches: []branchDocument{},
		Totals: totalsDocument{t.Total, t.Assigned, t.Available(), t.Cooling},
	}
	if onECS(s) {
		d.TaskENIs, d.AWSVPCTrunking = &n.Launched.TaskENIs, &n.Launched.AWSVPCTrunking
	}
	for _, e := range n.Attached() {
		d.ENIs = append(d.ENIs, eniOf(s, e))
	}
	for _, b := range n.Branches {
		d.Branches = append(d.Branches, branchDocument{
			ENI: b.ENI, Pod: unlessZero(b.Pod), VLAN: b.VLAN, Address: b.Address.String(), Subnet: b.Subnet, State: b.State,
		})
	}
	for _, e := range n.TaskBranches {
		d.Branches = append(d.Branches, branchDocument{
			ENI: e.ID, Pod: unlessZero(e.Pod), VLAN: e.VLAN, Address: e.PrimaryAddress.String(), Subnet: e.Subnet, State: replay.BranchInUse,
		})
	}
	return d
}

func eniOf(s *replay.State, e *replay.ENI) eniDocument {
	d := eniDocument{
		Card: e.Card, Device: e.Device, Kind: e.Kind, Subnet: e.Subnet,
		SecurityGroups: append([]model.SecurityGroup{}, e.SecurityGroups...),
		PrimaryAddress: e.PrimaryAddress.String(),
		Excluded:       e.Excluded,
		Addresses:      []addressDocument{},
		Prefixes:       []prefixDocument{},
	}
	if e.Pod != "" { // the one address that a task's ENI has
		d.Addresses = append(d.Addresses, addressDocument{Address: d.PrimaryAddress, State: replay.Assigned, Pod: &e.Pod})
	}
	for _, b := range e.Blocks {
		addresses := []addressDocument{}
		for _, a := range b.Addresses(s.Now) {
			addresses = append(addresses, addressDocument{
				Address: a.Addr.String(), State: a.State, Pod: unlessZero(a.Pod), CoolUntilMs: unlessZero(a.CoolUntil),
			})
		}
		if b.IsPrefix() {
			d.Prefixes = append(d.Prefixes, prefixDocument{b.Prefix.String(), addresses})
		} else {
			d.Addresses = append(d.Addresses, addresses...)
		}
	}
	return d
}

func leakedOf(s *replay.State, l replay.Leak) leakedDocument {
	return leakedDocument{
		ENI: l.ENI, Kind: l.Kind, Node: l.Node, Subnet: l.Subnet, Addresses: l.Addresses, CreatedMs: l.MadeAt, SinceMs: l.Since,
		Action: unlessZero(l.Action), Error: unlessZero(l.Error), Refused: l.Refused, Fate: LeakFate(s, l),
	}
}

func podOf(p *replay.Pod) podDocument {
	d := podDocument{
		Name: p.Name, Workload: p.Workload, Node: unlessZero(p.Node), Phase: p.Phase,
		CreatedMs: p.CreatedAt, BoundMs: unlessNever(p.BoundAt), AddressedMs: unlessNever(p.AddressedAt),
		FailedAttempts: p.FailedAttempts,
	}
	if p.Address.IsValid() {
		address, device := p.Address.String(), p.Device
		d.Address, d.Card, d.MoreAddresses = &address, p.Card, moreOf(p)
		if device >= 0 { // a branch ENI has none
			d.Device = &device
		}
	}
	return d
}

func unlessNever(t model.Instant) *model.Instant {
	if t == model.Never {
		return nil
	}
	return &t
}

func unlessZero[T cmp.Ordered](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// JSON writes a value as an indented document.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
