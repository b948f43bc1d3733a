package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// recording is a scenario of the real resource controller, with what it did.
type recording struct {
	Name                   string
	InstanceType           string
	BranchLimit, ENILimit  int
	CooldownConfigured     *string
	CooldownSeconds        int
	FirstRoundDelayMs      int64
	Subnet                 recordedSubnet
	ENIConfigSubnet        *recordedSubnet
	ENIConfigSubnetLater   *recordedSubnet
	AttachedDeviceIndexes  []int
	Inject                 recordedFaults
	EndMs                  int64
	Workers                int
	Description            string
	Events                 []recordedEvent
	TrunkInits             []recordedTrunkInit
	Trace                  []recordedState
	PodResults             []recordedPod
	EC2Log                 []recordedCall `json:"ec2Log"`
	K8sEvents              []recordedMessage
	unordered              bool // within a millisecond
	jittered               bool // its waits between failed calls are drawn
	eniConfigSubnetPresent model.SubnetID
}

type recordedSubnet struct {
	ID    model.SubnetID
	CIDR  netip.Prefix
	Taken []netip.Addr
}

type recordedFaults struct {
	DeleteFailures             map[netip.Addr]int
	DeleteAPIFailures          map[netip.Addr]int `json:"deleteApiFailures"`
	AssociateFailures          int
	AnnotateFailures           int
	LatencyMs                  map[Action]int64
	EC2RefusesAboveBranchLimit bool `json:"ec2RefusesAboveBranchLimit"`
}

type recordedEvent struct {
	AtMs  int64
	Op    string
	Pod   model.PodName
	Count *int
	// Of setCooldown; which of them is there the recordings leave open.
	Value, Seconds, Cooldown json.RawMessage
}

type recordedTrunkInit struct {
	AtMs        int64
	Created     bool
	Error       string
	Subnet      model.SubnetID
	Address     netip.Addr
	DeviceIndex int
}

type recordedBranch struct {
	Pod     model.PodName
	VLAN    int
	Address netip.Addr
	SinceMs *int64
}

type recordedState struct {
	AtMs       int64
	Branches   []recordedBranch
	Queue      []recordedBranch
	Counted    int
	Used       int
	UsedVlans  []int
	SubnetFree int
}

type recordedPod struct {
	Pod         model.PodName
	RequestedMs int64
	CreatedMs   *int64
	VLAN        *int
	Address     *netip.Addr
	Refusals    int
	RefusalsMs  []int64
	Failures    []recordedFailure
	DeletedMs   *int64 `json:",omitempty"` // as the events say
}

type recordedFailure struct {
	AtMs  int64
	Error string
}

type recordedCall struct {
	AtMs    int64
	Call    string
	ENI     string
	Subnet  model.SubnetID
	Address *netip.Addr
	VLAN    int
	Device  *int `json:"deviceIndex"`
	Error   string
}

type recordedMessage struct {
	AtMs             int64
	On, Type, Reason string
}

// TestControllerDoesWhatTheRealOneDid replays the recordings: the same branches,
// queue and VLAN ids at the same milliseconds, the same calls.
func TestControllerDoesWhatTheRealOneDid(t *testing.T) {
	files, err := filepath.Glob("testdata/branch/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		want := recording{jittered: strings.HasPrefix(filepath.Base(file), "delete-api-fails-")}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields() // so that nothing recorded is left out by accident
		require.NoError(t, decoder.Decode(&want), file)
		require.Equal(t, controllerWorkers, want.Workers)
		t.Run(want.Name, func(t *testing.T) {
			want.unordered = strings.HasPrefix(want.Name, "node-delete-") || strings.HasPrefix(want.Name, "restart-")
			got := replay(t, &want)
			require.Equal(t, want.states(want.Trace), got.states(t, &want))
			require.Equal(t, want.pods(), got.podResults())
			require.Equal(t, want.calls(want.EC2Log), want.calls(got.calls))
			require.Equal(t, want.messages(want.K8sEvents), want.messages(got.messages))
			require.Len(t, got.inits, len(want.TrunkInits))
			for i, init := range want.TrunkInits {
				require.Contains(t, init.Error, got.inits[i].Error)
				got.inits[i].Error = init.Error
			}
			require.Equal(t, want.TrunkInits, got.inits)
		})
	}
}

// replayed is what our controller did.
type replayed struct {
	e        *engine
	node     *node
	trace    []recordedState
	pods     []*replayedPod
	current  map[model.PodName]*replayedPod
	calls    []recordedCall
	messages []recordedMessage
	inits    []recordedTrunkInit
	enis     map[model.ENIID]string
	vlans    map[model.ENIID]int
	address  map[model.ENIID]netip.Addr
	others   []netip.Addr
	faults   recordedFaults
	free     func() int
	leaked   []model.PodName
	creating int // calls on their way: the recordings' EC2 takes an address at the end of a call
}

type replayedPod struct {
	*pod
	result recordedPod
}

// replay plays the recording's events. The node's agent never starts, and no
// kubelet: what reaches the controller is what the events say.
func replay(t *testing.T, rec *recording) *replayed {
	kind, ok := model.LookupInstanceType(rec.InstanceType)
	require.True(t, ok)
	require.Equal(t, rec.ENILimit, kind.MaxENIs)
	require.Equal(t, rec.BranchLimit, kind.BranchENIs)

	r := &replayed{
		current: map[model.PodName]*replayedPod{},
		enis:    map[model.ENIID]string{}, vlans: map[model.ENIID]int{}, address: map[model.ENIID]netip.Addr{},
		faults: rec.Inject,
	}
	cfg := Config{
		Subnets: []SubnetConfig{{Name: rec.Subnet.ID, Zone: "a", CIDR: rec.Subnet.CIDR}},
		EC2:     EC2Config{Order: OrderLowest, Latency: map[Action]Range{}, BranchLimit: rec.Inject.EC2RefusesAboveBranchLimit},
		NodeGroups: []NodeGroup{{
			Name: "node", Type: kind, Count: 1, Subnets: []model.SubnetID{rec.Subnet.ID},
			MaxPods: 1000, AgentStart: 10000 * time.Hour,
		}},
	}
	if rec.CooldownConfigured != nil {
		cfg.CNI.BranchCooldown = *rec.CooldownConfigured
	}
	for action, ms := range rec.Inject.LatencyMs {
		d := time.Duration(ms) * time.Millisecond
		cfg.EC2.Latency[action] = Range{Min: d, Max: d}
	}
	cfg.EC2.Refused = cfg.EC2.Latency[AssociateTrunkInterface]
	rec.eniConfigSubnetPresent = rec.Subnet.ID
	if s := rec.ENIConfigSubnet; s != nil {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: s.ID, Zone: "a", CIDR: s.CIDR})
		cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: s.ID}}
		rec.eniConfigSubnetPresent = s.ID
	}
	if s := rec.ENIConfigSubnetLater; s != nil {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: s.ID, Zone: "a", CIDR: s.CIDR})
	}
	e, err := newEngine(cfg, r.take)
	require.NoError(t, err)
	r.e = e
	for _, s := range []*recordedSubnet{&rec.Subnet, rec.ENIConfigSubnet, rec.ENIConfigSubnetLater} {
		if s == nil {
			continue
		}
		space := e.ec2.named[s.ID]
		all, err := space.TakeAddresses(space.Free(), nil)
		require.NoError(t, err)
		for _, a := range all {
			if !slices.Contains(s.Taken, a) {
				space.ReleaseAddress(a)
			}
		}
	}
	r.others = slices.Clone(rec.Subnet.Taken)
	e.start()
	n := e.nodes[0]
	r.node = n
	for _, device := range rec.AttachedDeviceIndexes {
		if device > 0 {
			ni, err := e.ec2.make(n.instance, n.subnet, nil, 0, false, model.ENISecondary)
			require.NoError(t, err)
			n.instance.attach(ni, 0, device)
		}
	}
	n.agent.settings.CustomNetworking = rec.ENIConfigSubnet != nil
	n.signalled = true
	r.beginFaults()
	c := e.controller
	c.firstWait = time.Duration(rec.FirstRoundDelayMs) * time.Millisecond
	c.bare = true
	c.failDelete = r.failDelete
	if rec.jittered {
		c.jitter = rec.jitter
	}
	c.failAnnotate = func(*pod) bool {
		r.faults.AnnotateFailures--
		return r.faults.AnnotateFailures >= 0
	}
	e.step(0, func() { r.initTrunk() })
	for _, event := range rec.Events {
		e.step(model.Instant(event.AtMs), func() { r.do(t, rec, event) })
	}
	r.free = func() int { return e.ec2.named[rec.eniConfigSubnetPresent].Free() + r.creating }
	r.run(rec.EndMs)
	r.finishInits()
	return r
}

// run takes the engine's timers up to the end, and looks at the state after
// each instant.
func (r *replayed) run(endMs int64) {
	e := r.e
	for e.queue.len() > 0 && e.queue.heap[0].at <= model.Instant(endMs) {
		next := e.queue.pop()
		e.now = next.at
		next.fire()
		if e.queue.len() == 0 || e.queue.heap[0].at > e.now {
			r.look()
		}
	}
}

// look notes the state if it differs from the one before, and checks what must
// always hold.
func (r *replayed) look() {
	if r.e.controller.trunks == nil {
		return // it is down
	}
	s := recordedState{AtMs: int64(r.e.now), Branches: []recordedBranch{}, Queue: []recordedBranch{}, UsedVlans: []int{}, SubnetFree: r.free()}
	checkTrunks(r.e)
	if t := r.e.controller.trunks[r.node.name]; t != nil {
		for _, b := range t.Held() {
			s.Branches = append(s.Branches, recordedBranch{Pod: b.Pod, VLAN: b.VLAN, Address: b.Address})
		}
		slices.SortFunc(s.Branches, func(a, b recordedBranch) int { return a.VLAN - b.VLAN })
		for _, b := range t.Queue() {
			q := recordedBranch{VLAN: b.VLAN, Address: b.Address}
			if b.Timed {
				since := int64(b.Since)
				q.SinceMs = &since
			}
			s.Queue = append(s.Queue, q)
		}
		s.Counted = t.Counted()
		s.UsedVlans = append(s.UsedVlans, t.VLANs()...)
		s.Used = len(s.UsedVlans)
	}
	if n := len(r.trace); n > 0 {
		last := r.trace[n-1]
		last.AtMs = s.AtMs
		if fmt.Sprint(printable(last)) == fmt.Sprint(printable(s)) {
			return
		}
	}
	r.trace = append(r.trace, s)
}

// do carries out one of the recording's events.
func (r *replayed) do(t *testing.T, rec *recording, event recordedEvent) {
	e, c, n := r.e, r.e.controller, r.node
	count := 1
	if event.Count != nil {
		count = *event.Count
	}
	p := r.current[event.Pod]
	switch event.Op {
	case "create":
		p = &replayedPod{
			pod:    &pod{name: event.Pod, spec: &PodSpec{BranchGroups: []model.SecurityGroup{"sg"}}, seq: len(r.pods), node: n, phase: podCreating},
			result: recordedPod{Pod: event.Pod, RequestedMs: event.AtMs},
		}
		r.pods = append(r.pods, p)
		r.current[event.Pod] = p
		e.podNamed[event.Pod] = p.pod
		n.pods = append(n.pods, p.pod)
		r.request(p.pod)
	case "podUpdate":
		r.request(p.pod)
	case "complete":
		p.phase = podDone
		r.unbind(p.pod)
		c.podLeft(p.pod)
	case "delete":
		r.remove(p.pod)
		c.podLeft(p.pod)
	case "deleteUnseen":
		r.remove(p.pod)
	case "reconcile":
		c.checkLeaks(n)
	case "nodeDelete":
		c.nodeGone(n)
	case "nodeInit":
		n.signalled = true
		r.initTrunk()
	case "stop":
		c.stop()
	case "restart":
		r.startInit()
		c.start()
	case "relist":
		c.relist()
	case "eniConfigChange":
		e.cfg.CNI.ENIConfigs[0].Subnet = rec.ENIConfigSubnetLater.ID
		rec.eniConfigSubnetPresent = rec.ENIConfigSubnetLater.ID
	case "setCooldown":
		text := cmp.Or(string(event.Value), string(event.Seconds), string(event.Cooldown), fmt.Sprint(count))
		c.setCooldown(strings.Trim(text, `"`))
	case "failAssociate":
		r.faults.AssociateFailures += count
	case "othersTake":
		got, err := n.subnet.TakeAddresses(count, nil)
		require.NoError(t, err)
		r.others = append(r.others, got...)
	case "othersFree":
		slices.SortFunc(r.others, netip.Addr.Compare)
		for range count {
			last := len(r.others) - 1
			n.subnet.ReleaseAddress(r.others[last])
			r.others = r.others[:last]
		}
	default:
		t.Fatalf("unknown event %q", event.Op)
	}
}

// request is what the pod controller does at a pod's event: it hands the pod to
// the workers. Ours would wait for the node to be initialised; the recordings'
// does not.
func (r *replayed) request(p *pod) {
	if c := r.e.controller; c.listening {
		c.queue.add(workItem{kind: itemCreate, pod: p.name})
	}
}

func (r *replayed) unbind(p *pod) {
	r.node.pods = slices.DeleteFunc(r.node.pods, func(have *pod) bool { return have == p })
}

func (r *replayed) remove(p *pod) {
	p.phase = podGone
	r.unbind(p)
	r.e.forget(p)
}

func (r *replayed) initTrunk() {
	r.startInit()
	r.e.controller.initialise(r.node)
}

func (r *replayed) startInit() {
	r.finishInits()
	r.inits = append(r.inits, recordedTrunkInit{AtMs: int64(r.e.now), Created: true, DeviceIndex: -1})
}

// finishInits fills in what the last initialisation led to.
func (r *replayed) finishInits() {
	ni := r.node.instance.trunk
	if len(r.inits) == 0 || ni == nil {
		return
	}
	init := &r.inits[len(r.inits)-1]
	init.Subnet, init.Address, init.DeviceIndex = ni.subnet.ID(), ni.primary, ni.device
}

// beginFaults lets EC2 refuse what the recording's did, with a code that the client does
// not try again.
func (r *replayed) beginFaults() {
	r.e.ec2.beginFaultOf(Fault{Action: AssociateTrunkInterface, Error: recordedRefusal}, func(CallFields) bool {
		if r.faults.AssociateFailures == 0 {
			return false
		}
		r.faults.AssociateFailures--
		return true
	})
	r.e.ec2.beginFaultOf(Fault{Action: DeleteNetworkInterface, Error: recordedRefusal}, func(f CallFields) bool {
		a := r.address[f.ENI]
		if r.faults.DeleteAPIFailures[a] == 0 {
			return false
		}
		r.faults.DeleteAPIFailures[a]--
		return true
	})
}

// recordedRefusal stands for InternalError in the recordings, which were made above the
// client that tries such a call again.
const recordedRefusal = model.UnauthorizedOperation

func (r *replayed) failDelete(b *model.Branch) bool {
	if r.faults.DeleteFailures[b.Address] == 0 {
		return false
	}
	r.faults.DeleteFailures[b.Address]--
	r.calls = append(r.calls, recordedCall{
		AtMs: int64(r.e.now), Call: "helper.DeleteNetworkInterface", ENI: r.enis[b.ENI],
		Address: &b.Address, VLAN: b.VLAN, Error: string(model.InternalError),
	})
	return true
}

// jitter is what the recording's controller drew on top of the wait after a
// failed call: its next call tells. Without one the wait is as short as it can be.
func (rec *recording) jitter(now model.Instant, wait time.Duration) time.Duration {
	for _, call := range rec.EC2Log {
		drawn := model.Instant(call.AtMs).Sub(now) - wait
		if drawn >= 0 && drawn <= wait/10+time.Millisecond {
			return drawn
		}
	}
	return 0
}

// take turns our log into the recording's terms.
func (r *replayed) take(ev Event) error {
	at := int64(ev.At)
	switch b := ev.Body.(type) {
	case ENICreated:
		r.enis[b.ENI] = fmt.Sprintf("eni-%04d", len(r.enis)+1)
		r.address[b.ENI] = b.PrimaryAddress
	case EC2Call:
		if b.Action == CreateNetworkInterface && b.Error == "" {
			r.creating++
		}
	case EC2Returned:
		if b.Action == CreateNetworkInterface && b.Error == "" {
			r.creating--
		}
		r.noteCall(at, b.CallFields)
	case BranchCreated:
		p := r.podOf(b.Pod)
		vlan, address := b.VLAN, b.Address
		p.CreatedMs, p.VLAN, p.Address = &at, &vlan, &address
	case BranchFailed:
		p := r.podOf(b.Pod)
		if b.Error == ErrAtCapacity {
			p.Refusals++
			p.RefusalsMs = append(p.RefusalsMs, at)
			break
		}
		p.Failures = append(p.Failures, recordedFailure{at, recordedErrorOf(b.Error)})
		if b.Reason != "" {
			r.messages = append(r.messages, recordedMessage{at, "pod " + string(b.Pod), "Warning", b.Reason})
		}
	case BranchDeleted:
		if b.Leaked {
			r.leaked = append(r.leaked, b.Pod)
		}
	case TrunkFailed:
		init := &r.inits[len(r.inits)-1]
		init.Created, init.Error = false, recordedErrorOf(b.Error)
		for _, reason := range b.Reasons {
			kind := "Normal"
			if reason == reasonTrunkCreation {
				kind = "Warning"
			}
			r.messages = append(r.messages, recordedMessage{at, "node", kind, reason})
		}
	}
	return nil
}

func (r *replayed) podOf(name model.PodName) *recordedPod { return &r.current[name].result }

func recordedCode(code model.ErrorCode) string {
	if code == recordedRefusal {
		return string(model.InternalError)
	}
	return string(code)
}

// recordedErrorOf is the text that the recordings have for a code of ours.
func recordedErrorOf(code model.ErrorCode) string {
	switch code {
	case ErrNoTrunk:
		return "trunk not found for node node"
	case ErrNoDevice:
		return "no free device index found"
	case ErrNotAnnotated, ErrNoVLAN:
		return wordedOtherwise
	default:
		return recordedCode(code)
	}
}

// wordedOtherwise stands for texts of failures that are no code.
const wordedOtherwise = "?"

// known reports whether the text of a failure is told the same way in our log.
func known(text string) bool {
	return text == recordedErrorOf(ErrNoTrunk) || !strings.Contains(text, " ")
}

// noteCall keeps calls that change something, and failed ones.
func (r *replayed) noteCall(at int64, f CallFields) {
	out := recordedCall{AtMs: at, Call: string(f.Action), ENI: r.enis[f.ENI], Error: recordedCode(f.Error), VLAN: f.VLAN}
	if a, ok := r.address[f.ENI]; ok {
		out.Address = &a
	}
	switch f.Action {
	case CreateNetworkInterface:
		out.Subnet = f.Subnet
	case AttachNetworkInterface:
		device := r.node.instance.eni(f.ENI).device
		out.Device, out.Address = &device, nil
	case AssociateTrunkInterface, DisassociateTrunkInterface, DeleteNetworkInterface:
		if f.Action == DisassociateTrunkInterface && f.Error != "" {
			out.Address, out.VLAN = nil, 0
		}
	default:
		return
	}
	r.calls = append(r.calls, out)
}

// checkTrunks panics where something does not hold that always must: VLAN ids
// are unique on a trunk and those of its branches taken, no branch is both held
// and queued, every address has one owner.
func checkTrunks(e *engine) {
	owner := map[netip.Addr]string{}
	own := func(a netip.Addr, who string) {
		if have, ok := owner[a]; ok {
			panic(fmt.Sprintf("%s belongs to %s and %s", a, have, who))
		}
		owner[a] = who
	}
	for _, n := range e.nodes {
		for _, ni := range slices.Concat(n.instance.enis, n.instance.loose) {
			own(ni.primary, string(ni.id))
		}
		if n.instance.trunk != nil {
			associated := map[int]bool{}
			for _, ni := range n.instance.trunk.branches {
				own(ni.primary, string(ni.id))
				if ni.associated && associated[ni.vlan] {
					panic(fmt.Sprintf("two branches on VLAN %d", ni.vlan))
				}
				associated[ni.vlan] = associated[ni.vlan] || ni.associated
			}
		}
		t := e.controller.trunks[n.name]
		if t == nil {
			continue
		}
		seen := map[int]bool{}
		taken := t.VLANs()
		for _, b := range slices.Concat(t.Held(), t.Queue()) {
			if seen[b.VLAN] || !slices.Contains(taken, b.VLAN) {
				panic(fmt.Sprintf("VLAN %d of %s twice, or not taken", b.VLAN, b.ENI))
			}
			seen[b.VLAN] = true
		}
		for _, b := range t.Held() {
			if n.instance.trunk.branch(b.ENI) == nil {
				panic(fmt.Sprintf("branch %s is known and does not exist", b.ENI))
			}
		}
		if t.Counted() != len(t.Held())+len(t.Queue()) || len(taken) < t.Counted() {
			panic(fmt.Sprintf("%d counted, %d VLAN ids taken", t.Counted(), len(taken)))
		}
	}
}
