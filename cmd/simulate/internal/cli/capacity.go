package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/capacity"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
)

// capacityOptions are the command's own flags.
type capacityOptions struct {
	vary, fewest, smallest string
	maxWait                time.Duration
	headroom               percentFlag
	growth                 growthFlag
	remedies, expect       choice
	seeds                  int
}

func (a *App) capacityCommand(g *globals) *cobra.Command {
	o := capacityOptions{
		seeds:    1,
		remedies: choice{value: remediesSome, of: []string{remediesSome, remediesNone, remediesAll}},
		expect:   expectChoice(),
	}
	c := &cobra.Command{
		Use:   "capacity NAME|FILE|- --vary PATH",
		Short: "Find how much fits, what stops more, and what would help",
		Long: `Find how much fits, what stops more, and what would help.

The scenario is run with one value after the other at the path, which is written
as for --set. A value fits if, when the run ends, no pod waits, none was deleted
before it had an address, every node was launched, and what the scenario expects
holds.

Not asked, and told of, are expectations that say how the scenario runs at its
own size: they hold with the value of the file and neither with the one below
nor with the one above. Nor are those that say how something runs out: they hold
with it where not everything fits, and not with the values that fit, or only
with the last of them. --expect=all asks all of them, also those of a scenario
of the library, which otherwise say what it shows as it stands; --expect=none
leaves them out.

  --vary PATH       the largest value that fits; where larger is better, as with
                    nodes, the smallest that does. Then what stops the next one,
                    and what each remedy against that gives: it is run as well
  --fewest PATH     the smallest value that fits
  --smallest PATH   the smallest CIDR block, /28 to /16 at the same address, of
                    a subnet with which all fits: vpc.subnets.NAME.cidr

PATH=LOW..HIGH looks at this range only. Without it the search begins at the
value of the file and doubles it, up to 100,000. With --growth the value of the
file grows, and the forecast is when it passes the answer.

Near the edge chance may decide. Without --seeds the answer and the value beside
it are run with four seeds more, and it is said if these see it otherwise.

A search makes do with so many events that a laptop answers in a minute or two.
What it left out for that it says, and how to ask for it.`,
		Example: `  simulate capacity default-secondary-ip --vary workloads.web.replicas
  simulate capacity my-cluster.yaml --vary workloads.web.replicas=1..500 --max-wait 30s
  simulate capacity my-cluster.yaml --vary workloads.web.replicas --growth 5%/week
  simulate capacity my-cluster.yaml --fewest nodeGroups.workers.count --headroom 20%
  simulate capacity my-cluster.yaml --smallest vpc.subnets.private-a.cidr`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	format := output(c, "table", "json", "yaml")
	flags := c.Flags()
	flags.StringVar(&o.vary, "vary", "", "find the largest whole number at this `PATH[=LOW..HIGH]` that fits")
	flags.StringVar(&o.fewest, "fewest", "", "find the smallest whole number at this `PATH[=LOW..HIGH]` that fits")
	flags.StringVar(&o.smallest, "smallest", "", "find the smallest subnet that survives: the `PATH` of its cidr")
	flags.Var((*untilFlag)(&o.maxWait), "max-wait", "no pod may wait longer for its address, from its creation on and whether it gets one or not, e.g. 30s")
	flags.Var(&o.headroom, "headroom", "with --fewest and --smallest: so much has to stay free at every instant, e.g. 20%")
	flags.Var(&o.growth, "growth", "with --vary: forecast when the value of the file has grown too large, e.g. 5%/week or 10/day")
	flags.Var(&o.remedies, "remedies", "with --vary: try what would help, too; all: also where that is long: `true|false|all`")
	flags.Lookup("remedies").NoOptDefVal = remediesSome
	complete(c, "remedies", o.remedies.of)
	flags.Var(&countFlag{&o.seeds}, "seeds", "run each value with so many seeds, from the scenario's on: it fits if it does with all. Without, the answer is tried with a few more, and told what they say")
	flags.Var(&o.expect, "expect", expectUsage)
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(c); err != nil {
			return usageError{err}
		}
		base, err := changes.of(c)
		if err != nil {
			return err
		}
		src, err := a.source(c.Context(), args[0])
		if err != nil {
			return err
		}
		src.remember()
		load := loaded(func(o scenarios.Options) (*scenarios.Scenario, error) { return src.load(c.Context(), o) })
		asked := settledExpect(o.expect.value, args[0], base)
		if asked == expectNone {
			load = load.withoutExpectations()
		}
		scenario, err := load(base)
		if err != nil {
			return err
		}
		p := newProber(a, c.Context(), load, base, g.quiet)
		p.maxWait, p.headroom, p.seeds = o.maxWait, o.headroom.percent, o.seeds
		p.word, p.chance = args[0], !c.Flags().Changed("seeds")
		p.expect(scenario, asked == expectAll)
		defer a.manyRuns()()
		var report capacity.Report
		if o.smallest != "" {
			report, err = p.size(scenario, o.smallest)
		} else {
			report, err = p.answer(scenario, &o)
		}
		p.told.progress.done()
		if err != nil {
			return err
		}
		switch format.value {
		case "json":
			return written(view.JSON(a.Out, view.CapacityDocument(report)))
		case "yaml":
			return written(view.YAML(a.Out, view.CapacityDocument(report)))
		}
		return written(view.CapacityTable(a.Out, report, a.palette(g)))
	}
	return c
}

// check finds flags that don't go together.
func (o *capacityOptions) check(c *cobra.Command) error {
	set := c.Flags().Changed
	asked := 0
	for _, flag := range []string{"vary", "fewest", "smallest"} {
		if set(flag) {
			asked++
		}
	}
	switch {
	case asked == 0:
		return errors.New("say what to look for: --vary PATH, the largest value that fits, as --vary workloads.NAME.replicas; " +
			"--fewest PATH, the smallest one; or --smallest vpc.subnets.NAME.cidr, the smallest subnet")
	case asked > 1:
		return errors.New("one of --vary, --fewest and --smallest: each asks something else, so run the command once for each")
	case o.seeds < 1 || o.seeds > mostSeeds:
		return fmt.Errorf("--seeds: it is a number from 1 to %d", mostSeeds)
	case set("max-wait") && o.maxWait <= 0:
		return errors.New("--max-wait: it must be more than 0")
	case o.vary != "" && set("headroom"):
		return errors.New("--headroom goes with --fewest and --smallest, not with --vary")
	case o.vary == "" && set("growth"):
		return errors.New("--growth goes with --vary: it is the value there that grows")
	case o.vary == "" && set("remedies"):
		return errors.New("--remedies goes with --vary")
	}
	return nil
}

// mostSeeds is how many seeds a value is run with at most.
const mostSeeds = 1000

// mostValue is how far an open range goes.
const mostValue = 100_000

// answer finds the largest or the smallest number.
func (p *prober) answer(s *scenarios.Scenario, o *capacityOptions) (capacity.Report, error) {
	want, text := capacity.Both, o.vary
	if o.fewest != "" {
		want, text = capacity.Fewest, o.fewest
	}
	path, bounds, _ := strings.Cut(text, "=")
	report := capacity.Report{
		Scenario: s.Name, Seed: s.Seed, Path: path, Want: want,
		MaxWait: p.maxWait, Headroom: p.headroom, Seeds: p.seeds,
	}
	flag := "--vary"
	if want == capacity.Fewest {
		flag = "--fewest"
	}
	where, err := rangeOf(bounds)
	if err != nil {
		return report, usageError{fmt.Errorf("%s %s: %w", flag, text, err)}
	}
	if p.headroom > 0 {
		if p.group, err = groupOfCount(s, path); err != nil {
			return report, usageError{err}
		}
	}
	found, err := capacity.Lookup(s.Config().Scenario, path)
	if err != nil {
		return report, err
	}
	if today, ok := capacity.Number(found); ok {
		report.Today = &today
		where.Start = today
	} else if found != nil && !where.given && !isText(found) {
		return report, usageError{fmt.Errorf("%s %s: it holds no whole number", flag, path)}
	}
	where.Budget, where.Left = p.budget.search, p.told.expects
	if o.growth.set && report.Today == nil {
		return report, usageError{fmt.Errorf("--growth: the scenario has no whole number at %s, from which it could grow", path)}
	}
	if err := p.checkPath(flag, path, max(where.Low, min(where.Start, where.High))); err != nil {
		return report, err
	}
	numbered := func(v int) string { return path + "=" + strconv.Itoa(v) }
	if err := p.search(&report, where.Range, numbered); err != nil {
		return report, err
	}
	if report.Answer.NoEffect || report.Answer.Shape() == capacity.ShapeNone {
		report.Hint = scaledLater(s, path)
	}
	if report.Answer.NoEffect {
		report.Runs = p.ran()
		return report, nil
	}
	if stop := report.Answer.Stops(want); want == capacity.Both && o.remedies.value != remediesNone && stop != nil {
		if err := p.try(&report, s, where.Range, o.remedies.value == remediesAll, numbered); err != nil {
			return report, err
		}
	}
	if o.growth.set {
		if shape := report.Answer.Shape(); shape != capacity.ShapeNone && shape != capacity.ShapeFrom {
			f := o.growth.rate.Passes(*report.Today, report.Answer.Largest.Value)
			report.Forecast = &f
		}
	}
	report.Runs = p.ran()
	report.Chance, err = p.seedsOf(s.Seed, report.Answer.Edges(want), numbered)
	return report, err
}

// scaledLater says that a step scales the workload whose replicas were varied.
func scaledLater(s *scenarios.Scenario, path string) string {
	for i, step := range s.Steps {
		if step.Scale != nil && path == "workloads."+step.Scale.Workload+".replicas" {
			return fmt.Sprintf("A step scales %s at %s: vary steps.%d.scale.replicas.", step.Scale.Workload, step.At, i)
		}
	}
	return ""
}

// isText reports whether a value is a word such as auto, in the place of a
// number.
func isText(v any) bool { _, is := v.(string); return is }

// valueRange is a range, and whether it was given.
type valueRange struct {
	capacity.Range
	given bool
}

// rangeOf reads LOW..HIGH; empty is open.
func rangeOf(text string) (valueRange, error) {
	open := valueRange{Range: capacity.Range{High: mostValue, Open: true, Start: 1}}
	if text == "" {
		return open, nil
	}
	s := span{read: wholeNumber, unit: "1..500"}
	if err := s.Set(text); err != nil {
		return open, err
	}
	if s.open {
		if s.low > mostValue {
			return open, fmt.Errorf("an open range ends at %d", mostValue)
		}
		open.Low, open.Start, open.given = s.low, s.low, true
		return open, nil
	}
	return valueRange{Range: capacity.Range{Low: s.low, High: s.high, Start: s.low}, given: true}, nil
}

// groupOfCount is the node group whose count a path is, for the headroom of its
// places.
func groupOfCount(s *scenarios.Scenario, path string) (string, error) {
	for i, g := range s.NodeGroups {
		for _, name := range []string{"nodeGroups." + g.Name, fmt.Sprintf("nodeGroups.%d", i), fmt.Sprintf("nodeGroups[%d]", i)} {
			if path != name+".count" {
				continue
			}
			if s.Platform == scenarios.PlatformECS {
				return "", errors.New("--headroom: container instances of ECS have no max-pods, of which it could be a part")
			}
			return g.Name, nil
		}
	}
	return "", fmt.Errorf("--headroom: with --fewest it is of the pod places of a node group: --fewest nodeGroups.NAME.count, not %s", path)
}

// size finds the smallest subnet.
func (p *prober) size(s *scenarios.Scenario, path string) (capacity.Report, error) {
	report := capacity.Report{Scenario: s.Name, Seed: s.Seed, Path: path, MaxWait: p.maxWait, Headroom: p.headroom, Seeds: p.seeds}
	i := slices.IndexFunc(s.VPC.Subnets, func(n scenarios.Subnet) bool { return path == "vpc.subnets."+n.Name+".cidr" })
	if i < 0 {
		var paths []string
		for _, n := range s.VPC.Subnets {
			paths = append(paths, "vpc.subnets."+n.Name+".cidr")
		}
		hint := ""
		if near := scenarios.Nearest(path, paths); near != "" {
			hint = fmt.Sprintf(" (did you mean %s?)", near)
		}
		return report, usageError{fmt.Errorf("--smallest %s: it is the path of a subnet's cidr, vpc.subnets.NAME.cidr%s", path, hint)}
	}
	p.subnet = model.SubnetID(s.VPC.Subnets[i].Name)
	var lengths []int
	for bits := model.SmallestSubnetBits; bits >= model.LargestSubnetBits; bits-- {
		if cidr, fits := capacity.Resize(s.VPC.Subnets[i].CIDR, bits); fits {
			report.Sizes = append(report.Sizes, capacity.Size{CIDR: cidr})
			lengths = append(lengths, bits)
		}
	}
	sized := func(bits int) string {
		cidr, _ := capacity.Resize(s.VPC.Subnets[i].CIDR, bits)
		return path + "=" + cidr.String()
	}
	p.told.expects(len(lengths))
	probes, err := p.runner("trying lengths of "+path, nil, sized)(lengths)
	if err != nil {
		return report, err
	}
	probes = p.judgeSizes(&report, probes, s.VPC.Subnets[i].CIDR.Bits())
	for i, probe := range probes {
		size := &report.Sizes[i]
		size.Probe = probe
		size.Usable = 1<<(netip.IPv4Unspecified().BitLen()-size.CIDR.Bits()) - reservedAddresses
		size.LeastFree = p.leastFree[probe.Value]
	}
	report.Runs = p.ran()
	report.Chance, err = p.seedsOf(s.Seed, report.SizeEdges(), sized)
	return report, err
}

// reservedAddresses is how many addresses EC2 keeps of a subnet.
const reservedAddresses = 5

// percentFlag is a flag with a per cent from 0 to 99.
type percentFlag struct {
	percent int
	text    string
}

// String returns it as it was written.
func (f *percentFlag) String() string { return f.text }

// Type names the flag's value in the help.
func (f *percentFlag) Type() string { return "percent" }

// Set takes 20% or 20.
func (f *percentFlag) Set(text string) error {
	n, err := strconv.ParseUint(strings.TrimSuffix(text, "%"), 10, 7)
	if err != nil || n > 99 {
		return errors.New("it is a whole per cent from 0% to 99%")
	}
	*f = percentFlag{int(n), text}
	return nil
}

// growthFlag is a flag with a rate.
type growthFlag struct {
	rate capacity.Growth
	set  bool
}

// String returns it as it was written.
func (f *growthFlag) String() string { return f.rate.String() }

// Type names the flag's value in the help.
func (f *growthFlag) Type() string { return "rate" }

// Set takes a rate.
func (f *growthFlag) Set(text string) error {
	rate, err := capacity.ParseGrowth(text)
	if err != nil {
		return err
	}
	*f = growthFlag{rate, true}
	return nil
}
