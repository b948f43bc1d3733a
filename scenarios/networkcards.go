package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"vpcsim/model"
	"vpcsim/sim"
)

// multiNIC is the variable that lets the agent manage network cards above 0.
const multiNIC = "ENABLE_MULTI_NIC"

// cardNotes says what the author of a scenario with several network cards may
// not have meant.
func (d *decoder) cardNotes(s *Scenario, settings model.Settings, groups []sim.NodeGroup) {
	several := slices.ContainsFunc(groups, func(g sim.NodeGroup) bool { return g.Type.NetworkCards > 1 && !g.Windows })
	switch {
	case settings.MultiNIC && !several:
		d.note("cni.env.%s: no node group's instance type has more than one network card", multiNIC)
	case settings.MultiNIC && settings.PrefixDelegation && settings.IPv4:
		d.note("cni.env.%s: in prefix mode the agent gives the prefix of a network card above 0 back when no pod is in it and takes another, every half a minute: give the scenario a duration", multiNIC)
	}
	if settings.MultiNIC || switchedOn(s, multiNIC) {
		return
	}
	var wanting []string
	for _, w := range s.Workloads {
		if w.Annotations[model.AnnotationNICs] == model.AnnotationNICsAll && !w.HostNetwork {
			wanting = append(wanting, w.Name)
		}
	}
	annotation := model.AnnotationNICs + ": " + model.AnnotationNICsAll
	switch names := strings.Join(wanting, ", "); {
	case names == "":
	case !settings.Version.Has(model.FeatureMultiNIC):
		d.note("%s does not know the annotation %s: pods of %s get one address each", settings.Version, annotation, names)
	default:
		d.note("cni.env.%s is off: pods of %s get no address at all, being annotated %s", multiNIC, names, annotation)
	}
}

// switchedOn reports whether a step sets the variable.
func switchedOn(s *Scenario, name string) bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool {
		_, set := step.SetEnv[name]
		return set || step.RestartAgent != nil && step.RestartAgent.Env[name] != nil
	})
}

// annotationNotes says which of a workload's annotations mean nothing here.
func (d *decoder) annotationNotes(path string, w Workload) {
	others := len(w.Annotations)
	if value, ok := w.Annotations[model.AnnotationNICs]; ok {
		others--
		if value != model.AnnotationNICsAll {
			d.note("%s.annotations: %s: %s means nothing to the CNI; it knows %s", path, model.AnnotationNICs, value, model.AnnotationNICsAll)
		}
	}
	if others > 0 {
		d.note("%s.annotations: have no bearing on addresses, and change nothing here", path)
	}
}

// checkCards judges the ENIs of a type with several network cards: each holds one
// at least.
func checkCards(t model.InstanceType) error {
	if others := t.NetworkCards - 1; others > 0 && t.MaxENIsAllCards < t.MaxENIs+others {
		return fmt.Errorf("%d ENIs over all %d network cards; with maxENIs %d on the default card and one on each other it is %d at least",
			t.MaxENIsAllCards, t.NetworkCards, t.MaxENIs, t.MaxENIs+others)
	}
	return nil
}
