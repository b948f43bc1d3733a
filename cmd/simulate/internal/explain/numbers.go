package explain

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
)

// numbers are the figures on which it rests that the pod waits, as they are at
// the instant of the question; empty: none are known.
func (ps *podStory) numbers() string {
	c := ps.cause
	n := ps.state.Node(ps.node)
	switch {
	case c.Scope == "subnet":
		return ps.subnetNumbers(c)
	case ofQuota(c.Reason) && ps.region.quota > 0:
		return fmt.Sprintf("the Region has %s of %s", view.Number(ps.region.enis), view.Count(ps.region.quota, "network interface"))
	case c.Kind == sim.KindThrottling, c.Kind == sim.KindQuota:
		return ""
	case ps.bound == model.Never || n == nil:
		return placing(c.Message)
	case ps.branch:
		return "of the node's branch ENIs " + branchesOf(n)
	case ps.agent == nil || !ps.agent.fills() || !ps.agent.up:
		return ""
	}
	text := ps.pool(ps.at).String()
	if c.Kind == sim.KindENILimit && ps.agent.checks() {
		text += fmt.Sprintf(", %d of %d ENIs", len(ps.agent.pool(ps.card).store.ENIs()), ps.agent.maxENI())
	}
	if ps.agent.windows() {
		text += ", " + ps.agent.windowsFull()
	}
	if p := ps.agent.pool(ps.card); p != nil && p.refused != nil && string(p.refused.Error) == c.Reason {
		text += fmt.Sprintf("; it refused %s last", p.refused.Action)
	}
	return text
}

// subnetNumbers compares what the subnet has with what was asked of it last.
func (ps *podStory) subnetNumbers(c *view.Cause) string {
	sn := ps.state.Subnet(model.SubnetID(c.Name))
	if sn == nil {
		return ""
	}
	have := sn.Stats()
	text := fmt.Sprintf("%s has %s of %s free", sn.Name, view.Number(have.Free), view.Count(have.Usable, "address"))
	if lost := sn.Leaked(); lost > 0 {
		text += fmt.Sprintf(", %s in leaked ENIs", view.Number(lost))
	}
	switch wanted := c.Numbers[sim.NumberWanted]; {
	case c.Kind == sim.KindPrefixFragmentation:
		text += fmt.Sprintf(", and %s in whole", view.Count(have.FreePrefixes, "/28"))
	case wanted > 0:
		text += fmt.Sprintf(", and %s wanted at once", wantedWords(wanted))
	}
	return text
}

func wantedWords(n int) string {
	if n == 1 {
		return "1 was"
	}
	return view.Number(n) + " were"
}

// placing is what the scheduler, or the service, says of the nodes.
func placing(message string) string {
	message, _, _ = strings.Cut(message, " preemption:")
	return strings.TrimSuffix(message, ".")
}
