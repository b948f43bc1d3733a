package lint

import (
	"fmt"
	"slices"
	"time"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
)

var (
	sourceTargets = Source{"amazon-vpc-cni-k8s, WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET", "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/prefix-and-ip-target.md"}
	sourceReadme  = Source{"amazon-vpc-cni-k8s README, CNI Configuration Variables", "https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables"}
	sourceWarmIP  = Source{"amazon-vpc-cni-k8s, ENI and IP target", "https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md"}
)

var poolRules = []Rule{
	{
		ID: "warm-prefix-target-zero", Severity: Error,
		Summary: "prefix mode has no target above 0",
		Why:     "An idle node takes a prefix because it has none free, and gives it back because 0 are wanted, every 31 s and for ever. The image of a real aws-node refuses to start with it.",
		Source:  sourceTargets,
		find:    warmPrefixTargetZero,
	},
	{
		ID: "minimum-ip-target-without-warm", Severity: Error,
		Summary: "MINIMUM_IP_TARGET without WARM_IP_TARGET is a hard cap",
		Why:     "Once IP targets count, WARM_IP_TARGET is 0 where it isn't set: the pool never grows beyond the minimum, and the pods above it wait for ever.",
		Source:  sourceReadme,
		find:    minimumWithoutWarm,
	},
	{
		ID: "warm-ip-target-zero", Severity: Warning,
		Summary: "WARM_IP_TARGET=0 means not set, not none",
		Why:     "With 0 and without MINIMUM_IP_TARGET the agent follows WARM_ENI_TARGET (or WARM_PREFIX_TARGET) and attaches whole ENIs again.",
		Source:  Source{"amazon-vpc-cni-k8s issue 2482", "https://github.com/aws/amazon-vpc-cni-k8s/issues/2482"},
		find:    warmIPTargetZero,
	},
	{
		ID: "warm-eni-target-zero", Severity: Warning,
		Summary: "with WARM_ENI_TARGET=0 no address is kept spare",
		Why:     "The agent attaches the next ENI only when the last address is gone. The pod that needs it fails first and waits some ten seconds, and addresses that cool pass for available meanwhile.",
		Source:  sourceWarmIP,
		find:    warmENITargetZero,
	},
	{
		ID: "warm-target-overridden", Severity: Note,
		Summary: "a warm target that another one overrides",
		Why:     "WARM_IP_TARGET and MINIMUM_IP_TARGET override the two others; WARM_PREFIX_TARGET counts in prefix mode alone, and WARM_ENI_TARGET outside of it.",
		Source:  sourceTargets,
		find:    warmTargetOverridden,
	},
	{
		ID: "warm-ip-target-many-calls", Severity: Warning,
		Summary: "a small WARM_IP_TARGET on many nodes outruns EC2's request rate",
		Why:     "Each pod that starts is one more AssignPrivateIpAddresses, and an account has 100 of them and 5 more a second. What is refused waits, and so do the pods.",
		Source:  Source{"EC2 developer guide, Request throttling for the Amazon EC2 API", "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"},
		find:    warmIPTargetManyCalls,
	},
	{
		ID: "warm-ip-target-below-churn", Severity: Warning,
		Summary: "more addresses cool on a node than WARM_IP_TARGET keeps",
		Why:     "A released address counts as available while it cools, and cannot be handed out. Where pods come and go fast, all that the target keeps is cooling and the pool doesn't grow.",
		Source:  Source{"amazon-vpc-cni-k8s issue 2896", "https://github.com/aws/amazon-vpc-cni-k8s/issues/2896"},
		find:    warmIPTargetBelowChurn,
	},
	{
		ID: "churn-exceeds-addresses", Severity: Warning,
		Summary: "the nodes' addresses don't cover the pods that come and go, those that cool included",
		Why:     "A pod that is gone keeps its address from others for the cooldown. Pods that live for seconds need several times the addresses that run at once.",
		Source:  Source{"amazon-vpc-cni-k8s issue 1446", "https://github.com/aws/amazon-vpc-cni-k8s/issues/1446"},
		find:    churnExceedsAddresses,
	},
	{
		ID: "peak-pins-enis", Severity: Note,
		Summary: "the ENIs of a peak stay attached when its pods have gone",
		Why:     "The agent picks among ENIs without order, so that the pods that are left are spread over all of them, and an ENI is freed only when no pod is on it. IP targets give back single addresses.",
		Source:  Source{"Neon, Lessons from a production outage with the AWS CNI", "https://github.com/neondatabase/website/blob/a16f2ebbd62d87950cd379e4b68dd0ec7e53239f/content/blog/posts/aws-cni-lessons-from-a-production-outage.md"},
		find:    peakPinsENIs,
	},
	{
		ID: "cooldown-short", Severity: Warning,
		Summary: "IP_COOLDOWN_PERIOD is shorter than kube-proxy needs",
		Why:     "An address that is handed out again before all nodes have forgotten the old pod receives its traffic. Upstream chose 30 s for that.",
		Source:  sourceReadme,
		find:    func(p *pass) { p.cooldown(func(d time.Duration) bool { return d < 10*time.Second }) },
	},
	{
		ID: "cooldown-long", Severity: Warning,
		Summary: "IP_COOLDOWN_PERIOD keeps addresses from the next pods for long",
		Why:     "Addresses that cool take places on the node's ENIs, count as available and cannot be used: a roll-out then needs twice the addresses for that time.",
		Source:  sourceReadme,
		find:    func(p *pass) { p.cooldown(func(d time.Duration) bool { return d > 2*time.Minute }) },
	},
	{
		ID: "max-eni-no-eni-for-pods", Severity: Error,
		Summary: "MAX_ENI or the instance type leaves no ENI to ordinary pods",
		Why:     "The primary ENI serves no pods in custom networking, and a trunk serves none but those with security groups. With nothing left no ordinary pod gets an address.",
		Source:  sourceReadme,
		find:    noENIForPods,
	},
	{
		ID: "max-eni-without-effect", Severity: Note,
		Summary: "MAX_ENI is not below the type's own limit",
		Why:     "The lower of the two counts.",
		Source:  sourceReadme,
		find:    maxENIWithoutEffect,
	},
	{
		ID: "provisioning-disabled", Severity: Error,
		Summary: "the agents never ask EC2 for addresses",
		Why:     "Nodes have what they were launched with, and that is the primary ENI without a secondary address. Only an own tool that attaches them makes sense of this setting.",
		Source:  sourceReadme,
		find:    provisioningDisabled,
	},
}

func warmPrefixTargetZero(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if s.PrefixDelegation && s.WarmPrefixTarget == 0 && !s.DefinesIPs() {
			p.report(e.path("WARM_PREFIX_TARGET"), "prefix mode without WARM_PREFIX_TARGET, WARM_IP_TARGET or MINIMUM_IP_TARGET above 0: the pool flaps", "WARM_PREFIX_TARGET: 1")
		}
	})
}

func minimumWithoutWarm(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if s.MinimumIPTarget == 0 || s.WarmIPTarget != 0 {
			return
		}
		pods, size := g.MaxPods-p.hostPods(g), 1
		if s.PrefixDelegation {
			size = model.PrefixSize
		}
		pool := ceilDiv(s.MinimumIPTarget, size) * size
		if have, _ := holds(g.Type, s); pool >= min(pods, have) {
			return
		}
		p.report(e.path("MINIMUM_IP_TARGET"), fmt.Sprintf("the pool of a node of %s stops at %s, and the scheduler places up to %s that need one", g.Name, plural(pool, "address"), plural(pods, "pod")),
			fmt.Sprintf("WARM_IP_TARGET: 2 beside MINIMUM_IP_TARGET: %d", s.MinimumIPTarget))
	})
}

func warmIPTargetZero(p *pass) {
	for _, e := range p.envs {
		if e.changed("WARM_IP_TARGET") && e.env["WARM_IP_TARGET"] == "0" && !e.settings.DefinesIPs() {
			target := fmt.Sprintf("WARM_ENI_TARGET=%d", e.settings.WarmENITarget)
			if e.settings.PrefixDelegation {
				target = fmt.Sprintf("WARM_PREFIX_TARGET=%d", e.settings.WarmPrefixTarget)
			}
			p.report(e.path("WARM_IP_TARGET"), "WARM_IP_TARGET=0 is as if it were unset: "+target+" counts", "WARM_IP_TARGET: 1 or more, or leave it out")
		}
	}
}

func warmENITargetZero(p *pass) {
	p.linux(func(g group, e environment, s model.Settings) {
		if s.WarmENITarget == 0 && !s.DefinesIPs() && !s.PrefixDelegation && s.IPv4 {
			p.report(e.path("WARM_ENI_TARGET"), fmt.Sprintf("after every %s the next pod of a node of %s waits for an ENI", plural(g.Type.SlotsPerENI(), "pod"), g.Name),
				"WARM_ENI_TARGET: 1; to keep fewer addresses, WARM_IP_TARGET with MINIMUM_IP_TARGET")
		}
	})
}

func warmTargetOverridden(p *pass) {
	for _, e := range p.envs {
		s := e.settings
		say := func(name, by string) {
			if _, set := e.env[name]; set && e.changed(name) {
				p.report(e.path(name), fmt.Sprintf("%s=%s has no effect: %s", name, e.env[name], by), "leave it out")
			}
		}
		switch {
		case !s.IPv4:
		case s.DefinesIPs():
			by := "WARM_IP_TARGET"
			if s.WarmIPTarget == 0 {
				by = "MINIMUM_IP_TARGET"
			}
			say("WARM_ENI_TARGET", by+" overrides it")
			say("WARM_PREFIX_TARGET", by+" overrides it")
		case s.PrefixDelegation:
			if p.allTakePrefixes(s) {
				say("WARM_ENI_TARGET", "in prefix mode WARM_PREFIX_TARGET counts")
			}
		default:
			say("WARM_PREFIX_TARGET", "prefix mode is off")
		}
	}
}

// allTakePrefixes reports whether prefix mode is on for every type.
func (p *pass) allTakePrefixes(s model.Settings) bool {
	return !slices.ContainsFunc(p.groups, func(g group) bool {
		on, _ := s.ForType(g.Type)
		return !g.Windows && !on.PrefixDelegation
	})
}

// slowStart is how long calls may have to wait for EC2's request rate before it
// is worth a word.
const slowStart = 30 // seconds

func warmIPTargetManyCalls(p *pass) {
	bucket, refill, _ := sim.RequestLimit(sim.AssignPrivateIpAddresses)
	if !p.EC2.Throttling || p.ipv6() || p.onECS() {
		return
	}
	nodes := 0
	pods, _ := p.demand(fromPool)
	for _, g := range p.groups {
		if !g.Windows {
			nodes += g.nodes
			pods += g.nodes * p.daemonPods(g)
		}
	}
	if nodes == 0 {
		return
	}
	// At least one call brings the pool of an idle node; what counts is whether
	// the calls come in a storm.
	for _, e := range p.envs {
		s := e.settings
		if s.WarmIPTarget == 0 || s.PrefixDelegation {
			continue
		}
		each := max(pods/nodes-max(s.MinimumIPTarget-s.WarmIPTarget, 0), 0)
		calls := nodes * (1 + ceilDiv(each, s.WarmIPTarget))
		wait := (calls - bucket) / refill
		if s.WarmIPTarget > 3 || wait < slowStart {
			continue
		}
		p.report(e.path("WARM_IP_TARGET"), fmt.Sprintf("%s with WARM_IP_TARGET=%d and %s a node make some %s at once; EC2 takes %d and then %d a second, so the last waits %s",
			plural(nodes, "node"), s.WarmIPTarget, plural(pods/nodes, "pod"), plural(calls, "call"), bucket, refill, time.Duration(wait)*time.Second),
			fmt.Sprintf("MINIMUM_IP_TARGET: %d, so that one call brings what a node usually needs", max(pods/nodes, 1)+s.WarmIPTarget))
	}
}

func warmIPTargetBelowChurn(p *pass) {
	nodes := p.nodeCount()
	if nodes == 0 || p.ipv6() {
		return
	}
	for i, step := range p.Steps {
		if step.Churn == nil {
			continue
		}
		for _, e := range p.envs {
			s := e.settings
			cooling := step.Churn.PerMinute * int(s.Cooldown/time.Second) / 60 / nodes
			if s.WarmIPTarget == 0 || s.PrefixDelegation || cooling < s.WarmIPTarget {
				continue
			}
			p.report(e.path("WARM_IP_TARGET"), fmt.Sprintf("the churn of steps[%d] lets some %s cool on each node at any time, and WARM_IP_TARGET=%d keeps fewer: none of them may be free",
				i, plural(cooling, "address"), s.WarmIPTarget), fmt.Sprintf("WARM_IP_TARGET: %d", 2*cooling+1))
		}
	}
}

func churnExceedsAddresses(p *pass) {
	if p.ipv6() || p.onECS() {
		return
	}
	have := 0
	for _, g := range p.groups {
		if s, _ := p.envs[0].settings.ForType(g.Type); !g.Windows && g.Type.MaxENIs > 0 && g.Type.IPv4PerENI > 0 {
			n, _ := holds(g.Type, s)
			have += g.nodes * min(n, max(g.MaxPods-p.hostPods(g), 0))
		}
	}
	for i, step := range p.Steps {
		if step.Churn == nil {
			continue
		}
		standing, _ := p.demand(fromPool)
		cooldown := p.envs[0].settings.Cooldown
		life := time.Duration(step.Churn.Lifetime.Min+step.Churn.Lifetime.Max) / 2
		moving := churning(*step.Churn, cooldown)
		if moving+standing > have && have > 0 {
			p.report(fmt.Sprintf("steps[%d].churn.perMinute", i), fmt.Sprintf("%d pods a minute that live %s and cool %s hold some %s at any time, beside %d that stay; the nodes have %d",
				step.Churn.PerMinute, life, cooldown, plural(moving, "address"), standing, have), "more nodes, or pods that live longer")
		}
	}
}

// peakPinsENIs compares the pools of a workload's height with those of what a
// later step leaves of it.
func peakPinsENIs(p *pass) {
	pods, _ := p.demand(fromPool)
	nodes := p.nodeCount()
	if p.ipv6() || p.onECS() || nodes == 0 || p.Agent.Order != sim.OrderRandom {
		return
	}
	for i, step := range p.Steps {
		if step.Scale == nil {
			continue
		}
		k := slices.IndexFunc(p.cfg.Workloads, func(w sim.Workload) bool { return string(w.Name) == step.Scale.Workload })
		w := p.cfg.Workloads[k]
		if !fromPool(w) || step.Scale.Replicas >= p.earlier(w, step.At) {
			continue
		}
		left := ceilDiv(pods-p.most(w)+step.Scale.Replicas+p.churned(0), nodes)
		p.linux(func(g group, e environment, s model.Settings) {
			if s.DefinesIPs() || s.PrefixDelegation || !p.takes(g, w.Pod) {
				return
			}
			peak, low := poolFor(g.Type, s, g.MaxPods, ceilDiv(pods+p.churned(0), nodes)), poolFor(g.Type, s, g.MaxPods, left)
			if low.enis+1 < peak.enis && left >= peak.enis {
				p.report(fmt.Sprintf("steps[%d].scale", i), fmt.Sprintf("at the height a node of %s has %s with %d addresses; for the %s that are left %d would do, but pods may sit on all of them",
					g.Name, plural(peak.enis, "ENI"), peak.addresses, plural(left, "pod"), low.enis), fmt.Sprintf("WARM_IP_TARGET: 5 with MINIMUM_IP_TARGET: %d", left))
			}
		})
	}
}

// churned is how many pods of churns there are at any time; each counts for a
// while longer than it lives.
func (p *pass) churned(longer time.Duration) int {
	n := 0
	for _, step := range p.Steps {
		if step.Churn != nil {
			n += churning(*step.Churn, longer)
		}
	}
	return n
}

func churning(c scenarios.Churn, longer time.Duration) int {
	life := time.Duration(c.Lifetime.Min+c.Lifetime.Max) / 2
	// In milliseconds the product of the largest numbers still fits.
	return int(int64(c.PerMinute) * (life + longer).Milliseconds() / time.Minute.Milliseconds())
}

// earlier is how many pods a workload has at most before an instant.
func (p *pass) earlier(w sim.Workload, at scenarios.Duration) int {
	n := w.Replicas
	for _, step := range p.Steps {
		if step.Scale != nil && step.Scale.Workload == string(w.Name) && step.At < at {
			n = max(n, step.Scale.Replicas)
		}
	}
	return n
}

// cooldown reports the periods that are wrong.
func (p *pass) cooldown(wrong func(time.Duration) bool) {
	for _, e := range p.envs {
		if s := e.settings; s.IPv4 && e.changed("IP_COOLDOWN_PERIOD") && wrong(s.Cooldown) {
			p.report(e.path("IP_COOLDOWN_PERIOD"), fmt.Sprintf("a released address rests for %s; %s by default", s.Cooldown, model.CooldownDefault), "IP_COOLDOWN_PERIOD: 30")
		}
	}
}

func noENIForPods(p *pass) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if podENIs(g.Type, s) > 0 {
			return
		}
		path, remedy := g.path+".instanceType", "an instance type with more ENIs"
		if s.MaxENI > 0 && s.MaxENI < g.Type.MaxENIs {
			path, remedy = e.path("MAX_ENI"), "a larger MAX_ENI, or none"
		}
		p.report(path, fmt.Sprintf("a node of %s may have %s (%s), and none is left for ordinary pods", g.Name, plural(usableENIs(g.Type, s), "ENI"), modes(g.Type, s)), remedy)
	})
}

func maxENIWithoutEffect(p *pass) {
	for _, e := range p.envs {
		most := 0
		for _, g := range p.groups {
			most = max(most, g.Type.MaxENIs)
		}
		if n := e.settings.MaxENI; most > 0 && n >= most {
			p.report(e.path("MAX_ENI"), fmt.Sprintf("MAX_ENI=%d, and no instance type of the scenario has more than %s", n, plural(most, "ENI")), "leave it out")
		}
	}
}

func provisioningDisabled(p *pass) {
	for _, e := range p.envs {
		if !e.settings.NoProvisioning || p.ipv6() {
			continue
		}
		name := "DISABLE_NETWORK_RESOURCE_PROVISIONING"
		if e.settings.OnlyIMDS {
			name = "ENABLE_IMDS_ONLY_MODE"
		}
		p.report(e.path(name), name+" is true: the pool of a node never grows, and its pods get no address", name+": false")
	}
}
