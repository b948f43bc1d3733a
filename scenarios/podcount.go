package scenarios

import (
	"fmt"
	"strconv"
	"strings"

	"vpcsim/sim"
)

// noSuchPod says why a workload never makes the pod of that number, "" where that
// can't be told before the run. A Deployment counts on with each pod that it makes:
// as soon as one of its pods may go, any number may come.
func noSuchPod(s *Scenario, pod string) string {
	cut := strings.LastIndexByte(pod, '-')
	if cut < 1 || !isDecimal(pod[cut+1:]) {
		return ""
	}
	n, err := strconv.Atoi(pod[cut+1:])
	if err != nil {
		return ""
	}
	for _, w := range s.Workloads {
		if w.Name != pod[:cut] || w.Replicas == nil {
			continue
		}
		if most, certain := mostPods(s, w); certain && n >= most {
			return fmt.Sprintf("there is no pod %s: %s", pod, namesOfPods(w.Name, most))
		}
	}
	return ""
}

func namesOfPods(workload string, most int) string {
	switch most {
	case 0:
		return fmt.Sprintf("workload %s has no replicas", workload)
	case 1:
		return fmt.Sprintf("the only one of workload %s is %s-0", workload, workload)
	}
	return fmt.Sprintf("the last of workload %s is %s-%d", workload, workload, most-1)
}

// mostPods is how many different pods a workload can make, if that is certain.
func mostPods(s *Scenario, w Workload) (most int, certain bool) {
	if s.Platform == PlatformECS || len(s.State.Pods) > 0 || w.Kind != sim.Deployment && w.Kind != sim.StatefulSet {
		return 0, false
	}
	most = *w.Replicas
	for _, step := range s.Steps {
		scaled := step.Scale != nil && step.Scale.Workload == w.Name
		switch {
		case w.Kind == sim.StatefulSet && scaled: // a number comes again
			most = max(most, step.Scale.Replicas)
		case w.Kind == sim.StatefulSet:
		case scaled, step.Delete != nil, step.Drain != nil, step.Terminate != nil, step.Churn != nil, step.Replay != nil,
			step.Rollout != nil && step.Rollout.Workload == w.Name:
			return 0, false
		}
	}
	return most, true
}
