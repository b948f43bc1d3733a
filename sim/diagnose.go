package sim

import (
	"fmt"

	"vpcsim/model"
)

// refusal is the last growth call that EC2 refused. It is forgotten when a
// growth succeeds.
type refusal struct {
	code     model.ErrorCode
	fault    *fault  // of the scenario, whose refusal it is; nil: EC2's own
	subnet   *subnet // of the ENI that the call was about, or that it was to make; nil: it takes nothing from one
	newENI   bool    // a primary address besides
	want     int
	prefixes bool
}

// stands reports whether the subnet would still refuse.
func (r *refusal) stands() bool {
	if r.kind() != KindSubnetIPs {
		return true
	}
	if r.fault != nil && !r.fault.over {
		return true
	}
	single := 0
	if r.newENI {
		single = 1
	}
	if !r.prefixes {
		return r.subnet.FreeForAddresses() < single+r.want
	}
	return r.subnet.FreeForAddresses() < single || !r.subnet.PrefixFits(r.want, r.subnet.fallback)
}

// kind is that of the exhaustion. A call that takes nothing from a subnet is no
// sign of a full one, whatever a fault lets it be refused with.
func (r *refusal) kind() Kind {
	kind := kindOf(r.code)
	if kind == KindSubnetIPs && r.subnet == nil {
		return KindMisconfig
	}
	return kind
}

// kindOf tells the kind of an exhaustion by the code of the refused call.
func kindOf(code model.ErrorCode) Kind {
	switch code {
	case model.RequestLimitExceeded:
		return KindThrottling
	case model.NetworkInterfaceLimitExceeded, model.NetworkAddressUsageLimitExceeded:
		return KindQuota
	case model.AttachmentLimitExceeded:
		return KindENILimit
	case model.InsufficientFreeAddressesInSubnet, model.InsufficientCidrBlocks:
		return KindSubnetIPs
	default:
		return KindMisconfig
	}
}

// diagnose tells why the agent gave the pod no address. One that wants an address
// of each network card waits for all that have none, so that what does not cure
// itself counts before what does; any other is served by whichever card has one
// first, and it is the other way round.
func (a *agent) diagnose(why denial) verdict {
	switch {
	case !a.up:
		return a.diagnoseDown()
	case why.multiNICOff:
		return a.onNode(KindMisconfig, "multi-nic-off", "the pod's annotation "+model.AnnotationNICs+" asks for an address of each network card, and ENABLE_MULTI_NIC is off: set it, or take the annotation away")
	case why.lacking != nil:
		return a.diagnoseFrom(why.lacking.card, false)
	case len(a.pools) > 1:
		return a.diagnoseFrom(0, true)
	default:
		return a.pools[0].diagnose()
	}
}

// diagnoseFrom diagnoses the pools from this card on that have no address to give,
// and returns the first verdict that cures itself, or does not, as preferred; else
// that of the card.
func (a *agent) diagnoseFrom(card int, curing bool) verdict {
	first := a.pools[card].diagnose()
	v := first
	for _, p := range a.pools[card+1:] {
		if v.kind.Cures() == curing {
			return v
		}
		if !p.gives() {
			v = p.diagnose()
		}
	}
	if v.kind.Cures() == curing {
		return v
	}
	return first
}

// gives reports whether the pool has an address to give.
func (p *pool) gives() bool {
	return p.store.Stats().Available() > p.store.Cooling(p.a.e.now)
}

// diagnose tells why the pool has no address to give: what its next check would
// do decides, first row that fits.
//
//	a  not up                                         its last refusal; else misconfig
//	b  not too low, or no room to grow; some cooling  cooldown
//	c  not too low, or growing is suspended           misconfig
//	d  too low, room; EC2 refuses                     subnet-ips, prefix-fragmentation, …
//	   a call is tried again                          throttling, misconfig
//	   nothing refused, but a new ENI has no subnet   misconfig
//	e  too low, room, nothing refused                 warm-pool-lag
//	f  too low, no room                               eni-limit (diagnoseFull)
func (p *pool) diagnose() verdict {
	a := p.a
	if a.settings.IPv6 && p.card > 0 {
		return p.diagnoseIPv6()
	}
	stats := p.store.Stats()
	low, why := p.tooLow(stats)
	room := p.room() > 0 || p.hasCandidate()
	cooling := p.store.Cooling(a.e.now)
	may, suspended := a.mayProvision()
	backoff := a.e.now.Sub(a.backoff) <= model.BackoffPeriod
	switch {
	case cooling > 0 && (!low || !room):
		return p.onNode(KindCooldown, "", p.remedyCooldown())
	case !low && why == model.ReasonMaxPods:
		return p.onNode(KindMisconfig, "max-pods-cap", "the pool stops growing at the node's max-pods, and more pods than that are bound here: raise max-pods, or do not pin pods")
	case !low:
		return p.onNode(KindMisconfig, "minimum-ip-target", "MINIMUM_IP_TARGET without WARM_IP_TARGET is a hard cap: set WARM_IP_TARGET as well")
	case !may:
		return p.onNode(KindMisconfig, string(suspended), remedySuspended(suspended))
	case !room:
		return p.diagnoseFull()
	case p.refused != nil && backoff && a.settings.BacksOff(p.refused.code):
		return p.diagnoseRefusal(p.refused)
	case a.heldBy.code != "":
		held := a.heldBy
		return p.diagnoseRefusal(&held)
	case p.refused != nil && (backoff || p.refused.stands()):
		return p.diagnoseRefusal(p.refused)
	case backoff && a.lastRefusal() != nil: // of another pool's
		return p.diagnoseRefusal(a.lastRefusal())
	case !p.hasCandidate() && !a.hasPlace() && !a.settings.CustomNetworking:
		return p.onNode(KindMisconfig, "no-subnet", fmt.Sprintf("a new ENI is needed, and no subnet in %s may have one: the node's is tagged %s=0, and no other is tagged 1 for this cluster", a.node.subnet.zone, tagRole))
	case !p.hasCandidate() && !a.hasPlace():
		return p.onNode(KindMisconfig, "no-eniconfig", "a new ENI is needed, and "+a.noENIConfig())
	default:
		return p.lags(why)
	}
}

// lastRefusal is that of a start-up's call that is tried again; else that of the
// lowest card, before all one that began a back-off: it holds for every pool.
func (a *agent) lastRefusal() *refusal {
	if a.heldBy.code != "" && !a.up {
		held := a.heldBy
		return &held
	}
	var any *refusal
	for _, p := range a.pools {
		switch {
		case p.refused == nil:
		case a.settings.BacksOff(p.refused.code):
			return p.refused
		case any == nil:
			any = p.refused
		}
	}
	return any
}

// diagnoseIPv6 is about a card above 0 in IPv6 mode, where the agent attaches an
// ENI at its start or not at all.
func (p *pool) diagnoseIPv6() verdict {
	const restart = "in IPv6 mode the agent gives a network card its ENI at its start only: restart it"
	if p.refused != nil {
		v := p.diagnoseRefusal(p.refused)
		v.remedy += "; " + restart
		return v
	}
	return p.onNode(KindMisconfig, "no-eni-on-card", restart)
}

func (p *pool) remedyCooldown() string {
	if p.card > 0 {
		return fmt.Sprintf("addresses rest %s after their pod has gone, and count as available meanwhile; network card %d keeps one warm, whatever the targets say, and each attempt of a pod that wants an address of every card takes one of the cards before and lets it rest: start and replace such pods more slowly, or lower IP_COOLDOWN_PERIOD", p.a.settings.Cooldown, p.card)
	}
	return fmt.Sprintf("addresses rest %s after their pod has gone, and count as available meanwhile: keep more warm (WARM_IP_TARGET, WARM_ENI_TARGET), replace pods more slowly, or lower IP_COOLDOWN_PERIOD", p.a.settings.Cooldown)
}

// noENIConfig tells that the node's ENIConfig is not there, and what to do.
func (a *agent) noENIConfig() string {
	name := a.node.eniConfigName(a.settings)
	if name == "default" {
		return fmt.Sprintf("there is no ENIConfig \"default\", and the node names no other: label or annotate it with the name of one (%s), or set ENI_CONFIG_LABEL_DEF, to topology.kubernetes.io/zone for one a zone", a.settings.ENIConfigLabel)
	}
	return fmt.Sprintf("the node's ENIConfig %q does not exist: create it, or correct the node's label", name)
}

// diagnoseDown is row a.
func (a *agent) diagnoseDown() verdict {
	var v verdict
	if r := a.lastRefusal(); r != nil {
		v = a.diagnoseRefusal(r)
	} else {
		v = a.onNode(KindMisconfig, "agent-down", "the node's agent is not up: it starts, restarts or fails to start; pods wait until it serves")
		if a.failure != "" {
			v.remedy = a.remedyFailed()
		}
	}
	v.message = textAgentDown
	return v
}

// remedyFailed says why the agent fails to start, and what would help.
func (a *agent) remedyFailed() string {
	remedy := fmt.Sprintf("the agent of %s fails to start, so the node is never ready (%s)", a.node.name, a.failure)
	r := a.lastRefusal()
	switch {
	case a.settings.Validate() != nil || !a.settings.CustomNetworking && r == nil: // the reason itself says what to change
	case a.settings.CustomNetworking && !a.hasPlace():
		remedy += "; " + a.noENIConfig()
	case a.settings.CustomNetworking && a.maxENI()-1-a.trunkENIs() <= 0:
		remedy += fmt.Sprintf("; %s, and none is left for pods: an instance type with more ENIs, or one of them switched off", a.noENILeft())
	case r != nil && r.subnet == nil:
		remedy += fmt.Sprintf("; EC2 refused with %s: %s", r.code, a.diagnoseRefusal(r).remedy)
	case r != nil:
		remedy += fmt.Sprintf("; EC2 refused with %s in subnet %s: %s", r.code, r.subnet.ID(), a.diagnoseRefusal(r).remedy)
	}
	return remedy
}

// noENILeft tells what takes all the node's ENIs, in custom networking.
func (a *agent) noENILeft() string {
	text := fmt.Sprintf("of %d ENIs custom networking leaves the primary without pods", a.maxENI())
	if a.trunkENIs() > 0 {
		text += ", and ENABLE_POD_ENI takes one for the trunk"
	}
	return text
}

// diagnoseRefusal is row d, with the numbers of the pool on card 0.
func (a *agent) diagnoseRefusal(r *refusal) verdict { return a.refusedBy(r, a.numbers) }

// diagnoseRefusal is row d, with the numbers of this pool.
func (p *pool) diagnoseRefusal(r *refusal) verdict { return p.a.refusedBy(r, p.numbers) }

func (a *agent) refusedBy(r *refusal, numbers func() map[Number]int) verdict {
	if kind := r.kind(); kind != KindSubnetIPs {
		return r.fault.tell(a.refusedOnNode(kind, r, numbers))
	}
	return r.fault.tell(r.ofSubnet())
}

// refusedOnNode is a refusal for which no subnet is to blame.
func (a *agent) refusedOnNode(kind Kind, r *refusal, numbers func() map[Number]int) verdict {
	v := a.verdict(kind, string(r.code), remedyRefused(kind, r.code), numbers)
	switch {
	case kind == KindMisconfig:
		v.remedy = remedyUnserved(r.code, "aws-node", "give it the permissions of AmazonEKS_CNI_Policy, or of AmazonEKS_CNI_IPv6_Policy", "the agent tries again at its next check")
	case kind == KindENILimit && r.prefixes:
		v.remedy = "the instance holds no more ENIs: a larger instance type, or more nodes"
	}
	if kind == KindThrottling || kind == KindQuota {
		v.scope, v.name = "cluster", a.e.cfg.Cluster.Name
	}
	return v
}

// ofSubnet is the refusal by a subnet that is full.
func (r *refusal) ofSubnet() verdict {
	v := verdict{
		kind: KindSubnetIPs, scope: "subnet", name: string(r.subnet.ID()), reason: string(r.code),
		message: textNoAddress, numbers: r.numbers,
		remedy: "a larger subnet, or another one for pods (custom networking, subnet discovery); or fewer idle addresses on the nodes: WARM_IP_TARGET instead of WARM_ENI_TARGET",
	}
	if r.prefixes && r.subnet.Free() >= model.PrefixSize && r.subnet.FreePrefixes() == 0 {
		v.kind = KindPrefixFragmentation
		v.remedy = "reserve a range of the subnet for prefixes (subnet CIDR reservation of type prefix) before it is used, or a fresh subnet for prefix mode"
	}
	if r.prefixes && !r.subnet.fallback && !r.subnet.PrefixFits(r.want, false) && r.subnet.PrefixFits(r.want, true) {
		v.remedy = "the subnet's reservation of type prefix is full, and with ec2.reservationFallback: false EC2 takes no /28 from the rest: a larger reservation"
	}
	if !r.stands() {
		v.reason = string(model.ReasonBackoff)
		v.remedy = "the subnet has room, but an agent asks a full subnet no earlier than 120 s after the refusal: wait, or restart the agent, which asks at once"
	}
	return v
}

// numbers are the figures of the subnet and how many addresses were wanted.
func (r *refusal) numbers() map[Number]int {
	out := r.subnet.numbers()
	switch {
	case r.prefixes:
		out[NumberWanted] = model.PrefixSize * r.want
	case r.newENI:
		out[NumberWanted] = r.want + 1
	case r.want > 0:
		out[NumberWanted] = r.want
	}
	return out
}

// onNode is a verdict about this node, with the numbers of its pool on card 0.
func (a *agent) onNode(kind Kind, reason, remedy string) verdict {
	return a.verdict(kind, reason, remedy, a.numbers)
}

func (a *agent) verdict(kind Kind, reason, remedy string, numbers func() map[Number]int) verdict {
	return verdict{
		kind: kind, scope: "node", name: string(a.node.name), reason: reason,
		message: textNoAddress, numbers: numbers, remedy: remedy,
	}
}

// onNode is a verdict about the node, with the numbers of this pool.
func (p *pool) onNode(kind Kind, reason, remedy string) verdict {
	return p.a.verdict(kind, reason, remedy, p.numbers)
}

// numbers are the figures of the node's pool on card 0.
func (a *agent) numbers() map[Number]int {
	if len(a.pools) == 0 {
		return a.limitNumbers()
	}
	return a.pools[0].numbers()
}

func (a *agent) limitNumbers() map[Number]int {
	return map[Number]int{
		NumberMaxPods: a.node.maxPods,
		NumberMaxENI:  a.maxENI(),
		NumberSlots:   a.limits().Slots,
	}
}

// numbers are the figures of the pool, with its network card above 0.
func (p *pool) numbers() map[Number]int {
	out := p.a.limitNumbers()
	stats := p.store.Stats()
	out[NumberENIs] = len(p.store.ENIs())
	out[NumberTotal] = stats.Total
	out[NumberAssigned] = stats.Assigned
	out[NumberAvailable] = stats.Available()
	out[NumberCooling] = p.store.Cooling(p.a.e.now)
	if p.card > 0 {
		out[NumberCard] = p.card
	}
	return out
}

// limitingNumbers are those of an eni-limit: the trunk is among the ENIs, or a slot is
// kept for it.
func (p *pool) limitingNumbers() map[Number]int {
	out := p.numbers()
	if n := p.a.trunkENIs(); p.card == 0 && n > 0 {
		out[NumberTrunks] = n
	}
	return out
}

// trunkENIs is how many of the ENIs of card 0 give ordinary pods nothing as the trunk is
// one of them, or a slot is kept for it.
func (a *agent) trunkENIs() int {
	switch store := a.pools[0].store; {
	case store.HasTrunk() && a.settings.TrunkServes(), !store.HasTrunk() && !a.keepsSlot():
		return 0
	}
	return 1
}

// prefixModeOr is the words that name prefix mode as a remedy, nothing where it is on
// or the type has no prefixes.
func (a *agent) prefixModeOr(words string) string {
	if a.settings.PrefixDelegation || !a.instance().kind.SupportsPrefixes() {
		return ""
	}
	return words
}

// cappedBy says what limits the card's ENIs, and what would help.
func (p *pool) cappedBy(left model.LeftOver) (by, remedy string) {
	a := p.a
	kind := a.instance().kind
	switch {
	case left.Blocks > 0:
		return "leftovers", p.remedyLeftovers(left)
	case a.maxENI() < kind.MaxENIs:
		return "MAX_ENI", fmt.Sprintf("raise or unset MAX_ENI (%d): %s holds %d ENIs", a.maxENI(), kind.Name, kind.MaxENIs)
	case p.card > 0:
		return "instance type", fmt.Sprintf("network card %d holds no more ENIs: fewer pods on the node that want an address of every card, or more nodes", p.card)
	case a.settings.CustomNetworking && a.trunkENIs() > 0:
		return "custom networking", fmt.Sprintf("lower max-pods (%d): with custom networking the primary ENI serves no pods, and one more ENI is the trunk, which serves no ordinary pods either; or %sa larger instance type", a.node.maxPods, a.prefixModeOr("prefix mode, or "))
	case a.settings.CustomNetworking:
		return "custom networking", fmt.Sprintf("lower max-pods (%d): with custom networking the primary ENI serves no pods; or %sa larger instance type", a.node.maxPods, a.prefixModeOr("prefix mode, or "))
	case a.trunkENIs() > 0:
		return "trunk reserved", fmt.Sprintf("one of the %d ENIs is the trunk, or kept for it, and serves no ordinary pods: lower max-pods (%d) by an ENI's worth, %d pods; or %sa larger instance type, or more nodes", a.maxENI(), a.node.maxPods, a.limits().Slots, a.prefixModeOr("prefix mode (16 addresses a slot), "))
	case a.settings.PrefixDelegation || !kind.SupportsPrefixes():
		return "instance type", "a larger instance type, or more nodes; a max-pods that matches keeps the scheduler from overfilling the node"
	default:
		return "instance type", "prefix mode (16 addresses a slot), a larger instance type, or more nodes; a max-pods that matches keeps the scheduler from overfilling the node"
	}
}

// numbers are the figures of a subnet that has no room.
func (s *subnet) numbers() map[Number]int {
	return map[Number]int{
		NumberUsable:       s.Usable(),
		NumberUsed:         s.Used(),
		NumberFree:         s.Free(),
		NumberReservedFree: s.ReservedFree(),
		NumberFreePrefixes: s.FreePrefixes(),
		NumberLargestFree:  s.LargestFree(),
	}
}

func remedySuspended(why model.Reason) string {
	if why == model.ReasonCordoned {
		return "the pool of a cordoned node does not grow: uncordon it, or set AWS_MANAGE_ENIS_NON_SCHEDULABLE"
	}
	return "DISABLE_NETWORK_RESOURCE_PROVISIONING or ENABLE_IMDS_ONLY_MODE keeps the agent from calling EC2: unset it"
}

// remedyRefused is what would help against a refusal by the code; an empty code: of
// whichever of the kind.
func remedyRefused(kind Kind, code model.ErrorCode) string {
	switch kind {
	case KindThrottling:
		return "fewer EC2 calls: larger warm targets, fewer nodes at once; or ask for a higher request rate"
	case KindMisconfig:
		return remedyUnserved(code, "the caller", "give it the permission", "it is tried again")
	case KindQuota:
		const enis, units = "ask for a higher quota of network interfaces per Region", "of network address units per VPC (a prefix counts as one)"
		switch code {
		case model.NetworkInterfaceLimitExceeded:
			return enis
		case model.NetworkAddressUsageLimitExceeded:
			return "ask for a higher quota " + units
		}
		return enis + ", or " + units
	default:
		return "the instance holds no more ENIs: prefix mode or a larger instance type"
	}
}

// remedyLaunch is about instances that EC2 does not launch.
func remedyLaunch(kind Kind, code model.ErrorCode) string {
	if kind == KindThrottling {
		return "fewer nodes at once, or ask for a higher rate of launches"
	}
	return remedyRefused(kind, code)
}

func remedyUnschedulable(kind Kind) string {
	switch kind {
	case KindMaxPods:
		return "more nodes, or a higher max-pods where the node has addresses to spare (prefix mode with max-pods raised)"
	case KindCPUMemory:
		return "more or larger nodes, or smaller requests"
	case KindBranchLimit:
		return "more nodes, or an instance type with more branch ENIs"
	case KindENILimit:
		return remedyWindowsFull
	case KindNoTrunk:
		return "an instance type that can have a trunk ENI, with ENABLE_POD_ENI set before its slots are taken"
	default:
		return "no node matches the pod's selector and tolerations, or all are cordoned"
	}
}

// remedyUnserved is about calls of somebody's that EC2 refuses for another reason than a
// limit. grant is how its role gets the permission, again says what becomes of it.
func remedyUnserved(code model.ErrorCode, who, grant, again string) string {
	switch code {
	case model.UnauthorizedOperation:
		return fmt.Sprintf("the role of %s may not make the call: %s", who, grant)
	case model.InternalError, model.Unavailable:
		return "EC2 fails: its client tried several times, and " + again
	case model.InvalidParameterCombination:
		return "EC2 attaches an ENI only to an instance in its own zone: an ENIConfig whose subnet is in the node's zone"
	case "":
		return "EC2 refuses the call; " + again
	}
	if who == "aws-node" {
		return "the agent's view of its ENIs and EC2's differ: restart the agent"
	}
	return fmt.Sprintf("the view that %s has of ENIs and EC2's differ; %s", who, again)
}
