package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// prober runs a scenario with changes and judges the runs, several at a time.
type prober struct {
	app      *App
	ctx      context.Context
	load     loaded
	base     scenarios.Options
	word     string // that names the scenario
	maxWait  time.Duration
	headroom int  // per cent
	seeds    int  // a value fits if it does with so many
	chance   bool // try the answer with other seeds
	budget   capacityBudget
	group    string         // whose pod places the headroom is of
	subnet   model.SubnetID // of whose addresses it is

	// expected are the scenario's expectations, as far as runs are held against
	// them; askAll: none of them is left aside.
	expected []capacity.Expected
	askAll   bool

	// cores are taken by runs, so many at once, whoever asks for them.
	cores chan struct{}
	told  searching // the progress

	mu        sync.Mutex // of what follows
	played    map[string]*played
	leastFree map[int]int // of subnet, by value
}

// played is a run that was asked for, once however often it is.
type played struct {
	once      sync.Once
	probe     capacity.Probe
	leastFree *int // of the prober's subnet
	err       error
}

func newProber(a *App, ctx context.Context, load loaded, base scenarios.Options, quiet bool) *prober {
	p := &prober{
		app: a, ctx: ctx, load: load, base: base, budget: a.budget(),
		cores: make(chan struct{}, runtime.GOMAXPROCS(0)), played: map[string]*played{}, leastFree: map[int]int{},
	}
	// As --env comes after --set, it would undo what is varied and what remedies
	// change.
	p.base.Set = slices.Clone(base.Set)
	for _, option := range base.Env {
		p.base.Set = append(p.base.Set, setOfEnv(option))
	}
	p.base.Env = nil
	if !quiet {
		p.told.progress = newProgress(a.Err, 0)
	}
	return p
}

// budget is what answers about capacity may cost.
func (a *App) budget() capacityBudget {
	if a.Events != nil {
		return *a.Events
	}
	return defaultBudget
}

// setOfEnv is an option of --env as one of --set.
func setOfEnv(option string) string {
	name, value, ok := strings.Cut(option, "=")
	if !ok {
		return "cni.env." + strings.TrimSuffix(name, "-") + "=null"
	}
	return "cni.env." + name + "=" + strconv.Quote(value)
}

// options are those of the user with the changes.
func (p *prober) options(changes ...string) scenarios.Options {
	o := p.base
	o.Set = slices.Concat(p.base.Set, changes)
	return o
}

// checkPath reports a path that no value makes sense at.
func (p *prober) checkPath(flag, path string, value int) error {
	set := path + "=" + strconv.Itoa(value)
	s, _, err := p.load.forgiving(p.options(set))
	if s != nil {
		return nil
	}
	var mistakes scenarios.Errors
	if !errors.As(err, &mistakes) {
		return err
	}
	for i := range mistakes {
		if mistakes[i].File != "--set "+set {
			return nil // the value is no good with the rest; others may be
		}
		mistakes[i].File = flag + " " + path
		if strings.HasPrefix(mistakes[i].Message, "must be at") {
			return nil
		}
		for _, other := range []string{"must be text", "a duration needs a unit"} {
			if strings.HasPrefix(mistakes[i].Message, other) {
				return usageError{fmt.Errorf("%s %s: capacity varies whole numbers, and this is none; for values of another kind use simulate sweep %s --vary %s=VALUE,VALUE",
					flag, path, p.word, path)}
			}
		}
	}
	return mistakes
}

// loads says what is wrong with the scenario when it is changed so, if anything.
func (p *prober) loads(changes []string) *capacity.Stop {
	s, _, err := p.load.forgiving(p.options(changes...))
	if s != nil {
		return nil
	}
	return invalid(err)
}

var placeAtEnd = regexp.MustCompile(` \(\S+:\d+:\d+\)$`)

// invalid is the stop of a scenario that can't be loaded, nil if err is none of
// these.
func invalid(err error) *capacity.Stop {
	var mistakes scenarios.Errors
	if !errors.As(err, &mistakes) {
		return nil
	}
	// Where an option is to blame the message ends in the place of the file.
	message := placeAtEnd.ReplaceAllString(mistakes[0].Message, "")
	if mistakes[0].Path != "" {
		message = mistakes[0].Path + ": " + message
	}
	return &capacity.Stop{Kind: capacity.KindInvalid, Message: message}
}

// runner runs the scenario with the changes and a value, which set writes. Doing
// says for the progress what is looked for.
func (p *prober) runner(doing string, changes []string, set func(value int) string) capacity.Runner {
	return func(values []int) ([]capacity.Probe, error) {
		p.told.tries(doing, values)
		probes := make([]capacity.Probe, len(values))
		err := inParallel(p.ctx, len(values), len(values), func(i int) (err error) {
			probes[i], err = p.probe(values[i], slices.Concat(changes, []string{set(values[i])}), 0, p.seeds)
			return err
		})
		return probes, err
	}
}

// probe runs one value with so many seeds, the first of which is so much more
// than the scenario's.
func (p *prober) probe(value int, changes []string, skip uint64, seeds int) (out capacity.Probe, err error) {
	out.Value = value
	scenario, _, err := p.load.forgiving(p.options(changes...))
	if scenario == nil {
		if stop := invalid(err); stop != nil {
			out.Stop = stop
			return out, nil
		}
		return out, err
	}
	absent := err // what some expectations name
	var unmet []capacity.Unmet
	var events int64
	for i := range uint64(seeds) {
		cfg := configOf(scenario)
		cfg.Seed = scenario.Seed + skip + i
		if out, err = p.play(value, cfg, scenario.Expect); err != nil {
			return out, err
		}
		events += out.Events
		unmet = joined(unmet, out.Unmet)
		if out.Stop != nil {
			break
		}
	}
	out.Unmet, out.Events = p.named(unmet, absent), events
	return out, nil
}

// play plays a run, or remembers what came of it: remedies, other seeds and
// values that make no difference ask for the same one.
func (p *prober) play(value int, cfg sim.Config, expected []expect.Expectation) (capacity.Probe, error) {
	key := fmt.Sprint(cfg.Digest, " ", cfg.Seed)
	for _, e := range expected {
		key += "\n" + e.When() + " " + e.That
	}
	p.mu.Lock()
	r := p.played[key]
	if r == nil {
		r = &played{}
		p.played[key] = r
	}
	p.mu.Unlock()
	r.once.Do(func() { r.err = p.playOnce(cfg, expected, r) })
	if r.err != nil {
		return capacity.Probe{Value: value}, r.err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.leastFree != nil {
		if least, ok := p.leastFree[value]; !ok || *r.leastFree < least {
			p.leastFree[value] = *r.leastFree
		}
	}
	out := r.probe
	out.Value = value
	return out, nil
}

// playOnce plays a run when a core is free.
func (p *prober) playOnce(cfg sim.Config, expected []expect.Expectation, into *played) error {
	p.cores <- struct{}{}
	defer func() { <-p.cores }()
	r := run{app: p.app, ctx: p.ctx, cfg: cfg, checker: expect.NewChecker(expected)}
	places := places{group: p.group, state: &r.state}
	if p.group != "" {
		r.also = places.apply
	}
	if err := r.play(); err != nil {
		return err
	}
	places.measure()
	out := &into.probe
	out.Stop = p.judge(&r.state, &places)
	out.Use = capacity.UseOf(&r.state)
	out.Use.LeastPlaces, out.Use.LeastOf = places.free, places.all
	out.Unmet = unmetOf(r.checker.Results())
	out.Events = r.state.Events
	if sn := r.state.Subnet(p.subnet); sn != nil {
		least := sn.LeastFree()
		into.leastFree = &least
	}
	p.told.ran()
	return nil
}

// ran counts the runs that were played.
func (p *prober) ran() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.played)
}

// judge says what stops a run, nil if it fits.
func (p *prober) judge(s *replay.State, places *places) *capacity.Stop {
	if s.Ended != nil && s.Ended.EndedBy == "limit" {
		return &capacity.Stop{Kind: capacity.KindLimit, Message: s.Ended.Message}
	}
	if stop := capacity.Judge(s, capacity.Demands{MaxWait: p.maxWait}); stop != nil {
		return stop
	}
	if p.headroom == 0 {
		return nil
	}
	free, of, what := places.free, places.all, "pod places of "+p.group
	if sn := s.Subnet(p.subnet); sn != nil {
		free, of, what = sn.LeastFree(), sn.Stats().Usable, "addresses of "+string(p.subnet)
	}
	if free*100 >= p.headroom*of {
		return nil
	}
	return &capacity.Stop{
		Kind:    capacity.KindHeadroom,
		Message: fmt.Sprintf("%d of %d %s are free at the peak, which is less than %d%%", free, of, what, p.headroom),
		Running: s.Pods.Count().Running,
	}
}

// places watches how many pod places of a node group are free. It looks when
// pods were placed or a node went, at the end of that instant.
type places struct {
	group     string
	state     *replay.State
	at        model.Instant
	due, seen bool
	free, all int // where the least part of all was free
}

// apply looks at the state before the event.
func (l *places) apply(e sim.Event) error {
	if l.due && e.At > l.at {
		l.measure()
	}
	switch e.Body.(type) {
	case sim.PodBound, sim.NodeTerminated:
		l.due, l.at = true, e.At
	}
	return nil
}

func (l *places) measure() {
	l.due = false
	taken, all := 0, 0
	for _, n := range l.state.Nodes {
		if n.Launched.Group == l.group && !n.Gone() {
			all += n.Launched.MaxPods
			taken += n.Bound() + n.Launched.SystemPods
		}
	}
	if free := all - taken; !l.seen || free*l.all < l.free*all {
		l.seen, l.free, l.all = true, free, all
	}
}
