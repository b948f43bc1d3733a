package sim

import (
	"slices"

	"vpcsim/model"
)

// watchStray sets the next clean-up of ENIs that belong to nobody.
func (c *resourceController) watchStray() {
	if c.cleanAt != model.Never || c.bare {
		return
	}
	c.cleanAt = c.nextTick(cleanPeriod)
	c.later(c.cleanAt.Sub(c.e.now), func() {
		c.cleanAt = model.Never
		c.clean()
	})
}

// cleanHelps reports whether the clean-up that is due, or the one after it, may delete
// something: a run does not settle before it.
func (c *resourceController) cleanHelps() bool {
	return c.cleanAt != model.Never && !c.e.ec2.refusesForGood("", DeleteNetworkInterface)
}

// watchLooseTrunk sets it where a trunk was made for the instance and is not
// attached: the controller was restarted meanwhile, or could not delete it.
func (c *resourceController) watchLooseTrunk(in *instance) {
	if slices.ContainsFunc(in.loose, (*eni).looseTrunk) {
		c.watchStray()
	}
}

// looseTrunk reports whether the ENI is a trunk that is not attached.
func (ni *eni) looseTrunk() bool {
	return ni.kind == model.ENITrunk && ni.instance == nil && !ni.deleted
}

// clean deletes what the controller made and what at two clean-ups in a row is in
// nobody's use: branches that are not associated, as those of living pods and those
// that cool are, and trunks that are not attached. The VLAN ids of the branches stay
// taken in the controller's memory. It goes by what EC2 shows of the ENIs, not by
// what the controller is about to do with them.
func (c *resourceController) clean() {
	seen := map[*eni]bool{}
	for _, n := range c.e.nodes {
		in := n.instance
		if in.trunk != nil {
			for _, ni := range slices.Clone(in.trunk.branches) {
				switch {
				case ni.associated || ni.deleted:
				case c.stray[ni]:
					c.paced(func() { c.e.ec2.deleteBranch(ni, c.cleaned(n)) })
				default:
					seen[ni] = true
				}
			}
		}
		for _, ni := range slices.Clone(in.loose) {
			switch {
			case !ni.looseTrunk():
			case c.stray[ni]:
				c.paced(func() { c.e.ec2.deleteTrunk(in, ni, c.cleaned(n)) })
			default:
				seen[ni] = true
			}
		}
	}
	c.stray = seen
	if len(seen) > 0 {
		c.watchStray()
	}
}

// cleaned is for the answer to a deletion of something of the node's: what is refused is
// for a later clean-up.
func (c *resourceController) cleaned(n *node) reply {
	return c.reply(func(code model.ErrorCode) {
		if code != "" && !c.e.ec2.refusesForGood(n.name, DeleteNetworkInterface) {
			c.watchStray()
		}
	})
}
