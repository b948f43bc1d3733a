package cli

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/maxpods"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
)

func (a *App) maxPodsCommand(g *globals) *cobra.Command {
	var o maxpods.Options
	var types []string
	var all bool
	var expression string
	mode := choice{of: []string{"auto"}}
	for _, m := range maxpods.Modes() {
		mode.of = append(mode.of, string(m))
	}
	c := &cobra.Command{
		Use:   "max-pods TYPE…|--instance-type TYPE|--all",
		Short: "Compute how many pods a node takes, with the arithmetic shown",
		Long: `Compute how many pods a node takes, with the arithmetic shown.

Several parties compute max-pods, each in its own way. --mode says whose number
is asked for:

` + modeHelp() + `
Without --mode it is the one that the other flags belong to, and nodeadm without
any. For one instance type the table shows all of them, and whether the node has
addresses for as many pods: where it has not, pods hang in ContainerCreating.

The numbers are those of Linux nodes: a Windows node has max-pods 110 unless it
is set, whatever its type, and the addresses of one ENI.

A TYPE may be a pattern: 'm5.*'. In prefix mode, with custom networking, or with
security groups for pods, give the flags that say so.`,
		Example: `  simulate max-pods --instance-type m5.large
  simulate max-pods m5.large --prefix-delegation --custom-networking
  simulate max-pods 'm5.*' 'c5.*' --mode managed
  simulate max-pods m5.large --expression '(default_enis - 1) * (ips_per_eni - 1) + 2'
  simulate max-pods m5.large --mode karpenter --reserved-enis 1
  simulate max-pods --all -o json`,
		ValidArgsFunction: completeTypes,
	}
	format := output(c, "table", "wide", "json", "yaml", "csv")
	flags := c.Flags()
	flags.StringSliceVar(&types, "instance-type", nil, "an instance type, or a pattern as 'm5.*'; may be given several times")
	flags.BoolVar(&all, "all", false, "all instance types that are known")
	flags.Var(&mode, "mode", "whose number it is, a `MODE` of those above; auto is another word for nodeadm")
	cniFlags(c, &o.CNI)
	flags.Var(&countFlag{&o.CNI.MaxENI}, "max-eni", "MAX_ENI of the CNI, or --cni-max-eni of the calculator; 0: none")
	flags.Var(&countFlag{&o.CNI.ReservedENIs}, "reserved-enis", "RESERVED_ENIS of Karpenter")
	flags.Var(&countFlag{&o.KubeletMaxPods}, "kubelet-max-pods", "maxPods in kubelet's configuration; 0: not set")
	flags.Var(&countFlag{&o.PodsPerCore}, "pods-per-core", "podsPerCore of Karpenter; 0: not set")
	flags.StringVar(&expression, "expression", "", "a `CEL` expression for nodeadm or Karpenter, of default_enis, ips_per_eni and max_pods")
	flags.BoolVar(&o.ShowMaxAllowed, "show-max-allowed", false, "--show-max-allowed of the calculator: its number without the cap")
	complete(c, "mode", mode.of)
	completeFlagTypes(c, "instance-type")
	c.RunE = func(_ *cobra.Command, args []string) error {
		selected, err := selectTypes(append(types, args...), all)
		if err != nil {
			return err
		}
		o.Mode = maxpods.Mode(mode.value)
		if mode.value == "auto" {
			o.Mode = maxpods.Nodeadm
		}
		if flags.Changed("expression") {
			if o.Expression, err = scenarios.ParseMaxPodsExpression(expression); err != nil {
				return fmt.Errorf("--expression: %w", err)
			}
		}
		if o, err = o.Resolve(); err != nil {
			return usageError{err}
		}
		if mode.value == "auto" && !g.quiet {
			a.notef("--mode auto is nodeadm, as auto is in scenarios; EKS Auto Mode is --mode auto-mode")
		}
		return a.maxPods(o, selected, format.value, g)
	}
	return c
}

// countFlag is a flag with a number of things: 0 … 100,000, which is more than
// anything here ever has.
type countFlag struct{ n *int }

// String returns the number, 0 before the flag is parsed.
func (f *countFlag) String() string {
	if f.n == nil {
		return "0"
	}
	return strconv.Itoa(*f.n)
}

// Type names the flag's type in the help.
func (f *countFlag) Type() string { return "N" }

// Set takes a number.
func (f *countFlag) Set(text string) error {
	const most = 100_000
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return fmt.Errorf("it is a whole number from 0 to %d", most)
	}
	*f.n = n
	return nil
}

// modeHelp lists the modes.
func modeHelp() string {
	var b strings.Builder
	for _, m := range maxpods.Modes() {
		fmt.Fprintf(&b, "  %-12s %s\n", m, m.About())
	}
	return b.String()
}

// cniFlags adds the flags that say in which mode the CNI is.
func cniFlags(c *cobra.Command, m *model.MaxPodsModes) {
	flags := c.Flags()
	flags.BoolVar(&m.PrefixDelegation, "prefix-delegation", false, "ENABLE_PREFIX_DELEGATION: /28 prefixes instead of single addresses")
	flags.BoolVar(&m.CustomNetworking, "custom-networking", false, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: no pods on the primary ENI")
	flags.BoolVar(&m.PodENI, "pod-eni", false, "ENABLE_POD_ENI: security groups for pods; a trunk takes an ENI's place")
}

// maxPods computes and writes.
func (a *App) maxPods(o maxpods.Options, types []model.InstanceType, format string, g *globals) error {
	var results []maxpods.Result
	for _, t := range types {
		r, err := o.Compute(t)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if !g.quiet {
		a.maxPodsNotes(o, results)
	}
	switch format {
	case "json":
		return written(view.JSON(a.Out, view.MaxPodsDocument(results)))
	case "yaml":
		return written(view.YAML(a.Out, view.MaxPodsDocument(results)))
	case "csv":
		return written(view.MaxPodsCSV(a.Out, results))
	}
	return written(view.MaxPodsTable(a.Out, results, format == "wide", a.palette(g)))
}

// maxPodsNotes tells what makes the numbers other than one might expect.
func (a *App) maxPodsNotes(o maxpods.Options, results []maxpods.Result) {
	for _, r := range o.Remarks() {
		a.notef("%s", r)
	}
	a.typeNotes(results)
	if o.Mode == maxpods.Managed && len(results) > 1 && len(results) < len(model.InstanceTypes()) {
		least := slices.MinFunc(results, func(a, b maxpods.Result) int { return a.MaxPods - b.MaxPods })
		a.notef("in one managed node group all these types would have the lowest number, %d (%s)", least.MaxPods, least.Type.Name)
	}
}

// typeNotes tells each thing once, with the types that it is about.
func (a *App) typeNotes(results []maxpods.Result) {
	var notes []maxpods.Note // the first of each kind
	about := map[string][]string{}
	for _, r := range results {
		for _, n := range r.Notes {
			if len(about[n.Many]) == 0 {
				notes = append(notes, n)
			}
			about[n.Many] = append(about[n.Many], r.Type.Name)
		}
	}
	for _, n := range notes {
		types, text := about[n.Many], n.Many
		if len(types) == 1 {
			text = n.Text
		}
		a.notef("%s: %s", few(types), text)
	}
}

// few lists the first names, and how many there are.
func few(names []string) string {
	const some = 3
	if len(names) <= some {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more types", strings.Join(names[:some], ", "), len(names)-some)
}

// selectTypes returns the instance types that names and patterns stand for,
// sorted by name, each once; all mistakes in them at once.
func selectTypes(words []string, all bool) ([]model.InstanceType, error) {
	switch {
	case all && len(words) > 0:
		return nil, usageError{fmt.Errorf("--all, or instance types, but not both")}
	case all:
		return model.InstanceTypes(), nil
	case len(words) == 0:
		return nil, usageError{fmt.Errorf("which instance types? Name some (m5.large, 'm5.*'), or --all")}
	}
	match, err := matcher(words)
	if err != nil {
		return nil, err
	}
	var out []model.InstanceType
	for _, t := range model.InstanceTypes() {
		if match(t.Name) {
			out = append(out, t)
		}
	}
	return out, nil
}

// matcher checks names and patterns of instance types, each of which must stand
// for one at least, and returns what tells whether a type is among them.
func matcher(words []string) (func(name string) bool, error) {
	var mistakes []error
	for _, w := range words {
		if err := checkPattern(w); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return func(name string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return matches(w, name) })
	}, nil
}

func checkPattern(word string) error {
	if _, err := path.Match(word, ""); err != nil {
		return fmt.Errorf("%q is no pattern: write it as 'm5.*'", word)
	}
	for _, t := range model.InstanceTypes() {
		if matches(word, t.Name) {
			return nil
		}
	}
	if strings.ContainsAny(word, `*?[\`) {
		return fmt.Errorf("no instance type matches %q", word)
	}
	text := fmt.Sprintf("unknown instance type %q", word)
	if near := model.NearInstanceTypes(word, 3); len(near) > 0 {
		text += fmt.Sprintf(" (did you mean %s?)", strings.Join(near, " or "))
	}
	return errors.New(text)
}

// matches reports whether a name or a pattern, which was checked, stands for
// the type.
func matches(word, name string) bool {
	ok, err := path.Match(word, name)
	return err == nil && ok
}

// completeTypes offers the names of instance types.
func completeTypes(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, t := range model.InstanceTypes() {
		if strings.HasPrefix(t.Name, begun) {
			out = append(out, cobra.CompletionWithDesc(t.Name, fmt.Sprintf("%d ENIs of %d IPv4 addresses", t.MaxENIs, t.IPv4PerENI)))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeFlagTypes makes the shell offer instance types for a flag.
func completeFlagTypes(c *cobra.Command, flag string) {
	if err := c.RegisterFlagCompletionFunc(flag, completeTypes); err != nil {
		panic(fmt.Sprintf("flag --%s of %s: %v", flag, c.Name(), err))
	}
}
