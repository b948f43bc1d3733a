package model

// InstanceType is an EC2 instance type with the limits that bear on addresses.
// A zero number means that it is not known.
type InstanceType struct {
	Name      string
	VCPU      int
	MemoryMiB int
	// MaxENIs is the limit of the default network card, the trunk included.
	MaxENIs int
	// IPv4PerENI counts the primary address.
	IPv4PerENI int
	// NetworkCards is at least 1.
	NetworkCards int
	// MaxENIsAllCards is the limit over all network cards.
	MaxENIsAllCards int
	// TrunkingCompatible: the type can have a trunk ENI.
	TrunkingCompatible bool
	// TrunkingUnknown: no source tells; it counts as none, as in the VPC resource
	// controller, which refuses types that it has no limit of.
	TrunkingUnknown bool
	// BranchENIs is the limit of branch ENIs on an EKS node.
	BranchENIs int
	Hypervisor string // "nitro", "xen" or "" (unknown, or bare metal)
	BareMetal  bool
	// MaxPodsSecondaryIP is the published number of pods; 0 = none published.
	MaxPodsSecondaryIP int
	// ECSTasks and ECSTasksTrunking are the limits of tasks in awsvpc mode
	// without and with ENI trunking; 0 = not listed.
	ECSTasks, ECSTasksTrunking int
	// MicroUSDPerHour is the on-demand price in millionths of a dollar; 0 =
	// unknown.
	MicroUSDPerHour int64
}

// SlotsPerENI is how many blocks an ENI of the type holds: the primary address
// never serves a pod.
func (t InstanceType) SlotsPerENI() int { return t.IPv4PerENI - 1 }

// SupportsPrefixes reports whether EC2 gives /28 prefixes to this type: Nitro
// and bare metal. Source: EC2 user guide, "Assign prefixes to EC2 network
// interfaces".
func (t InstanceType) SupportsPrefixes() bool {
	return t.Hypervisor == "nitro" || t.BareMetal
}
