package sim

import (
	"cmp"
	"math"
	"slices"
	"time"

	"vpcsim/model"
)

// A service whose tasks fail to start is given a wait, which doubles each time
// up to the maximum. Source: Amazon ECS developer guide, "Service throttle
// logic", for the maximum; the first wait and the doubling are ours, since it
// only says that the wait grows.
const (
	startBackoffMin = 10 * time.Second
	startBackoffMax = 27 * time.Minute
)

// startBackoff is the wait after the nth failure in a row, from 1.
func startBackoff(failures int) time.Duration {
	wait := startBackoffMin
	for i := 1; i < failures && wait < startBackoffMax; i++ {
		wait *= 2
	}
	return min(wait, startBackoffMax)
}

// taskLine is tasks that are alike and wait for a place, first come first. Each
// service has one, and each task that was created by hand.
type taskLine struct {
	tasks    []*task // by seq
	listed   bool    // in ecs.lines
	stuck    bool    // the first found no place, and nothing has changed since
	told     Kind    // what the tasks were told last
	failures int     // rounds in a row in which a task did not start
	notYet   model.Instant
}

// add puts the task at its place: one that failed comes before younger ones.
func (l *taskLine) add(t *task) {
	at, _ := slices.BinarySearchFunc(l.tasks, t.seq, func(have *task, seq int) int { return cmp.Compare(have.seq, seq) })
	l.tasks = slices.Insert(l.tasks, at, t)
}

func (l *taskLine) remove(t *task) {
	if at := slices.Index(l.tasks, t); at >= 0 {
		l.tasks = slices.Delete(l.tasks, at, at+1)
	}
}

// failed notes that a task that was placed at the instant did not start, and
// returns when the next is placed. Tasks of one round that fail count once.
func (l *taskLine) failed(placedAt, now model.Instant) model.Instant {
	if placedAt >= l.notYet {
		l.failures++
		l.notYet = now.Add(startBackoff(l.failures))
	}
	return l.notYet
}

// worked notes that a task is RUNNING.
func (l *taskLine) worked() { l.failures = 0 }

// queue lets a task wait for a place. It is tried within this instant, unless
// its line has to wait.
func (c *ecs) queue(t *task) {
	l := t.line
	l.add(t)
	l.stuck = false
	if !l.listed {
		l.listed = true
		c.lines = append(c.lines, l)
	}
	if l.notYet > c.e.now {
		c.e.ec2.retryAt("", t.boundAt, l.notYet, c.wake)
		return
	}
	c.wake()
}

// relieve says that what was not possible may be.
func (c *ecs) relieve() {
	for _, l := range c.lines {
		l.stuck = false
	}
	c.wake()
}

// wake makes sure of a round of placing in this instant, after what is going on.
func (c *ecs) wake() {
	if c.awake || len(c.lines) == 0 {
		return
	}
	c.awake = true
	c.e.at(c.e.now, func() {
		c.awake = false
		c.placeAll()
	})
}

// placeAll places what can be placed, those that came first before others. Of
// a line whose first finds no place the others are not tried.
func (c *ecs) placeAll() {
	for {
		l := c.nextLine()
		if l == nil {
			return
		}
		t := l.tasks[0]
		ci := c.choose(t)
		if ci == nil {
			l.stuck = true
			c.unplaceable(l)
			continue
		}
		l.tasks = l.tasks[1:]
		c.place(t, ci)
	}
}

// nextLine is the line whose turn it is, or nil.
func (c *ecs) nextLine() *taskLine {
	var next *taskLine
	c.lines = slices.DeleteFunc(c.lines, func(l *taskLine) bool {
		l.listed = len(l.tasks) > 0
		return !l.listed
	})
	for _, l := range c.lines {
		switch {
		case l.stuck || l.notYet > c.e.now:
		case next == nil || l.tasks[0].seq < next.tasks[0].seq:
			next = l
		}
	}
	return next
}

// unplaceable tells the first of the line that no instance takes it, and those
// that have not heard so yet.
func (c *ecs) unplaceable(l *taskLine) {
	f := c.whyNot(l.tasks[0], c.misfits(l.tasks[0]))
	for i, t := range l.tasks {
		if i > 0 && t.tries > 0 && l.told == f.verdict.kind {
			continue
		}
		t.tries++
		c.e.log("", TaskUnplaceable{t.name, t.serviceName(), f.verdict.kind, f.code, t.tries, f.verdict.message})
		if f.verdict.kind == "" {
			c.e.troubles.left(&t.pod)
		} else {
			c.e.troubles.enter(&t.pod, f.verdict)
		}
	}
	l.told = f.verdict.kind
}

// misfits counts the instances by what they are short of first, and keeps the
// oldest of each.
type misfits struct {
	active           int // that take tasks
	starting, others int // not ACTIVE yet; DRAINING or failed
	short            map[ResourceCode]int
	closest          map[ResourceCode]*containerInstance // short of an ENI: without a trunk, if any is
	branches         int                                 // of those short of an ENI: with a trunk
	branched         *containerInstance                  // the oldest of these
}

// choose returns the instance for the task: of those that fit, what the
// placement strategies leave, one after the other, then the draw. Nil: none fits.
func (c *ecs) choose(t *task) *containerInstance {
	fit := c.fitting[:0]
	for _, ci := range c.instances {
		if t.mayBeOn(ci) && ci.takesTasks() && c.misfit(t, ci) == "" {
			fit = append(fit, ci)
		}
	}
	c.fitting = fit
	for _, p := range t.spec.Task.Placement {
		if len(fit) < 2 {
			break
		}
		fit = c.narrow(fit, t.service, p)
	}
	switch len(fit) {
	case 0:
		return nil
	case 1:
		return fit[0]
	}
	return fit[c.chance.pick(len(fit))]
}

// mayBeOn reports whether the task names no other instance.
func (t *task) mayBeOn(ci *containerInstance) bool {
	return t.spec.Node == "" || t.spec.Node == ci.name
}

// takesTasks reports whether the instance is ACTIVE.
func (ci *containerInstance) takesTasks() bool { return ci.state == instanceActive && !ci.draining }

// misfits tells for a task that no instance takes what they are short of.
func (c *ecs) misfits(t *task) misfits {
	why := misfits{short: map[ResourceCode]int{}, closest: map[ResourceCode]*containerInstance{}}
	for _, ci := range c.instances {
		switch {
		case !t.mayBeOn(ci):
		case ci.state == instanceStarting || ci.state == instanceRegistering:
			why.starting++
		case !ci.takesTasks():
			why.others++
		default:
			why.add(c.misfit(t, ci), ci)
		}
	}
	return why
}

func (m *misfits) add(code ResourceCode, ci *containerInstance) {
	m.active++
	m.short[code]++
	if code == ResourceENI && ci.trunked {
		if m.branches++; m.branched == nil {
			m.branched = ci
		}
		return
	}
	if m.closest[code] == nil {
		m.closest[code] = ci
	}
}

// misfit is what the instance is short of for the task, in the order of the
// filters: zone of the task's subnets, CPU, memory, ENIs. Empty: it fits.
func (c *ecs) misfit(t *task, ci *containerInstance) ResourceCode {
	task := t.spec.Task
	inZone := func(id model.SubnetID) bool { return c.e.ec2.named[id].zone == ci.subnet.zone }
	switch {
	case task.awsvpc() && len(task.Subnets) > 0 && !slices.ContainsFunc(task.Subnets, inZone):
		return ResourceAttribute
	case ci.group.CPUMilli > 0 && ci.cpuMilli+t.spec.CPUMilli > ci.group.CPUMilli:
		return ResourceCPU
	case ci.group.MemoryMiB > 0 && ci.memoryMiB+t.spec.MemoryMiB > ci.group.MemoryMiB:
		return ResourceMemory
	case task.awsvpc() && ci.enis >= ci.limit:
		return ResourceENI
	}
	return ""
}

// narrow keeps the instances that the strategy likes best. For tasks of no
// service all tasks of none count together.
func (c *ecs) narrow(fit []*containerInstance, s *service, p Placement) []*containerInstance {
	zones := map[string]int{}
	if p.Field == FieldZone {
		for _, ci := range c.instances {
			zones[ci.subnet.zone] += ci.count(s)
		}
	}
	cost := func(ci *containerInstance) int {
		switch {
		case p.Type == PlaceSpread && p.Field == FieldZone:
			return zones[ci.subnet.zone]
		case p.Type == PlaceSpread:
			return ci.count(s)
		case p.Type == PlaceBinpack && p.Field == FieldCPU:
			return left(ci.group.CPUMilli, ci.cpuMilli)
		case p.Type == PlaceBinpack:
			return left(ci.group.MemoryMiB, ci.memoryMiB)
		}
		return 0 // random: the draw decides
	}
	least := math.MaxInt
	best := fit[:0] // never ahead of what is read
	for _, ci := range fit {
		at := cost(ci)
		if at < least {
			least, best = at, best[:0]
		}
		if at == least {
			best = append(best, ci)
		}
	}
	return best
}

// left is what an instance has to give; of what is unknown there is no end.
func left(has, taken int) int {
	if has == 0 {
		return math.MaxInt
	}
	return has - taken
}

// count is how many tasks of the service the instance has; of none for nil.
func (ci *containerInstance) count(s *service) int {
	if s != nil {
		return ci.counts[s]
	}
	n := 0
	for _, t := range ci.tasks {
		if t.service == nil {
			n++
		}
	}
	return n
}
