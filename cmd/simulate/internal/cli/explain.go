package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/explain"
	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// explainTarget are the flags that say what is to be explained.
type explainTarget struct {
	pod, node, eni string
	card           int
	at             time.Duration
}

func (a *App) explainCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "explain NAME|FILE|-",
		Short: "Explain why a pod has no address, or an ENI stays",
		Long: `Explain why a pod has no address, an ENI stays, a pool does not grow.

The scenario is run, and its log is read for one thing: a pod or an ECS task
(--pod), a node's pool (--node), an ENI (--eni with its id, or --node and --eni
with its device number), or, without any of these, what stopped the run. --at
asks about an instant instead of the run's end.

The answer comes first, then what led to it, with the numbers that the node
agent saw, and the rules that it followed with their sources.`,
		Example: `  simulate explain default-secondary-ip
  simulate explain churn-and-cooldown --pod web-churn-65
  simulate explain default-secondary-ip --pod web-9
  simulate explain scale-down --node workers-0 --at 4m
  simulate explain scale-down --node workers-0 --eni 2
  simulate explain multi-nic-pods --node gpu-0 --card 1 --eni 0
  simulate explain my-cluster.yaml --env WARM_IP_TARGET=5 --pod web-17 -o json`,
		Args:              one("a scenario (NAME, FILE or -)"),
		ValidArgsFunction: completeScenario,
	}
	var t explainTarget
	flags := c.Flags()
	flags.StringVar(&t.pod, "pod", "", "explain this pod, or ECS task: its `name`")
	flags.StringVar(&t.node, "node", "", "explain this node's pool: its `name`")
	flags.StringVar(&t.eni, "eni", "", "explain this ENI: its `id`, or with --node its device number")
	flags.IntVar(&t.card, "card", 0, "the network card that the device number of --eni is on: its `number`")
	flags.Var((*untilFlag)(&t.at), "at", "ask about this instant of virtual time, e.g. 1m30s (the end)")
	format := output(c, "table", "json", "yaml")
	changes := changesFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		target, err := t.of(c)
		if err != nil {
			return usageError{err}
		}
		scenario, err := a.loadChanged(c, args[0], changes)
		if err != nil {
			return err
		}
		x, err := explain.Explain(a.player(c.Context(), configOf(scenario), g), target)
		if err != nil {
			return err
		}
		switch format.value {
		case "json":
			err = view.JSON(a.Out, x)
		case "yaml":
			err = view.YAML(a.Out, x)
		default:
			err = view.ExplanationTable(a.Out, x, view.TableOptions{Palette: a.palette(g)})
		}
		return written(err)
	}
	return c
}

// of returns what the flags say, once they are parsed.
func (t *explainTarget) of(c *cobra.Command) (explain.Target, error) {
	target := explain.Target{Pod: model.PodName(t.pod), Node: model.NodeName(t.node), Device: -1}
	for _, name := range []string{"pod", "node", "eni"} {
		if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return target, fmt.Errorf("--%s is empty", name)
		}
	}
	if c.Flags().Changed("at") {
		if t.at < 0 {
			return target, fmt.Errorf("--at %s: a run begins at 0s", t.at)
		}
		at := model.Instant(t.at.Milliseconds())
		target.At = &at
	}
	if t.pod != "" && (t.node != "" || t.eni != "") {
		return target, errors.New("--pod goes without --node and --eni: a pod is on one node at most")
	}
	if t.eni == "" {
		if c.Flags().Changed("card") {
			return target, errors.New("--card goes with --node and --eni NUMBER: it says which network card the device number is on")
		}
		return target, nil
	}
	if t.card < 0 {
		return target, fmt.Errorf("--card %d: network cards count from 0", t.card)
	}
	number := strings.TrimPrefix(t.eni, "eni")
	if device, err := strconv.ParseUint(number, 10, 16); err == nil {
		if t.node == "" {
			return target, fmt.Errorf("--eni %s: a device number needs the node, --node NAME", t.eni)
		}
		target.Device, target.Card = int(device), t.card
		return target, nil
	}
	if c.Flags().Changed("card") {
		return target, fmt.Errorf("--card goes with a device number, and --eni %s is none: an id says all", t.eni)
	}
	if !strings.HasPrefix(t.eni, "eni-") {
		return target, fmt.Errorf("--eni %s: it is an id (eni-…), or with --node a device number (0, 1, …)", t.eni)
	}
	target.ENI = model.ENIID(t.eni)
	return target, nil
}

// player plays a run as often as it is asked to. The state comes back with the
// error of whoever looks at the run.
func (a *App) player(ctx context.Context, cfg sim.Config, g *globals) explain.Play {
	return func(take func(sim.Event, *replay.State) error) (*replay.State, error) {
		r := run{app: a, ctx: ctx, cfg: cfg}
		r.also = func(e sim.Event) error { return take(e, &r.state) }
		err := r.whole(g)
		return &r.state, err
	}
}
