package sim

import "vpcsim/model"

// PodOf is the pod, or the task, that an event is about: what becomes of it, or of
// its branch ENI. Exhaustion points are not about the pod that they name.
func PodOf(b Body) (model.PodName, bool) {
	switch b := b.(type) {
	case PodCreated:
		return b.Pod, true
	case PodBound:
		return b.Pod, true
	case PodUnschedulable:
		return b.Pod, true
	case PodSetupFailed:
		return b.Pod, true
	case PodAddressed:
		return b.Pod, true
	case PodReady:
		return b.Pod, true
	case PodDeleted:
		return b.Pod, true
	case PodReleased:
		return b.Pod, true
	case PodCompleted:
		return b.Pod, true
	case BranchRequested:
		return b.Pod, true
	case BranchFailed:
		return b.Pod, true
	case BranchCreated:
		return b.Pod, true
	case TaskCreated:
		return b.Pod, true
	case TaskPlaced:
		return b.Pod, true
	case TaskUnplaceable:
		return b.Pod, true
	case TaskFailed:
		return b.Pod, true
	case TaskAddressed:
		return b.Pod, true
	case TaskReady:
		return b.Pod, true
	case TaskDeleted:
		return b.Pod, true
	case TaskReleased:
		return b.Pod, true
	case TaskCompleted:
		return b.Pod, true
	}
	return "", false
}
