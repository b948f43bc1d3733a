package maxpods

import (
	"fmt"

	"vpcsim/model"
)

// Answer is the max-pods of one mode.
type Answer struct {
	Mode    Mode
	MaxPods int
	// Arithmetic leads to MaxPods in words and numbers.
	Arithmetic string
	// Short is the arithmetic in numbers alone; empty where the formula's isn't
	// all of it.
	Short string
	// Formula has the parts of the mode's own number. Where kubelet's maxPods or
	// an expression holds instead, Overridden is set.
	Formula    model.MaxPods
	Overridden bool
	// Uncapped is the number before Cap; Cap is 0 where there is none.
	Uncapped, Cap int
}

// Result is all that there is to say about max-pods of an instance type.
type Result struct {
	Type   model.InstanceType
	Answer          // of the mode that was asked for
	All    []Answer // of each mode
	// PodAddresses is how many addresses the node's ENIs hold for pods with the
	// CNI's settings, whatever max-pods is.
	PodAddresses int
	// SlotsPerENI is how many addresses, or prefixes, an ENI has for pods.
	SlotsPerENI int
	// AddressesPerENI is how many addresses they make.
	AddressesPerENI int
	// SubnetAddresses is what the node takes of its subnets with all its ENIs
	// full, each ENI's own address included.
	SubnetAddresses int
	// WithoutAddress is how many of MaxPods pods would find no address: they hang
	// in ContainerCreating.
	WithoutAddress int
	// Reserved is kube-reserved, and Allocatable what it leaves for pods.
	Reserved, Allocatable model.Resources
	Notes                 []Note
}

// Note is something that a user should know about a type's number.
type Note struct {
	// Text is about the one type, Many about several that share the note.
	Text, Many string
}

// Compute answers for an instance type. It is an error if an expression gives
// more pods than any node ever had. The options must come from Resolve.
func (o Options) Compute(t model.InstanceType) (Result, error) {
	r := Result{Type: t}
	for _, m := range modes {
		of := o
		of.Mode = m
		a, note, err := of.answer(t)
		if m == o.Mode {
			if err != nil {
				return r, fmt.Errorf("--expression: %w", err)
			}
			r.Answer = a
			r.note(note != "", note, "the expression fails or gives nothing above 0; the standard holds")
		}
		if err == nil {
			r.All = append(r.All, a)
		}
	}
	r.count(o)
	if o.Mode != AutoMode {
		r.WithoutAddress = max(r.MaxPods-model.HostPods-r.PodAddresses, 0)
	}
	r.reserve(o)
	r.judge(o)
	return r, nil
}

// count fills in what the node's ENIs hold with the CNI's settings.
func (r *Result) count(o Options) {
	cni := o.CNI
	cni.ReservedENIs = 0 // Karpenter's, not the CNI's
	m := model.RecommendedMaxPods(r.Type, cni)
	r.PodAddresses = m.Addresses()
	r.SlotsPerENI = m.SlotsPerENI
	r.AddressesPerENI = m.SlotsPerENI * m.AddressesPerSlot
	r.SubnetAddresses = usable(m) + r.PodAddresses
}

// answer computes the mode's max-pods, and what kubelet's own setting or an
// expression makes of it. Of these the first that is set holds; the cap of a
// managed node group holds against both. Source: EKS user guide, "Choose an
// optimal Amazon EC2 node instance type".
func (o Options) answer(t model.InstanceType) (a Answer, note string, err error) {
	m := o.Mode.formula(t, o.CNI)
	a = Answer{
		Mode: o.Mode, MaxPods: m.Result, Formula: m, Uncapped: m.Uncapped, Cap: m.Cap,
		Arithmetic: arithmetic(m), Short: m.String(),
	}
	switch {
	case o.KubeletMaxPods > 0 && o.heeds(kubeletMaxPods):
		a.override(o.KubeletMaxPods, fmt.Sprintf("kubelet's maxPods %d", o.KubeletMaxPods))
	case o.Expression != nil && o.heeds(expression) && !o.vcpusUnknown():
		var n int
		n, note, err = o.Expression.MaxPods(t, model.AutoMaxPods(t, o.reservedENIs()).Result)
		if err == nil && note == "" {
			a.override(n, fmt.Sprintf("%s = %d", o.Expression, n))
		}
	case o.Mode == Kubelet:
		a.Arithmetic = fmt.Sprintf("kubelet's default %d", m.Result)
	}
	if o.ShowMaxAllowed && o.heeds(showMaxAllowed) {
		a.MaxPods, a.Cap = a.Uncapped, 0
		m.Cap, m.Result = 0, m.Uncapped
		a.Formula, a.Arithmetic, a.Short = m, arithmetic(m), m.String()
	}
	if most := o.PodsPerCore * t.VCPU; most > 0 && o.heeds(podsPerCore) && most < a.MaxPods {
		a.Arithmetic += fmt.Sprintf(", at most %d per core × %d vCPUs = %d", o.PodsPerCore, t.VCPU, most)
		a.MaxPods, a.Cap, a.Short = most, most, ""
	}
	return a, note, err
}

// reservedENIs is RESERVED_ENIS where the mode knows it.
func (o Options) reservedENIs() int {
	if o.heeds(reservedENIs) {
		return o.CNI.ReservedENIs
	}
	return 0
}

// override puts n in the place of the formula's number, under the same cap.
func (a *Answer) override(n int, arithmetic string) {
	a.Overridden = true
	a.Uncapped, a.MaxPods, a.Arithmetic, a.Short = n, n, arithmetic, ""
	if a.Cap > 0 && n > a.Cap {
		a.MaxPods = a.Cap
		a.Arithmetic += fmt.Sprintf(", capped at %d", a.Cap)
	}
}

// reserve computes what a node keeps for itself. Karpenter reckons with the
// formula's pods of all ENIs, whatever is reserved or set. Source: Karpenter's
// defaults for AL2023, as for other AMIs whose memory overhead follows the ENIs.
func (r *Result) reserve(o Options) {
	pods := r.MaxPods
	if o.Mode == Karpenter {
		pods = model.AutoMaxPods(r.Type, 0).Result
	}
	r.Reserved = r.Type.KubeReserved(pods)
	var err error
	if r.Allocatable, err = r.Type.Allocatable(pods); err != nil {
		r.note(true, err.Error(), "kube-reserved leaves no memory for pods; kubelet would not start")
	}
}

func (r *Result) note(is bool, text, many string) {
	if is {
		r.Notes = append(r.Notes, Note{text, many})
	}
}

// judge tells what about the type makes its number other than one might
// expect.
func (r *Result) judge(o Options) {
	t := r.Type
	const noPrefixes = "EC2 gives /28 prefixes to Nitro types and bare metal only; each slot counts one address"
	r.note(o.CNI.PrefixDelegation && !t.SupportsPrefixes(), noPrefixes, noPrefixes)
	r.note(t.ListedENIs() > t.MaxENIs && r.Formula.ENIs == t.ListedENIs(),
		fmt.Sprintf("the list that nodes compute their max-pods from counts the %d ENIs of both network cards; the default card holds %d (VPC CNI v1.23.1)", t.ListedENIs(), t.MaxENIs),
		"the list of max-pods counts the ENIs of both network cards; the default card holds fewer (VPC CNI v1.23.1)")
	calculated := model.CalculatorMaxPods(t, o.CNI).Result
	r.note(o.CNI.PrefixDelegation && t.SupportsPrefixes() && t.Hypervisor != "nitro",
		fmt.Sprintf("max-pods-calculator.sh counts no prefixes on bare metal, which reports no hypervisor, and prints %d; the CNI has given them since v1.11", calculated),
		"max-pods-calculator.sh counts no prefixes on bare metal, which reports no hypervisor; the CNI has given them since v1.11")
	const noTrunk = "no trunk ENI, and so no security groups for pods: no ENI is kept for one"
	r.note(o.CNI.PodENI && !t.TrunkingCompatible && !t.TrunkingUnknown, noTrunk, noTrunk)
	const unclear = "whether the type can have a trunk ENI is unknown; none is assumed, and no ENI is kept for one"
	r.note(o.CNI.PodENI && t.TrunkingUnknown, unclear, unclear)
	r.note(o.CNI.PodENI && t.TrunkingCompatible && o.Mode != AutoMode,
		fmt.Sprintf("pods with branch ENIs, up to %d, count towards max-pods, too: all of them leave %d of %d places for other pods", t.BranchENIs, max(r.MaxPods-model.HostPods-t.BranchENIs, 0), max(r.MaxPods-model.HostPods, 0)),
		"pods with branch ENIs count towards max-pods, too, and take places of other pods")
	r.note(r.Cap > 0 && r.Cap < r.Uncapped && t.VCPU == 0 && o.Mode != AutoMode,
		"its vCPUs are unknown; the cap of types with up to 30 is taken",
		"vCPUs unknown; the cap of types with up to 30 is taken")
	r.note(o.PodsPerCore > 0 && t.VCPU == 0,
		"its vCPUs are unknown; --pods-per-core changes nothing", "vCPUs unknown; --pods-per-core changes nothing")
	r.note(r.WithoutAddress > 0,
		fmt.Sprintf("%d of %d pods would find no address with these settings and hang in ContainerCreating; with max-pods %d none would",
			r.WithoutAddress, r.MaxPods, r.PodAddresses+model.HostPods),
		"max-pods is more than the node has addresses for with these settings: pods hang in ContainerCreating")
}
