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

// clean deletes the branches that are not associated at two clean-ups in a row:
// those of living pods and those that cool are. Their VLAN ids stay taken in
// the controller's memory.
func (c *resourceController) clean() {
	seen := map[*eni]bool{}
	for _, n := range c.e.nodes {
		if n.instance.trunk == nil {
			continue
		}
		for _, ni := range slices.Clone(n.instance.trunk.branches) {
			switch {
			case ni.associated:
			case c.stray[ni]:
				c.paced(func() { c.e.ec2.deleteBranch(ni, func(model.ErrorCode) {}) })
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
