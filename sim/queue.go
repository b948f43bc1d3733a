package sim

import "vpcsim/model"

// timer is an entry of the queue: something that happens at an instant.
type timer struct {
	at      model.Instant
	born    model.Instant // when it was scheduled
	seq     uint64        // of those of one instant, first scheduled, first served
	step    bool          // of the scenario: before the actors' work of the same instant
	promise bool          // counts as something left to do: a run does not settle before it
	fire    func()
}

// before orders timers by instant, steps first, then first scheduled, first
// served. An instant alone is not enough: a heap hands out equals in an order
// nobody meant.
func (t *timer) before(u *timer) bool {
	if t.at != u.at {
		return t.at < u.at
	}
	if t.step != u.step {
		return t.step
	}
	if t.born != u.born {
		return t.born < u.born
	}
	return t.seq < u.seq
}

// beatAt is a beat of an agent's loop. Among timers born at the same instant it
// comes before all others, by node. A loop that ticks would have scheduled its
// next beat half a round ahead; one that sleeps must come at the same place.
func beatAt(n *node, at model.Instant) timer {
	return timer{at: at, born: at.Add(-loopPause), seq: uint64(n.index) + 1}
}

// firstSeq is the first sequence number of the others.
const firstSeq = 1 << 32

// timerQueue is a heap with four children a node: half the depth of a binary
// one, and siblings share cache lines.
type timerQueue struct {
	heap []timer
	seq  uint64
}

const heapArity = 4

func (q *timerQueue) len() int { return len(q.heap) }

func (q *timerQueue) push(t timer) {
	if t.seq == 0 {
		q.seq++
		t.seq = firstSeq + q.seq
	}
	q.heap = append(q.heap, t)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / heapArity
		if !t.before(&q.heap[parent]) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = t
}

func (q *timerQueue) pop() timer {
	top := q.heap[0]
	last := q.heap[len(q.heap)-1]
	q.heap[len(q.heap)-1] = timer{}
	q.heap = q.heap[:len(q.heap)-1]
	n := len(q.heap)
	if n == 0 {
		return top
	}
	i := 0
	for {
		first := i*heapArity + 1
		if first >= n {
			break
		}
		least := first
		for c := first + 1; c < min(first+heapArity, n); c++ {
			if q.heap[c].before(&q.heap[least]) {
				least = c
			}
		}
		if !q.heap[least].before(&last) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = last
	return top
}
