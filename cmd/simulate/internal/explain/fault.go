package explain

import (
	"fmt"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/rules"
)

// blame remembers of EC2's refusals whether a fault of the scenario is behind them.
// What fails by a refusal is logged after it, and doesn't say.
func (st *story) blame(e sim.Event) {
	b, ok := e.Body.(sim.EC2Returned)
	if !ok || b.Error == "" {
		return
	}
	of := st.faults[e.Node]
	if of == nil {
		of = map[model.ErrorCode]int{}
		st.faults[e.Node] = of
	}
	of[b.Error] = b.Fault
}

// refusal says why the node was refused with a code, and by which rule.
func (st *story) refusal(node model.NodeName, code model.ErrorCode) (why, rule string) {
	if st.faults[node][code] > 0 {
		return byFault(code), rules.Fault
	}
	return titleOf(rules.Refusal(code)), rules.Refusal(code)
}

// byFault says that a fault answers with the code, and what EC2 means by it.
func byFault(code model.ErrorCode) string {
	return fmt.Sprintf("a fault step of the scenario answers so; from EC2 itself it would mean: %s", lower(titleOf(rules.Refusal(code))))
}

// faultSentence says what a fault keeps, or kept, the pod from.
func faultSentence(c *view.Cause, label string) string {
	text := fmt.Sprintf("A fault step of the scenario lets EC2 refuse what is needed (%s)", label)
	if means := titleOf(rules.Refusal(model.ErrorCode(c.Reason))); means != "" {
		return fmt.Sprintf("%s; from EC2 itself it would mean: %s.", text, lower(means))
	}
	return text + "."
}

// reblame puts the cause of a pod's last failure down to what refused its node last: an
// episode has that with which it began.
func (ps *podStory) reblame(c *view.Cause) {
	fault, ok := ps.faults[ps.node][model.ErrorCode(c.Reason)]
	if !ok || ps.node == "" || (fault > 0) == (c.Fault > 0) {
		return
	}
	c.Blame(fault)
	if fault == 0 { // without what the remedy says of the fault
		_, c.Remedy, _ = strings.Cut(c.Remedy, "; where EC2 does so by itself: ")
	}
}
