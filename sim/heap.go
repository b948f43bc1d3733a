package sim

// minHeap hands out its least item first. less must be a total order where the
// order of equals could reach a result.
type minHeap[T any] struct {
	items []T
	less  func(a, b T) bool
}

func (h *minHeap[T]) len() int { return len(h.items) }

// top is the least item; the heap must not be empty.
func (h *minHeap[T]) top() T { return h.items[0] }

func (h *minHeap[T]) push(item T) {
	h.items = append(h.items, item)
	i := len(h.items) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(item, h.items[parent]) {
			break
		}
		h.items[i] = h.items[parent]
		i = parent
	}
	h.items[i] = item
}

func (h *minHeap[T]) pop() T {
	top := h.items[0]
	last := len(h.items) - 1
	h.items[0] = h.items[last]
	var zero T
	h.items[last] = zero
	h.items = h.items[:last]
	if last > 0 {
		h.sift(0)
	}
	return top
}

// keep drops the items that keep does not want.
func (h *minHeap[T]) keep(want func(T) bool) {
	kept := h.items[:0]
	for _, item := range h.items {
		if want(item) {
			kept = append(kept, item)
		}
	}
	clear(h.items[len(kept):])
	h.items = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		h.sift(i)
	}
}

// sift moves item i down to where it belongs.
func (h *minHeap[T]) sift(i int) {
	item := h.items[i]
	for {
		least := 2*i + 1
		if least >= len(h.items) {
			break
		}
		if right := least + 1; right < len(h.items) && h.less(h.items[right], h.items[least]) {
			least = right
		}
		if !h.less(h.items[least], item) {
			break
		}
		h.items[i] = h.items[least]
		i = least
	}
	h.items[i] = item
}
