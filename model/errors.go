package model

// ErrorCode is the code of a refused EC2 request, as clients see it. The code
// itself is the error: errors.Is(err, model.InsufficientCidrBlocks) decides.
type ErrorCode string

// Error returns the code.
func (c ErrorCode) Error() string { return string(c) }

// Codes of refused EC2 requests. Source: EC2 API reference, "Error codes";
// InsufficientCidrBlocks is not on that page but in the EKS user guide and in
// what the released agent expects.
const (
	// InsufficientFreeAddressesInSubnet: too few free addresses in the subnet.
	InsufficientFreeAddressesInSubnet ErrorCode = "InsufficientFreeAddressesInSubnet"
	// InsufficientCidrBlocks: too few free aligned /28 blocks in the subnet.
	InsufficientCidrBlocks ErrorCode = "InsufficientCidrBlocks"
	// PrivateIpAddressLimitExceeded: more blocks than the ENI may hold.
	PrivateIpAddressLimitExceeded ErrorCode = "PrivateIpAddressLimitExceeded"
	// AttachmentLimitExceeded: more ENIs than the instance may hold.
	AttachmentLimitExceeded ErrorCode = "AttachmentLimitExceeded"
	// NetworkInterfaceLimitExceeded: the Region's quota of ENIs is used up.
	NetworkInterfaceLimitExceeded ErrorCode = "NetworkInterfaceLimitExceeded"
	// NetworkAddressUsageLimitExceeded: the VPC's network address units are used
	// up. AWS documents the quota, not the code; the name is ours.
	NetworkAddressUsageLimitExceeded ErrorCode = "NetworkAddressUsageLimitExceeded"
	// RequestLimitExceeded: requests come faster than the account may send them.
	RequestLimitExceeded ErrorCode = "RequestLimitExceeded"
	// InvalidParameterValue: among others, the ENI to delete is still attached.
	InvalidParameterValue ErrorCode = "InvalidParameterValue"
	// InvalidParameterCombination: the ENI to attach is in another zone than the instance.
	InvalidParameterCombination ErrorCode = "InvalidParameterCombination"
	// InvalidNetworkInterfaceIDNotFound: no ENI has this id.
	InvalidNetworkInterfaceIDNotFound ErrorCode = "InvalidNetworkInterfaceID.NotFound"
	// InvalidAssociationIDNotFound: a branch ENI is not associated (any more).
	InvalidAssociationIDNotFound ErrorCode = "InvalidAssociationID.NotFound"
	// InvalidAttachmentIDNotFound: the ENI to detach is not attached.
	InvalidAttachmentIDNotFound ErrorCode = "InvalidAttachmentID.NotFound"
	// InternalError: EC2 failed.
	InternalError ErrorCode = "InternalError"
	// Unavailable: EC2 cannot take the request now.
	Unavailable ErrorCode = "Unavailable"
	// UnauthorizedOperation: the caller's role may not make the call.
	UnauthorizedOperation ErrorCode = "UnauthorizedOperation"
)

// Refusals of AssociateTrunkInterface. EC2 does refuse these; its codes for
// them are not documented, and the names are ours.
const (
	// BranchLimitExceeded: more branch ENIs than the trunk may have.
	BranchLimitExceeded ErrorCode = "BranchLimitExceeded"
	// VlanInUse: another branch ENI of the trunk has the VLAN id.
	VlanInUse ErrorCode = "VlanInUse"
)

// SubnetFull reports whether the code says that a subnet has no room, for
// addresses or for prefixes. The agent's 120 s back-off and its fall-through
// to other ENIs hang on it (observed in v1.23.1).
func (c ErrorCode) SubnetFull() bool {
	return c == InsufficientFreeAddressesInSubnet || c == InsufficientCidrBlocks
}
