package sim

import "vpcsim/model"

// Platform is what runs the workloads.
type Platform string

// The platforms.
const (
	PlatformEKS Platform = "eks"
	PlatformECS Platform = "ecs"
)

// platform is what runs the workloads on the instances. Which one it is, is
// decided once, for a run: below that each keeps to its own actors, and shares
// the clock, EC2, the launching of instances and the episodes of exhaustion.
type platform interface {
	// start lets the workloads of the scenario appear at their instants.
	start()
	// joins takes an instance that was launched, and logs that it was.
	joins(n *node, launched NodeLaunched)
	// check finds names in a step that nothing will ever have.
	check(s *Step) error
	// take carries a step out.
	take(s *Step)
}

func newPlatform(e *engine) (platform, error) {
	if e.cfg.Platform == PlatformECS {
		return newECS(e)
	}
	return newKubernetes(e)
}

// kubernetes is a cluster of EKS: agents, scheduler, kubelet, the
// resource controller and those of pods.
type kubernetes struct{ e *engine }

func newKubernetes(e *engine) (platform, error) {
	e.kubelet = newKubelet(e)
	e.scheduler = newScheduler(e)
	e.autoscaler = newAutoscaler(e)
	e.controller = newResourceController(e)
	e.windowsJobs = [2]*workers{{}, {}}
	e.windowsKeys = e.cfg.CNI.Windows
	e.windowsSettings, e.windowsIgnored = model.ParseWindowsSettings(e.windowsKeys)
	var err error
	e.workloads, err = newControllers(e)
	return kubernetes{e}, err
}

func (k kubernetes) start()                               { k.e.workloads.start() }
func (k kubernetes) joins(n *node, launched NodeLaunched) { k.e.joins(n, launched) }
func (k kubernetes) check(s *Step) error                  { return k.e.checkStep(s) }
func (k kubernetes) take(s *Step)                         { k.e.takeStep(s) }
