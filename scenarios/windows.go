package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"vpcsim/model"
	"vpcsim/scenarios/internal/doc"
)

// The operating systems of a node group, as the nodes' label has them.
const (
	osLinux   = "linux"
	osWindows = "windows"
	labelOS   = "kubernetes.io/os"
)

// windowsKeys reads the keys of the ConfigMap amazon-vpc-cni that are about
// Windows nodes. A ConfigMap has text only; numbers and booleans need no quotes
// here. Null is as if it were left out.
func (d *decoder) windowsKeys(into *map[string]string) reader {
	return func(v value) {
		m := map[string]string{}
		d.windowsMap(v, func(name string, text *string) {
			if text != nil {
				m[name] = *text
			}
		})
		if v.Kind == doc.Map {
			*into = m
		}
	}
}

// setWindows reads those that a step changes. Null unsets one.
func (d *decoder) setWindows(into *map[string]*string) reader {
	return func(v value) {
		m := map[string]*string{}
		d.windowsMap(v, func(name string, text *string) { m[name] = text })
		if v.Kind == doc.Map {
			*into = m
		}
	}
}

func (d *decoder) windowsMap(v value, take func(name string, text *string)) {
	if d.describes(func(s *shape) {
		s.name, s.types = "windows", []string{"object"}
		for _, key := range model.WindowsKeys() {
			s.fields = append(s.fields, &fieldShape{name: key, shape: shape{types: []string{"string", "number", "boolean"}}})
		}
	}) {
		return
	}
	if !d.is(v, doc.Map) {
		return
	}
	known := model.WindowsKeys()
	for _, f := range v.Fields {
		child := v.child(f.Name, f.Value)
		d.at[child.path] = child.Pos
		switch {
		case !slices.Contains(known, f.Name):
			d.add(f.Pos, child.path, "unknown key of the ConfigMap amazon-vpc-cni about Windows nodes"+d.didYouMean(f.Name, known))
		case f.Value.Kind == doc.Map || f.Value.Kind == doc.List:
			d.failAt(child, "must be one value, not %s", f.Value.Kind)
		default:
			take(f.Name, scalar(f.Value))
		}
	}
}

// windows resolves the keys: a cluster with Windows nodes has the controller
// serve them unless it says otherwise.
func (d *decoder) windows(s *Scenario) model.WindowsSettings {
	if !slices.ContainsFunc(s.NodeGroups, func(g NodeGroup) bool { return g.OS == osWindows }) {
		if len(s.CNI.Windows) > 0 {
			d.note("cni.windows: there are no Windows nodes")
		}
		for i, step := range s.Steps {
			if step.SetWindows != nil {
				d.note("steps[%d].setWindows: there are no Windows nodes", i)
			}
		}
		return model.WindowsSettings{}
	}
	keys := model.WindowsDefaults()
	for name, text := range s.CNI.Windows {
		keys[name] = text
	}
	s.CNI.Windows = keys
	settings, ignored := model.ParseWindowsSettings(keys)
	for _, line := range ignored {
		d.note("cni.windows.%s", line)
	}
	d.windowsSteps(s, keys)
	return settings
}

// windowsSteps notes what the steps set in vain, one after the other.
func (d *decoder) windowsSteps(s *Scenario, keys map[string]string) {
	var inTurn []int
	for i, step := range s.Steps {
		if step.SetWindows != nil {
			inTurn = append(inTurn, i)
		}
	}
	slices.SortStableFunc(inTurn, func(i, j int) int { return cmp.Compare(s.Steps[i].At, s.Steps[j].At) })
	keys = maps.Clone(keys)
	for _, i := range inTurn {
		for name, text := range s.Steps[i].SetWindows {
			if text == nil {
				delete(keys, name)
			} else {
				keys[name] = *text
			}
		}
		_, ignored := model.ParseWindowsSettings(keys)
		for _, line := range ignored {
			d.note("steps[%d].setWindows: %s", i, line)
		}
	}
}

// windowsTypeNotes says what a type doesn't limit, and what Windows nodes of it
// go without.
func (d *decoder) windowsTypeNotes(path string, t model.InstanceType, settings model.WindowsSettings) {
	d.sizeNotes(path, t)
	_, ignored := settings.ForType(t)
	for _, line := range ignored {
		d.note("%s: %s", path, line)
	}
}

// checkWindows refuses what Windows nodes cannot have. Source: EKS user guide,
// "Deploy Windows nodes on EKS clusters" (considerations).
func (d *decoder) checkWindows(s *Scenario) {
	groups := map[string]bool{}
	for i, g := range s.NodeGroups {
		if g.OS != osWindows {
			continue
		}
		groups[g.Name] = true
		if s.Cluster.IPFamily == familyIPv6 {
			d.fail(fmt.Sprintf("nodeGroups[%d].os", i), "an IPv6 cluster has no Windows nodes")
		}
	}
	for i, step := range s.Steps {
		if a := step.RestartAgent; a != nil && groups[groupOf(a.Node)] {
			d.fail(fmt.Sprintf("steps[%d].restartAgent.node", i), "%s is a Windows node, which has no agent", a.Node)
		}
	}
}

// groupOf is the group of the node GROUP-N, "" for what is no such name.
func groupOf(node string) string {
	cut := strings.LastIndexByte(node, '-')
	if cut < 1 {
		return ""
	}
	if _, err := strconv.Atoi(node[cut+1:]); err != nil {
		return ""
	}
	return node[:cut]
}
