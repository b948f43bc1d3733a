package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/cmd/simulate/internal/metrics"
	"vpcsim/cmd/simulate/internal/sweep"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/scenarios/expect"
	"vpcsim/sim"
)

// sweepFlags are the flags of sweep beside those that change a scenario.
type sweepFlags struct {
	vary     []string
	seeds    int
	judging  judgingFlags
	expect   choice
	maxRuns  int
	parallel int
	part     partFlag
	shards   int
	manifest bool
	image    string
}

// judgingFlags say how the outcome of a sweep is judged and shown.
type judgingFlags struct {
	metrics, objective, require []string
}

func (f *judgingFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.metrics, "metrics", nil, "show these `METRICS`, separated by commas; those there are stand above")
	flags.StringSliceVar(&f.objective, "objective", nil,
		"what is to be least or most, the most important first: `min:METRIC,max:METRIC`; default "+strings.Join(sweep.DefaultObjective(), ","))
	flags.StringSliceVar(&f.require, "require", nil, "a `BOUND` that has to be kept in every run: 'latency.startP99<=5s', 'cost.perHour<0.5'; may be given several times")
	names := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		for _, m := range metrics.All() {
			out = append(out, cobra.CompletionWithDesc(m.Name, m.Means))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	for _, flag := range []string{"metrics", "require"} {
		if err := c.RegisterFlagCompletionFunc(flag, names); err != nil {
			panic(fmt.Sprintf("flag --%s of %s: %v", flag, c.Name(), err))
		}
	}
}

// into puts what was given on the command line into a plan.
func (f *judgingFlags) into(p *sweep.Plan) error {
	if f.metrics != nil {
		p.Metrics = f.metrics
	}
	if f.objective != nil {
		p.Objective = f.objective
	}
	if f.require != nil {
		p.Require = f.require
	}
	if err := p.CheckJudging(); err != nil {
		return usageError{err}
	}
	return nil
}

// defaultMaxRuns keeps a slip of the keyboard from running for days.
const defaultMaxRuns = 10_000

func (a *App) sweepCommand(g *globals) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep NAME|FILE|- --vary PATH=VALUES",
		Short: "Run a scenario with many values and say which serve best",
		Long: `Run a scenario with many values and say which serve best.

--vary names a value of the scenario, as --set does, and what it is to be:
numbers from one to another (0..10, 0..100/10 in steps of ten, 100m..500m/100m
with a unit), a list (a,b,c), instance types that match a pattern (m5.*), or null
for the default or for a variable that is unset. Given several times, every
combination is a cell. --seeds runs every cell with so many seeds, from the
scenario's on, and shows medians.

The table marks the cells that no other beats in all of the objective: the Pareto
front. It recommends one of them. With --require or --objective that is the best
in what the objective names first, of the cells in which everything fits and
every bound is kept, with every seed. Without, it is the cell nearest to the best
of all three: idle addresses, start latency, calls to EC2.

Every run is held against what the scenario expects. A cell in which that doesn't
hold is marked, and neither recommended nor on the front. Expectations of a file
that say how it runs at its own size (they hold with its own value, and neither
with the next smaller nor with the next larger one), or that hold only where not
everything fits, are told of and not asked. --expect=all asks all of them, also
those of a scenario of the library, which otherwise say what it shows as it
stands; --expect=none leaves them out.

A sweep can be spread over machines: --shard 0/3, 1/3 and 2/3 run a third each and
write it as JSON, and merge makes of them what one sweep would have written.
--shard /3 takes the number from JOB_COMPLETION_INDEX, which an Indexed Job of
Kubernetes sets; --manifest prints such a Job.

` + metricsHelp(),
		Example: `  simulate sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=1..8 --require 'latency.startP99<=5s'
  simulate sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=null,2,5 --vary 'nodeGroups.workers.instanceType=m5.large,c5.*large'
  simulate sweep churn-and-cooldown --vary cni.env.WARM_IP_TARGET=2..8/2 --seeds 20
  simulate sweep my-cluster.yaml --vary nodeGroups.workers.count=1..20 --objective min:cost.perHour -o csv
  simulate sweep my-cluster.yaml --vary cni.env.WARM_IP_TARGET=0..50 --shards 10 --manifest --image registry.example/simulate:v1`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	format := output(c, "table", "csv", "json", "yaml")
	flags := c.Flags()
	flags.StringArrayVar(&f.vary, "vary", nil, "vary a value of the scenario: `PATH=VALUES`, e.g. nodeGroups.workers.count=1..5; may be given several times")
	flags.Var(&countFlag{&f.seeds}, "seeds", "run every cell with so many seeds; 0: once, with the scenario's own")
	f.judging.register(c)
	f.expect = expectChoice()
	flags.Var(&f.expect, "expect", expectUsage)
	changes := changesFlags(c)
	f.maxRuns = defaultMaxRuns
	flags.Var(&countFlag{&f.maxRuns}, "max-runs", "refuse to begin more runs than these")
	flags.Var(&countFlag{&f.parallel}, "parallel", "so many runs at once; 0: one a core")
	flags.Var(&f.part, "shard", "run part `i/n` only, i from 0, and write it for merge; /n: the part that JOB_COMPLETION_INDEX says")
	flags.Var(&countFlag{&f.shards}, "shards", "of so many parts the one that JOB_COMPLETION_INDEX says, as --shard /N; or, with --manifest, so many")
	flags.BoolVar(&f.manifest, "manifest", false, "print a Job for Kubernetes that runs --shards parts, instead of running them")
	flags.StringVar(&f.image, "image", "", "the container image of --manifest, whose entry point is simulate")
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := changes.of(c)
		if err != nil {
			return err
		}
		if err := f.check(c); err != nil {
			return usageError{err}
		}
		if f.part.index { // --shard /n is --shards n
			f.shards, f.part = f.part.n, partFlag{}
		}
		part, err := f.shard(a)
		if err != nil {
			return usageError{err}
		}
		s, err := a.newSweeper(c.Context(), args[0], o, &f)
		if err != nil {
			return err
		}
		s.quiet = g.quiet
		switch {
		case f.manifest:
			return s.writeManifest(&f, changes, c)
		case part.n > 0:
			return s.writeShard(part)
		}
		runs := make([]metrics.Numbers, s.plan.Runs())
		if err := s.run(func(i int) int { return i }, runs); err != nil {
			return err
		}
		return a.writeSweep(s.plan, runs, format.value, g)
	}
	return c
}

// metricsHelp lists the metrics.
func metricsHelp() string {
	var b strings.Builder
	b.WriteString("Metrics:\n\n")
	for _, m := range metrics.All() {
		if !strings.HasPrefix(m.Name, "ec2.calls.") {
			fmt.Fprintf(&b, "  %-21s %s\n", m.Name, m.Means)
		}
	}
	fmt.Fprintf(&b, "  %-21s %s\n", "ec2.calls.ACTION", "calls of this action, as AssignPrivateIpAddresses")
	return strings.TrimSuffix(b.String(), "\n")
}

// check refuses flags that don't go together.
func (f *sweepFlags) check(c *cobra.Command) error {
	set := c.Flags().Changed
	switch {
	case set("shards") && f.shards == 0:
		return errors.New("--shards 0: a sweep has at least one part; without --shards it is run as a whole")
	case f.manifest && f.shards == 0:
		return errors.New("--manifest prints a Job of several parts: say how many with --shards")
	case f.manifest && f.image == "":
		return errors.New("--manifest needs --image: a container image whose entry point is simulate, of this version")
	case f.image != "" && !f.manifest:
		return errors.New("--image is for --manifest")
	case f.part.n > 0 && f.shards > 0:
		return errors.New("--shard or --shards, but not both")
	case set("output") && (f.part.n > 0 || f.shards > 0):
		return errors.New("a part is written as JSON, and a manifest as YAML: -o is for merge")
	case f.shards > sweep.MaxShards:
		return fmt.Errorf("--shards %d: at most %d", f.shards, sweep.MaxShards)
	}
	return nil
}

// shard is the part that is to be run; the zero part is all.
func (f *sweepFlags) shard(a *App) (partFlag, error) {
	if f.shards == 0 || f.manifest {
		return f.part, nil
	}
	const variable = "JOB_COMPLETION_INDEX"
	text := a.Getenv(variable)
	if text == "" {
		return partFlag{}, fmt.Errorf("--shards %d: which of them? An Indexed Job of Kubernetes sets %s; elsewhere give --shard 0/%d", f.shards, variable, f.shards)
	}
	p := partFlag{}
	if err := p.Set(fmt.Sprintf("%s/%d", text, f.shards)); err != nil {
		return p, fmt.Errorf("%s=%s with --shards %d: %w", variable, text, f.shards, err)
	}
	return p, nil
}

// sweeper carries a plan out.
type sweeper struct {
	app      *App
	ctx      context.Context
	source   *source
	options  scenarios.Options // what is fixed
	expect   string            // settled
	plan     sweep.Plan
	digests  []string // of the cells' scenarios
	parallel int
	quiet    bool
}

// newSweeper plans a sweep and loads every cell once: a mistake in the last is
// told before the first is run.
func (a *App) newSweeper(ctx context.Context, word string, o scenarios.Options, f *sweepFlags) (*sweeper, error) {
	s := &sweeper{app: a, ctx: ctx, options: o, expect: settledExpect(f.expect.value, word, o), parallel: f.parallel}
	s.plan.AskAll = s.expect == expectAll
	if s.parallel == 0 {
		s.parallel = runtime.GOMAXPROCS(0)
	}
	for _, text := range f.vary {
		d, err := sweep.ParseDimension(text, func(pattern string) ([]string, error) {
			path, _, _ := strings.Cut(text, "=")
			return s.typesOf(word, path, pattern)
		})
		if err != nil {
			return nil, usageError{fmt.Errorf("--vary %s: %w", text, err)}
		}
		s.plan.Dimensions = append(s.plan.Dimensions, d)
	}
	if f.seeds > 0 {
		s.plan.Seeds = &sweep.Seeds{Count: f.seeds}
	}
	if err := f.judging.into(&s.plan); err != nil {
		return nil, err
	}
	if err := errors.Join(s.plan.Check(), fixed(s.plan, o)); err != nil {
		return nil, usageError{err}
	}
	if s.plan.Runs() > f.maxRuns {
		return nil, usageError{fmt.Errorf("%s are more than %d; if that is meant, add --max-runs %d", s.plan.Size(), f.maxRuns, s.plan.Runs())}
	}
	if err := s.readSource(word); err != nil {
		return nil, err
	}
	return s, s.loadCells()
}

// readSource reads the scenario that a word names, once.
func (s *sweeper) readSource(word string) (err error) {
	if s.source == nil {
		if s.source, err = s.app.source(s.ctx, word); err == nil {
			s.source.remember()
		}
	}
	return err
}

// typesOf are the instance types that match a pattern: the known ones, then
// those that the scenario defines itself, each by name.
func (s *sweeper) typesOf(word, path, pattern string) ([]string, error) {
	if err := s.readSource(word); err != nil {
		return nil, err
	}
	own, unreadable := s.ownTypes(path)
	if !slices.ContainsFunc(own, func(name string) bool { return matches(pattern, name) }) {
		if err := checkPattern(pattern); err != nil {
			return nil, cmp.Or(unreadable, err)
		}
	}
	var names []string
	for _, t := range model.InstanceTypes() {
		names = append(names, t.Name)
	}
	for _, name := range own {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !matches(pattern, name) }), nil
}

// ownTypes are the names of the instance types that the scenario defines. It may
// need a type at the path, where it has none yet: any will do to look.
func (s *sweeper) ownTypes(path string) ([]string, error) {
	load := s.loads().withoutExpectations()
	base, err := load(s.options)
	if err != nil {
		o := s.options
		o.Set = append(slices.Clone(o.Set), path+"="+model.InstanceTypes()[0].Name)
		if base, err = load(o); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(base.InstanceTypes)), nil
}

// fixed refuses to vary what another option fixes.
func fixed(p sweep.Plan, o scenarios.Options) error {
	option := func(path string) string {
		for _, e := range o.Env {
			name := strings.TrimSuffix(strings.SplitN(e, "=", 2)[0], "-")
			if sweep.Covers(path, "cni.env."+name) {
				return "--env " + e
			}
		}
		for _, set := range o.Set {
			fixedPath, _, _ := strings.Cut(set, "=")
			if sweep.Covers(path, strings.TrimSpace(fixedPath)) {
				return "--set " + set
			}
		}
		switch {
		case path == "seed" && o.Seed != nil:
			return "--seed"
		case path == "duration" && o.Until != nil:
			return "--until"
		}
		return ""
	}
	for _, d := range p.Dimensions {
		if by := option(d.Path); by != "" {
			return fmt.Errorf("%s is varied, and fixed by %s", d.Path, by)
		}
	}
	return nil
}

// load loads the scenario of a cell. Expectations that name what the cell hasn't
// are broken: there is a scenario then, and an error that tells of them.
func (s *sweeper) load(cell int, seed *uint64) (scenario *scenarios.Scenario, broken []int, err error) {
	o := s.options
	o.Set = append(append([]string{}, o.Set...), s.plan.Set(cell)...)
	if seed != nil {
		o.Seed = seed
	}
	load := s.loads()
	if s.expect == expectNone {
		scenario, err = load.withoutExpectations()(o)
	} else {
		scenario, broken, err = load.forgiving(o)
	}
	var mistakes scenarios.Errors
	if errors.As(err, &mistakes) {
		return scenario, broken, s.blame(cell, mistakes)
	}
	return scenario, nil, err
}

func (s *sweeper) loads() loaded {
	return func(o scenarios.Options) (*scenarios.Scenario, error) { return s.source.load(s.ctx, o) }
}

// blame says in which cell a scenario has mistakes, and that it is --vary that
// made them, if it is.
func (s *sweeper) blame(cell int, mistakes scenarios.Errors) error {
	varied := false
	for i, e := range mistakes {
		for _, set := range s.plan.Set(cell) {
			if e.File == "--set "+set {
				mistakes[i].File = "--vary " + set
				varied = true
			}
		}
	}
	if !varied {
		return mistakes
	}
	return fmt.Errorf("the scenario doesn't work with %s:\n%w", s.plan.Words(cell), inCell{mistakes})
}

// inCell are mistakes that stand below a line that says where.
type inCell struct{ mistakes scenarios.Errors }

// Error lists the mistakes.
func (e inCell) Error() string { return e.mistakes.Error() }

// loadCells loads every cell, and completes the plan from the first. An
// expectation that no cell understands is a mistake of the scenario.
func (s *sweeper) loadCells() error {
	cells := s.plan.Cells()
	s.digests = make([]string, cells)
	expected := make([][]sweep.Expected, cells)
	mistakes := make([]error, cells)
	var first sim.Config
	err := inParallel(s.ctx, cells, s.parallel, func(i int) error {
		scenario, broken, err := s.load(i, nil)
		if scenario == nil {
			return err
		}
		mistakes[i] = err
		expected[i] = sweptExpectations(scenario.Expect)
		for _, e := range broken {
			expected[i][e] = sweep.Expected{} // it is not as it stands there
		}
		cfg := scenario.Config()
		s.digests[i] = cfg.Digest
		if i == 0 {
			first = cfg
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.plan.Expect, err = understood(expected, mistakes); err != nil {
		return err
	}
	s.findOwn()
	s.plan.Scenario = first.Name
	if s.plan.Seeds != nil {
		s.plan.Seeds.First = first.Seed
	}
	if err := s.plan.Check(); err != nil { // again: the seeds begin somewhere
		return usageError{err}
	}
	return nil
}

// understood are the expectations as some cell has each of them. One that is in
// no cell what it should be is a mistake; and so are other ones in other cells.
func understood(cells [][]sweep.Expected, mistakes []error) ([]sweep.Expected, error) {
	all := make([]sweep.Expected, len(cells[0]))
	for _, expected := range cells {
		if len(expected) != len(all) {
			return nil, usageError{errors.New("expect is varied: what is expected can't differ from cell to cell; --expect=none leaves it out")}
		}
		for i, e := range expected {
			switch {
			case e == sweep.Expected{}, e == all[i]:
			case all[i] == sweep.Expected{}:
				all[i] = e
			default:
				return nil, usageError{errors.New("expect is varied: what is expected can't differ from cell to cell; --expect=none leaves it out")}
			}
		}
	}
	if slices.Contains(all, sweep.Expected{}) {
		return nil, mistakes[0]
	}
	return all, nil
}

// findOwn looks up what the scenario has as it stands where values are varied.
// Where it can't be loaded without them it has none.
func (s *sweeper) findOwn() {
	if len(s.plan.Expect) == 0 {
		return
	}
	base, err := s.loads().withoutExpectations()(s.options)
	if err != nil {
		return
	}
	for i := range s.plan.Dimensions {
		d := &s.plan.Dimensions[i]
		if found, err := capacity.Lookup(base.Config().Scenario, d.Path); err == nil {
			if n, ok := capacity.Number(found); ok {
				own := strconv.Itoa(n)
				d.Own = &own
			}
		}
	}
}

// run runs the plan's runs with the numbers that number gives for 0, 1 …, as
// many as there is room for.
func (s *sweeper) run(number func(int) int, into []metrics.Numbers) error {
	var bar *tally
	if !s.quiet {
		bar = newTally(s.app.Err, len(into))
	}
	notes := make([][]string, len(into))
	defer s.app.manyRuns()()
	err := inParallel(s.ctx, len(into), s.parallel, func(i int) error {
		r := s.plan.Run(number(i))
		scenario, _, err := s.load(r.Cell, r.Seed)
		if scenario == nil {
			return err
		}
		checker := expect.NewChecker(scenario.Expect)
		state, err := s.app.replayed(s.ctx, configOf(scenario), checker)
		if err != nil {
			return s.failed(r, err)
		}
		into[i] = metrics.Of(state)
		into[i].Failed = failedOf(checker.Results())
		if r.Seed == nil || *r.Seed == s.plan.Seeds.First {
			notes[i] = view.Notes(state)
		}
		bar.one()
		return nil
	})
	bar.wipe()
	if err == nil && !s.quiet {
		s.writeNotes(notes)
	}
	return err
}

// failed says in which run something went wrong.
func (s *sweeper) failed(r sweep.Run, err error) error {
	where := s.plan.Words(r.Cell)
	if r.Seed != nil {
		where = strings.TrimPrefix(fmt.Sprintf("%s, seed %d", where, *r.Seed), ", ")
	}
	return fmt.Errorf("the run with %s: %w", where, err)
}

// mostNotes is how many notes are told.
const mostNotes = 10

// writeNotes tells what the runs assumed or ignored, each once, and which cells
// are one and the same.
func (s *sweeper) writeNotes(notes [][]string) {
	var all []string
	seen := map[string]bool{}
	add := func(note string) {
		if !seen[note] {
			seen[note] = true
			all = append(all, note)
		}
	}
	first := map[string]int{}
	for i, digest := range s.digests {
		if same, ok := first[digest]; ok {
			add(fmt.Sprintf("%s is the same scenario as %s", s.plan.Words(i), s.plan.Words(same)))
		} else {
			first[digest] = i
		}
	}
	for _, ns := range notes {
		for _, n := range ns {
			add(n)
		}
	}
	for i, n := range all {
		if i == mostNotes {
			s.app.notef("and %d more notes", len(all)-mostNotes)
			return
		}
		s.app.notef("%s", n)
	}
}

// writeShard runs a part of the plan and writes it.
func (s *sweeper) writeShard(part partFlag) error {
	shard := sweep.Shard{
		APIVersion: view.APIVersion, Kind: sweep.ShardKind,
		Version: version(), Sweep: sweep.Identity(version(), s.plan, s.digests),
		Index: part.i, Shards: part.n, Plan: s.plan,
	}
	for run := part.i; run < s.plan.Runs(); run += part.n {
		shard.Rows = append(shard.Rows, sweep.Row{Run: run})
	}
	numbers := make([]metrics.Numbers, len(shard.Rows))
	if err := s.run(func(i int) int { return shard.Rows[i].Run }, numbers); err != nil {
		return err
	}
	for i, n := range numbers {
		shard.Rows[i].Numbers = n
	}
	return written(shard.Write(s.app.Out))
}

// writeSweep judges the runs of a plan and writes the outcome.
func (a *App) writeSweep(p sweep.Plan, runs []metrics.Numbers, format string, g *globals) error {
	verdict, err := sweep.Judge(p, runs)
	if err != nil {
		return err
	}
	switch format {
	case "csv":
		err = view.SweepCSV(a.Out, verdict)
	case "json":
		err = view.JSON(a.Out, view.NewSweepDocument(verdict))
	case "yaml":
		err = view.YAML(a.Out, view.NewSweepDocument(verdict))
	default:
		err = view.SweepTable(a.Out, verdict, a.palette(g))
	}
	return written(err)
}
