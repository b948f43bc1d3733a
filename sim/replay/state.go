package replay

import (
	"fmt"

	"vpcsim/model"
	"vpcsim/sim"
)

// State is the world at an instant, as the log up to there tells it. The zero
// State is the one before the first event. What its fields refer to belongs to
// the State: read it between two calls of Apply, change nothing.
type State struct {
	// Now is the instant of the last event.
	Now model.Instant
	// Events is how many events were applied; the next one's Seq.
	Events int64
	// Started is the run's first event.
	Started sim.RunStarted
	// Ended is the run's last event, nil while it goes on.
	Ended *sim.RunEnded

	// Nodes are in the order of their launch, terminated ones included.
	Nodes []*Node
	// Subnets are in the order of the scenario.
	Subnets []*Subnet
	// Pods are those that exist, and what is left of those that don't.
	Pods Pods
	// Episodes are in the order in which they began.
	Episodes []*Episode
	// ScaleUps are those of the cluster autoscaler, in the order of time. Unhelped
	// are the pods for which it could add no node when it looked last.
	ScaleUps []ScaleUp
	Unhelped []sim.AutoscalerNotScaledUp
	// Calls are the calls to EC2.
	Calls Calls
	// Usage is how many addresses were attached and held over time.
	Usage Usage

	nodes    map[model.NodeName]*Node
	subnets  map[model.SubnetID]*Subnet
	ec2ENIs  map[model.ENIID]*ec2ENI
	loose    map[model.NodeName][]*ec2ENI // made for the node and not attached, in the order of that
	leaks    []*ec2ENI                    // in the order in which they leaked
	cleaners cleaners
	episodes map[int]*Episode
	open     openEpisodes
}

// Apply folds the next event of the log into the state. It fails if the event
// contradicts those before it: a gap in Seq, time going back, something that
// is not there, an address taken twice. The state is of no use after that.
func (s *State) Apply(e sim.Event) error {
	n := s.about(e)
	total, assigned := n.pooled()
	if err := s.apply(e); err != nil {
		return fmt.Errorf("event %d (%s at %s): %w", e.Seq, e.Body.Type(), e.At, err)
	}
	totalNow, assignedNow := n.pooled()
	s.Usage.change(e.At, totalNow-total, assignedNow-assigned)
	s.Usage.peak()
	return nil
}

func (s *State) apply(e sim.Event) error {
	switch {
	case e.Seq != s.Events:
		return fmt.Errorf("event %d was expected", s.Events)
	case e.At < s.Now:
		return fmt.Errorf("time goes back from %s", s.Now)
	case s.Ended != nil:
		return fmt.Errorf("the run has ended")
	}
	s.Events++
	s.Now = e.At

	switch b := e.Body.(type) {
	case sim.RunStarted:
		return s.start(b)
	case sim.RunEnded:
		return s.end(b)
	case sim.NodeLaunched:
		return s.launch(e, b)
	case sim.ENICreated:
		return s.createENI(e, b)
	case sim.ENIDeleted:
		return s.deleteENI(e, b)
	case sim.EC2Call:
		return s.call(e, b.CallFields)
	case sim.EC2Returned:
		s.Calls.returned()
		s.useReturns(e.At, b.CallFields)
		if n := s.nodes[e.Node]; n != nil {
			n.callReturned(e.At, b.CallFields)
		}
		return nil
	case sim.PodCreated:
		return s.Pods.create(e.At, b)
	case sim.PodUnschedulable:
		return s.unschedulable(b)
	case sim.PodReady:
		return s.Pods.ready(e.At, b.Pod)
	case sim.PodDeleted:
		return s.delete(e.At, b.Pod)
	case sim.PodReleased:
		return s.release(b)
	case sim.PodCompleted:
		return s.Pods.complete(e.At, b.Pod)
	case sim.TaskCreated:
		return s.Pods.createTask(e.At, b)
	case sim.TaskUnplaceable:
		return s.unschedulable(sim.PodUnschedulable{Pod: b.Pod, Reason: b.Reason, Message: b.Message})
	case sim.TaskFailed:
		return s.failTask(b)
	case sim.TaskReady:
		return s.Pods.ready(e.At, b.Pod)
	case sim.TaskDeleted:
		return s.deleteTask(e.At, b.Pod)
	case sim.TaskReleased:
		return s.releaseTask(b)
	case sim.TaskCompleted:
		return s.Pods.complete(e.At, b.Pod)
	case sim.AutoscalerScaledUp:
		s.ScaleUps = append(s.ScaleUps, ScaleUp{e.At, b})
		return nil
	case sim.AutoscalerNotScaledUp:
		s.unhelp(b)
		return nil
	case sim.SubnetTagged:
		return s.tagSubnet(e.At, b)
	case sim.ControllerConfigured:
		s.controllerConfigured(e.At, b)
		return nil
	case sim.ControllerRestarted:
		s.controllerRestarted(e.At)
		s.controllerKilled(e.At)
		return nil
	case sim.FaultBegan:
		s.told(e.Node, Change{At: e.At, Kind: FaultBegan, Action: b.Action, Error: b.Error, Calls: b.Count, Lasts: b.ForMs, LatencyMs: b.LatencyMs})
		return nil
	case sim.FaultEnded:
		s.told(e.Node, Change{At: e.At, Kind: FaultEnded, Action: b.Action, Error: b.Error, Calls: b.Calls})
		return nil
	case sim.ExhaustionBegan:
		return s.beginEpisode(e, b)
	case sim.ExhaustionEnded:
		return s.endEpisode(e.At, b)
	}
	n := s.nodes[e.Node]
	if n == nil {
		return fmt.Errorf("there is no node %q", e.Node)
	}
	return s.applyNode(n, e)
}

// applyNode folds an event that is about one node.
func (s *State) applyNode(n *Node, e sim.Event) error {
	switch b := e.Body.(type) {
	case sim.NodeReady:
		n.becomeReady(e.At)
	case sim.NodeNotReady:
		n.Ready, n.NotReadyReason = false, b.Reason
	case sim.NodeCordoned:
		n.cordon(e.At, true)
	case sim.NodeUncordoned:
		n.cordon(e.At, false)
	case sim.NodeTerminated:
		s.cleaners.count(n, -1)
		n.terminate(e.At)
		s.instanceGone(e.At, n)
	case sim.AgentConfigured:
		s.cleaners.count(n, -1)
		n.configure(e.At, b)
		s.cleaners.count(n, 1)
	case sim.PoolConfigured:
		n.configureLiving(e.At, b)
	case sim.AgentStarted:
		n.agentStarted(b)
	case sim.AgentExited:
		n.agentExited(e.At, b)
		s.agentKilled(e.At, n)
	case sim.ENIAttached:
		s.inUse(b.ENI, b.Kind)
		if e := s.ec2ENIs[b.ENI]; e != nil {
			e.card, e.device = b.Card, b.Device
		}
		return n.attach(e.At, b)
	case sim.ENIDetached:
		return n.detach(e.At, b)
	case sim.AddressesAdded:
		return n.addBlocks(e.At, b)
	case sim.AddressesRemoved:
		return n.removeBlocks(e.At, b)
	case sim.ENIExcluded:
		return n.exclude(e.At, b)
	case sim.TrunkSignalled:
		n.trunkSignalled(e.At)
	case sim.TrunkFailed:
		n.trunkFailed(e.At, b)
	case sim.BranchRequested:
		_, err := s.Pods.get(b.Pod)
		return err
	case sim.BranchCreated:
		return n.branchCreated(e.At, b)
	case sim.BranchFailed:
		n.branchFailed(e.At, b)
	case sim.BranchQueued:
		s.branchLeaks(e.At, sim.BranchDeleted{BranchFields: b.BranchFields})
		return n.branchQueued(e.At, b)
	case sim.BranchDeleted:
		s.branchLeaks(e.At, b)
		return n.branchDeleted(e.At, b)
	case sim.PoolGrow:
		n.decide(b.PoolDecision)
	case sim.PoolShrink:
		n.decide(b.PoolDecision)
	case sim.PoolFree:
		n.decide(b.PoolDecision)
	case sim.PoolSkip:
	case sim.PodBound:
		return s.Pods.bind(e.At, n, b)
	case sim.PodSetupFailed:
		return s.setupFailed(n, e.At, b)
	case sim.PodAddressed:
		return s.address(n, e.At, b)
	case sim.TaskPlaced:
		return s.Pods.bind(e.At, n, sim.PodBound{Pod: b.Pod, Workload: b.Workload})
	case sim.TaskAddressed:
		return s.addressTask(n, e.At, b)
	default:
		return fmt.Errorf("unknown type of event %T", b)
	}
	return nil
}

func (s *State) start(b sim.RunStarted) error {
	if s.Events != 1 {
		return fmt.Errorf("the run has started already")
	}
	s.Started = b
	s.nodes = map[model.NodeName]*Node{}
	s.subnets = map[model.SubnetID]*Subnet{}
	s.ec2ENIs = map[model.ENIID]*ec2ENI{}
	s.loose = map[model.NodeName][]*ec2ENI{}
	s.episodes = map[int]*Episode{}
	s.Pods.LastAddressedAt, s.Pods.LastReadyAt = model.Never, model.Never
	for _, start := range b.Subnets {
		sn, err := newSubnet(start)
		if err != nil {
			return err
		}
		s.Subnets = append(s.Subnets, sn)
		s.subnets[start.Name] = sn
	}
	return nil
}

func (s *State) end(b sim.RunEnded) error {
	s.Ended = &b
	for _, open := range b.Open {
		ep := s.episodes[open.ID]
		if ep == nil || !ep.Open() {
			return fmt.Errorf("exhaustion %d is not open", open.ID)
		}
		ep.Pods, ep.PodMs = open.Pods, open.PodMs
	}
	return nil
}

func (s *State) launch(e sim.Event, b sim.NodeLaunched) error {
	if s.nodes[e.Node] != nil {
		return fmt.Errorf("there is a node %q already", e.Node)
	}
	n := newNode(e.Node, e.At, b)
	s.Nodes = append(s.Nodes, n)
	s.nodes[e.Node] = n
	return s.takePrimary(e, b)
}

// Node returns the node of that name, nil if none was launched.
func (s *State) Node(name model.NodeName) *Node { return s.nodes[name] }

// Subnet returns the subnet of that name, nil if there is none.
func (s *State) Subnet(name model.SubnetID) *Subnet { return s.subnets[name] }

// Totals sums the agents' pools over all nodes.
func (s *State) Totals() Totals {
	var t Totals
	for _, n := range s.Nodes {
		t = t.plus(n.Totals(s.Now))
	}
	return t
}
