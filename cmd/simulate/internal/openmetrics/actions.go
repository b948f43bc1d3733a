package openmetrics

import (
	"cmp"
	"maps"
	"slices"

	"vpcsim/model"
	"vpcsim/sim"
)

// clientAttempts is how often the agent's client tries a throttled call. Source:
// VPC CNI v1.23.1, its configuration of the AWS SDK's standard retryer.
const clientAttempts = 10

// What the agent calls its actions and its errors in its metrics. Source: VPC
// CNI v1.23.1, observed at the agent's port.
const (
	fnIncrease  = "increaseDatastorePool"
	fnDecrease  = "decreaseDatastorePool"
	fnReconcile = "nodeIPPoolReconcile" // takes no time here: the metadata service is not simulated
	fnInit      = "nodeInit"            // over before the agent is scraped

	fnAllocENI  = "increaseIPPoolAllocENI"
	fnAllocIPs  = "increaseIPPoolAllocIPAddressesFailed"
	fnFreeENI   = "decreaseIPPoolFreeENIFailed"
	fnFindENI   = "getENIAttachmentIDFailed"
	fnDeleteENI = "FreeENIDeleteErr"
	fnDropENI   = "AllocENIDeleteErr"
)

// actions follow what an agent is at, from its decisions and calls: a call is of
// a step if it begins where the decision, or the call before, ended.
type actions struct {
	at    model.Instant // where the step's next call begins
	fn    string        // what the step does; empty: frees an ENI
	freed model.ENIID
	used  map[string]bool // fns that were in progress at some time

	open   map[int64]bool // calls of the step that are under way
	waits  bool           // a throttled call will be tried again
	second bool           // the call under way is the one for a single block, after a refusal

	refusedENI model.ENIID // whose request was refused at refusedAt
	refusedAt  model.Instant
	create     model.ErrorCode // of an ENI in the last subnet, refused at refusedAt; the next may take it
	errors     map[string]int  // by fn
	utils      map[utilsError]int
}

type utilsError struct {
	fn   string
	code model.ErrorCode
}

func newActions() actions {
	return actions{
		at: model.Never, refusedAt: model.Never,
		used: map[string]bool{}, open: map[int64]bool{}, errors: map[string]int{}, utils: map[utilsError]int{},
	}
}

// begin notes a decision of the agent.
func (a *actions) begin(at model.Instant, fn string, freed model.ENIID) {
	a.settle(at)
	a.at, a.fn, a.freed = at, fn, freed
	if fn != "" {
		a.used[fn] = true
	}
}

// inProgress is how many steps of a kind are under way.
func (a *actions) inProgress(fn string) int {
	if a.fn == fn && (len(a.open) > 0 || a.waits) {
		return 1
	}
	return 0
}

// settle counts a refused creation that no further subnet made good: the next
// one would have been tried at once.
func (a *actions) settle(at model.Instant) {
	if a.create == "" || at <= a.refusedAt {
		return
	}
	a.errors[fnAllocENI]++
	if a.create.SubnetFull() {
		a.errors[fnAllocIPs]++
	}
	a.create = ""
}

func (a *actions) called(at model.Instant, b sim.CallFields) {
	retry := a.waits && b.Attempt > 1
	deletes := b.Action == sim.DeleteNetworkInterface && b.ENI == a.freed && a.freed != ""
	if at != a.at && !retry && !deletes {
		return
	}
	a.open[b.Call] = true
	a.waits = false
	if b.Action == sim.CreateNetworkInterface && at == a.refusedAt {
		a.create = "" // in another subnet
	}
	if b.Attempt == 1 {
		a.second = b.Action == sim.AssignPrivateIpAddresses && b.ENI == a.refusedENI && at == a.refusedAt
	}
}

func (a *actions) returned(at model.Instant, b sim.CallFields) {
	if !a.open[b.Call] {
		return
	}
	delete(a.open, b.Call)
	a.at = at
	if b.Throttled && b.Attempt < clientAttempts {
		a.waits = true
		return
	}
	a.settle(at)
	if b.Error != "" {
		a.refused(at, b)
	}
}

// refused counts what the agent makes of a refusal.
func (a *actions) refused(at model.Instant, b sim.CallFields) {
	switch b.Action {
	case sim.CreateNetworkInterface:
		a.create, a.refusedAt = b.Error, at
	case sim.AttachNetworkInterface, sim.ModifyNetworkInterfaceAttribute:
		a.errors[fnAllocENI]++
	case sim.AssignPrivateIpAddresses:
		switch {
		case b.Error == model.PrivateIpAddressLimitExceeded: // the agent reads anew
		case a.second:
			a.errors[fnAllocIPs]++
		default:
			a.refusedENI, a.refusedAt = b.ENI, at
		}
	case sim.DescribeNetworkInterfaces:
		a.freeFailed(b, fnFindENI)
	case sim.DetachNetworkInterface:
		a.freeFailed(b, "")
	case sim.DeleteNetworkInterface:
		if b.ENI == a.freed {
			a.freeFailed(b, fnDeleteENI)
		} else {
			a.utils[utilsError{fnDropENI, b.Error}]++
		}
	}
}

func (a *actions) freeFailed(b sim.CallFields, fn string) {
	if b.ENI != a.freed || a.freed == "" {
		return
	}
	a.errors[fnFreeENI]++
	if fn != "" {
		a.utils[utilsError{fn, b.Error}]++
	}
}

// scrapeActions takes the samples of what the agent is at and of what failed.
func (r *Recorder) scrapeActions(a *actions, l []label) {
	a.settle(model.Never)
	f := &r.agents
	r.add(f.inProgress, "", with(l, "fn", fnInit), 0)
	r.add(f.inProgress, "", with(l, "fn", fnReconcile), 0)
	for _, fn := range []string{fnIncrease, fnDecrease} {
		if a.used[fn] {
			r.add(f.inProgress, "", with(l, "fn", fn), float64(a.inProgress(fn)))
		}
	}
	for _, fn := range slices.Sorted(maps.Keys(a.errors)) {
		r.add(f.ipamdErrors, "", with(l, "fn", fn), float64(a.errors[fn]))
	}
	utils := slices.SortedFunc(maps.Keys(a.utils), func(x, y utilsError) int {
		return cmp.Or(cmp.Compare(x.fn, y.fn), cmp.Compare(x.code, y.code))
	})
	for _, k := range utils {
		r.add(f.utilsErrors, "", with(l, "fn", k.fn, "error", string(k.code)), float64(a.utils[k]))
	}
}
