package openmetrics

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// agentPort is where an agent's metrics are scraped.
const agentPort = 61678

// agentFamilies are the series of the agents themselves.
type agentFamilies struct {
	eniAllocated, eniMax, ipMax, total, assigned, prefixes          *family
	perENI, perCIDR                                                 *family
	adds, dels, noAddress, requests, requestErrors, latency, errors *family
	reconciles, forcedENIs, forcedIPs                               *family
	inProgress, ipamdErrors, utilsErrors                            *family
	initDuration, startDuration, build                              *family
}

func (r *Recorder) newAgentFamilies() agentFamilies {
	return agentFamilies{
		eniAllocated:  r.family(gauge, "awscni_eni_allocated", "ENIs in the agent's datastore."),
		eniMax:        r.family(gauge, "awscni_eni_max", "ENIs that the instance may have, lowered by MAX_ENI."),
		ipMax:         r.family(gauge, "awscni_ip_max", "Addresses that so many ENIs can hold for pods."),
		total:         r.family(gauge, "awscni_total_ip_addresses", "Addresses in the pool, those of pods and cooling ones included."),
		assigned:      r.family(gauge, "awscni_assigned_ip_addresses", "Addresses that pods hold."),
		prefixes:      r.family(gauge, "awscni_total_ipv4_prefixes", "IPv4 prefixes in the datastore."),
		perENI:        r.family(gauge, "awscni_assigned_ip_per_eni", "Addresses that pods hold, by ENI."),
		perCIDR:       r.family(gauge, "awscni_assigned_ip_per_cidr", "Addresses that pods hold, by secondary address or prefix."),
		adds:          r.family(unknown, "awscni_add_ip_req_count", "Requests for an address since the agent's start."),
		dels:          r.family(unknown, "awscni_del_ip_req_count", "Addresses given up since the agent's start."),
		noAddress:     r.family(unknown, "awscni_no_available_ip_addresses", "Requests that found no free address since the agent's start."),
		requests:      r.family(unknown, "awscni_ec2api_req_count", "Requests to EC2 since the agent's start."),
		requestErrors: r.family(unknown, "awscni_ec2api_error_count", "Requests that EC2 refused since the agent's start."),
		latency:       r.family(summary, "awscni_aws_api_latency_ms", "How long requests to EC2 took."),
		errors:        r.family(unknown, "awscni_aws_api_error_count", "Requests that EC2 refused since the agent's start, by code."),
		reconciles:    r.family(unknown, "awscni_reconcile_count", "Differences to EC2 that the agent mended since its start."),
		forcedENIs:    r.family(unknown, "awscni_force_removed_enis", "ENIs dropped while pods held addresses of them."),
		forcedIPs:     r.family(unknown, "awscni_force_removed_ips", "Addresses dropped while pods held them."),
		inProgress:    r.family(gauge, "awscni_ipamd_action_inprogress", "Actions of the agent that are under way."),
		ipamdErrors:   r.family(unknown, "awscni_ipamd_error_count", "Errors of the agent since its start."),
		utilsErrors:   r.family(unknown, "awscni_aws_utils_error_count", "Errors of the agent when it freed or dropped an ENI, since its start."),
		startDuration: r.family(histogram, "awscni_ipamd_startup_duration_seconds", "From the agent's start until it serves requests."),
		build:         r.family(gauge, "awscni_build_info", "Always 1, with the release of the agent."),
		initDuration:  r.family(histogram, "awscni_ipamd_node_initialization_duration_seconds", "The part of the agent's start that sets the node up, first growth included."),
	}
}

// agentCounters are what an agent has counted since its start: a restart begins
// anew.
type agentCounters struct {
	configuredAt       model.Instant
	adds, noAddress    int
	forcedENIs, forced int
	dels               map[string]int // by reason
	requests           map[sim.Action]int
	refused            map[sim.Action]int
	errors             map[apiError]int
	latency            map[apiStatus]*latency
	reconciles         map[string]int // by function
	starts             buckets
	actions            actions
}

type apiError struct {
	api  sim.Action
	code model.ErrorCode
}

type apiStatus struct {
	api    sim.Action
	failed bool
	status string
}

type latency struct {
	count int
	ms    int64
}

func newAgentCounters(at model.Instant) *agentCounters {
	return &agentCounters{
		configuredAt: at,
		dels:         map[string]int{}, requests: map[sim.Action]int{}, refused: map[sim.Action]int{},
		errors: map[apiError]int{}, latency: map[apiStatus]*latency{}, reconciles: map[string]int{},
		actions: newActions(),
	}
}

// countAgent counts what the node's agent counts. The state is that before the
// event.
func (r *Recorder) countAgent(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.RunStarted:
		r.version = cniVersion(b)
		return
	case sim.ENICreated:
		if b.Kind != "" {
			r.foreign[b.ENI] = true
		}
		return
	case sim.AgentConfigured:
		r.nodes[e.Node] = newAgentCounters(e.At)
		return
	}
	c, n := r.nodes[e.Node], r.state.Node(e.Node)
	if c == nil || n == nil {
		return
	}
	switch b := e.Body.(type) {
	case sim.PoolGrow:
		c.actions.begin(e.At, fnIncrease, "")
	case sim.PoolShrink:
		c.actions.begin(e.At, fnDecrease, "")
	case sim.PoolFree:
		c.actions.begin(e.At, "", b.ENI)
	case sim.EC2Call:
		if r.ofAgent(b.CallFields) {
			c.actions.called(e.At, b.CallFields)
		}
	case sim.AgentStarted:
		c.starts.observe(startBounds, e.At.Sub(c.configuredAt))
	case sim.PodAddressed:
		c.adds++
	case sim.PodSetupFailed:
		c.failed(n, b)
	case sim.PodReleased:
		if b.Address.IsValid() && b.Reason == "" {
			c.dels["PodDeleted"]++
		}
	case sim.EC2Returned:
		if r.ofAgent(b.CallFields) {
			c.called(b.CallFields)
			c.actions.returned(e.At, b.CallFields)
		}
	case sim.ENIAttached:
		if b.By == sim.ByReconcile {
			c.reconciles["eniReconcileAdd"]++
		}
	case sim.ENIDetached:
		if b.By == sim.ByReconcile {
			c.reconciles["eniReconcileDel"]++
			if ni := n.ENI(b.ENI); ni != nil && ni.Assigned() > 0 {
				c.forcedENIs++
				c.forced += ni.Assigned()
			}
		}
	case sim.AddressesAdded:
		if b.By == sim.ByReconcile {
			c.reconciles["eniDataStorePoolReconcileAdd"] += len(b.Addresses) + len(b.Prefixes)
		}
	case sim.AddressesRemoved:
		if b.By == sim.ByReconcile {
			c.reconciles["eniIPPoolReconcileDel"] += len(b.Addresses) + len(b.Prefixes)
			c.forced += heldOf(n.ENI(b.ENI), b)
		}
	}
}

// cniVersion is the release of the agents, of the resolved scenario; empty where
// the log has none.
func cniVersion(b sim.RunStarted) string {
	var scenario struct {
		CNI struct {
			Version string `json:"version"`
		} `json:"cni"`
	}
	if err := json.Unmarshal(b.Scenario, &scenario); err != nil {
		return ""
	}
	return scenario.CNI.Version
}

// failed counts a request that the agent refused. While it is down requests do
// not reach it, and a pod that needs a branch ENI asks the pool for nothing.
func (c *agentCounters) failed(n *replay.Node, b sim.PodSetupFailed) {
	if !n.AgentUp {
		return
	}
	c.adds++
	switch b.Reason {
	case "", sim.KindBranchCooldown, sim.KindBranchLimit, sim.KindNoTrunk:
	default:
		c.noAddress++
	}
}

// ofAgent tells the agent's calls from those that the resource controller makes
// for the node's trunk and branch ENIs. An agent never creates an ENI without
// asking for addresses on it.
func (r *Recorder) ofAgent(b sim.CallFields) bool {
	return b.Trunk == "" && !r.foreign[b.ENI] && !(b.Action == sim.CreateNetworkInterface && b.Want == 0)
}

func (c *agentCounters) called(b sim.CallFields) {
	c.requests[b.Action]++
	status := "200"
	if b.Error != "" {
		c.refused[b.Action]++
		c.errors[apiError{b.Action, b.Error}]++
		status = string(b.Error)
	}
	key := apiStatus{b.Action, b.Error != "", status}
	l := c.latency[key]
	if l == nil {
		l = new(latency)
		c.latency[key] = l
	}
	l.count++
	l.ms += b.LatencyMs
}

// heldOf counts the addresses that pods hold of what leaves the datastore.
func heldOf(e *replay.ENI, b sim.AddressesRemoved) int {
	held := 0
	if e == nil {
		return 0
	}
	for _, block := range e.Blocks {
		if slices.Contains(b.Addresses, block.Prefix.Addr()) && !block.IsPrefix() || slices.Contains(b.Prefixes, block.Prefix) {
			held += block.Assigned
		}
	}
	return held
}

// scrapeAgent takes the samples of a node whose agent answers.
func (r *Recorder) scrapeAgent(n *replay.Node) {
	c := r.nodes[n.Name]
	if c == nil || !n.AgentUp || n.Gone() || n.Launched.OS != "" {
		return
	}
	l, f := agentLabels(n), &r.agents
	maxENI := n.Launched.MaxENIs
	if limit := n.Config.Settings.MaxENI; limit > 0 {
		maxENI = min(maxENI, limit)
	}
	perSlot := 1
	if n.PrefixMode() {
		perSlot = 16
	}
	t := n.Totals(r.instants[len(r.instants)-1])
	r.add(f.eniAllocated, "", l, float64(len(n.ENIs)))
	r.add(f.eniMax, "", l, float64(maxENI))
	r.add(f.ipMax, "", l, float64(maxENI*n.Launched.SlotsPerENI*perSlot))
	r.add(f.total, "", l, float64(t.Total))
	r.add(f.assigned, "", l, float64(t.Assigned))
	r.scrapeENIs(n, l)
	r.add(f.adds, "", l, float64(c.adds))
	r.add(f.noAddress, "", l, float64(c.noAddress))
	for _, reason := range slices.Sorted(maps.Keys(c.dels)) {
		r.add(f.dels, "", with(l, "reason", reason), float64(c.dels[reason]))
	}
	for _, fn := range slices.Sorted(maps.Keys(c.reconciles)) {
		r.add(f.reconciles, "", with(l, "fn", fn), float64(c.reconciles[fn]))
	}
	r.add(f.forcedENIs, "", l, float64(c.forcedENIs))
	r.add(f.forcedIPs, "", l, float64(c.forced))
	r.scrapeRequests(c, l)
	r.scrapeActions(&c.actions, l)
	if r.version != "" {
		r.add(f.build, "", with(l, "version", r.version), 1)
	}
	// The wait for the Kubernetes API before the node is set up is not simulated.
	r.addBuckets(f.startDuration, startBounds, with(l, "success", "true", "with_api_server", "true", "failure_reason", ""), &c.starts)
	r.addBuckets(f.initDuration, startBounds, with(l, "success", "true"), &c.starts)
}

func (r *Recorder) scrapeENIs(n *replay.Node, l []label) {
	prefixes := 0
	for _, e := range n.ENIs {
		r.add(r.agents.perENI, "", with(l, "eni", string(e.ID)), float64(e.Assigned()))
		for _, b := range e.Blocks {
			if b.IsPrefix() && b.Prefix.Addr().Is4() {
				prefixes++
			}
			if b.Assigned > 0 {
				r.add(r.agents.perCIDR, "", with(l, "cidr", b.Prefix.String()), float64(b.Assigned))
			}
		}
	}
	r.add(r.agents.prefixes, "", l, float64(prefixes))
}

func (r *Recorder) scrapeRequests(c *agentCounters, l []label) {
	f := &r.agents
	for _, a := range slices.Sorted(maps.Keys(c.requests)) {
		r.add(f.requests, "", with(l, "fn", string(a)), float64(c.requests[a]))
	}
	for _, a := range slices.Sorted(maps.Keys(c.refused)) {
		r.add(f.requestErrors, "", with(l, "fn", string(a)), float64(c.refused[a]))
	}
	errors := slices.SortedFunc(maps.Keys(c.errors), func(a, b apiError) int {
		return cmp.Or(cmp.Compare(a.api, b.api), cmp.Compare(a.code, b.code))
	})
	for _, k := range errors {
		r.add(f.errors, "", with(l, "api", string(k.api), "error", string(k.code)), float64(c.errors[k]))
	}
	statuses := slices.SortedFunc(maps.Keys(c.latency), func(a, b apiStatus) int {
		return cmp.Or(cmp.Compare(a.api, b.api), cmp.Compare(a.status, b.status))
	})
	for _, k := range statuses {
		labels := with(l, "api", string(k.api), "error", strconv.FormatBool(k.failed), "status", k.status)
		r.add(f.latency, "_count", labels, float64(c.latency[k].count))
		r.add(f.latency, "_sum", labels, float64(c.latency[k].ms))
	}
}

// agentLabels are what Prometheus knows an agent by.
func agentLabels(n *replay.Node) []label {
	return []label{
		{"instance", fmt.Sprintf("%s:%d", n.Launched.PrimaryAddress, agentPort)},
		{"job", "aws-node"},
		{"node", string(n.Name)},
	}
}

// with adds names and values in turn.
func with(l []label, more ...string) []label {
	out := slices.Clone(l)
	for i := 0; i < len(more); i += 2 {
		out = append(out, label{more[i], more[i+1]})
	}
	return out
}
