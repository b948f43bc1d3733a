package sim

import (
	"slices"
	"time"

	"vpcsim/model"
)

// statusReport is how often kubelet reports the node's status when nothing has
// changed: an event of the node at the latest. Source: Kubernetes
// documentation, "Node status" (nodeStatusReportFrequency).
const statusReport = 5 * time.Minute

// Reasons of the messages that a node shows.
const (
	reasonTrunkInit     = "NodeTrunkFailedInit"
	reasonTrunkCreation = "TrunkENICreationFailed"
	reasonUnsupported   = "Unsupported"
)

// signal says that the node's agent asks for a trunk. Only its first signal is
// news.
func (c *resourceController) signal(n *node) {
	if n.signalled {
		return
	}
	n.signalled = true
	c.e.log(n.name, TrunkSignalled{})
	n.labels[labelTrunk] = "false"
	c.setState(n, nodeComing)
	c.e.scheduler.nodeChanged(n)
	wait := max(0, c.lead(c.e.cfg.Controller.TrunkDelay,
		CreateNetworkInterface, AttachNetworkInterface, ModifyNetworkInterfaceAttribute, DescribeNetworkInterfaces))
	c.e.promise(c.e.now.Add(wait), c.alive(func() { c.initialise(n) }))
}

// nodeEvent says that something about the node has changed: one that failed to
// get a trunk is tried again.
func (c *resourceController) nodeEvent(n *node) {
	if !n.gone && n.signalled && c.nodes[n] == nodeIdle {
		c.initialise(n)
	}
}

func (c *resourceController) setState(n *node, s nodeState) {
	if c.nodes[n] == nodeComing {
		c.coming--
	}
	if s == nodeComing {
		c.coming++
	}
	c.nodes[n] = s
	n.openAt = c.e.now
}

// initialise finds the node's trunk or makes one.
func (c *resourceController) initialise(n *node) {
	if n.gone {
		return
	}
	in := n.instance
	n.trunkTried = c.e.now
	c.setState(n, nodeComing)
	if !in.kind.TrunkingCompatible {
		c.unsupported(n)
		return
	}
	place, ok := c.place(n)
	if !ok {
		c.trunkFailed(n, nil, ErrNoENIConfig, nil)
		return
	}
	if in.trunk != nil {
		c.adopt(n, place.subnet)
		return
	}
	device := in.highestDevice()
	if device < 0 {
		c.trunkFailed(n, nil, ErrNoDevice, nil)
		return
	}
	c.makeTrunk(n, place, device)
}

// makeTrunk creates a trunk and attaches it.
func (c *resourceController) makeTrunk(n *node, at place, device int) {
	x, in := c.e.ec2, n.instance
	life := c.life
	c.paced(func() {
		x.createTrunk(in, at.subnet, at.groups, func(ni *eni, code model.ErrorCode) {
			switch {
			case c.life != life || n.gone:
			case code != "":
				c.trunkFailed(n, at.subnet, code, x.answering)
			default:
				c.attachTrunk(n, ni, device)
			}
		})
	})
}

func (c *resourceController) attachTrunk(n *node, ni *eni, device int) {
	x, in := c.e.ec2, n.instance
	step := func(next func(code model.ErrorCode)) reply {
		return c.reply(func(code model.ErrorCode) {
			if !n.gone {
				next(code)
			}
		})
	}
	ready := step(func(model.ErrorCode) { c.adopt(n, ni.subnet) })
	settle := step(func(model.ErrorCode) {
		c.paced(func() { x.ask(in, ni, CallFields{Action: DescribeNetworkInterfaces, ENI: ni.id}, nil, ready) })
	})
	attached := step(func(code model.ErrorCode) {
		if code != "" {
			met := x.answering
			c.paced(func() {
				x.deleteTrunk(in, ni, step(func(model.ErrorCode) {
					c.watchLooseTrunk(in)
					c.trunkFailed(n, ni.subnet, code, met)
				}))
			})
			return
		}
		n.agent.attachedByOthers()
		c.paced(func() { x.ask(in, ni, CallFields{Action: ModifyNetworkInterfaceAttribute, ENI: ni.id}, nil, settle) })
	})
	c.paced(func() { x.attachTrunk(in, ni, device, attached) })
}

// place is where the node's trunk and branches are made, with the groups of the
// trunk. ok is false when the node's ENIConfig does not exist.
func (c *resourceController) place(n *node) (at place, ok bool) {
	primary := n.instance.enis[0]
	if !n.agent.settings.CustomNetworking {
		return place{n.subnet, primary.groups}, true
	}
	places := n.agent.placeOfENIConfig(primary)
	if len(places) == 0 {
		return place{}, false
	}
	return places[0], true
}

// unsupported notes that the node's type cannot have a trunk.
func (c *resourceController) unsupported(n *node) {
	c.setState(n, nodeManaged)
	n.labels[labelTrunk] = "not-supported"
	n.trunkTries++
	c.e.log(n.name, TrunkFailed{Error: ErrUnsupported, Attempt: n.trunkTries, Reasons: []string{reasonUnsupported}})
	c.e.scheduler.nodeChanged(n)
	c.unpark(n)
}

// trunkFailed leaves the node out until its next event.
func (c *resourceController) trunkFailed(n *node, s *subnet, code model.ErrorCode, met *fault) {
	c.setState(n, nodeIdle)
	n.trunkTries++
	n.trunkError, n.trunkSubnet, n.trunkFault = code, s, met
	out := TrunkFailed{Error: code, Attempt: n.trunkTries}
	if s != nil {
		out.Subnet = s.ID()
		out.Reasons = []string{reasonTrunkCreation}
	}
	if code != ErrNoENIConfig {
		out.Reasons = append(out.Reasons, reasonTrunkInit)
	}
	c.e.log(n.name, out)
	c.e.scheduler.nodeChanged(n)
	if !c.bare {
		c.e.ec2.retryAt(n.name, n.trunkTried, c.e.now.Add(statusReport), c.alive(func() { c.nodeEvent(n) }))
	}
}

// adopt takes the attached trunk over with what EC2's tags and the pods'
// annotations tell of its branches: those of pods are theirs, all others are
// queued and cool from now on. Branches in another subnet than the node's
// present one are not found: they stay for ever. Nor are those that a call of
// before the restart is deleting: their VLAN ids are free.
func (c *resourceController) adopt(n *node, s *subnet) {
	ni := n.instance.trunk
	t := &trunk{Trunk: model.NewTrunk(n.instance.kind.BranchENIs), node: n, eni: ni}
	known := c.trunks[n.name] != nil // the node came back under its name: what is remembered stays
	if !known {
		c.trunks[n.name] = t
		c.rebuild(t, s)
	}
	c.setState(n, nodeManaged)
	n.trunkError, n.trunkSubnet, n.trunkFault = "", nil, nil
	n.labels[labelTrunk] = "true"
	if n.podENI == 0 {
		n.podENI = n.instance.kind.BranchENIs
		c.advertised++
	}
	c.queue.addAfter(workItem{kind: itemRound, node: n.name}, c.firstWait)
	c.e.scheduler.nodeChanged(n)
	c.unpark(n)
}

// rebuild fills the memory of a trunk that is there already.
func (c *resourceController) rebuild(t *trunk, s *subnet) {
	owned := map[model.ENIID]bool{}
	lost := map[model.ENIID]model.PodName{}
	for _, p := range slices.Concat(t.node.pods, t.node.kept) {
		if p.branch == nil {
			continue
		}
		ni := t.eni.branch(p.branch.ENI)
		if ni == nil || ni.deleted || ni.subnet != s {
			lost[p.branch.ENI] = p.name
			continue
		}
		b := *p.branch
		b.Tries = 0
		p.branch = &b
		owned[b.ENI] = true
		t.MarkVLAN(b.VLAN)
		t.Hold(&b)
	}
	for _, ni := range t.eni.branches {
		if owned[ni.id] {
			continue
		}
		b := &model.Branch{ENI: ni.id, VLAN: ni.vlan, Address: ni.primary, IPv6Address: ni.ipv6, Subnet: ni.subnet.ID(), Pod: lost[ni.id]}
		if ni.deleted || ni.subnet != s {
			c.e.log(t.node.name, BranchDeleted{BranchFields: t.fields(b), Leaked: !ni.deleted})
			continue
		}
		t.MarkVLAN(b.VLAN)
		t.Enqueue(b, c.e.now)
		c.e.log(t.node.name, BranchQueued{BranchFields: t.fields(b)})
	}
	c.changed(t)
}

// nodeGone says that the node is deleted: its queue is worked for another
// minute, then all its branches go.
func (c *resourceController) nodeGone(n *node) {
	if n.podENI > 0 {
		n.podENI = 0
		c.advertised--
	}
	c.setState(n, nodeIdle)
	delete(c.nodes, n)
	if t := c.trunks[n.name]; t != nil {
		c.queue.addAfter(workItem{kind: itemDeleteNode, node: n.name}, nodeGrace)
		c.changed(t)
	}
}

// deleteNode deletes all branches of a node that is gone, pods' first, cooled
// or not, and forgets its trunk.
func (c *resourceController) deleteNode(item workItem, done func(itemResult)) {
	t := c.trunks[item.node]
	if t == nil {
		done(itemOver)
		return
	}
	all := t.Clear()
	var next func(i int)
	next = func(i int) {
		if i == len(all) {
			delete(c.trunks, item.node)
			c.changed(t)
			done(itemOver)
			return
		}
		c.deleteBranch(t, all[i], func(code model.ErrorCode) {
			if code != "" {
				c.leak(t, all[i], code)
			}
			next(i + 1)
		})
	}
	next(0)
}
