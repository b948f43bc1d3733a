package replay

import (
	"net/netip"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// LeakCause is why an ENI has leaked.
type LeakCause string

// The causes of leaks.
const (
	LeakRefused   LeakCause = "delete-refused"    // EC2 refused to delete what is not attached
	LeakAgent     LeakCause = "agent-killed"      // between creating and attaching, or detaching and deleting it
	LeakNode      LeakCause = "node-gone"         // likewise, and the instance with it
	LeakTrunk     LeakCause = "controller-killed" // with an ENI in hand
	LeakForgotten LeakCause = "branch-forgotten"  // the controller tried three times to delete the branch
	LeakUnseen    LeakCause = "branch-unseen"     // the restarted controller does not look for the branch
	LeakECS       LeakCause = "task-eni-refused"  // EC2 refuses ECS to take away what a stopped task has
)

// CleanUp is who deletes a leaked ENI.
type CleanUp string

// Those who delete leaked ENIs.
const (
	CleanUpAgent      CleanUp = "agent"        // the node's agent, about every hour
	CleanUpOthers     CleanUp = "other-agents" // its node is gone: that of each other, likewise
	CleanUpOff        CleanUp = "switched-off" // nobody: a variable keeps the agents from it
	CleanUpNobody     CleanUp = "no-agent"     // its node is gone, and no other has an agent that was started
	CleanUpController CleanUp = "controller"   // the resource controller, every 30 min
	CleanUpRestart    CleanUp = "restart"      // the resource controller at its next start
	CleanUpECS        CleanUp = "ecs"          // ECS asks again every 10 s
)

// Leak is an ENI that EC2 has and nobody uses or is about to delete: its addresses
// are lost to the subnet until something finds it.
//
//	created ── attached ── detached ── deleted
//	     └─────────────────────┴── leaked ──┘
//
// An ENI leaks where EC2 refuses its deletion, or where its owner is killed before it
// has attached or deleted it. Of a task of ECS, which asks again and again, it is one
// that EC2 refuses to take away.
type Leak struct {
	ENI    model.ENIID
	Node   model.NodeName // for which it was made
	Kind   model.ENIKind
	Subnet model.SubnetID
	// MadeAt is when EC2 created it, Since when it leaked.
	MadeAt, Since model.Instant
	Cause         LeakCause
	CleanUp       CleanUp
	// Addresses that it holds: its own, its secondary ones, 16 of each prefix.
	Addresses int
	// Action and Error are those of EC2's last refusal to take it away, Refused how
	// many there were; empty where none was, but the owner was killed.
	Action  sim.Action
	Error   model.ErrorCode
	Refused int
	// Associated: it is a branch, and EC2 shows it with its trunk still.
	Associated bool
}

// Leaks are the ENIs that have leaked and that EC2 still has, in the order in which
// they did.
func (s *State) Leaks() []Leak {
	out := make([]Leak, len(s.leaks))
	for i, e := range s.leaks {
		out[i] = s.leakOf(e)
	}
	return out
}

// Leak is the ENI's, if it has leaked and EC2 still has it.
func (s *State) Leak(id model.ENIID) (Leak, bool) {
	e := s.ec2ENIs[id]
	if e == nil || e.leakedAt == model.Never {
		return Leak{}, false
	}
	return s.leakOf(e), true
}

// LeakedBlocks are the addresses of its subnet that a leaked ENI holds, its own first
// and those of IPv6 left out; none if the ENI has not leaked.
func (s *State) LeakedBlocks(id model.ENIID) []netip.Prefix {
	e := s.ec2ENIs[id]
	if e == nil || e.leakedAt == model.Never {
		return nil
	}
	out := []netip.Prefix{netip.PrefixFrom(e.primary, e.primary.BitLen())}
	for _, b := range e.blocks {
		if b.Addr().Is4() {
			out = append(out, b)
		}
	}
	return out
}

// InEC2 counts the addresses of its subnet that EC2 has on an ENI, its own included; 0:
// EC2 has no such ENI.
func (s *State) InEC2(id model.ENIID) int {
	e := s.ec2ENIs[id]
	if e == nil {
		return 0
	}
	return e.addresses()
}

// Leaked counts the subnet's addresses that leaked ENIs hold.
func (sn *Subnet) Leaked() int { return sn.leaked }

// use is what EC2 and the log tell of an ENI's use.
type use struct {
	node       model.NodeName
	kind       model.ENIKind
	madeAt     model.Instant
	card       int
	device     int  // that it had last; −1: none
	attached   bool // to the instance
	associated bool // of a branch: with its trunk
	deleting   bool // a call that deletes it is under way
	leakedAt   model.Instant
	cause      LeakCause
	told       bool       // in its node's history, that it has leaked
	action     sim.Action // of the last refusal to take it away
	code       model.ErrorCode
	refused    int
}

func (s *State) leakOf(e *ec2ENI) Leak {
	return Leak{
		ENI: e.id, Node: e.node, Kind: e.kind, Subnet: e.subnet.Name, MadeAt: e.madeAt, Since: e.leakedAt, Cause: e.cause, CleanUp: s.cleanUpOf(e),
		Addresses: e.addresses(), Action: e.action, Error: e.code, Refused: e.refused, Associated: e.associated,
	}
}

// cleanUpOf says who deletes the ENI.
func (s *State) cleanUpOf(e *ec2ENI) CleanUp {
	n := s.nodes[e.node]
	switch {
	case s.onECS():
		return CleanUpECS
	case e.kind == model.ENIBranch && e.associated:
		return CleanUpRestart // to EC2 it is in use
	case e.kind != model.ENISecondary:
		return CleanUpController
	case n != nil && n.Gone():
		return s.cleaners.ofOrphan()
	case n != nil && n.keepsLeaks():
		return CleanUpOff
	}
	return CleanUpAgent
}

// cleaners counts the living nodes whose agent was started ever, by whether it deletes
// what nodes that are gone have left.
type cleaners struct{ cleaning, keeping int }

// count adds the node by times.
func (c *cleaners) count(n *Node, by int) {
	switch {
	case n.Launched.OS != "" || len(n.History.Settings) == 0:
	case n.keepsLeaks():
		c.keeping += by
	default:
		c.cleaning += by
	}
}

func (c *cleaners) ofOrphan() CleanUp {
	switch {
	case c.cleaning > 0:
		return CleanUpOthers
	case c.keeping > 0:
		return CleanUpOff
	}
	return CleanUpNobody
}

// keepsLeaks reports whether a variable keeps the node's agent from its clean-ups.
func (n *Node) keepsLeaks() bool {
	return n.Config.Settings.KeepLeakedENIs || n.Config.Settings.NoProvisioning
}

// addresses counts those of the subnet that the ENI has.
func (e *ec2ENI) addresses() int {
	n := 1
	for _, p := range e.blocks {
		switch {
		case p.Addr().Is6():
		case p.IsSingleIP():
			n++
		default:
			n += model.PrefixSize
		}
	}
	return n
}

// setLoose keeps the list of ENIs that no instance has, but for branches.
func (s *State) setLoose(e *ec2ENI, loose bool) {
	have := s.loose[e.node]
	i := slices.Index(have, e)
	switch {
	case loose && i < 0 && e.kind != model.ENIBranch:
		s.loose[e.node] = append(have, e)
	case !loose && i >= 0:
		if have = slices.Delete(have, i, i+1); len(have) == 0 {
			delete(s.loose, e.node)
			return
		}
		s.loose[e.node] = have
	}
}

// leak notes that nobody will use the ENI.
func (s *State) leak(at model.Instant, e *ec2ENI, cause LeakCause) {
	if e.leakedAt != model.Never {
		return
	}
	e.leakedAt, e.cause = at, cause
	e.subnet.leaked += e.addresses()
	s.leaks = append(s.leaks, e)
	if e.kind != model.ENIBranch && !s.onECS() {
		e.told = true
		s.tellLeak(at, e, Leaked)
	}
}

// tellLeak notes in the node's history what becomes of an ENI that has leaked.
func (s *State) tellLeak(at model.Instant, e *ec2ENI, kind ChangeKind) {
	if n := s.nodes[e.node]; n != nil {
		n.History.add(Change{At: at, Kind: kind, ENI: e.id, Of: e.kind, Card: e.card, Device: e.device, Addresses: e.addresses(), Action: e.action, Error: e.code})
	}
}

// found ends that: somebody has the ENI again, or is deleting it.
func (s *State) found(e *ec2ENI) {
	if e.leakedAt == model.Never {
		return
	}
	e.leakedAt = model.Never
	e.subnet.leaked -= e.addresses()
	s.leaks = slices.DeleteFunc(s.leaks, func(have *ec2ENI) bool { return have == e })
}

// inUse notes that the ENI is attached: an agent that has it sees it on its instance.
func (s *State) inUse(id model.ENIID, kind model.ENIKind) {
	if e := s.ec2ENIs[id]; e != nil {
		e.attached, e.kind, e.told = true, kind, false
		s.setLoose(e, false)
		s.found(e)
	}
}

// useBegins takes from a call that begins what it does to the ENI.
func (s *State) useBegins(b sim.CallFields) {
	e := s.ec2ENIs[b.ENI]
	if e == nil {
		return
	}
	if b.Error != "" {
		if b.Action == sim.DisassociateTrunkInterface && b.Error == model.InvalidAssociationIDNotFound {
			e.associated = false
		}
		if s.keepsENI(b) {
			e.action, e.code, e.refused = b.Action, b.Error, e.refused+1
		}
		return
	}
	switch b.Action {
	case sim.AttachNetworkInterface:
		s.inUse(e.id, e.kind)
	case sim.DetachNetworkInterface:
		e.attached = false
		s.setLoose(e, true)
	case sim.DeleteNetworkInterface:
		e.deleting = true
		s.found(e)
	case sim.AssociateTrunkInterface:
		e.associated, e.kind = true, model.ENIBranch
		s.setLoose(e, false)
	case sim.DisassociateTrunkInterface:
		e.associated = false
	}
}

// keepsENI reports whether by the refusal of the call an ENI stays that its owner
// wants away. A detachment that is refused leaves it attached, where the agent's
// reconcile finds it; a branch is deleted whether or not it is disassociated.
func (s *State) keepsENI(b sim.CallFields) bool {
	switch b.Action {
	case sim.DeleteNetworkInterface:
		return b.Error != ""
	case sim.DetachNetworkInterface, sim.DisassociateTrunkInterface:
		return b.Error != "" && s.onECS() && b.Error != model.InvalidAssociationIDNotFound
	}
	return false
}

func (s *State) onECS() bool { return s.Started.Platform == sim.PlatformECS }

// useReturns notes that EC2 refuses to take the ENI away. While the client tries
// again nothing is lost; the resource controller forgets a branch by an event of its
// own.
func (s *State) useReturns(at model.Instant, b sim.CallFields) {
	e := s.ec2ENIs[b.ENI]
	if e == nil || !s.keepsENI(b) {
		return
	}
	attempts := sim.AgentAttempts
	if !s.onECS() && e.kind != model.ENISecondary {
		attempts = sim.ControllerAttempts
	}
	othersTell := !s.onECS() && (e.kind == model.ENIBranch || e.attached)
	switch {
	case b.TriedAgain(attempts) || othersTell:
	case s.onECS():
		s.leak(at, e, LeakECS)
	default:
		s.leak(at, e, LeakRefused)
	}
}

// agentKilled notes what the node's agent had in hand when it was killed: nobody
// remembers that. What ECS has in hand is not with the instance.
func (s *State) agentKilled(at model.Instant, n *Node) {
	if !s.onECS() {
		s.ownerKilled(at, n, model.ENISecondary, LeakAgent)
	}
}

// controllerKilled does likewise. The branches of nodes that are gone it does not
// look for when it starts again; those of others are queued by events of their own.
func (s *State) controllerKilled(at model.Instant) {
	for _, n := range s.Nodes {
		s.ownerKilled(at, n, model.ENITrunk, LeakTrunk)
		if !n.Gone() {
			continue
		}
		for _, br := range n.Branches {
			if e := s.ec2ENIs[br.ENI]; e != nil && !e.deleting {
				s.leak(at, e, LeakUnseen)
			}
		}
	}
}

func (s *State) ownerKilled(at model.Instant, n *Node, kind model.ENIKind, cause LeakCause) {
	for _, e := range s.loose[n.Name] {
		if e.kind == kind && !e.deleting {
			s.leak(at, e, cause)
		}
	}
}

// instanceGone notes that the node's branches are with no trunk any more. What its
// agent had in hand is with nobody; ECS has deleted its own by then.
func (s *State) instanceGone(at model.Instant, n *Node) {
	if !s.onECS() {
		s.ownerKilled(at, n, model.ENISecondary, LeakNode)
	}
	for _, br := range n.Branches {
		if e := s.ec2ENIs[br.ENI]; e != nil {
			e.associated = false
		}
	}
}

// branchLeaks notes that the controller has forgotten a branch, or has it again.
func (s *State) branchLeaks(at model.Instant, b sim.BranchDeleted) {
	e := s.ec2ENIs[b.ENI]
	switch {
	case e == nil:
	case !b.Leaked:
		s.found(e)
	case b.Error == "":
		s.leak(at, e, LeakUnseen)
	default:
		s.leak(at, e, LeakForgotten)
	}
}
