package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// deleteQueue is a node's queue of branch ENIs that wait for their deletion, as
// the log tells it: the resource controller works it in rounds, 30 s after the
// end of the one before, from the front to the first branch that is not strictly
// older than the cooldown.
type deleteQueue struct {
	trunk    model.ENIID
	cooldown time.Duration
	base     model.Instant // of a round, or the end of one; Never: not known
	waiting  []queuedBranch
	deleting model.ENIID // the round under way is at it; empty between rounds
}

// nodeGrace is how long after its node's end the queue goes on; what is left then
// goes. Source: observed in the resource controller (2026).
const nodeGrace = time.Minute

// queuedBranch is a branch ENI in the queue. One at the front was made in vain
// and has no time to wait.
type queuedBranch struct {
	eni   model.ENIID
	at    model.Instant
	front bool
}

func newDeleteQueue(sc resolved) *deleteQueue {
	q := &deleteQueue{base: model.Never}
	q.cooldown, _ = model.BranchCooldown(strings.Trim(string(sc.CNI.BranchCooldown), `"`))
	return q
}

// apply folds an event of the queue's node, or of the cluster.
func (q *deleteQueue) apply(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.ControllerConfigured:
		q.cooldown = time.Duration(b.CooldownMs) * time.Millisecond
	case sim.ControllerRestarted:
		q.waiting, q.deleting = nil, "" // queued anew by events of their own
		q.base = e.At + 1               // observed: the first round comes at once, and finds none old enough
	case sim.ENICreated:
		if b.Kind == model.ENITrunk {
			q.trunk = b.ENI
		}
	case sim.EC2Returned:
		if b.Action == sim.DescribeNetworkInterfaces && b.ENI == q.trunk && q.trunk != "" && q.base == model.Never {
			q.base = e.At // the trunk is the controller's from here
		}
	case sim.EC2Call:
		if i := q.index(b.ENI); i >= 0 && (b.Action == sim.DisassociateTrunkInterface || b.Action == sim.DeleteNetworkInterface) {
			q.deleting = b.ENI
		}
	case sim.BranchQueued:
		item := queuedBranch{b.ENI, e.At, b.Front}
		if b.Front {
			q.waiting = slices.Insert(q.waiting, 0, item)
		} else {
			q.waiting = append(q.waiting, item)
		}
	case sim.BranchDeleted:
		if i := q.index(b.ENI); i >= 0 {
			q.waiting = slices.Delete(q.waiting, i, i+1)
			q.deleting, q.base = "", e.At
		}
	}
}

func (q *deleteQueue) index(id model.ENIID) int {
	return slices.IndexFunc(q.waiting, func(b queuedBranch) bool { return b.eni == id })
}

// round is the first round after an instant.
func (q *deleteQueue) round(after model.Instant) model.Instant {
	period := model.Instant(model.BranchRound.Milliseconds())
	if after < q.base {
		return q.base
	}
	return q.base + ((after-q.base)/period+1)*period
}

// goes is the round that deletes the branch at a place of the queue, the first
// after an instant at which it and all before it are due. A round that deletes
// puts off those after it by the time of its calls.
func (q *deleteQueue) goes(place int, after model.Instant) model.Instant {
	round := q.round(after)
	for _, b := range q.waiting[:place+1] {
		if !b.front {
			round = max(round, q.round(b.at.Add(q.cooldown)))
		}
	}
	return round
}

// tells says when a round deletes the branch, as seen at an instant.
func (q *deleteQueue) tells(place int, at model.Instant) string {
	b := q.waiting[place]
	if q.deleting == b.eni {
		return "the controller is deleting it"
	}
	if q.base == model.Never {
		return "no round of the delete queue is known"
	}
	var out []string
	if b.front {
		out = append(out, "it was made in vain and need not cool")
	} else {
		out = append(out, fmt.Sprintf("it cools for %s from %s on", view.Duration(q.cooldown), view.Instant(b.at)))
	}
	out = append(out, "the queue is worked every 30 s and from the front")
	round := q.goes(place, at)
	when := "the first round that may delete it is that at " + view.Instant(round)
	if round > q.goes(0, at) {
		when += ", or as much later as the deletions before take"
	}
	out = append(out, when)
	if place > 0 {
		out = append(out, fmt.Sprintf("%s before it in the queue", view.Count(place, "branch ENI")))
	}
	return strings.Join(out, "; ")
}

// finishBranch tells why a branch ENI is there, and for how long.
func (es *eniStory) finishBranch() {
	x := es.x
	n := es.state.Node(es.life.node)
	if n == nil {
		return
	}
	br := n.Branch(es.life.id)
	if br == nil {
		x.Answer += fmt.Sprintf(" At %s EC2 has it still.", view.Instant(es.at))
		return
	}
	holds := fmt.Sprintf("It holds %s", br.Address)
	if br.VLAN > 0 {
		holds += fmt.Sprintf(" and VLAN %d of the trunk", br.VLAN)
	}
	place := es.queue.index(br.ENI)
	switch {
	case br.State == replay.BranchCreating:
		x.Answer += fmt.Sprintf(" At %s it is being made.", view.Instant(es.at))
	case br.State == replay.BranchInUse:
		x.Answer += fmt.Sprintf(" It stays: pod %s has it. %s.", br.Pod, holds)
	case place >= 0:
		waits, goes := es.queue.tells(place, es.at), es.queue.goes(place, es.at)
		if left := n.TerminatedAt.Add(nodeGrace); n.Gone() && left > es.at && left < goes {
			goes = left
			waits = fmt.Sprintf("its node is gone since %s, and at %s all that is left of it is deleted, cooled or not", view.Instant(n.TerminatedAt), view.Instant(left))
		}
		if refused := es.refusedWords(sim.DeleteNetworkInterface); refused != "" {
			waits += "; " + refused
		}
		x.Answer += fmt.Sprintf(" It is there still because it waits for its deletion: %s. %s, and counts against the limit of %s until then.", waits, holds, view.Count(n.Launched.BranchENIs, "branch ENI"))
		if es.queue.base != model.Never && es.queue.deleting != br.ENI {
			x.Next = append(x.Next, view.Fact{Name: view.Instant(goes), Text: "the first round that may delete it", Rule: "branch-cooldown/cooling"})
		}
	default:
		x.Answer += fmt.Sprintf(" At %s it waits for its deletion. %s.", view.Instant(es.at), holds)
	}
	x.State = append(x.State, view.Fact{Name: "branches", Text: branchesOf(n)})
}

// branchesOf counts a node's branch ENIs against its limit.
func branchesOf(n *replay.Node) string {
	c := n.BranchCount()
	text := fmt.Sprintf("%d of %d count: %d in use", c.Counted(), n.Launched.BranchENIs, c.InUse)
	if rest := c.Cooling + c.Queued; rest > 0 {
		text += fmt.Sprintf(", %d waiting for their deletion", rest)
	}
	if c.Creating > 0 {
		text += fmt.Sprintf("; %d being made", c.Creating)
	}
	if c.Leaked > 0 {
		text += fmt.Sprintf("; %d leaked, which count no longer and hold an address and a VLAN each", c.Leaked)
	}
	return text
}

// shownQueued is how many branches of a queue are told.
const shownQueued = 5

// queueFacts tells which branches wait for their deletion, and until when.
func (st *story) queueFacts(at model.Instant) []view.Fact {
	var out []view.Fact
	n := st.state.Node(st.node)
	for i, b := range st.queue.waiting {
		if i == shownQueued {
			out = append(out, view.Fact{Name: "…", Text: fmt.Sprintf("and %d more in the delete queue", len(st.queue.waiting)-shownQueued)})
			break
		}
		text := string(b.eni)
		if n != nil {
			if br := n.Branch(b.eni); br != nil && br.Pod != "" {
				text += fmt.Sprintf(", of %s", br.Pod)
			}
		}
		out = append(out, view.Fact{Name: "queued", Text: text + ": " + st.queue.tells(i, at), Rule: "branch-cooldown/cooling"})
	}
	return out
}

// The resource controller's passes over all pods. Sources: see the rule
// branch-request.
const (
	controllerPass   = 30 * time.Minute
	controllerRelist = time.Second // the first, after its start
)

// nextPass is the first of them after an instant.
func (st *story) nextPass(after model.Instant) model.Instant {
	if first := st.controller.Add(controllerRelist); st.controller > 0 && after < first {
		return first
	}
	period := model.Instant(controllerPass.Milliseconds())
	return st.controller + ((after-st.controller)/period+1)*period
}
