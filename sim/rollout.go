package sim

// rolloutPods is what a Deployment has: pods whose deletion was not asked for,
// of the present revision and of older ones.
type rolloutPods struct {
	new, newReady int
	old, oldReady int
}

// rolloutBounds is what a Deployment wants, and how far it may go.
type rolloutBounds struct {
	replicas    int
	surge       int // pods above replicas
	unavailable int // ready pods below replicas
	quota       int // pods that may have been replaced so far
}

// rolloutPlan is what to do about the difference.
type rolloutPlan struct {
	create, deleteOld, deleteNew int
}

// bounds resolves per cents of the replicas: surge rounded up, unavailable
// rounded down. Were both 0 the roll-out could never begin: then one may be
// unavailable. Source: Kubernetes documentation, "Deployments", Max Unavailable
// and Max Surge.
func (w *workload) bounds() rolloutBounds {
	b := rolloutBounds{
		replicas:    w.replicas,
		surge:       w.MaxSurge.Of(w.replicas, true),
		unavailable: w.MaxUnavailable.Of(w.replicas, false),
		quota:       w.quota,
	}
	if b.surge == 0 && b.unavailable == 0 {
		b.unavailable = 1
	}
	return b
}

// planRollout decides the next move. It is repeated until there is none; what
// then brings it on is a pod that gets ready or goes.
//
//	4 replicas, surge 1, unavailable 1
//	old ●●●●  new        begin: create 1, delete 1
//	old ●●●   new ○      create 1 for the one deleted
//	old ●●●   new ○○     wait: three must be ready
//	old ●●●   new ●○     delete 1, create 1
//	old ●●    new ●○○    wait
//
// Old pods that are not ready serve nobody and go first. They go only as far as
// the new ones that are not ready leave room, lest a revision that never gets
// ready takes all of the old ones away.
func planRollout(have rolloutPods, b rolloutBounds) rolloutPlan {
	total := have.new + have.old
	if have.old == 0 {
		return rolloutPlan{create: max(0, b.replicas-have.new), deleteNew: max(0, have.new-b.replicas)}
	}
	if excess := total - b.replicas - b.surge; excess > 0 {
		old := min(excess, have.old)
		return rolloutPlan{deleteOld: old, deleteNew: excess - old}
	}
	if have.new > b.replicas {
		return rolloutPlan{deleteNew: have.new - b.replicas}
	}
	create := min(min(b.replicas, b.quota)-have.new, b.replicas+b.surge-total)
	if create = max(create, b.replicas-total); create > 0 {
		return rolloutPlan{create: create}
	}
	spare := have.old - max(0, b.replicas-b.quota)
	least := b.replicas - b.unavailable
	unready := min(have.old-have.oldReady, total-least-(have.new-have.newReady))
	ready := have.newReady + have.oldReady - least
	return rolloutPlan{deleteOld: max(0, min(spare, max(unready, ready)))}
}
