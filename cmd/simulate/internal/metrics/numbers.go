package metrics

import (
	"maps"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// Numbers are the values of a finished run, with what takes words. They refer to
// nothing of the run: thousands can be kept. The zero Numbers know nothing.
type Numbers struct {
	values []Value
	// Lasting are the kinds of exhaustion that were not over at the end, Over
	// those that occurred and were; by name. A kind may be in both.
	Lasting, Over []sim.Kind
	// Unpriced are the instance types without a known price, by name. The cost
	// is unknown where there is one.
	Unpriced []string
	// Failed are the scenario's expectations that don't hold, by their index.
	Failed []int
}

// Get returns the value of a metric.
func (n Numbers) Get(m Metric) Value {
	if m.index >= len(n.values) {
		return Value{}
	}
	return n.values[m.index]
}

// Fits reports whether everything runs in the end.
func (n Numbers) Fits() bool {
	return len(n.values) > 0 && n.values[0].N == 1 // fits is the first
}

// Of reads the numbers of a run off the state at its end.
func Of(s *replay.State) Numbers {
	n := Numbers{}
	n.Lasting, n.Over = kinds(s.Episodes)
	values := map[string]Value{"fits": known(0)}
	if fits(s) {
		values["fits"] = known(1)
	}
	pods(values, s)
	waits(values, "latency.start", &s.Pods.Wait, s.Now)
	waits(values, "latency.toIP", &s.Pods.WaitBound, s.Now)
	addresses(values, s)
	subnets(values, s)
	calls(values, &s.Calls)
	values["exhaustion.lasting"] = known(len(n.Lasting))
	values["exhaustion.over"] = known(len(n.Over))
	values["endedAt"] = known(int64(s.Now))
	n.Unpriced = nodes(values, s)

	n.values = make([]Value, len(all))
	for i, m := range all {
		n.values[i] = values[m.Name]
	}
	return n
}

// fits is what the last line of a run's table says.
func fits(s *replay.State) bool {
	cut := s.Ended != nil && s.Ended.EndedBy == "limit"
	n := s.Pods.Count()
	return !cut && n.Waiting() == 0 && n.Gone == 0 && !slices.ContainsFunc(s.Episodes, (*replay.Episode).Open)
}

func kinds(episodes []*replay.Episode) (lasting, over []sim.Kind) {
	open, ended := map[sim.Kind]bool{}, map[sim.Kind]bool{}
	for _, ep := range episodes {
		if ep.Open() {
			open[ep.Kind] = true
		} else {
			ended[ep.Kind] = true
		}
	}
	return slices.Sorted(maps.Keys(open)), slices.Sorted(maps.Keys(ended))
}

func pods(values map[string]Value, s *replay.State) {
	c := s.Pods.Count()
	values["pods.created"] = known(c.Created)
	values["pods.running"] = known(c.Running)
	values["pods.pending"] = known(c.Waiting())
	values["pods.gone"] = known(c.Gone)
	values["pods.failedAttempts"] = known(c.FailedAttempts)
	waited := int64(0)
	for _, ep := range s.Episodes {
		waited += ep.PodMs
	}
	values["pods.waited"] = known(waited)
}

// waits are unknown where no pod needed an address.
func waits(values map[string]Value, prefix string, l *replay.Waits, end model.Instant) {
	if l.Count() == 0 {
		return
	}
	for name, p := range map[string]int{"P50": 50, "P90": 90, "P99": 99, "Max": 100} {
		values[prefix+name] = known(l.Percentile(p, end).Milliseconds())
	}
}

func addresses(values map[string]Value, s *replay.State) {
	u := &s.Usage
	total, assigned := u.Addresses()
	values["addresses.total"] = known(total)
	values["addresses.assigned"] = known(assigned)
	values["addresses.idle"] = known(total - assigned)
	values["addresses.idlePeak"] = known(u.PeakIdle)
	values["addresses.totalPeak"] = known(u.PeakTotal)
	values["addresses.totalMean"] = mean(u.TotalMs(s.Now), total, s.Now)
	values["addresses.idleMean"] = mean(u.IdleMs(s.Now), total-assigned, s.Now)
}

// mean is the mean over the run in thousandths, rounded half up; of a run
// without length it is what it is at its only instant.
func mean(sumMs int64, current int, end model.Instant) Value {
	if end == 0 {
		return known(1000 * int64(current))
	}
	// A sum of address-milliseconds may be too large to take it a thousand times.
	whole, rest := sumMs/int64(end), sumMs%int64(end)
	return known(1000*whole + (2000*rest+int64(end))/(2*int64(end)))
}

func subnets(values map[string]Value, s *replay.State) {
	used := 0
	var free, least []int
	for _, sn := range s.Subnets {
		st := sn.Stats()
		used += st.Used
		free = append(free, st.Free)
		least = append(least, sn.LeastFree())
	}
	values["subnets.used"] = known(used)
	if len(free) > 0 {
		values["subnets.free"] = known(slices.Min(free))
		values["subnets.freeMin"] = known(slices.Min(least))
	}
}

func calls(values map[string]Value, c *replay.Calls) {
	refused := 0
	for _, a := range actions {
		values[callsPrefix+string(a)] = known(0)
	}
	for _, a := range c.ByAction() {
		values[callsPrefix+string(a.Action)] = known(a.Count)
		refused += a.Refusals()
	}
	values["ec2.calls"] = known(c.Total)
	values["ec2.refused"] = known(refused)
	values["ec2.throttled"] = known(c.Throttled)
	values["ec2.busiestSecond"] = known(c.BusiestCalls)
}

// nodes counts the nodes that exist, their ENIs and their price, and returns the
// types without one.
func nodes(values map[string]Value, s *replay.State) (unpriced []string) {
	count, enis, price := 0, 0, int64(0)
	for _, n := range s.Nodes {
		if n.Gone() {
			continue
		}
		count++
		enis += len(n.Attached()) + len(n.Branches) + len(n.TaskBranches)
		t, _ := model.LookupInstanceType(n.Launched.InstanceType)
		if t.MicroUSDPerHour == 0 {
			unpriced = append(unpriced, n.Launched.InstanceType)
		}
		price += t.MicroUSDPerHour
	}
	values["nodes"] = known(count)
	values["enis"] = known(enis)
	if len(unpriced) == 0 {
		values["cost.perHour"] = known(price)
	}
	slices.SortFunc(unpriced, strings.Compare)
	return slices.Compact(unpriced)
}
