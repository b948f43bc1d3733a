package openmetrics

import (
	"maps"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// clusterFamilies are the series of what no agent shows.
type clusterFamilies struct {
	cooling, free, stranded, branches                     *family
	subnetUsed, subnetFree, subnetPrefixes, subnetLargest *family
	pods, gone, start, address, open, requests, throttled *family
}

func (r *Recorder) newClusterFamilies() clusterFamilies {
	return clusterFamilies{
		cooling:        r.family(gauge, "vpcsim_cooling_ip_addresses", "Addresses of the node's pool that cool: no pod holds them, and none can get them."),
		free:           r.family(gauge, "vpcsim_free_ip_addresses", "Addresses of the node's pool that could be handed out at once."),
		stranded:       r.family(gauge, "vpcsim_stranded_ip_addresses", "Addresses of the node's pool that no pod can come to: beyond what max-pods leaves room for, or on a cordoned node."),
		branches:       r.family(gauge, "vpcsim_branch_enis", "Branch ENIs of the node, by state."),
		subnetUsed:     r.family(gauge, "vpcsim_subnet_used_ip_addresses", "Addresses of the subnet in use, the five that EC2 keeps not counted."),
		subnetFree:     r.family(gauge, "vpcsim_subnet_free_ip_addresses", "Free addresses of the subnet."),
		subnetPrefixes: r.family(gauge, "vpcsim_subnet_free_prefixes", "Whole, aligned /28 blocks that are free in the subnet."),
		subnetLargest:  r.family(gauge, "vpcsim_subnet_largest_free_run", "The most free addresses in a row in the subnet."),
		pods:           r.family(gauge, "vpcsim_pods", "Pods by phase."),
		gone:           r.family(counter, "vpcsim_pods_gone", "Pods that were deleted before they had an address, though they asked for one."),
		start:          r.family(histogram, "vpcsim_start_latency_seconds", "From a pod's creation to its address."),
		address:        r.family(histogram, "vpcsim_time_to_address_seconds", "From a pod's binding to a node to its address."),
		open:           r.family(gauge, "vpcsim_exhaustion_open", "1 while pods wait for this, 0 when it is over."),
		requests:       r.family(counter, "vpcsim_ec2_requests", "Requests to EC2 by everybody."),
		throttled:      r.family(counter, "vpcsim_ec2_throttled_requests", "Requests that EC2's request rate refused."),
	}
}

// countCluster counts what is counted over the whole run. The state is that
// before the event.
func (r *Recorder) countCluster(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.EC2Call:
		r.calls[b.Action]++
		if b.Throttled {
			r.throttle++
		}
		clear(r.subnets)
	case sim.ENICreated, sim.ENIDeleted, sim.NodeLaunched, sim.RunStarted:
		clear(r.subnets)
	case sim.PodCreated:
		r.boundFor[b.Pod] = times{created: e.At, bound: e.At}
	case sim.PodBound:
		r.boundFor[b.Pod] = times{created: r.boundFor[b.Pod].created, bound: e.At}
	case sim.PodAddressed:
		r.addressed(e.At, b.Pod)
	case sim.PodReleased:
		delete(r.boundFor, b.Pod)
	case sim.TaskCreated:
		r.boundFor[b.Pod] = times{created: e.At, bound: e.At}
	case sim.TaskPlaced:
		r.boundFor[b.Pod] = times{created: r.boundFor[b.Pod].created, bound: e.At}
	case sim.TaskAddressed:
		r.addressed(e.At, b.Pod)
	case sim.TaskReleased:
		delete(r.boundFor, b.Pod)
	}
}

func (r *Recorder) addressed(at model.Instant, pod model.PodName) {
	since := r.boundFor[pod]
	r.start.observe(bounds, at.Sub(since.created))
	r.address.observe(bounds, at.Sub(since.bound))
	delete(r.boundFor, pod)
}

// scrapeCluster takes the samples of nodes, subnets, pods and episodes.
func (r *Recorder) scrapeCluster(at model.Instant) {
	f := &r.cluster
	for _, n := range r.state.Nodes {
		if !n.Gone() {
			r.scrapePool(n, at)
		}
	}
	for _, sn := range r.state.Subnets {
		st, ok := r.subnets[sn.Name]
		if !ok {
			st = sn.Stats()
			r.subnets[sn.Name] = st
		}
		l := []label{{"subnet", string(sn.Name)}, {"zone", sn.Zone}}
		r.add(f.subnetUsed, "", l, float64(st.Used))
		r.add(f.subnetFree, "", l, float64(st.Free))
		r.add(f.subnetPrefixes, "", l, float64(st.FreePrefixes))
		r.add(f.subnetLargest, "", l, float64(st.LargestFree))
	}
	count := r.state.Pods.Count()
	for _, phase := range []struct {
		name replay.Phase
		n    int
	}{
		{replay.Pending, count.Pending}, {replay.ContainerCreating, count.ContainerCreating}, {replay.Running, count.Running},
		{replay.Terminating, count.Terminating}, {replay.Succeeded, count.Succeeded},
	} {
		r.add(f.pods, "", []label{{"phase", string(phase.name)}}, float64(phase.n))
	}
	r.add(f.gone, "_total", nil, float64(count.Gone))
	r.addBuckets(f.start, bounds, nil, &r.start)
	r.addBuckets(f.address, bounds, nil, &r.address)
	r.scrapeEpisodes()
	for _, a := range slices.Sorted(maps.Keys(r.calls)) {
		r.add(f.requests, "_total", []label{{"action", string(a)}}, float64(r.calls[a]))
	}
	r.add(f.throttled, "_total", nil, float64(r.throttle))
}

// scrapePool takes the samples of a node's pool and of its branch ENIs.
func (r *Recorder) scrapePool(n *replay.Node, at model.Instant) {
	l, t := []label{{"node", string(n.Name)}}, n.Totals(at)
	r.add(r.cluster.cooling, "", l, float64(t.Cooling))
	r.add(r.cluster.free, "", l, float64(t.Free()))
	r.add(r.cluster.stranded, "", l, float64(stranded(n, t)))
	states := map[replay.BranchState]int{}
	for _, b := range n.Branches {
		states[b.State]++
	}
	if len(n.TaskBranches) > 0 {
		states[replay.BranchInUse] += len(n.TaskBranches)
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		r.add(r.cluster.branches, "", with(l, "state", string(state)), float64(states[state]))
	}
}

// stranded counts the addresses of a pool that no further pod can come to.
func stranded(n *replay.Node, t replay.Totals) int {
	idle := t.Available()
	if n.Cordoned || n.Launched.MaxPods == 0 {
		if n.Cordoned {
			return idle
		}
		return 0
	}
	room := max(0, n.Launched.MaxPods-n.Launched.SystemPods-n.Bound())
	return max(0, idle-room-n.Waiting())
}

// scrapeEpisodes says of each kind and place whether pods wait for it. An
// episode that came again is the same series.
func (r *Recorder) scrapeEpisodes() {
	type place struct{ kind, scope, name string }
	open := map[place]float64{}
	var order []place
	for _, ep := range r.state.Episodes {
		p := place{string(ep.Kind), ep.Scope, ep.Name}
		if _, seen := open[p]; !seen {
			order = append(order, p)
		}
		open[p] = 0
		if ep.Open() {
			open[p] = 1
		}
	}
	for _, p := range order {
		r.add(r.cluster.open, "", []label{{"kind", p.kind}, {"name", p.name}, {"scope", p.scope}}, open[p])
	}
}
