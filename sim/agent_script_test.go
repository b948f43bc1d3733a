package sim

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// TestAgentScripts plays the scripts of testdata/agent: one cluster after the
// other, command by command, and tells what happens to pools and pods. The
// invariants are checked all the while. Calls to EC2 are told where they are
// refused; kubelet tries again every 10 s, told once for each pod and reason.
func TestAgentScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/agent", func(t *testing.T, path string) {
		s := &agentScript{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t, s.d = t, d
			return s.command()
		})
	})
}

// agentScript is a cluster that a script plays with.
type agentScript struct {
	t *testing.T
	d *datadriven.TestData
	e *engine
	c *checker

	events []Event
	pods   int
	failed map[string]bool // pods and reasons told
}

func (s *agentScript) command() string {
	s.events = nil
	switch s.d.Cmd {
	case "cluster":
		s.cluster()
	case "pods":
		s.create()
	case "delete":
		s.delete()
	case "cordon":
		s.node().cordon()
	case "uncordon":
		s.node().uncordon()
	case "restart":
		s.node().agent.restart(s.duration("gap"), s.env())
	case "tag":
		s.tag()
	case "run":
		s.run(s.duration("until"))
	case "pool":
		return s.pool()
	default:
		s.t.Fatalf("%s: unknown command %q", s.d.Pos, s.d.Cmd)
	}
	require.NoError(s.t, s.e.sinkErr)
	require.NoError(s.t, s.c.state())
	return s.tell()
}

// cluster begins anew. Its input lines are variables of aws-node on top of the
// DaemonSet's; "-NAME" unsets one:
//
//	cluster type=m5.large count=2 max-pods=29 subnet=10.0.0.0/24 in-use=100 latency=1s pods-subnet=10.0.1.0/24
//	WARM_IP_TARGET=2
//
// The latency is that of each EC2 call, none by default. With a pods-subnet the
// ENIConfig "default" points to it. In-use addresses are the lowest ones; with
// spread=16 there is one in each 16 instead. With cards=3 the type has as many
// network cards, each with the ENIs of the default one or, with all-enis=7, so
// many on all of them. With another=10.0.2.0/24 there is a second subnet, which
// is tagged for the agent; trunk-delay is the resource controller's.
func (s *agentScript) cluster() {
	cfg := baseConfig()
	cfg.Duration = time.Nanosecond
	cfg.Kubelet.Retry = Range{10 * time.Second, 10 * time.Second}
	cfg.Agent.Exit = Backoff{Min: 10 * time.Second, Max: 5 * time.Minute}
	cfg.CNI.Env = maps.Clone(cfg.CNI.Env)
	env := s.env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if value := env[name]; value != nil {
			cfg.CNI.Env[name] = *value
		} else {
			delete(cfg.CNI.Env, name)
		}
	}
	main := SubnetConfig{Name: "main", Zone: "a", CIDR: netip.MustParsePrefix(s.text("subnet", "10.0.0.0/24")), InUseCount: s.number("in-use", 0), InUsePacked: true}
	if spread := s.number("spread", 0); spread > 0 {
		for i, a := 0, main.CIDR.Addr(); main.CIDR.Contains(a); i, a = i+1, a.Next() {
			if i%spread == 7 {
				main.InUse = append(main.InUse, a)
			}
		}
	}
	cfg.Subnets = []SubnetConfig{main}
	if text := s.text("pods-subnet", ""); text != "" {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "pods", Zone: "a", CIDR: netip.MustParsePrefix(text)})
		cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: "pods"}}
	}
	if text := s.text("another", ""); text != "" {
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{Name: "another", Zone: "a", CIDR: netip.MustParsePrefix(text), Tags: map[string]string{"kubernetes.io/role/cni": "1"}})
	}
	cfg.Controller.TrunkDelay = s.duration("trunk-delay")
	if latency := s.duration("latency"); latency > 0 {
		cfg.EC2.Latency = map[Action]Range{}
		for _, a := range []Action{CreateNetworkInterface, AssignPrivateIpAddresses, UnassignPrivateIpAddresses} {
			cfg.EC2.Latency[a] = Range{latency, latency}
		}
	}
	kind, ok := model.LookupInstanceType(s.text("type", "m5.large"))
	require.True(s.t, ok)
	kind.NetworkCards = s.number("cards", kind.NetworkCards)
	kind.MaxENIsAllCards = s.number("all-enis", kind.MaxENIs*kind.NetworkCards)
	cfg.NodeGroups = []NodeGroup{{
		Name: "n", Type: kind, Count: s.number("count", 1), Subnets: []model.SubnetID{"main"},
		MaxPods: s.number("max-pods", model.AutoMaxPods(kind, 0).Result), AgentStart: s.duration("agent-start"),
	}}
	var err error
	s.pods, s.failed = 0, map[string]bool{}
	s.e, s.c, err = newChecked(cfg, func(e Event) error {
		s.events = append(s.events, e)
		return nil
	})
	require.NoError(s.t, err)
	s.e.start()
	s.run(0)
}

// tag replaces the tags of a subnet by those of the input lines: "tag subnet=main".
func (s *agentScript) tag() {
	tags := map[string]string{}
	for name, value := range s.env() {
		tags[name] = *value
	}
	s.e.ec2.tagSubnet(model.SubnetID(s.text("subnet", "main")), tags)
}

// create makes pods p-1, p-2, … on a node at once, which run and stop without
// delay: "pods node=n-0 count=9". With want=cards they want an address of each
// network card, with want=branch a branch ENI, with want=both both.
func (s *agentScript) create() {
	for range s.number("count", 1) {
		s.pods++
		spec := &PodSpec{Node: s.node().name}
		want := s.text("want", "")
		if want == "cards" || want == "both" {
			spec.Annotations = map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}
		}
		if want == "branch" || want == "both" {
			spec.BranchGroups = []model.SecurityGroup{"pods"}
		}
		s.e.createPod(&pod{name: model.PodName(fmt.Sprint("p-", s.pods)), spec: spec, beside: true})
	}
}

// delete deletes pods at once: "delete from=1 to=9".
func (s *agentScript) delete() {
	for i := s.number("from", 1); i <= s.number("to", s.number("from", 1)); i++ {
		p := s.e.podNamed[model.PodName(fmt.Sprint("p-", i))]
		require.NotNil(s.t, p, "p-%d", i)
		s.e.kubelet.delete(p)
	}
}

// run lets time pass, the instant included: "run until=15s".
func (s *agentScript) run(until time.Duration) {
	s.e.cfg.Duration, s.e.endedBy = max(until, time.Nanosecond), ""
	s.e.loop()
}

// pool shows the ENIs of a node, a letter an address: held (#), cooling (~),
// free (.); prefixes in brackets: "pool node=n-0".
func (s *agentScript) pool() string {
	var out strings.Builder
	n := s.node()
	held := map[netip.Addr]bool{}
	for _, p := range n.pods {
		for l := range p.leases() {
			held[l.Address()] = true
		}
	}
	for _, e := range n.agent.stored() {
		fmt.Fprintf(&out, "%s: ", deviceText(e.Card, e.Device))
		for _, b := range e.Blocks() {
			var strip strings.Builder
			for a := b.Addr(); b.Contains(a); a = a.Next() {
				until, cools := s.c.cooling[n.name][a]
				switch {
				case held[a]:
					strip.WriteByte('#')
				case cools && until >= s.e.now:
					strip.WriteByte('~')
				default:
					strip.WriteByte('.')
				}
			}
			if b.IsSingleIP() {
				out.WriteString(strip.String())
			} else {
				out.WriteString("[" + strip.String() + "]")
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (s *agentScript) node() *node {
	n := s.e.nodeNamed[model.NodeName(s.text("node", "n-0"))]
	require.NotNil(s.t, n)
	return n
}

func (s *agentScript) text(key, usual string) string {
	for _, a := range s.d.CmdArgs {
		if a.Key == key {
			require.Len(s.t, a.Vals, 1, key)
			return a.Vals[0]
		}
	}
	return usual
}

func (s *agentScript) number(key string, usual int) int {
	n, err := strconv.Atoi(s.text(key, strconv.Itoa(usual)))
	require.NoError(s.t, err, key)
	return n
}

func (s *agentScript) duration(key string) time.Duration {
	return duration(s.t, s.text(key, "0s"))
}

func (s *agentScript) env() map[string]*string {
	env := map[string]*string{}
	for line := range strings.Lines(s.d.Input) {
		name, value, set := strings.Cut(strings.TrimSpace(line), "=")
		if set {
			env[name] = &value
		} else {
			env[strings.TrimPrefix(name, "-")] = nil
		}
	}
	return env
}

// tell writes what has happened, pods of the same fate in a line.
func (s *agentScript) tell() string {
	var out strings.Builder
	var pods []string
	last := ""
	flush := func() {
		if last != "" {
			fmt.Fprintf(&out, "%s%s\n", last, runs(pods))
		}
		last, pods = "", nil
	}
	for _, e := range s.events {
		text, pod := s.describe(e)
		if text == "" {
			continue
		}
		head := fmt.Sprintf("%-7s %-3s %-20s %s", e.At, e.Node, e.Body.Type(), text)
		if pod == "" {
			flush()
			out.WriteString(strings.TrimRight(head, " ") + "\n")
			continue
		}
		if head != last {
			flush()
			last = head
		}
		pods = append(pods, pod)
	}
	flush()
	return out.String()
}

// runs writes p-1 p-2 p-3 as p-1…3.
func runs(pods []string) string {
	number := func(p string) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(p, "p-"))
		return n
	}
	var out []string
	for i := 0; i < len(pods); {
		k := i + 1
		for k < len(pods) && number(pods[k]) == number(pods[k-1])+1 {
			k++
		}
		if k-i > 1 {
			out = append(out, fmt.Sprintf("%s…%d", pods[i], number(pods[k-1])))
		} else {
			out = append(out, pods[i])
		}
		i = k
	}
	return strings.Join(out, " ")
}

// describe says what an event tells in a script; empty for what scripts leave
// out. The second result is the pod, where there may be several of one fate.
func (s *agentScript) describe(e Event) (text, pod string) {
	blocks := func(addresses []netip.Addr, prefixes []netip.Prefix) string {
		if len(prefixes) > 0 {
			return fmt.Sprintf("%d prefixes", len(prefixes))
		}
		return fmt.Sprintf("%d addresses", len(addresses))
	}
	pool := func(d PoolDecision) string {
		card := ""
		if d.Card > 0 {
			card = fmt.Sprintf("card %d, ", d.Card)
		}
		return card + fmt.Sprintf("%s: total=%d assigned=%d cooling=%d short=%d over=%d", d.Reason, d.Total, d.Assigned, d.Cooling, d.Short, d.Over)
	}
	switch b := e.Body.(type) {
	case AgentExited:
		return strings.TrimRight(b.Reason+": "+b.Error, ": "), ""
	case AgentStarted:
		return fmt.Sprintf("start %d", b.Start), ""
	case ENIAttached:
		return fmt.Sprintf("%s, %s, in %s, %s, by %s", deviceText(b.Card, b.Device), b.Kind, b.Subnet, blocks(b.Addresses, b.Prefixes), b.By), ""
	case ENIDetached:
		return fmt.Sprintf("%s, %s, by %s", deviceText(b.Card, b.Device), blocks(b.Addresses, b.Prefixes), b.By), ""
	case AddressesAdded:
		return fmt.Sprintf("%s, %s, by %s", deviceText(b.Card, b.Device), blocks(b.Addresses, b.Prefixes), b.By), ""
	case AddressesRemoved:
		return fmt.Sprintf("%s, %s, by %s", deviceText(b.Card, b.Device), blocks(b.Addresses, b.Prefixes), b.By), ""
	case PoolGrow:
		return pool(b.PoolDecision), ""
	case PoolShrink:
		return pool(b.PoolDecision), ""
	case PoolFree:
		return pool(b.PoolDecision), ""
	case PoolSkip:
		return pool(b.PoolDecision), ""
	case EC2Call:
		if b.Error == "" {
			return "", ""
		}
		return fmt.Sprintf("%s %d in %s: %s", b.Action, b.Want, b.Subnet, b.Error), ""
	case PodAddressed:
		return devicesText(PodAddress{Card: b.Card, Device: b.Device}, b.More) + ": ", string(b.Pod)
	case PodSetupFailed:
		if told := string(b.Pod) + string(b.Reason); !s.failed[told] {
			s.failed[told] = true
			gaveBack := ""
			if len(b.GaveBack) > 0 {
				gaveBack = ", gave back " + devicesText(b.GaveBack[0], b.GaveBack[1:])
			}
			return string(b.Reason) + gaveBack + ": ", string(b.Pod)
		}
		return "", ""
	case PodReleased:
		if b.CoolUntilMs != nil {
			return fmt.Sprintf("cools until %s: ", *b.CoolUntilMs), string(b.Pod)
		}
		return strings.TrimLeft(b.Reason+": ", ": "), string(b.Pod)
	case ExhaustionBegan:
		text := fmt.Sprintf("%s of %s %s", b.Kind, b.Scope, b.Name)
		for _, why := range []string{b.Reason, b.CappedBy} {
			if why != "" {
				text += ", " + why
			}
		}
		return text, ""
	case ExhaustionEnded:
		return fmt.Sprintf("%s of %s %s: %d pods, %s", b.Kind, b.Scope, b.Name, b.Pods, time.Duration(b.PodMs)*time.Millisecond), ""
	case NodeReady, NodeCordoned, NodeUncordoned:
		return " ", ""
	case NodeNotReady:
		return b.Reason, ""
	default:
		return "", ""
	}
}

// devicesText names the devices of a pod's addresses.
func devicesText(first PodAddress, more []PodAddress) string {
	text := deviceText(first.Card, first.Device)
	for _, a := range more {
		text += " + " + deviceText(a.Card, a.Device)
	}
	return text
}

// deviceText names a device; of card 0 without the card.
func deviceText(card, device int) string {
	if card > 0 {
		return fmt.Sprintf("card %d device %d", card, device)
	}
	return fmt.Sprintf("device %d", device)
}
