package film

import (
	"net/netip"
	"slices"

	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Recorder makes a Film of a run: it sees each event after the State has applied
// it, and notes what of the State is otherwise than before.
type Recorder struct {
	s    *replay.State
	film Film
	now  model.Instant

	nodes    map[model.NodeName]*node
	pods     map[model.PodName]*pod
	subnets  []*subnet
	leaked   map[netip.Prefix]bool // blocks of leaked ENIs
	words    map[string]int
	episodes map[int]int // by id: the place of the one that is open
	calls    [2]int      // that began, and were refused, at this instant
}

// NewRecorder makes a recorder of a run that is folded into the state.
func NewRecorder(s *replay.State) *Recorder {
	return &Recorder{
		// Lists that stay empty are lists all the same, to whoever reads them.
		film: Film{Nodes: []Node{}, Subnets: []Subnet{}, ENIs: []ENI{}, Blocks: []string{}, Pods: []string{}, Words: []string{}, Episodes: []Episode{}, Lines: []Line{}},
		s:    s, nodes: map[model.NodeName]*node{}, pods: map[model.PodName]*pod{}, leaked: map[netip.Prefix]bool{},
		words: map[string]int{}, episodes: map[int]int{},
	}
}

// Apply notes what an event has changed, which the State has applied.
func (r *Recorder) Apply(e sim.Event) error {
	if e.At > r.now {
		r.flushCalls()
		r.op(OpTime, int(e.At-r.now))
		r.now = e.At
	}
	defer r.leaks()
	switch b := e.Body.(type) {
	case sim.RunStarted:
		r.start()
	case sim.EC2Call:
		r.calls[0]++
		if b.Error != "" {
			r.calls[1]++
		} else {
			r.addresses(b.Addresses, b.Prefixes)
		}
		return nil
	case sim.EC2Returned, sim.PoolGrow, sim.PoolShrink, sim.PoolFree, sim.PoolSkip:
		return nil
	case sim.NodeLaunched:
		r.addresses([]netip.Addr{b.PrimaryAddress}, nil)
	case sim.ENICreated:
		r.addresses(append([]netip.Addr{b.PrimaryAddress}, b.Addresses...), b.Prefixes)
	case sim.ENIDeleted:
		r.addresses(append([]netip.Addr{b.PrimaryAddress}, b.Addresses...), b.Prefixes)
	case sim.ExhaustionBegan:
		r.episodes[b.ID] = len(r.episodes)
		r.op(OpEpisode, len(r.episodes)-1, 1)
	case sim.ExhaustionEnded:
		r.op(OpEpisode, r.episodes[b.ID], 0)
	}
	if name, ok := sim.PodOf(e.Body); ok {
		r.pod(name)
	}
	if n := r.s.Node(e.Node); n != nil {
		r.node(n)
	}
	return nil
}

func (r *Recorder) op(code int, args ...int) {
	r.film.Ops = append(append(r.film.Ops, code), args...)
}

func (r *Recorder) flushCalls() {
	if r.calls != [2]int{} {
		r.op(OpCalls, r.calls[0], r.calls[1])
		r.calls = [2]int{}
	}
}

// word is the place of a word, which stands once in the film.
func (r *Recorder) word(text string) int {
	if text == "" {
		return -1
	}
	i, ok := r.words[text]
	if !ok {
		i = len(r.film.Words)
		r.words[text] = i
		r.film.Words = append(r.film.Words, text)
	}
	return i
}

// pod is a pod as the film has it.
type pod struct {
	place int
	last  [4]int // phase, node, waits, reason
}

// podPlace is the place of a pod's name; it stays when the pod is gone and another
// of its name comes.
func (r *Recorder) podPlace(name model.PodName) int {
	if name == "" {
		return -1
	}
	p := r.pods[name]
	if p == nil {
		p = &pod{place: len(r.film.Pods), last: [4]int{-1}}
		r.pods[name] = p
		r.film.Pods = append(r.film.Pods, string(name))
	}
	return p.place
}

func (r *Recorder) pod(name model.PodName) {
	place := r.podPlace(name)
	now := [4]int{slices.Index(Phases, gone), -1, 0, -1}
	if p := r.s.Pods.Get(name); p != nil {
		node := -1
		if n := r.nodes[p.Node]; n != nil {
			node = n.place
		}
		now = [4]int{slices.Index(Phases, p.Phase), node, flag(p.Waits() && !p.Address.IsValid(), 1), r.word(string(p.Reason))}
	}
	if p := r.pods[name]; p.last != now {
		p.last = now
		r.op(OpPod, place, now[0], now[1], now[2], now[3])
	}
}

func flag(is bool, value int) int {
	if is {
		return value
	}
	return 0
}

// node is a node as the film has it.
type node struct {
	place    int
	flags    int
	enis     map[model.ENIID]*eni
	branches map[model.ENIID]*branch
}

type eni struct {
	place  int
	flags  int
	blocks []*block // in the order of the ENI's
	seen   bool     // by the look that is under way; likewise below
}

type block struct {
	of        *replay.Block // which it was at the last look
	changes   int           // those of it
	place     int
	flags     int
	addresses []address
	seen      bool
}

type address struct{ state, pod, until int }

type branch struct {
	place, state, pod int
	seen              bool
}

// node notes how a node differs from what the film has of it.
func (r *Recorder) node(n *replay.Node) {
	was := r.nodes[n.Name]
	if was == nil {
		was = &node{place: len(r.film.Nodes), flags: -1, enis: map[model.ENIID]*eni{}, branches: map[model.ENIID]*branch{}}
		r.nodes[n.Name] = was
		l := n.Launched
		r.film.Nodes = append(r.film.Nodes, Node{
			Name: string(n.Name), Type: l.InstanceType, Subnet: string(l.Subnet), Zone: l.Zone, MaxPods: l.MaxPods, SystemPods: l.SystemPods,
			MaxENIs: l.MaxENIs, Slots: l.SlotsPerENI, Branches: max(l.BranchENIs, l.TaskENIs),
		})
	}
	flags := flag(n.Ready, NodeReady) | flag(n.Cordoned, NodeCordoned) | flag(n.Gone(), NodeGone) | flag(n.AgentUp, NodeAgentUp) | flag(n.PrefixMode(), NodePrefixes)
	if flags != was.flags {
		was.flags = flags
		r.op(OpNode, was.place, flags)
	}
	r.enis(n, was)
	r.branches(n, was)
}

func (r *Recorder) enis(n *replay.Node, was *node) {
	if !n.Gone() {
		for _, e := range n.Attached() {
			r.eni(n, was, e)
		}
		for _, e := range n.TaskBranches {
			r.eni(n, was, e)
		}
	}
	if there(n) == len(was.enis) { // the usual case: none has gone
		for _, e := range was.enis {
			e.seen = false
		}
		return
	}
	for _, id := range sortedKeys(was.enis, func(e *eni) int { return e.place }) {
		e := was.enis[id]
		if e.seen {
			e.seen = false
			continue
		}
		delete(was.enis, id)
		r.op(OpENI, e.place, 0)
	}
}

// there counts the ENIs that the film shows of a node.
func there(n *replay.Node) int {
	if n.Gone() {
		return 0
	}
	return len(n.Attached()) + len(n.TaskBranches)
}

func (r *Recorder) eni(n *replay.Node, in *node, e *replay.ENI) {
	was := in.enis[e.ID]
	if was == nil {
		was = &eni{place: len(r.film.ENIs)}
		in.enis[e.ID] = was
		name := picture.ENIName(n, e.Card, e.Device)
		if e.Kind == model.ENIBranch {
			name = "branch"
		}
		r.film.ENIs = append(r.film.ENIs, ENI{
			Node: in.place, Name: name, ID: string(e.ID), Kind: string(e.Kind), Subnet: string(e.Subnet), Primary: e.PrimaryAddress.String(), Pod: r.podPlace(e.Pod),
		})
		r.op(OpENI, was.place, 1)
	}
	was.seen = true
	flags := flag(e.Excluded, ENIExcluded) | flag(picture.ServesNoPods(n, e) || e.Pod != "", ENIServesNone)
	if flags != was.flags {
		was.flags = flags
		r.op(OpENIFlags, was.place, flags)
	}
	r.blocks(was, e.Blocks)
}

// blocks notes how an ENI's blocks differ. Most events change none, or an address of
// one: that has to cost little on a node of hundreds.
func (r *Recorder) blocks(in *eni, now []*replay.Block) {
	if !slices.EqualFunc(in.blocks, now, func(was *block, b *replay.Block) bool { return was.of == b }) {
		r.relist(in, now)
	}
	for i, b := range now {
		was := in.blocks[i]
		if flags := flag(b.LeftOver(), BlockLeftOver); flags != was.flags {
			was.flags = flags
			r.op(OpBlockFlags, was.place, flags)
		}
		if was.changes != b.Changes() {
			was.changes = b.Changes()
			r.block(was, b)
		}
	}
}

// relist notes which blocks have come and gone. A restarted agent lists anew those
// that it had.
func (r *Recorder) relist(in *eni, now []*replay.Block) {
	had := map[netip.Prefix]*block{}
	for _, b := range in.blocks {
		had[b.of.Prefix] = b
	}
	gone := in.blocks
	in.blocks = make([]*block, 0, len(now))
	for _, b := range now {
		was := had[b.Prefix]
		if was == nil {
			was = &block{place: len(r.film.Blocks)}
			name := b.Prefix.String()
			if !b.IsPrefix() {
				name = b.Prefix.Addr().String()
			}
			r.film.Blocks = append(r.film.Blocks, name)
			r.op(OpBlock, was.place, in.place, 1)
		}
		if was.of != b {
			was.of, was.changes = b, -1
		}
		was.seen = true
		in.blocks = append(in.blocks, was)
	}
	slices.SortFunc(gone, func(a, b *block) int { return a.place - b.place })
	for _, b := range gone {
		if !b.seen {
			r.op(OpBlock, b.place, in.place, 0)
		}
	}
	for _, b := range in.blocks {
		b.seen = false
	}
}

// block notes how a block's addresses differ. One that cools needs no other operation
// when it is free again: the page knows until when it cools.
func (r *Recorder) block(was *block, b *replay.Block) {
	for i, a := range b.Addresses(r.now) {
		now := address{slices.Index(AddressStates, a.State), r.podPlace(a.Pod), int(a.CoolUntil)}
		for i >= len(was.addresses) {
			was.addresses = append(was.addresses, address{pod: -1})
		}
		before := was.addresses[i]
		if before.state == 2 && before.until < int(r.now) {
			before = address{pod: -1}
		}
		if now != before {
			r.op(OpAddress, was.place, i, now.state, now.pod, now.until)
		}
		was.addresses[i] = now
	}
}

func (r *Recorder) branches(n *replay.Node, was *node) {
	if !n.Gone() {
		for _, b := range n.Branches {
			r.branch(was, b)
		}
	}
	if len(was.branches) == 0 {
		return
	}
	for _, id := range sortedKeys(was.branches, func(b *branch) int { return b.place }) {
		b := was.branches[id]
		if b.seen {
			b.seen = false
			continue
		}
		delete(was.branches, id)
		r.op(OpBranch, b.place, was.place, slices.Index(BranchStates, gone), -1)
	}
}

func (r *Recorder) branch(in *node, b *replay.Branch) {
	was := in.branches[b.ENI]
	if was == nil {
		was = &branch{place: len(r.film.Branches), state: -1}
		in.branches[b.ENI] = was
		r.film.Branches = append(r.film.Branches, Branch{b.Address.String(), b.VLAN})
	}
	was.seen = true
	if state, pod := slices.Index(BranchStates, b.State), r.podPlace(b.Pod); state != was.state || pod != was.pod {
		was.state, was.pod = state, pod
		r.op(OpBranch, was.place, in.place, state, pod)
	}
}

// sortedKeys are a map's keys in the order of the places of what they lead to.
func sortedKeys[K comparable, V any](m map[K]V, place func(V) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return place(m[a]) - place(m[b]) })
	return keys
}
