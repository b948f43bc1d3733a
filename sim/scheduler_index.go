package sim

// nodeIndex is what the scheduler knows of all nodes for one class of pods: the
// nodes that fit by rank, the others by outcome. It is as old as the last look;
// catching up judges the nodes that changed since then, and no others.
//
//	part of zone a    rank 0x1_0000_0064: nodes 3 7 8
//	                  rank 0x1_0000_0096: nodes 1
//	part of zone b    rank 0x2_0000_0064: nodes 2
//	tally             Too many pods: 4, node(s) were unschedulable: 1
type nodeIndex struct {
	seen  int // of the scheduler's log of changes, how far it has caught up
	spots []spot
	parts []*ranking // by zone where pods are spread, else one
	tally tally
	room  int // for pods of the class on nodes that EC2's rate holds up, summed
}

// spot is where a node is in the index.
type spot struct {
	known   bool
	outcome outcome
	part    int
	bucket  *bucket // of a node that fits
	at      int     // position in the bucket
	room    int     // of a node that EC2's rate holds up
}

// ranking is the nodes that fit, by rank, of one part.
type ranking struct {
	buckets map[rank]*bucket
	heap    minHeap[*bucket]
	empty   int // buckets in the heap without nodes
}

// bucket is the nodes of one rank, in no order that means anything but the same
// in every run.
type bucket struct {
	rank  rank
	nodes []*node
}

func newRanking() *ranking {
	return &ranking{
		buckets: map[rank]*bucket{},
		heap:    minHeap[*bucket]{less: func(a, b *bucket) bool { return a.rank < b.rank }},
	}
}

// best is the bucket of the best rank, or nil.
func (r *ranking) best() *bucket {
	for r.heap.len() > 0 {
		top := r.heap.top()
		if len(top.nodes) > 0 {
			return top
		}
		r.heap.pop()
		delete(r.buckets, top.rank)
		r.empty--
	}
	return nil
}

// bucketOf returns the bucket for the rank, to put a node in.
func (r *ranking) bucketOf(at rank) *bucket {
	b := r.buckets[at]
	if b == nil {
		b = &bucket{rank: at}
		r.buckets[at] = b
		r.heap.push(b)
	} else if len(b.nodes) == 0 {
		r.empty--
	}
	return b
}

// emptied counts a bucket whose last node left. It stays in the heap, for the
// rank may come again; when such buckets are most of it they go.
func (r *ranking) emptied() {
	r.empty++
	if r.empty <= 64 || r.empty <= r.heap.len()/2 {
		return
	}
	r.heap.keep(func(b *bucket) bool {
		if len(b.nodes) == 0 {
			delete(r.buckets, b.rank)
			return false
		}
		return true
	})
	r.empty = 0
}

// put sets the node's outcome, and its rank where it fits.
func (ix *nodeIndex) put(n *node, part int, v outcome, at rank) {
	for len(ix.spots) <= n.index {
		ix.spots = append(ix.spots, spot{})
	}
	p := &ix.spots[n.index]
	if p.known && p.outcome == v && (p.bucket == nil || p.bucket.rank == at) {
		return
	}
	ix.drop(n)
	*p = spot{known: true, outcome: v, part: part}
	if v != outcomeFits {
		ix.tally.count(v, 1)
		return
	}
	for len(ix.parts) <= part {
		ix.parts = append(ix.parts, newRanking())
	}
	p.bucket = ix.parts[part].bucketOf(at)
	p.at = len(p.bucket.nodes)
	p.bucket.nodes = append(p.bucket.nodes, n)
}

// putHeldUp sets the outcome of a node that EC2's rate holds up, which has room for
// so many pods.
func (ix *nodeIndex) putHeldUp(n *node, room int) {
	ix.put(n, 0, outcomeHeldUp, 0)
	p := &ix.spots[n.index]
	ix.room += room - p.room
	p.room = room
}

// drop takes the node out of the index.
func (ix *nodeIndex) drop(n *node) {
	if n.index >= len(ix.spots) || !ix.spots[n.index].known {
		return
	}
	p := &ix.spots[n.index]
	ix.room -= p.room
	if b := p.bucket; b == nil {
		ix.tally.count(p.outcome, -1)
	} else {
		last := len(b.nodes) - 1
		moved := b.nodes[last]
		b.nodes[p.at] = moved
		ix.spots[moved.index].at = p.at
		b.nodes[last] = nil
		b.nodes = b.nodes[:last]
		if last == 0 {
			ix.parts[p.part].emptied()
		}
	}
	*p = spot{}
}

// changeLog is the nodes in the order in which they changed. Readers keep their
// own positions; what none of them needs, or only one that has fallen so far
// behind that building anew is cheaper, is forgotten.
type changeLog struct {
	base  int // position of nodes[0]
	nodes []*node
}

// end is the position of the next change.
func (l *changeLog) end() int { return l.base + len(l.nodes) }

func (l *changeLog) add(n *node) { l.nodes = append(l.nodes, n) }

// since returns the changes from a position on; false when they are forgotten.
func (l *changeLog) since(at int) ([]*node, bool) {
	if at < l.base {
		return nil, false
	}
	return l.nodes[at-l.base:], true
}

// forget drops the older half of a log that has more than max entries.
func (l *changeLog) forget(max int) bool {
	if len(l.nodes) <= max {
		return false
	}
	half := len(l.nodes) / 2
	l.base += half
	l.nodes = append(l.nodes[:0], l.nodes[half:]...)
	return true
}
