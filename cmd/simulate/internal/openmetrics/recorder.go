package openmetrics

import (
	"fmt"
	"time"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// DefaultInterval is how often clusters are scraped, more often than not.
const DefaultInterval = 30 * time.Second

// MaxSamples bounds what a Recorder keeps, about 240 MB.
const MaxSamples = 20_000_000

// Recorder records a run's series. Its Apply is called with each event before
// the state takes it.
type Recorder struct {
	state    *replay.State
	interval time.Duration

	families []*family
	agents   agentFamilies
	cluster  clusterFamilies

	instants []model.Instant // of the scrapes
	next     model.Instant
	samples  int

	version  string // of the CNI
	nodes    map[model.NodeName]*agentCounters
	foreign  map[model.ENIID]bool // trunks and branches, which the controller makes
	calls    map[sim.Action]int
	throttle int
	boundFor map[model.PodName]times
	start    buckets
	address  buckets
	subnets  map[model.SubnetID]replay.SubnetStats
}

// times are the instants from which a pod waits for its address.
type times struct{ created, bound model.Instant }

// NewRecorder returns a recorder that looks at the state every interval, from 0
// on. The interval is in whole milliseconds and at least one.
func NewRecorder(state *replay.State, interval time.Duration) *Recorder {
	r := &Recorder{
		state: state, interval: interval,
		nodes:    map[model.NodeName]*agentCounters{},
		foreign:  map[model.ENIID]bool{},
		calls:    map[sim.Action]int{},
		boundFor: map[model.PodName]times{},
		subnets:  map[model.SubnetID]replay.SubnetStats{},
	}
	r.agents = r.newAgentFamilies()
	r.cluster = r.newClusterFamilies()
	return r
}

// family registers a metric; they are written in the order of registration.
func (r *Recorder) family(k kind, name, help string) *family {
	f := &family{name: name, help: help, kind: k, byKey: map[string]*series{}}
	r.families = append(r.families, f)
	return f
}

// Apply makes the scrapes that are due before the event and counts the event.
func (r *Recorder) Apply(e sim.Event) error {
	for e.At > r.next {
		if err := r.scrape(r.next); err != nil {
			return err
		}
		r.next = r.next.Add(r.interval)
	}
	r.countAgent(e)
	r.countCluster(e)
	return nil
}

// Finish makes the last scrape, at the end of the run.
func (r *Recorder) Finish() error {
	if n := len(r.instants); n > 0 && r.instants[n-1] == r.state.Now {
		return nil
	}
	return r.scrape(r.state.Now)
}

// scrape takes a sample of every series there is. The state holds what happened
// up to this instant, it included.
func (r *Recorder) scrape(at model.Instant) error {
	r.instants = append(r.instants, at)
	for _, n := range r.state.Nodes {
		r.scrapeAgent(n)
	}
	r.scrapeCluster(at)
	if r.samples > MaxSamples {
		return fmt.Errorf("over %d samples by %s; scrape less often with --scrape-interval, or end the run earlier with --until", MaxSamples, at)
	}
	return nil
}
