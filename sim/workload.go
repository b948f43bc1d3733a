package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// workload is a controller of pods at work.
type workload struct {
	*Workload
}

// controllers runs the workloads.
type controllers struct {
	e     *engine
	named map[model.WorkloadName]*workload
}

func newControllers(e *engine) (*controllers, error) {
	return &controllers{e: e, named: map[model.WorkloadName]*workload{}}, nil
}

func (c *controllers) check(name model.WorkloadName) error {
	if c.named[name] == nil {
		return fmt.Errorf("no workload %q", name)
	}
	return nil
}

// start lets the workloads of the scenario appear at their instants.
func (c *controllers) start() {}

func (c *controllers) podReady(p *pod)     {}
func (c *controllers) podCompleted(p *pod) {}
func (c *controllers) podGone(p *pod)      {}
func (c *controllers) nodeReady(n *node)   {}

func (c *controllers) scale(a Scale, over time.Duration)     {}
func (c *controllers) rollout(a Rollout, over time.Duration) {}
func (c *controllers) churn(a Churn)                         {}
func (c *controllers) replay(a Replay)                       {}

// create makes the pod of a create step.
func (c *controllers) create(a Create) {
	spec := a.Spec
	c.e.createPod(&pod{name: a.Pod, spec: &spec, beside: true})
}

// oldest returns the count oldest pods of the workload that are not being
// deleted.
func (c *controllers) oldest(name model.WorkloadName, count int) []*pod { return nil }
