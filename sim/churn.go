package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// churn makes short-lived pods beside the workload's replicas: the ith at i
// minutes / perMinute from now, as long as that is within For. A pod's lifetime
// counts from its creation to the request for its deletion.
func (c *controllers) churn(a Churn) {
	w := c.named[a.Workload]
	if w.churning == nil {
		w.churning = newStream(c.e.cfg.Seed, "churn/"+string(w.Name))
	}
	begin := c.e.now
	c.tick(w, a, func(i int) model.Instant { return begin.Add(churnAt(i, a.PerMinute)) }, 0, churnCount(a))
}

// churnAt is when pod i comes, from the step's instant.
func churnAt(i, perMinute int) time.Duration {
	return time.Duration(int64(i) * time.Minute.Milliseconds() / int64(perMinute) * int64(time.Millisecond))
}

// churnCount is how many pods come: those before For is over.
func churnCount(a Churn) int {
	if a.PerMinute <= 0 || a.For <= 0 {
		return 0
	}
	minute := time.Minute.Milliseconds()
	return int((a.For.Milliseconds()*int64(a.PerMinute) + minute - 1) / minute)
}

// tick makes pod i, and sees to the next: one timer at a time.
func (c *controllers) tick(w *workload, a Churn, at func(i int) model.Instant, i, count int) {
	for ; i < count; i++ {
		if at(i) > c.e.now {
			c.e.step(at(i), func() { c.tick(w, a, at, i, count) })
			return
		}
		p := &pod{name: model.PodName(fmt.Sprintf("%s-churn-%d", w.Name, w.churnNames)), owner: w, spec: &w.Pod, beside: true}
		w.churnNames++
		w.create(p)
		life := c.e.draw(a.Lifetime, w.churning)
		c.e.step(c.e.now.Add(life), func() { c.e.kubelet.delete(p) })
	}
}
