package replay

import (
	"slices"

	"vpcsim/model"
)

// coolQueue holds a node's cooling addresses in the order in which they will
// have cooled, so that counting them costs nothing per event.
type coolQueue struct {
	entries []coolEntry
}

type coolEntry struct {
	until model.Instant
	addr  *address
}

// push adds an address. Within the life of an agent all rest equally long, so
// that the place is nearly always the end.
func (q *coolQueue) push(a *address) {
	i := len(q.entries)
	for i > 0 && q.entries[i-1].until > a.coolUntil {
		i--
	}
	q.entries = slices.Insert(q.entries, i, coolEntry{a.coolUntil, a})
}

// expire frees the addresses whose cooldown has passed. At its last instant an
// address is still cooling.
func (n *Node) expire(at model.Instant) {
	i := 0
	for ; i < len(n.queue.entries) && n.queue.entries[i].until < at; i++ {
		e := n.queue.entries[i]
		if e.addr.state != Cooling || e.addr.coolUntil != e.until {
			continue // handed out again since
		}
		e.addr.state = Free
		if e.addr.block.usable && !e.addr.block.dropped {
			n.cooling--
		}
	}
	n.queue.entries = n.queue.entries[i:]
}
