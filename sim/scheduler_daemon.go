package sim

import "slices"

// Pods of a DaemonSet have a node each. The scheduler only asks whether they
// fit there; other nodes don't match them, as with the real one, which gives
// them a node affinity.

// runDaemons tries the pods of DaemonSets: those that wait where something has
// changed, then new ones.
func (s *scheduler) runDaemons() {
	lists := s.relievedDaemons
	s.relievedDaemons = nil
	for _, l := range lists {
		l.relieved = false
		s.retryDaemons(l)
	}
	for len(s.targeted) > 0 && s.targeted[0].due <= s.e.now {
		p := s.targeted[0].pod
		s.targeted = s.targeted[1:]
		if p.waits() && !s.placeDaemon(p) {
			l := s.daemons[p.target]
			if l == nil {
				l = &daemonList{}
				s.daemons[p.target] = l
			}
			s.keepDaemon(l, p)
		}
	}
}

// daemonList is the pods of DaemonSets that wait for one node.
type daemonList struct {
	waiting  []*waiting
	relieved bool // the node has changed since they were tried
}

// relieveDaemons says that the node may take one of its pods.
func (s *scheduler) relieveDaemons(l *daemonList) {
	if l == nil || l.relieved || len(l.waiting) == 0 {
		return
	}
	l.relieved = true
	s.relievedDaemons = append(s.relievedDaemons, l)
	s.wake()
}

func (s *scheduler) retryDaemons(l *daemonList) {
	list := l.waiting
	l.waiting = nil
	for _, w := range list {
		switch {
		case !w.pod.waits():
		case w.until > s.e.now:
			s.e.at(w.until, func() { s.relieveDaemons(l) })
			l.waiting = append(l.waiting, w)
		case !s.placeDaemon(w.pod):
			s.keepDaemon(l, w.pod)
		}
	}
}

// placeDaemon binds the pod to its node, if it fits.
func (s *scheduler) placeDaemon(p *pod) bool {
	if s.judge(s.classOf(p), p.target) != outcomeFits {
		return false
	}
	s.e.kubelet.bind(p, p.target, false)
	return true
}

// keepDaemon puts a pod that does not fit on the list. Where its node's pool only seems
// to lag it is tried again after its back-off, as lookAgain has it of other pods.
func (s *scheduler) keepDaemon(l *daemonList, p *pod) {
	f := s.failureOfDaemon(p)
	w := &waiting{pod: p, until: s.unschedulable(p, f)}
	l.waiting = append(l.waiting, w)
	if f.lags() {
		s.e.at(w.until, func() { s.relieveDaemons(l) })
	}
}

// failureOfDaemon is why the pod does not fit on its node.
func (s *scheduler) failureOfDaemon(p *pod) failure {
	var t tally
	t.count(s.judge(s.classOf(p), p.target), 1)
	message := slices.Clone(t)
	if others := s.living - 1; others > 0 {
		message.count(outcomeSelector, others)
	}
	f := s.failureOf(t, onTheWay{trunk: s.e.controller.nodes[p.target] == nodeComing})
	f.message = s.message(message, s.living)
	return f
}
