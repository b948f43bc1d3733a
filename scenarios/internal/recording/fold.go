package recording

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// The calls of a recording.
const (
	allocENI      = "AllocENI"
	allocIPs      = "AllocIPAddresses"
	allocIPv6     = "AllocIPv6Prefixes" // counted in IPv6 mode only
	deallocIPs    = "DeallocIPAddresses"
	deallocBlocks = "DeallocPrefixAddresses"
	freeENI       = "FreeENI"
	trunkAttached = "TrunkAttached" // the controller's; not counted
)

// gridMs is how often a sample is taken even if nothing happens.
const gridMs = 5000

// afterDeleteMs is when another sample is taken after a delete, where subnets
// have tags: a block of an excluded ENI leaves the agent's store then.
const afterDeleteMs = 5000

// Fold turns the log of a run into the terms of a recording. Feed it each
// event with Add, then call Outcome once.
type Fold struct {
	input   *Input
	now     model.Instant
	onlyEnd bool
	changed bool            // something happened at now at which a sample is taken
	extra   []model.Instant // further instants of samples, ascending

	nodes   []*node // in the order of the input
	byName  map[model.NodeName]*node
	subnets []*subnet
	enis    map[model.ENIID]*ec2ENI
	pods    map[model.PodName]*PodResult
	asked   []model.PodName // by first attempt
	tags    bool

	calls []*call
	out   Outcome
}

// node is a node as its agent sees it.
type node struct {
	name    string // as in the recording; empty where there is only one
	ordinal string // as in the recording
	awake   bool   // an agent has begun to start and was not killed since
	prefix  bool   // the active mode
	enis    map[model.ENIID]*eni
	holders map[netip.Addr]model.PodName
	cooling map[netip.Addr]model.Instant // the last instant at which it is cooling
	orphans []model.PodName              // deleted while the agent is down
	calls   map[string]int
	errors  map[string]int
	attempt *attempt
	restart *Restart // the one that is under way
	last    *Sample
}

// eni is an ENI in an agent's datastore.
type eni struct {
	device   int
	kind     model.ENIKind
	excluded bool
	subnet   model.SubnetID
	primary  netip.Addr
	created  model.Instant
	blocks   []netip.Prefix // ascending; a single address is a /32
}

// ec2ENI is an ENI as EC2 sees it.
type ec2ENI struct {
	node      *node
	device    int
	created   model.Instant
	primary   netip.Addr
	addresses []netip.Addr
	prefixes  []netip.Prefix
}

// subnet counts the addresses that are taken, in whatever way.
type subnet struct {
	id    string
	cidr  netip.Prefix
	taken map[netip.Addr]bool
}

// call is a call that the agent made; of an AllocENI the device is known when
// the ENI is attached.
type call struct {
	Call
	eni model.ENIID
}

// attempt is the making of an ENI that a subnet refused. The agent may go on
// with another subnet at once; a recording has both as one call.
type attempt struct {
	call  *call
	at    model.Instant // of the refusal
	tried []model.SubnetID
}

// NewFold begins a fold of a run of this input.
func NewFold(in *Input) *Fold {
	f := &Fold{
		input:  in,
		byName: map[model.NodeName]*node{},
		enis:   map[model.ENIID]*ec2ENI{},
		pods:   map[model.PodName]*PodResult{},
		out:    Outcome{InitErrors: map[string]string{}},
	}
	for _, n := range in.Nodes {
		name := n.Name
		if len(in.Nodes) == 1 {
			name = ""
		}
		added := &node{
			name: name, ordinal: n.Name,
			enis:    map[model.ENIID]*eni{},
			holders: map[netip.Addr]model.PodName{},
			cooling: map[netip.Addr]model.Instant{},
			calls:   map[string]int{allocENI: 0, allocIPs: 0, deallocIPs: 0, deallocBlocks: 0, freeENI: 0},
			errors:  map[string]int{},
		}
		f.nodes = append(f.nodes, added)
		f.byName[model.NodeName(NodeName(n.Name))] = added
	}
	for _, s := range in.Subnets {
		f.tags = f.tags || len(s.Tags) > 0
		f.subnets = append(f.subnets, &subnet{id: s.ID, cidr: netip.MustParsePrefix(s.CIDR), taken: map[netip.Addr]bool{}})
	}
	for _, e := range in.Events {
		f.tags = f.tags || e.Op == "tagSubnet"
	}
	return f
}

// NewEndFold is NewFold for runs of which only the end and the calls and pods
// are of interest: the trace has one sample of each node, that of the end.
func NewEndFold(in *Input) *Fold {
	f := NewFold(in)
	f.onlyEnd = true
	return f
}

// Add takes in the next event of the log.
func (f *Fold) Add(e sim.Event) {
	if e.At < f.now {
		panic(fmt.Sprintf("event %d at %s after one at %s", e.Seq, e.At, f.now))
	}
	if e.At > f.now {
		f.sampleBefore(e.At)
		f.now, f.changed = e.At, false
	}
	n := f.byName[e.Node]
	switch b := e.Body.(type) {
	case sim.RunStarted:
		f.runStarted(b)
	case sim.NodeLaunched:
		f.take(b.PrimaryAddress)
		f.enis[b.ENI] = &ec2ENI{node: n, device: 0, primary: b.PrimaryAddress}
	case sim.AgentConfigured, sim.AgentStarted, sim.AgentExited:
		f.changed = true
		f.agent(n, b)
	case sim.ENIAttached, sim.ENIDetached, sim.ENIExcluded, sim.AddressesAdded, sim.AddressesRemoved:
		f.store(n, b)
	case sim.ENICreated:
		f.changed = true
		f.created(n, b)
	case sim.ENIDeleted:
		f.release(b.PrimaryAddress)
		f.release(b.Addresses...)
		f.releasePrefixes(b.Prefixes)
		delete(f.enis, b.ENI)
	case sim.EC2Call:
		f.called(n, b.CallFields)
	case sim.EC2Returned:
		f.returned(b.CallFields)
	case sim.PodCreated, sim.PodBound, sim.PodSetupFailed, sim.PodAddressed, sim.PodDeleted, sim.PodReleased:
		f.changed = true
		f.pod(n, b)
	}
}

// Outcome ends the run and returns what it did.
func (f *Fold) Outcome() Outcome {
	end := model.Instant(f.input.DurationMs)
	f.sampleBefore(end + 1)
	if f.onlyEnd {
		f.sample(end)
	}
	for _, pod := range f.asked {
		f.out.PodResults = append(f.out.PodResults, *f.pods[pod])
	}
	for _, c := range f.calls {
		f.out.EC2Log = append(f.out.EC2Log, c.Call)
	}
	for _, n := range f.nodes {
		if n.restart != nil {
			f.out.Restarts = append(f.out.Restarts, *n.restart)
		}
	}
	slices.SortStableFunc(f.out.Restarts, func(a, b Restart) int { return cmp.Compare(a.AtMs, b.AtMs) })
	return f.out
}

// sampleBefore takes all samples that are due before t.
func (f *Fold) sampleBefore(t model.Instant) {
	if f.onlyEnd {
		return
	}
	if f.changed || f.now%gridMs == 0 || slices.Contains(f.extra, f.now) {
		f.sample(f.now)
	}
	for at := f.nextSample(f.now); at < t; at = f.nextSample(at) {
		f.sample(at)
	}
}

// nextSample is the next instant after t at which a sample is due though
// nothing may happen.
func (f *Fold) nextSample(t model.Instant) model.Instant {
	for len(f.extra) > 0 && f.extra[0] <= t {
		f.extra = f.extra[1:]
	}
	next := (t/gridMs + 1) * gridMs
	if len(f.extra) > 0 {
		next = min(next, f.extra[0])
	}
	return next
}

func (f *Fold) sample(at model.Instant) {
	for _, n := range f.nodes {
		if !n.awake {
			continue
		}
		s := f.state(n, at)
		if n.last != nil && sameState(n.last, s) {
			continue
		}
		n.last = s
		f.out.Trace = append(f.out.Trace, *s)
	}
}

func sameState(a, b *Sample) bool {
	b2 := *b
	b2.AtMs = a.AtMs
	return reflect.DeepEqual(*a, b2)
}

// state writes down how the node stands.
func (f *Fold) state(n *node, at model.Instant) *Sample {
	s := &Sample{
		AtMs: int64(at), Node: n.name, ENIs: []ENI{},
		SubnetFree: map[string]int{},
		EC2Calls:   maps.Clone(n.calls), EC2Errors: maps.Clone(n.errors),
	}
	for _, e := range n.byDevice() {
		s.ENIs = append(s.ENIs, f.eniState(n, e))
		for _, b := range e.blocks {
			if isPrefix(b) == n.prefix && !e.excluded {
				s.TotalIPs += size(b)
				s.AssignedIPs += count(n.holders, b, func(model.PodName) bool { return true })
				if b.Addr().Is6() {
					continue // the agent does not count them
				}
				s.CooldownIPs += count(n.cooling, b, func(until model.Instant) bool { return until >= at })
			}
		}
	}
	s.AvailableIPs = s.TotalIPs - int64(s.AssignedIPs)
	for _, sub := range f.subnets {
		s.SubnetFree[sub.id] = int(size(sub.cidr)) - len(sub.taken)
	}
	return s
}

func (f *Fold) eniState(n *node, e *eni) ENI {
	state := ENI{
		Device:      e.device,
		IsPrimary:   e.kind == model.ENIPrimary,
		IsTrunk:     e.kind == model.ENITrunk,
		IsExcluded:  e.excluded,
		Primary:     e.primary.String(),
		CreatedAtMs: int64(e.created), AssignedPods: []PodIP{},
	}
	if f.tags && string(e.subnet) != f.input.NodeSubnet {
		state.Subnet = string(e.subnet)
	}
	var single []netip.Addr
	for _, b := range e.blocks {
		state.IPCount += size(b)
		if isPrefix(b) {
			state.Prefixes = append(state.Prefixes, b.String())
		} else {
			single = append(single, b.Addr())
		}
	}
	state.IPs = runs(single)
	for _, a := range slices.SortedFunc(maps.Keys(n.holders), netip.Addr.Compare) {
		if e.has(a) {
			state.AssignedPods = append(state.AssignedPods, PodIP{Pod: string(n.holders[a]), IP: a.String()})
		}
	}
	return state
}

func (n *node) byDevice() []*eni {
	return slices.SortedFunc(maps.Values(n.enis), func(a, b *eni) int { return cmp.Compare(a.device, b.device) })
}

func (e *eni) has(a netip.Addr) bool {
	return slices.ContainsFunc(e.blocks, func(b netip.Prefix) bool { return b.Contains(a) })
}

func (f *Fold) runStarted(b sim.RunStarted) {
	for _, s := range b.Subnets {
		f.take(s.Reserved...)
		f.take(s.InUse...)
		f.take(s.ControlPlane...)
	}
}

func (f *Fold) agent(n *node, b sim.Body) {
	switch b := b.(type) {
	case sim.AgentConfigured:
		n.begin(b)
	case sim.AgentStarted:
		if n.restart != nil {
			up := int64(f.now)
			n.restart.UpMs = &up
			f.endRestart(n)
		}
	case sim.AgentExited:
		switch {
		case b.Error == "":
			if n.restart != nil {
				f.endRestart(n) // killed before it was up
			}
			n.awake = false
			n.restart = &Restart{AtMs: int64(f.now), Node: n.name}
		case n.restart != nil:
			n.restart.InitError = b.Error
			f.endRestart(n)
		default:
			f.out.InitErrors[n.ordinal] = b.Error
		}
	}
}

// begin starts an agent. It knows nothing but what pods hold; the ENIs it
// finds follow as events.
func (n *node) begin(b sim.AgentConfigured) {
	n.awake = true
	n.prefix = b.Settings.PrefixDelegation
	clear(n.enis)
	clear(n.cooling)
	for _, pod := range n.orphans {
		maps.DeleteFunc(n.holders, func(_ netip.Addr, holder model.PodName) bool { return holder == pod })
		n.restart.PodsPruned = append(n.restart.PodsPruned, string(pod))
	}
	n.orphans = nil
}

func (f *Fold) endRestart(n *node) {
	f.out.Restarts = append(f.out.Restarts, *n.restart)
	n.restart = nil
}

// store follows the agent's datastore.
func (f *Fold) store(n *node, b sim.Body) {
	switch b := b.(type) {
	case sim.ENIAttached:
		f.changed = f.changed || b.By == sim.ByGrow // the end of the call
		added := &eni{device: b.Device, kind: b.Kind, subnet: b.Subnet, primary: b.PrimaryAddress, created: f.now}
		added.add(b.Addresses, b.Prefixes)
		n.enis[b.ENI] = added
		f.attached(n, b)
	case sim.ENIExcluded:
		n.enis[b.ENI].excluded = true
	case sim.ENIDetached:
		if e := n.enis[b.ENI]; e != nil {
			n.drop(e.blocks)
			delete(n.enis, b.ENI)
		}
	case sim.AddressesAdded:
		n.enis[b.ENI].add(b.Addresses, b.Prefixes)
	case sim.AddressesRemoved:
		gone := blocks(b.Addresses, b.Prefixes)
		n.drop(gone)
		e := n.enis[b.ENI]
		e.blocks = slices.DeleteFunc(e.blocks, func(b netip.Prefix) bool { return slices.Contains(gone, b) })
	}
}

func (e *eni) add(addresses []netip.Addr, prefixes []netip.Prefix) {
	e.blocks = append(e.blocks, blocks(addresses, prefixes)...)
	slices.SortFunc(e.blocks, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
}

// drop forgets what was known of the addresses in the blocks.
func (n *node) drop(gone []netip.Prefix) {
	for _, b := range gone {
		maps.DeleteFunc(n.holders, func(a netip.Addr, _ model.PodName) bool { return b.Contains(a) })
		maps.DeleteFunc(n.cooling, func(a netip.Addr, _ model.Instant) bool { return b.Contains(a) })
	}
}

// attached fills in what an ENI that the agent takes in tells of EC2's side.
func (f *Fold) attached(n *node, b sim.ENIAttached) {
	e := f.enis[b.ENI]
	if e == nil {
		panic(fmt.Sprintf("%s was attached but never created", b.ENI))
	}
	e.device = b.Device
	known := b.Kind == model.ENIPrimary
	for _, c := range f.calls {
		if c.eni == b.ENI && (c.Call.Call == allocENI || c.Call.Call == trunkAttached) {
			c.Device, known = b.Device, true
		}
	}
	if b.Kind == model.ENITrunk && !known {
		f.calls = append(f.calls, &call{eni: b.ENI, Call: Call{
			AtMs: int64(e.created), Node: n.name, Call: trunkAttached, Device: b.Device, CIDRs: e.cidrs(),
		}})
		slices.SortStableFunc(f.calls, func(a, b *call) int { return cmp.Compare(a.AtMs, b.AtMs) })
	}
}

func cidrs(b sim.CallFields) []string {
	list := runs(b.Addresses)
	for _, p := range b.Prefixes {
		list = append(list, p.String())
	}
	return list
}

func (f *Fold) pod(n *node, b sim.Body) {
	switch b := b.(type) {
	case sim.PodSetupFailed:
		f.attempted(n, b.Pod).FailedAttempts++
	case sim.PodAddressed:
		r := f.attempted(n, b.Pod)
		at, device := int64(f.now), b.Device
		r.AssignedMs, r.IP, r.Device = &at, b.Address.String(), &device
		n.holders[b.Address] = b.Pod
		delete(n.cooling, b.Address)
	case sim.PodDeleted:
		if r := f.pods[b.Pod]; r != nil {
			r.DeletedMs = int64(f.now)
		}
		if f.tags {
			f.extra = append(f.extra, f.now+afterDeleteMs)
		}
	case sim.PodReleased:
		f.released(n, b)
	}
}

func (f *Fold) attempted(n *node, pod model.PodName) *PodResult {
	r := f.pods[pod]
	if r == nil {
		r = &PodResult{Pod: string(pod), Node: n.name, FirstAttemptMs: int64(f.now)}
		f.pods[pod] = r
		f.asked = append(f.asked, pod)
	}
	return r
}

func (f *Fold) released(n *node, b sim.PodReleased) {
	if !b.Address.IsValid() {
		return
	}
	if b.Reason == "agent-down" {
		n.orphans = append(n.orphans, b.Pod)
		return
	}
	if n.holders[b.Address] != b.Pod {
		// The agent dropped the address under the pod, and doesn't know the pod.
		f.pods[b.Pod].DeleteError = "unknown pod"
		return
	}
	delete(n.holders, b.Address)
	if b.CoolUntilMs != nil {
		n.cooling[b.Address] = *b.CoolUntilMs
	}
}

func (f *Fold) take(addresses ...netip.Addr)        { f.mark(addresses, true) }
func (f *Fold) release(addresses ...netip.Addr)     { f.mark(addresses, false) }
func (f *Fold) takePrefixes(list []netip.Prefix)    { f.markPrefixes(list, true) }
func (f *Fold) releasePrefixes(list []netip.Prefix) { f.markPrefixes(list, false) }

func (f *Fold) mark(addresses []netip.Addr, taken bool) {
	for _, a := range addresses {
		for _, s := range f.subnets {
			if s.cidr.Contains(a) && taken {
				s.taken[a] = true
			} else if s.cidr.Contains(a) {
				delete(s.taken, a)
			}
		}
	}
}

func (f *Fold) markPrefixes(list []netip.Prefix, taken bool) {
	for _, p := range list {
		for a := p.Addr(); p.Addr().Is4() && p.Contains(a); a = a.Next() {
			f.mark([]netip.Addr{a}, taken)
		}
	}
}

// blocks joins single addresses and prefixes.
func blocks(addresses []netip.Addr, prefixes []netip.Prefix) []netip.Prefix {
	list := slices.Clone(prefixes)
	for _, a := range addresses {
		list = append(list, netip.PrefixFrom(a, a.BitLen()))
	}
	return list
}

func isPrefix(b netip.Prefix) bool { return b.Bits() < b.Addr().BitLen() }

func size(b netip.Prefix) int64 { return 1 << (b.Addr().BitLen() - b.Bits()) }

// count counts the addresses of a block that are in the map and fit.
func count[V any](m map[netip.Addr]V, block netip.Prefix, fits func(V) bool) int {
	n := 0
	for a, v := range m {
		if block.Contains(a) && fits(v) {
			n++
		}
	}
	return n
}

// runs writes addresses in the order given, consecutive ascending ones as
// first-last.
func runs(addresses []netip.Addr) []string {
	var list []string
	for i := 0; i < len(addresses); {
		j := i
		for j+1 < len(addresses) && addresses[j+1] == addresses[j].Next() {
			j++
		}
		if j == i {
			list = append(list, addresses[i].String())
		} else {
			list = append(list, addresses[i].String()+"-"+addresses[j].String())
		}
		i = j + 1
	}
	return list
}

func contains(prefix, address string) bool {
	return netip.MustParsePrefix(prefix).Contains(netip.MustParseAddr(address))
}
