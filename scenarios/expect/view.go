package expect

import (
	"fmt"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// view is the run at an instant, as expressions see it. It is an activation of
// CEL.
type view struct {
	s   *replay.State
	at  model.Instant
	log logStore
	// whole: the expression is about the whole run. What is gone is in its list
	// then, and found by its name.
	whole bool
	gone  map[model.PodName]*replay.Pod
	ever  []*replay.Pod // all pods that ever were, in order of their creation
	// held are the outcomes of the conditions over time, by their place in the
	// expression that is evaluated.
	held map[int64]ref.Val

	pods, addresses ref.Val // of which there is one each

	nodeList  ref.Val // nil: to be made
	sum       replay.Totals
	sumIsMade bool
}

// logStore keeps the log, where an expression reads it.
type logStore struct {
	kept   bool
	events []sim.Event
}

func (l *logStore) list(w *view) ref.Val { return listOf(w, eventType, l.events) }

func newView(s *replay.State) *view {
	w := &view{s: s, gone: map[model.PodName]*replay.Pod{}}
	w.pods, w.addresses = podsType.val(w, podsOf{}), addressesType.val(w, allAddresses{})
	return w
}

// viewName is the name of the view itself among the variables; no expression
// can write it.
const viewName = "@view"

// ResolveName returns the value of a variable.
func (w *view) ResolveName(name string) (any, bool) {
	if name == viewName {
		return w, true
	}
	for i := range variables {
		if variables[i].name == name {
			return variables[i].get(w), true
		}
	}
	return nil, false
}

// Parent is none.
func (w *view) Parent() cel.Activation { return nil }

// moved forgets what was put together before something changed.
func (w *view) moved(at model.Instant, changed topics) {
	if at != w.at || changed&(topicAddresses|topicCooling|topicNodes) != 0 {
		w.sumIsMade = false
	}
	if changed&topicNodes != 0 {
		w.nodeList = nil
	}
	w.at = at
}

// nodes are those that are there, or of the whole run all that ever were.
func (w *view) nodes() ref.Val {
	if w.whole {
		return listOf(w, nodeType, w.s.Nodes)
	}
	if w.nodeList == nil {
		there := slices.DeleteFunc(slices.Clone(w.s.Nodes), (*replay.Node).Gone)
		w.nodeList = listOf(w, nodeType, there)
	}
	return w.nodeList
}

// podList are the pods that are there, or of the whole run all that ever were.
func (w *view) podList() ref.Val {
	if w.whole {
		return listOf(w, podType, w.ever)
	}
	return listOf(w, podType, w.s.Pods.All())
}

// enis counts as run -o json does: branches included.
func (w *view) enis() int {
	n := 0
	for _, node := range w.s.Nodes {
		if !node.Gone() {
			n += len(node.Attached()) + len(node.Branches) + len(node.TaskBranches)
		}
	}
	return n
}

func (w *view) totals() replay.Totals {
	if !w.sumIsMade {
		w.sum = replay.Totals{}
		for _, n := range w.s.Nodes {
			t := n.Totals(w.at)
			w.sum.Total += t.Total
			w.sum.Assigned += t.Assigned
			w.sum.Cooling += t.Cooling
		}
		w.sumIsMade = true
	}
	return w.sum
}

func (w *view) subnets() ref.Val { return listOf(w, subnetType, w.s.Subnets) }

// calls has a number for every action, also for those that were not called.
func (w *view) calls(get func(replay.ActionCalls) int) ref.Val {
	all := map[string]int{}
	for _, action := range actions {
		all[action] = 0
	}
	for _, a := range w.s.Calls.ByAction() {
		all[string(a.Action)] = get(a)
	}
	return numbers(all)
}

// absentError says that something with a name is not there at an instant.
type absentError struct{ what, name string }

func (e absentError) Error() string { return fmt.Sprintf("there is no %s %s", e.what, e.name) }

// nothingError says that there is no wait of which a percentile could be told.
// A bound on it holds of nothing, and is no good news: there may be no node.
type nothingError struct {
	bound bool // from bound to a node on; else from created on
}

func (e nothingError) Error() string {
	if e.bound {
		return "no pod that needs an address has been given a node, so there is no wait to measure; where that is meant, ask pods.timeToIP.count == 0 || …"
	}
	return "no pod needs an address, so there is no wait to measure; where that is meant, ask pods.startLatency.count == 0 || …"
}

// wait is a percentile of the waits: as they stand while the run goes on. When
// it has ended nobody waits for as long as it happened to last: where it has come
// to rest those who still wait do so for ever, and where none was ever given an
// address all do.
func (w *view) wait(l *replay.Waits, p int) time.Duration {
	ended := w.s.Ended
	if ended == nil {
		return l.Percentile(p, w.at)
	}
	if w.s.Pods.StartLatency.Count() == 0 {
		return neverAt
	}
	if ended.EndedBy == "settled" {
		d, ends := l.Final(p)
		if !ends {
			return neverAt
		}
		return d
	}
	return l.Percentile(p, w.at)
}

// find is what the functions node, pod and subnet return.
func (w *view) find(function, name string) ref.Val {
	switch function {
	case functionNode:
		if n := w.s.Node(model.NodeName(name)); n != nil && (w.whole || !n.Gone()) {
			return nodeType.val(w, n)
		}
	case functionPod:
		p := w.s.Pods.Get(model.PodName(name))
		if p == nil && w.whole {
			p = w.gone[model.PodName(name)]
		}
		if p != nil {
			return podType.val(w, p)
		}
	case functionSubnet:
		if n := w.s.Subnet(model.SubnetID(name)); n != nil {
			return subnetType.val(w, n)
		}
	}
	return types.WrapErr(absentError{function, name})
}
