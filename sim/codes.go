package sim

import (
	"slices"

	"vpcsim/model"
)

// Codes that the resource controller itself gives for what it cannot do.
const (
	// ErrAtCapacity: branches in use and waiting for deletion are at the type's
	// limit. The request comes back after one cooldown period.
	ErrAtCapacity model.ErrorCode = "AtCapacity"
	// ErrNoTrunk: the node has no trunk.
	ErrNoTrunk model.ErrorCode = "NoTrunk"
	// ErrNoVLAN: all VLAN ids of the trunk are taken.
	ErrNoVLAN model.ErrorCode = "NoFreeVLAN"
	// ErrNotAnnotated: the pod could not be annotated, being gone, say.
	ErrNotAnnotated model.ErrorCode = "NotAnnotated"
	// ErrNoDevice: all device numbers of the instance are taken.
	ErrNoDevice model.ErrorCode = "NoFreeDevice"
	// ErrNoENIConfig: custom networking, and no ENIConfig of the node's name.
	ErrNoENIConfig model.ErrorCode = "NoENIConfig"
	// ErrUnsupported: the instance type cannot have a trunk.
	ErrUnsupported model.ErrorCode = "UnsupportedInstanceType"
)

// ec2Codes are the codes with which EC2 refuses calls of a run, or a fault lets it
// refuse them.
var ec2Codes = []model.ErrorCode{
	model.InsufficientFreeAddressesInSubnet, model.InsufficientCidrBlocks, model.PrivateIpAddressLimitExceeded,
	model.AttachmentLimitExceeded, model.NetworkInterfaceLimitExceeded, model.NetworkAddressUsageLimitExceeded,
	model.RequestLimitExceeded, model.InvalidParameterValue, model.InvalidParameterCombination, model.InvalidNetworkInterfaceIDNotFound,
	model.InvalidAssociationIDNotFound, model.InvalidAttachmentIDNotFound, model.InternalError, model.Unavailable,
	model.UnauthorizedOperation, model.BranchLimitExceeded, model.VlanInUse,
}

var controllerCodes = []model.ErrorCode{
	ErrAtCapacity, ErrNoTrunk, ErrNoVLAN, ErrNotAnnotated, ErrNoDevice, ErrNoENIConfig, ErrUnsupported,
}

// Codes returns the codes that the error of events of the type can be. Only the
// resource controller's events have its own.
func Codes(t EventType) []model.ErrorCode {
	switch t {
	case TypeEC2Call, TypeEC2Returned, TypeFaultBegan, TypeFaultEnded:
		return slices.Clone(ec2Codes)
	case TypeTrunkFailed, TypeBranchFailed, TypeBranchDeleted:
		return slices.Concat(ec2Codes, controllerCodes)
	}
	return nil
}
