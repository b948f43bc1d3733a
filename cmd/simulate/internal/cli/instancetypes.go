package cli

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/maxpods"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
)

// typeFilter is what instance-types is asked for.
type typeFilter struct {
	families      []string
	minPods       int
	maxPods       int // 0: no bound
	trunking      bool
	minBranchENIs int
	vcpus, memory span
	nitro         bool
	maxPrice      price
}

func (a *App) instanceTypesCommand(g *globals) *cobra.Command {
	var o maxpods.Options
	var limit int
	f := typeFilter{
		vcpus:  span{read: wholeNumber, unit: "2..8"},
		memory: span{read: mebibytes, unit: "8Gi..32Gi"},
	}
	sorting := choice{value: "name", of: []string{"name", "pods", "vcpus", "price", "price-per-pod"}}
	c := &cobra.Command{
		Use:   "instance-types [TYPE…]",
		Short: "List instance types with their limits and pods",
		Long: `List instance types with their limits, and what each mode makes of them.

A TYPE is a name or a pattern as 'm5.*'; without any, all types are looked at.
The flags of the CNI's mode say which max-pods --min-pods, --max-pods, --sort and
the price of a pod address go by: with one of them it is what is recommended, cap
included, and without what a node computes by itself. Ranges include both ends
and may be open: 2..8, 8.., ..8, 4.

The price of a pod address is the on-demand price of a month (730 hours) divided
by the pods that get an address of the node's ENIs.`,
		Example: `  simulate instance-types 'm5.*'
  simulate instance-types --min-pods 100 --trunking
  simulate instance-types --prefix-delegation --vcpus 2..8 --sort price-per-pod --limit 10
  simulate instance-types --family m5,c6i --memory 8Gi.. --max-price 0.5 -o csv`,
		ValidArgsFunction: completeTypes,
	}
	format := output(c, "table", "wide", "json", "yaml", "csv")
	flags := c.Flags()
	flags.StringSliceVar(&f.families, "family", nil, "only types of these families, as m5,c6i")
	flags.Var(&countFlag{&f.minPods}, "min-pods", "only types of at least so many pods")
	flags.Var(&countFlag{&f.maxPods}, "max-pods", "only types of at most so many pods; 0: no bound")
	flags.BoolVar(&f.trunking, "trunking", false, "only types that can have a trunk ENI")
	flags.Var(&countFlag{&f.minBranchENIs}, "min-branch-enis", "only types of at least so many branch ENIs")
	flags.Var(&f.vcpus, "vcpus", "only types of so many vCPUs: a range")
	flags.Var(&f.memory, "memory", "only types of so much memory: a range")
	flags.BoolVar(&f.nitro, "nitro", false, "only types that can have prefixes: Nitro and bare metal")
	flags.Var(&f.maxPrice, "max-price", "only types of at most this price an hour, on demand")
	cniFlags(c, &o.CNI)
	flags.Var(&countFlag{&o.CNI.MaxENI}, "max-eni", "MAX_ENI of the CNI; 0: none")
	flags.Var(&sorting, "sort", "the `ORDER`: name, vcpus, price, price-per-pod, or pods, the most first")
	flags.Var(&countFlag{&limit}, "limit", "show so many types at most; 0: all")
	complete(c, "sort", sorting.of)
	complete(c, "family", families())
	c.RunE = func(_ *cobra.Command, args []string) error {
		types := model.InstanceTypes()
		var err error
		if len(args) > 0 {
			if types, err = selectTypes(args, false); err != nil {
				return err
			}
		}
		if err := checkFamilies(f.families); err != nil {
			return err
		}
		if o, err = o.Resolve(); err != nil {
			return usageError{err}
		}
		rows, unclear, err := f.rows(types, o)
		if err != nil {
			return err
		}
		slices.SortFunc(rows, order(sorting.value))
		if limit > 0 && len(rows) > limit {
			rows = rows[:limit]
		}
		if !g.quiet {
			for _, u := range unclear {
				a.notef("left out, since their %s unknown: %s", u.what, few(u.types))
			}
			a.typeNotes(results(rows))
		}
		table := rowsOf(rows)
		switch format.value {
		case "json":
			return written(view.JSON(a.Out, view.InstanceTypesDocument(table)))
		case "yaml":
			return written(view.YAML(a.Out, view.InstanceTypesDocument(table)))
		case "csv":
			return written(view.InstanceTypesCSV(a.Out, table))
		}
		return written(view.InstanceTypesTable(a.Out, table, format.value == "wide", a.palette(g)))
	}
	return c
}

// judged is a type with all that its row and its notes need.
type judged struct {
	view.InstanceTypeRow
	result maxpods.Result
}

func results(rows []judged) []maxpods.Result {
	var out []maxpods.Result
	for _, r := range rows {
		out = append(out, r.result)
	}
	return out
}

func rowsOf(rows []judged) []view.InstanceTypeRow {
	var out []view.InstanceTypeRow
	for _, r := range rows {
		out = append(out, r.InstanceTypeRow)
	}
	return out
}

// unclear is types that a filter can't judge.
type unclear struct {
	what  string
	types []string
}

// rows returns the types that the filter lets through, and those that it can't
// judge for want of a number.
func (f *typeFilter) rows(types []model.InstanceType, o maxpods.Options) ([]judged, []unclear, error) {
	var rows []judged
	missing := []unclear{{what: "vCPUs are"}, {what: "memory is"}, {what: "price is"}}
	for _, t := range types {
		row, err := judge(t, o)
		if err != nil {
			return nil, nil, err
		}
		if !f.lets(row) {
			continue
		}
		lacking := []bool{
			f.vcpus.set && t.VCPU == 0,
			f.memory.set && t.MemoryMiB == 0,
			f.maxPrice.set && t.MicroUSDPerHour == 0,
		}
		if i := slices.Index(lacking, true); i >= 0 {
			missing[i].types = append(missing[i].types, t.Name)
			continue
		}
		rows = append(rows, row)
	}
	return rows, slices.DeleteFunc(missing, func(u unclear) bool { return len(u.types) == 0 }), nil
}

// lets reports whether a type passes as far as its numbers are known.
func (f *typeFilter) lets(r judged) bool {
	t := r.InstanceType
	family, _, _ := strings.Cut(t.Name, ".")
	return (len(f.families) == 0 || slices.Contains(f.families, family)) &&
		r.MaxPods >= f.minPods &&
		(f.maxPods == 0 || r.MaxPods <= f.maxPods) &&
		(!f.trunking || t.TrunkingCompatible) &&
		(f.minBranchENIs == 0 || t.TrunkingCompatible && t.BranchENIs >= f.minBranchENIs) &&
		(!f.nitro || t.SupportsPrefixes()) &&
		(t.VCPU == 0 || f.vcpus.has(t.VCPU)) &&
		(t.MemoryMiB == 0 || f.memory.has(t.MemoryMiB)) &&
		(!f.maxPrice.set || t.MicroUSDPerHour <= f.maxPrice.micro)
}

func judge(t model.InstanceType, o maxpods.Options) (judged, error) {
	r, err := o.Compute(t)
	if err != nil {
		return judged{}, err
	}
	return judged{result: r, InstanceTypeRow: view.InstanceTypeRow{
		InstanceType: t,
		Plain:        model.AutoMaxPods(t, 0).Result,
		Prefixes:     model.RecommendedMaxPods(t, model.MaxPodsModes{PrefixDelegation: true}).Result,
		Custom:       model.RecommendedMaxPods(t, model.MaxPodsModes{CustomNetworking: true}).Result,
		MaxPods:      r.MaxPods,
		PodAddresses: min(max(r.MaxPods-model.HostPods, 0), r.PodAddresses),
	}}, nil
}

// order returns how to compare rows, names deciding ties. What isn't known
// comes last.
func order(by string) func(a, b judged) int {
	return func(a, b judged) int {
		first := 0
		switch by {
		case "pods":
			first = cmp.Compare(b.MaxPods, a.MaxPods)
		case "vcpus":
			first = unknownLast(int64(a.VCPU), int64(b.VCPU))
		case "price":
			first = unknownLast(a.MicroUSDPerHour, b.MicroUSDPerHour)
		case "price-per-pod":
			first = comparePerAddress(a, b)
		}
		return cmp.Or(first, strings.Compare(a.Name, b.Name))
	}
}

// unknownLast compares numbers of which 0 is unknown.
func unknownLast(a, b int64) int {
	if (a == 0) != (b == 0) {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// comparePerAddress compares exactly what rounded prices could confuse.
func comparePerAddress(a, b judged) int {
	priced := func(r judged) int64 { return min(r.MicroUSDPerAddressMonth(), 1) }
	if priced(a) == 0 || priced(b) == 0 {
		return unknownLast(priced(a), priced(b))
	}
	aHigh, aLow := bits.Mul64(uint64(a.MicroUSDPerHour), uint64(b.PodAddresses))
	bHigh, bLow := bits.Mul64(uint64(b.MicroUSDPerHour), uint64(a.PodAddresses))
	return cmp.Or(cmp.Compare(aHigh, bHigh), cmp.Compare(aLow, bLow))
}

// families are the families of all types, sorted.
func families() []string {
	var out []string
	for _, t := range model.InstanceTypes() {
		name, _, _ := strings.Cut(t.Name, ".")
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func checkFamilies(names []string) error {
	all := families()
	for _, n := range names {
		if _, found := slices.BinarySearch(all, n); !found {
			return fmt.Errorf("--family: there is no instance family %q", n)
		}
	}
	return nil
}
