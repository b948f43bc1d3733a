package sim

import (
	"fmt"
	"slices"
	"time"

	"vpcsim/model"
)

// service keeps replicas tasks running, and replaces them in a deployment.
type service struct {
	*Workload
	c          *ecs
	appeared   bool
	replicas   int // wanted
	scaling    int // number of scale steps so far: a later one overrules what is left of an earlier
	revision   int // number of deployments so far
	quota      int // tasks that the deployment may have replaced
	names      int // next N of SERVICE-N
	churnNames int // next N of SERVICE-churn-N
	churning   *stream
	line       *taskLine
	turns      map[string]int // by zone: tasks that have had a subnet of it

	tasks    []*task   // in the order of their making, with some that are gone
	goneN    int       // of tasks
	new, old taskTally // those that count, by whether they are to be replaced

	acting, again bool
	// blocked closes the episode of a deployment that its bounds do not let
	// begin; nil: there is none.
	blocked func()
}

// taskTally counts tasks, and those of them that are RUNNING.
type taskTally struct{ tasks, running int }

func newService(c *ecs, cfg *Workload) (*service, error) {
	for _, id := range cfg.Pod.Task.Subnets {
		if c.e.ec2.named[id] == nil {
			return nil, fmt.Errorf("service %s: no subnet %q", cfg.Name, id)
		}
	}
	return &service{Workload: cfg, c: c, replicas: cfg.Replicas, quota: noQuota, line: &taskLine{}, turns: map[string]int{}}, nil
}

// act starts and stops tasks until what there is, is what is wanted, or until it
// has to wait. What its own actions bring about it takes up when they are done.
func (s *service) act() {
	if !s.appeared {
		return
	}
	if s.acting {
		s.again = true
		return
	}
	s.acting = true
	for s.again = true; s.again; {
		s.again = false
		for s.step() {
		}
	}
	s.acting = false
	s.watchDeployment()
}

// step makes one move, and reports whether there was one to make.
func (s *service) step() bool {
	plan := planRollout(rolloutPods{s.new.tasks, s.new.running, s.old.tasks, s.old.running}, s.bounds())
	for range plan.create {
		t := &task{
			pod:     pod{name: model.PodName(fmt.Sprintf("%s-%d", s.Name, s.names)), spec: &s.Pod, revision: s.revision},
			service: s, line: s.line,
		}
		s.names++
		s.tasks = append(s.tasks, t)
		t.counted = true
		s.count(t, 1)
		s.c.add(t)
	}
	s.stopSome(plan.deleteOld, true)
	s.stopSome(plan.deleteNew, false)
	return plan != rolloutPlan{}
}

func (s *service) stopSome(n int, old bool) {
	if n == 0 {
		return
	}
	var from []*task
	for _, t := range s.tasks {
		if t.counted && t.old == old {
			from = append(from, t)
		}
	}
	for _, t := range stopOrder(from, n) {
		s.c.stop(t)
	}
}

// bounds are those of a deployment: at most maximumPercent of the replicas run
// or start, rounded down; at least minimumHealthyPercent of them run, rounded
// up. Source: Amazon ECS developer guide, "Amazon ECS service definition
// parameters", deploymentConfiguration.
func (s *service) bounds() rolloutBounds {
	most := s.replicas * s.MaximumPercent / 100
	least := (s.replicas*s.MinimumHealthyPercent + 99) / 100
	return rolloutBounds{
		replicas:    s.replicas,
		surge:       max(0, most-s.replicas),
		unavailable: max(0, s.replicas-least),
		quota:       s.quota,
	}
}

// watchDeployment tells of a deployment that can neither start a task nor stop
// one, for want of room between its bounds.
func (s *service) watchDeployment() {
	b := s.bounds()
	blocked := s.old.tasks > 0 && s.quota == noQuota && b.surge == 0 && b.unavailable == 0 && s.replicas > 0
	switch {
	case blocked && s.blocked == nil:
		s.blocked = s.c.e.troubles.hold(s.c.blockedDeployment(s))
	case !blocked && s.blocked != nil:
		s.blocked()
		s.blocked = nil
	}
}

// count adds a task that counts to its sum, or takes it out.
func (s *service) count(t *task, sign int) {
	sum := &s.new
	if t.old {
		sum = &s.old
	}
	sum.tasks += sign
	if t.countedReady {
		sum.running += sign
	}
}

// running says that a task is RUNNING, leaves that it counts no more, gone that
// it is no more; ages that it may be to replace, or no longer.
func (s *service) running(t *task) {
	if t.counted {
		s.count(t, -1)
		t.countedReady = true
		s.count(t, 1)
	}
	s.act()
}

func (s *service) leaves(t *task) {
	if t.counted {
		s.count(t, -1)
		t.counted = false
	}
}

func (s *service) gone(t *task) {
	if s.goneN++; s.goneN > len(s.tasks)/2 {
		s.tasks = slices.DeleteFunc(s.tasks, func(t *task) bool { return t.phase == podGone })
		s.goneN = 0
	}
}

func (s *service) ages(t *task) {
	old := t.revision != s.revision || t.on != nil && t.on.draining
	if t.counted {
		s.count(t, -1)
		t.old = old
		s.count(t, 1)
	}
}

// scale sets the replicas, one by one where it takes time.
func (s *service) scale(replicas int, over time.Duration) {
	s.scaling++
	this, from := s.scaling, s.replicas
	if over <= 0 || from == replicas {
		s.replicas = replicas
		s.act()
		return
	}
	change, sign := replicas-from, 1
	if change < 0 {
		change, sign = -change, -1
	}
	s.c.e.spread(change, over, func(i int) {
		if s.scaling == this {
			s.replicas = from + sign*(i+1)
			s.act()
		}
	})
}

// rollout deploys a new revision. One that is still going on is superseded.
// Spread over a time, task i of n is not replaced before its share of the time.
func (s *service) rollout(over time.Duration) {
	s.revision++
	this := s.revision
	for _, t := range s.tasks {
		s.ages(t)
	}
	n := s.replicas
	if over <= 0 || n == 0 {
		s.quota = noQuota
		s.act()
		return
	}
	s.quota = 0
	s.c.e.spread(n, over, func(i int) {
		if s.revision != this {
			return
		}
		s.quota = i + 1
		if s.quota == n {
			s.quota = noQuota
		}
		s.act()
	})
}

// churn runs short-lived tasks of the service's definition beside its replicas.
func (s *service) churn(a Churn) {
	if s.churning == nil {
		s.churning = newStream(s.c.e.cfg.Seed, "churn/"+string(s.Name))
	}
	begin := s.c.e.now
	s.tick(a, func(i int) model.Instant { return begin.Add(churnAt(i, a.PerMinute)) }, 0, churnCount(a))
}

// tick makes task i, and sees to the next: one timer at a time.
func (s *service) tick(a Churn, at func(i int) model.Instant, i, count int) {
	for ; i < count; i++ {
		if at(i) > s.c.e.now {
			s.c.e.step(at(i), func() { s.tick(a, at, i, count) })
			return
		}
		t := &task{
			pod:     pod{name: model.PodName(fmt.Sprintf("%s-churn-%d", s.Name, s.churnNames)), spec: &s.Pod, beside: true},
			service: s, line: s.line,
		}
		s.churnNames++
		s.tasks = append(s.tasks, t)
		s.c.add(t)
		life := s.c.e.draw(a.Lifetime, s.churning)
		s.c.e.step(s.c.e.now.Add(life), func() { s.c.stop(t) })
	}
}

// oldest returns the count oldest tasks that are not being stopped, those beside
// the replicas included.
func (s *service) oldest(count int) []*task {
	var out []*task
	for _, t := range s.tasks {
		if len(out) == count {
			break
		}
		if t.stays() {
			out = append(out, t)
		}
	}
	return out
}
