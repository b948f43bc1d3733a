package sim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"

	"vpcsim/model"
)

// ec2 is the EC2 API: it owns the subnets, the instances and their ENIs, and
// answers calls after their latency. A call takes effect when it begins, except
// DeleteNetworkInterface, which gives back when it ends.
type ec2 struct {
	e        *engine
	subnets  []*subnet
	named    map[model.SubnetID]*subnet
	calls    int64
	throttle *throttle // nil: requests are not limited
	quotas   quotas
	orphans  []*eni // of terminated instances, in the order in which these went
	// faults are those of the scenario that last, in the order in which they began.
	faults     []*fault
	faultsMade int
	answering  *fault        // that the call met whose answer is being handed over; nil: none
	faultOver  model.Instant // when the last of them ended; long ago
	// told is when a call that changed nothing was answered last.
	told map[asker]model.Instant
}

// subnet is a subnet with what the address space does not know.
type subnet struct {
	*model.Subnet
	zone string
	tags map[string]string
	pick model.Pick // nil: the lowest address
	ipv6 *ipv6Space // nil: the subnet has no IPv6 CIDR
	// fallback: a full prefix reservation falls back to the rest of the subnet.
	fallback bool
	start    SubnetStart
}

// eni is an ENI as EC2 has it.
type eni struct {
	id        model.ENIID
	kind      model.ENIKind
	subnet    *subnet
	groups    []model.SecurityGroup
	primary   netip.Addr
	madeAt    model.Instant
	blocks    []netip.Prefix // in the order in which they were added
	vain      bool           // it will not be of use: a fault without an end refuses a call on the way
	instance  *instance      // nil: not attached
	attaching bool           // a trunk whose attachment is under way: the metadata don't show it yet
	deleted   bool           // or being deleted: to EC2 its id is unknown
	leaving   bool           // detached, and its device number kept until it is deleted
	orphanOf  *instance      // that was terminated while it was not attached; nil: it is no orphan
	card      int            // network card; device is on it
	device    int

	// hasIPv6: it has an IPv6 address of its own. A branch's is in ipv6; a node's
	// counts, but is not one of the subnet's space.
	hasIPv6 bool

	branches []*eni     // of a trunk: those made for it and not deleted
	trunk    *eni       // of a branch: the trunk it was made for
	vlan     int        // of a branch
	ipv6     netip.Addr // of a branch in an IPv6 cluster
	// associated: of a branch, with its trunk.
	associated bool
}

// instance is an EC2 instance.
type instance struct {
	id     model.InstanceID
	kind   model.InstanceType
	node   *node
	enis   []*eni // attached, by network card and device number
	loose  []*eni // made for it, not attached (yet, or any more)
	trunk  *eni   // the last that was attached
	made   int    // how many were made for it so far
	chance *stream
}

func newEC2(e *engine) (*ec2, error) {
	x := &ec2{e: e, faultOver: longAgo, told: map[asker]model.Instant{}, named: map[model.SubnetID]*subnet{}, throttle: newThrottle(e.cfg.EC2.Throttling), quotas: quotas{limit: e.cfg.EC2.Quotas}}
	for _, cfg := range e.cfg.Subnets {
		s, err := x.newSubnet(cfg)
		if err != nil {
			return nil, err
		}
		x.subnets = append(x.subnets, s)
		x.named[cfg.Name] = s
	}
	if err := x.placeControlPlane(e.cfg.Cluster.ControlPlaneENIs); err != nil {
		return nil, err
	}
	return x, nil
}

func (x *ec2) newSubnet(cfg SubnetConfig) (*subnet, error) {
	space, err := model.NewSubnet(cfg.Name, cfg.CIDR)
	if err != nil {
		return nil, err
	}
	s := &subnet{Subnet: space, zone: cfg.Zone, tags: cfg.Tags, fallback: x.e.cfg.EC2.ReservationFallback}
	chance := newStream(x.e.cfg.Seed, "subnet/"+string(cfg.Name))
	if x.e.cfg.EC2.Order == OrderRandom {
		s.pick = chance.pick
	}
	s.start = SubnetStart{Name: cfg.Name, Zone: cfg.Zone, CIDR: space.CIDR(), Reserved: space.Reserved(), Tags: cfg.Tags}
	if cfg.IPv6CIDR.IsValid() {
		s.ipv6 = newIPv6Space(cfg.IPv6CIDR)
		s.start.IPv6CIDR = cfg.IPv6CIDR
	}
	for _, r := range cfg.Reservations {
		if err := space.Reserve(r); err != nil {
			return nil, err
		}
		s.start.Reservations = append(s.start.Reservations, ReservationStart{r.CIDR, r.Type})
	}
	for _, a := range cfg.InUse {
		if err := space.Occupy(a); err != nil {
			return nil, err
		}
		s.start.InUse = append(s.start.InUse, a)
	}
	if err := x.e.initial.claim(s); err != nil {
		return nil, err
	}
	var scatter model.Pick
	if !cfg.InUsePacked {
		scatter = newStream(x.e.cfg.Seed, "inUse/"+string(cfg.Name)).pick
	}
	more, err := space.OccupyN(cfg.InUseCount, scatter)
	if err != nil {
		return nil, err
	}
	s.start.InUse = append(s.start.InUse, more...)
	slices.SortFunc(s.start.InUse, netip.Addr.Compare)
	return s, nil
}

// placeControlPlane takes an address for each of the EKS control plane's ENIs,
// of the subnets in turn.
func (x *ec2) placeControlPlane(n int) error {
	for i := range n {
		s := x.subnets[i%len(x.subnets)]
		got, err := s.TakeAddresses(1, s.pick)
		if err != nil {
			return fmt.Errorf("cluster.controlPlaneENIs: %w", err)
		}
		s.start.ControlPlane = append(s.start.ControlPlane, got[0])
		x.quotas.created(counted{}) // the instance that it belongs to is in a VPC of EKS
	}
	return nil
}

func (x *ec2) subnetStarts() []SubnetStart {
	out := make([]SubnetStart, len(x.subnets))
	for i, s := range x.subnets {
		out[i] = s.start
	}
	return out
}

// launch starts an instance for the node: its primary ENI takes an address. A
// refusal is logged as a call of RunInstances; a success as the node's launch.
// What is launched in the instant in which the run begins is taken for instances
// that are there by then, whenever they were asked for.
func (x *ec2) launch(n *node, s *subnet, groups []model.SecurityGroup) (*instance, error) {
	in := x.newInstance(n)
	var primary *eni
	var err error
	if x.e.now > 0 && !x.throttle.admitsLaunch(x.e.now) {
		err = model.RequestLimitExceeded
	} else {
		primary, err = x.make(in, s, groups, 0, false, model.ENIPrimary)
	}
	if err != nil {
		x.send(request{
			in:       in,
			attempts: 1,
			fields:   CallFields{Action: RunInstances, Subnet: s.ID(), Want: 1},
			effect: func(f *CallFields) {
				f.Error = codeOf(err)
				f.Throttled = f.Error == model.RequestLimitExceeded
			},
			done: func(model.ErrorCode) {},
		})
		return nil, err
	}
	in.attach(primary, 0, 0)
	return in, nil
}

// newInstance is the node's instance, without an ENI.
func (x *ec2) newInstance(n *node) *instance {
	return &instance{
		id:     model.InstanceID("i-" + digits(string(n.name), "instance")),
		kind:   n.group.Type,
		node:   n,
		chance: newStream(x.e.cfg.Seed, "ec2/"+string(n.name)),
	}
}

// terminate takes the instance away. The ENIs that are attached are deleted at
// once, with their addresses. One that its agent had made and not attached yet, or
// detached and not deleted yet, stays: it is an orphan, until another node's agent
// finds it. ECS deletes its own. Source: EC2 user guide, deleteOnTermination of an
// attachment; VPC CNI issue 69.
func (x *ec2) terminate(in *instance) {
	var orphans []*eni
	for _, ni := range slices.Concat(in.enis, in.loose) {
		if ni.instance == nil && ni.ofAgent() && x.e.cfg.Platform != PlatformECS {
			ni.orphanOf = in
			orphans = append(orphans, ni)
		} else {
			x.release(in, ni)
		}
	}
	in.enis, in.loose = nil, orphans
	x.orphans = append(x.orphans, orphans...)
	if in.trunk != nil {
		for _, b := range in.trunk.branches { // they stay, for the controller to delete
			b.associated = false
		}
	}
}

// make creates an ENI for an instance, with want addresses or prefixes.
func (x *ec2) make(in *instance, s *subnet, groups []model.SecurityGroup, want int, prefixes bool, kind model.ENIKind) (*eni, error) {
	addresses, pfx := want, 0
	if prefixes {
		addresses, pfx = 0, want
	}
	if err := x.quotas.admitsENI(counted{first: in.made == 0, ipv6: x.givesIPv6(in, s, kind), blocks: want}); err != nil {
		return nil, err
	}
	taken, err := s.TakeENI(addresses, pfx, model.TakeOptions{Pick: s.pick, Fallback: s.fallback})
	if err != nil {
		return nil, err
	}
	ni := x.newENI(in, s, groups, taken, kind)
	in.loose = append(in.loose, ni)
	return ni, nil
}

// givesIPv6 reports whether an ENI made in the subnet gets an IPv6 address of its
// own, as in an IPv6 cluster the primary does, which the node goes by, and a
// branch, which its pod goes by.
func (x *ec2) givesIPv6(in *instance, s *subnet, kind model.ENIKind) bool {
	switch {
	case s.ipv6 == nil:
		return false
	case kind == model.ENIPrimary:
		settings, _ := model.ParseSettings(x.e.env)
		settings, _ = settings.ForVersion(x.e.cfg.CNI.Version)
		return settings.IPv6
	default:
		return kind == model.ENIBranch && in.node.agent.settings.IPv6
	}
}

// counted is what of the ENI counts towards the quotas.
func (ni *eni) counted() counted {
	return counted{first: ni.kind == model.ENIPrimary, ipv6: ni.hasIPv6, blocks: len(ni.blocks)}
}

// newENI is an ENI made for the instance with what was taken from the subnet.
func (x *ec2) newENI(in *instance, s *subnet, groups []model.SecurityGroup, taken model.TakenENI, kind model.ENIKind) *eni {
	in.made++
	ni := &eni{
		id:      model.ENIID("eni-" + digits(string(in.node.name), fmt.Sprint(in.made-1))),
		kind:    kind,
		subnet:  s,
		groups:  groups,
		primary: taken.Primary,
		madeAt:  x.e.now,
		blocks:  append(blocksOf(taken.Addresses), taken.Prefixes...),
	}
	if ni.hasIPv6 = x.givesIPv6(in, s, kind); ni.hasIPv6 && kind == model.ENIBranch {
		ni.ipv6 = s.ipv6.takeAddress(s.pick)
	}
	x.quotas.created(ni.counted())
	beside := kind
	if kind == model.ENIPrimary || kind == model.ENISecondary {
		beside = ""
	}
	x.e.log(in.node.name, ENICreated{ni.id, beside, s.ID(), ni.primary, taken.Addresses, taken.Prefixes})
	return ni
}

// take takes blocks from a subnet, all or nothing.
func (x *ec2) take(s *subnet, want int, prefixes bool) ([]netip.Prefix, error) {
	if prefixes {
		return s.TakePrefixes(want, s.pick, s.fallback)
	}
	addresses, err := s.TakeAddresses(want, s.pick)
	if err != nil {
		return nil, err
	}
	return blocksOf(addresses), nil
}

// blocksOf returns single addresses as blocks.
func blocksOf(addresses []netip.Addr) []netip.Prefix {
	blocks := make([]netip.Prefix, len(addresses))
	for i, a := range addresses {
		blocks[i] = netip.PrefixFrom(a, a.BitLen())
	}
	return blocks
}

// release gives an ENI's addresses back to its subnet.
func (x *ec2) release(in *instance, ni *eni) {
	ni.deleted = true
	x.quotas.deleted(ni.counted())
	addresses, pfx := split(ni.blocks)
	ni.subnet.ReleaseAddress(ni.primary)
	if ni.ipv6.IsValid() {
		ni.subnet.ipv6.releaseAddress(ni.ipv6)
	}
	for _, a := range addresses {
		ni.subnet.ReleaseAddress(a)
	}
	released := 1 + len(addresses)
	for _, p := range pfx {
		if p.Addr().Is6() {
			ni.subnet.ipv6.release(p)
			continue
		}
		ni.subnet.ReleasePrefix(p)
		released += model.PrefixSize
	}
	x.e.inVain(ni.vain, func() {
		x.e.log(in.node.name, ENIDeleted{ni.id, ni.subnet.ID(), ni.primary, addresses, pfx, released})
	})
}

// attach puts the ENI at the device number of the network card.
func (in *instance) attach(ni *eni, card, device int) {
	ni.instance, ni.card, ni.device = in, card, device
	in.loose = slices.DeleteFunc(in.loose, func(have *eni) bool { return have == ni })
	at, _ := slices.BinarySearchFunc(in.enis, ni, func(have, ni *eni) int {
		return cmp.Or(cmp.Compare(have.card, ni.card), cmp.Compare(have.device, ni.device))
	})
	in.enis = slices.Insert(in.enis, at, ni)
}

// detach takes the ENI off the instance; it exists until it is deleted.
func (in *instance) detach(ni *eni) {
	in.enis = slices.DeleteFunc(in.enis, func(have *eni) bool { return have == ni })
	in.loose = append(in.loose, ni)
	ni.instance, ni.leaving = nil, true
}

// lowestDevice is the lowest free device number of the network card.
func (in *instance) lowestDevice(card int) int {
	device := 0
	for in.deviceTaken(card, device) {
		device++
	}
	return device
}

func (in *instance) deviceTaken(card, device int) bool {
	has := func(ni *eni) bool { return ni.card == card && ni.device == device }
	return slices.ContainsFunc(in.enis, has) ||
		slices.ContainsFunc(in.loose, func(ni *eni) bool { return ni.leaving && has(ni) })
}

// onCard is how many ENIs are attached to the network card.
func (in *instance) onCard(card int) int {
	n := 0
	for _, ni := range in.enis {
		if ni.card == card {
			n++
		}
	}
	return n
}

// eni returns the attached ENI with this id, or nil.
func (in *instance) eni(id model.ENIID) *eni {
	for _, ni := range in.enis {
		if ni.id == id {
			return ni
		}
	}
	return nil
}

// split tells single addresses from prefixes, each in the order of blocks.
func split(blocks []netip.Prefix) (addresses []netip.Addr, prefixes []netip.Prefix) {
	for _, b := range blocks {
		if b.IsSingleIP() {
			addresses = append(addresses, b.Addr())
		} else {
			prefixes = append(prefixes, b)
		}
	}
	return addresses, prefixes
}

// digits returns 17 hex digits that depend on a node's name and an ordinal, so
// that ids of two runs compare.
func digits(node, ordinal string) string {
	sum := sha256.Sum256([]byte(node + "/" + ordinal))
	return hex.EncodeToString(sum[:])[:17]
}
