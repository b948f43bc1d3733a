package model

import "fmt"

// Resources are amounts of CPU, in thousandths of a core, and of memory.
type Resources struct {
	CPUMilli, MemoryMiB int
}

// EvictionMemoryMiB is what kubelet keeps free before it evicts pods.
const EvictionMemoryMiB = 100

// KubeReserved is what a node keeps for kubelet and the container runtime: of
// CPU 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth
// and 0.25 % of the rest, in whole thousandths rounded down; of memory 11 MiB a
// pod that fits by maxPods, and 255 MiB. CPU is 0 where the type's vCPUs are
// unknown.
//
// Source: the EKS AL2023 AMI's defaults (nodeadm); Karpenter reckons likewise.
func (t InstanceType) KubeReserved(maxPods int) Resources {
	return Resources{
		CPUMilli:  reservedCPUMilli(t.VCPU),
		MemoryMiB: 11*maxPods + 255,
	}
}

func reservedCPUMilli(vcpu int) int {
	tenths := 600*min(vcpu, 1) +
		100*cores(vcpu, 1, 2) +
		50*cores(vcpu, 2, 4) +
		25*cores(vcpu, 4, vcpu)
	return tenths / 10
}

// cores counts those after the first from, up to the first to.
func cores(vcpu, from, to int) int { return max(min(vcpu, to)-from, 0) }

// Allocatable is what pods may request on a node of this type: its capacity
// less KubeReserved and, of memory, less EvictionMemoryMiB. A part whose
// capacity is unknown is 0: it limits nothing.
//
// It is an error if the reservation leaves nothing of what is there: kubelet
// refuses to start then. The model is coarser than reality in that capacity is
// the memory that EC2 advertises; the kernel and the hypervisor keep some of
// it, so that a real node has a little less.
func (t InstanceType) Allocatable(maxPods int) (Resources, error) {
	reserved := t.KubeReserved(maxPods)
	reserved.MemoryMiB += EvictionMemoryMiB
	var left Resources
	if t.VCPU > 0 {
		left.CPUMilli = t.VCPU*1000 - reserved.CPUMilli
	}
	if t.MemoryMiB > 0 {
		if reserved.MemoryMiB >= t.MemoryMiB {
			return Resources{}, fmt.Errorf("%s has %d MiB of memory, and %d pods reserve %d MiB: nothing is left for them",
				t.Name, t.MemoryMiB, maxPods, reserved.MemoryMiB)
		}
		left.MemoryMiB = t.MemoryMiB - reserved.MemoryMiB
	}
	return left, nil
}
