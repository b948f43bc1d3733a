package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vpcsim/model"
)

// An attempt that failed is followed by a back-off: 1 s, doubling with each to
// 10 s. A pod is tried again when its back-off is over and something has
// changed for the better. Source: kube-scheduler's podInitialBackoffSeconds and
// podMaxBackoffSeconds.
const (
	backoffMin = time.Second
	backoffMax = 10 * time.Second
)

// podBackoff is the back-off after the nth failed attempt, from 1.
func podBackoff(attempts int) time.Duration {
	wait := backoffMin
	for i := 1; i < attempts && wait < backoffMax; i++ {
		wait *= 2
	}
	return min(wait, backoffMax)
}

// podClass is pods that the scheduler need not tell apart: same workload, same
// filters, same requests.
type podClass struct {
	spec   *PodSpec
	daemon bool    // of a DaemonSet: tolerates cordon and not-ready
	spread *spread // nil: without a workload
	zoned  bool    // the index has a part for each zone
	index  *nodeIndex

	waiting  waitList
	pending  int // pods in it that are not deleted
	unhelped unhelped
	turn     *waiting // whose turn it is in a round of retries
	relieved bool     // something has changed for the better since the first one's last attempt
	retryAt  model.Instant
	failure  failure
}

// failure is why no node fits a class, as of a position in the log of changes.
type failure struct {
	seen    int
	kind    Kind
	counts  map[Kind]int
	message string
	reason  string // where the kind does not say all
}

// lags reports whether pods seem only to have to wait for addresses of pools.
func (f *failure) lags() bool { return f.reason == reasonAddresses && f.kind == KindWarmPoolLag }

// classKey is what makes pods alike.
type classKey struct {
	spread  spreadKey // zero without a workload
	filters string
}

// classOf finds the pod's class. The pods of a workload share its spec, so that
// they need no key. Those beside a DaemonSet's are ordinary pods.
func (s *scheduler) classOf(p *pod) *podClass {
	if p.owner != nil && p.spec == &p.owner.Pod && p.daemon() == (p.target != nil) {
		key := spreadKeyOf(p)
		c := s.ofWorkload[key]
		if c == nil {
			c = s.newClass(p)
			s.ofWorkload[key] = c
		}
		return c
	}
	key := classKey{filters: filterKey(p.spec)}
	if p.owner != nil {
		key.spread = spreadKeyOf(p)
	}
	c := s.classes[key]
	if c == nil {
		c = s.newClass(p)
		s.classes[key] = c
	}
	return c
}

func (s *scheduler) newClass(p *pod) *podClass {
	c := &podClass{spec: p.spec, daemon: p.target != nil, spread: s.spreadOf(p), retryAt: -1}
	c.zoned = c.spread != nil && s.e.cfg.Scheduler.Strategy == StrategyKube
	s.inOrder = append(s.inOrder, c)
	return c
}

// filterKey is equal for specs that the filters and the score treat alike.
func filterKey(spec *PodSpec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d %t %t", spec.CPUMilli, spec.MemoryMiB, needsBranch(spec), spec.Annotations[model.AnnotationNICs] == model.AnnotationNICsAll)
	for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		fmt.Fprintf(&b, " %q=%q", key, spec.NodeSelector[key])
	}
	for _, t := range spec.Tolerations {
		fmt.Fprintf(&b, " %q", []string{t.Key, t.Operator, t.Value, t.Effect})
	}
	return b.String()
}

// waiting is a pod that no node fitted.
type waiting struct {
	pod   *pod
	until model.Instant // end of its back-off
}

// waitList is a class's waiting pods, first come first. All but the first have
// been tried equally often, so that their back-offs end in the list's order.
type waitList struct{ pods []*waiting }

func (l *waitList) add(w *waiting) { l.pods = append(l.pods, w) }

// at returns the waiting pod at place i, which is 0 or 1, or nil. Pods that are
// deleted are dropped on the way.
func (l *waitList) at(i int) *waiting {
	for len(l.pods) > i {
		if w := l.pods[i]; w.pod.waits() {
			return w
		}
		l.drop(i)
	}
	return nil
}

// drop takes the pod at place i, which is 0 or 1, out.
func (l *waitList) drop(i int) {
	if i == 1 {
		l.pods[1] = l.pods[0]
	}
	l.pods[0] = nil
	l.pods = l.pods[1:]
}

// next is the first pod whose back-off is over. Until then it is nil, and the
// instant is when the first of the back-offs ends; Never for an empty list.
func (l *waitList) next(now model.Instant) (*waiting, model.Instant) {
	at := model.Never
	for i := range 2 {
		w := l.at(i)
		if w == nil {
			break
		}
		if w.until <= now {
			return w, now
		}
		at = min(at, w.until)
	}
	return nil, at
}

// take removes a pod that next has returned.
func (l *waitList) take(w *waiting) {
	if l.pods[0] == w {
		l.drop(0)
	} else {
		l.drop(1)
	}
}

// fail logs that no node fits the pod, and why. When it turns out that a class
// that seemed only to have to wait is in trouble, all its pods are told; else
// those that wait behind another of their class are not tried.
func (s *scheduler) fail(c *podClass, p *pod) *waiting {
	before := c.failure.kind
	// How many pods wait matters, where nodes come late that have room.
	if c.failure.message == "" || c.failure.seen != c.index.seen || c.index.room > 0 {
		c.failure = s.failureOfClass(c)
	}
	out := &waiting{pod: p, until: s.unschedulable(p, c.failure)}
	only := (before == "" || before.Cures() && !c.failure.kind.Cures()) && c.failure.kind != ""
	if only || before == KindThrottling && c.failure.kind != before {
		for _, w := range c.waiting.pods {
			if w != nil && w.pod != p && w.pod.waits() {
				w.until = s.unschedulable(w.pod, c.failure)
			}
		}
	}
	return out
}

// failureOf is why none of the nodes fits.
func (s *scheduler) failureOf(t tally, coming onTheWay) failure {
	kind, counts, reason := s.kind(t, coming)
	return failure{kind: kind, counts: counts, message: s.message(t, s.living), reason: reason}
}

// helpless says that no node will come for the class. Where there is none at
// all, its pods have waited for the first.
func (s *scheduler) helpless(c *podClass) {
	if s.living > 0 || c.failure.kind != "" {
		return
	}
	c.failure.kind = KindMisconfig
	for _, w := range c.waiting.pods {
		if w != nil && w.pod.waits() {
			w.until = s.unschedulable(w.pod, c.failure)
		}
	}
}

// unschedulable logs a failed attempt and returns the end of the back-off.
func (s *scheduler) unschedulable(p *pod, f failure) model.Instant {
	p.tries++
	s.tell(p, f)
	return s.e.now.Add(podBackoff(p.tries))
}

// tell logs why no node fits the pod, as of its last attempt.
func (s *scheduler) tell(p *pod, f failure) {
	s.e.log("", PodUnschedulable{p.name, p.workloadName(), f.kind, p.tries, f.message})
	s.e.troubles.unschedulable(p, f)
}

// retryAll tries waiting pods again, those that came first before others,
// whatever their class.
func (s *scheduler) retryAll() {
	var turns []*podClass
	for _, c := range s.inOrder {
		if c.waiting.at(0) != nil {
			c.relieved = true
			turns = append(turns, c)
		}
	}
	s.retry(turns)
}

// retry goes on while pods of the classes find places. A class whose pod does
// not is out of this round.
func (s *scheduler) retry(classes []*podClass) {
	turns := minHeap[*podClass]{less: func(a, b *podClass) bool { return a.turn.pod.seq < b.turn.pod.seq }}
	for _, c := range classes {
		if s.hasTurn(c) {
			turns.push(c)
		}
	}
	for turns.len() > 0 {
		c := turns.pop()
		if !s.takeTurn(c) {
			continue
		}
		if s.hasTurn(c) {
			turns.push(c)
		}
	}
}

// hasTurn finds the class's pod whose turn it is. Where all are in their
// back-off it sees to it that they are tried when it ends.
func (s *scheduler) hasTurn(c *podClass) bool {
	w, at := c.waiting.next(s.e.now)
	c.turn = w
	if w == nil {
		s.retryLater(c, at)
	}
	return w != nil
}

// takeTurn places the pod whose turn it is and reports whether it could. The
// failure is that of the class's first pod: another one, whose turn it was only
// because the first is in its back-off, is not tried in vain.
func (s *scheduler) takeTurn(c *podClass) bool {
	w := c.turn
	if !w.pod.waits() {
		return true // deleted in this round
	}
	if c.failure.lags() {
		// Why a pool is short is the agents' business: judge all nodes anew.
		c.index, c.failure.message = nil, ""
	}
	if n := s.choose(c); n != nil {
		c.waiting.take(w)
		w.pod.unqueue()
		s.e.kubelet.bind(w.pod, n, false)
		return true
	}
	if w != c.waiting.at(0) {
		s.retryLater(c, c.waiting.at(0).until)
		return false
	}
	c.relieved = false
	w.until = s.fail(c, w.pod).until
	s.lookAgain(c, w.until)
	s.e.autoscaler.podWaits()
	return false
}

// lookAgain tries the class again after its back-off where it seems only to have
// to wait for addresses of pools: that they do not come after all is no change
// for the better, and would not be noticed.
func (s *scheduler) lookAgain(c *podClass, at model.Instant) {
	if c.failure.lags() {
		c.relieved = true
		s.retryLater(c, at)
	}
}

// retryLater tries the class again at the end of a back-off.
func (s *scheduler) retryLater(c *podClass, at model.Instant) {
	if at == model.Never || c.retryAt == at {
		return
	}
	c.retryAt = at
	s.e.at(at, func() {
		if c.retryAt != at {
			return // another one is set
		}
		c.retryAt = -1
		if c.relieved {
			s.retry([]*podClass{c})
		}
	})
}
