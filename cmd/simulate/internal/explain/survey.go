package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// found is what a first look at a run finds of the target.
type found struct {
	target Target
	pods   map[model.PodName]bool
	nodes  map[model.NodeName]model.Instant // when launched
	lives  []life                           // of the target's pod
	enis   []eniLife                        // of the target's ENI, or of its node
	ids    map[model.ENIID]bool
}

// eniLife is an ENI from its coming to the node to its going. One that is asked for
// by its id begins when EC2 creates it, whether it comes to a node or not.
type eniLife struct {
	id          model.ENIID
	node        model.NodeName
	kind        model.ENIKind
	device      int // −1: it has none, as a branch, or has not come; on its network card
	card        int
	from, until model.Instant
}

// survey plays the run to its end and looks for the target.
func survey(play Play, t Target) (*found, *replay.State, error) {
	f := &found{target: t, pods: map[model.PodName]bool{}, nodes: map[model.NodeName]model.Instant{}, ids: map[model.ENIID]bool{}}
	s, err := play(func(e sim.Event, _ *replay.State) error {
		f.take(e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if t.Pod != "" && len(f.lives) == 0 {
		return nil, nil, unknown("pod", string(t.Pod), f.pods, "")
	}
	if _, ok := f.nodes[t.Node]; !ok && t.Node != "" {
		return nil, nil, unknown("node", string(t.Node), f.nodes, "")
	}
	if t.ENI != "" && len(f.enis) == 0 {
		return nil, nil, unknown("ENI", string(t.ENI), f.ids, "; an ENI is named by its id, or by --node and its device number")
	}
	return f, s, nil
}

// unknown says that nothing has the name, and what has one that is near.
func unknown[K ~string, V any](what, name string, names map[K]V, hint string) error {
	all := make([]string, 0, len(names))
	for _, k := range slices.Sorted(maps.Keys(names)) {
		all = append(all, string(k))
	}
	text := fmt.Sprintf("the run has no %s %q", what, name)
	const most = 3
	if near := scenarios.Near(name, all, most); len(near) > 0 {
		return fmt.Errorf("%s (did you mean %s?)%s", text, strings.Join(near, " or "), hint)
	}
	switch {
	case len(all) == 0:
		text += fmt.Sprintf(": it has no %s", what)
	case len(all) <= 2*most:
		text += ": it has " + strings.Join(all, ", ")
	default:
		text += fmt.Sprintf(": its %d are %s, … %s", len(all), strings.Join(all[:most], ", "), all[len(all)-1])
	}
	return fmt.Errorf("%s%s", text, hint)
}

func (f *found) take(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.NodeLaunched:
		f.nodes[e.Node] = e.At
	case sim.PodCreated:
		f.create(e.At, b.Pod, false)
	case sim.TaskCreated:
		f.create(e.At, b.Pod, true)
	case sim.ENICreated:
		f.ids[b.ENI] = true
		if b.ENI == f.target.ENI && b.ENI != "" {
			f.enis = append(f.enis, eniLife{b.ENI, e.Node, cmp.Or(b.Kind, model.ENISecondary), -1, 0, e.At, model.Never})
		}
	case sim.ENIAttached:
		f.attached(e, b)
	case sim.ENIDetached:
		f.gone(b.ENI, e.At)
	case sim.BranchCreated:
		f.ids[b.ENI] = true
		if b.ENI == f.target.ENI && f.lifeOf(b.ENI) == nil {
			f.enis = append(f.enis, eniLife{b.ENI, e.Node, model.ENIBranch, -1, 0, e.At, model.Never})
		}
	case sim.BranchDeleted:
		f.gone(b.ENI, e.At)
	case sim.NodeTerminated:
		for i := range f.enis {
			if f.enis[i].node == e.Node && f.enis[i].until == model.Never {
				f.enis[i].until = e.At
			}
		}
	default:
		f.pod(e)
	}
}

// pod keeps the life of the target's pod up to date.
func (f *found) pod(e sim.Event) {
	pod, ok := sim.PodOf(e.Body)
	if !ok || pod != f.target.Pod || len(f.lives) == 0 {
		return
	}
	l := &f.lives[len(f.lives)-1]
	switch e.Body.(type) {
	case sim.PodBound, sim.TaskPlaced:
		l.node = e.Node
	case sim.PodReleased, sim.TaskReleased:
		l.until = e.At
	}
}

func (f *found) create(at model.Instant, pod model.PodName, task bool) {
	f.pods[pod] = true
	if pod == f.target.Pod && pod != "" {
		f.lives = append(f.lives, life{pod: pod, n: len(f.lives), from: at, until: model.Never, task: task})
	}
}

func (f *found) attached(e sim.Event, b sim.ENIAttached) {
	f.ids[b.ENI] = true
	if b.ENI != f.target.ENI && (f.target.ENI != "" || e.Node != f.target.Node || f.target.Device < 0) {
		return
	}
	if l := f.lifeOf(b.ENI); l != nil { // EC2 has told of it, or the agent takes it over or back
		l.kind, l.device, l.card, l.until = b.Kind, b.Device, b.Card, model.Never
		return
	}
	f.enis = append(f.enis, eniLife{b.ENI, e.Node, b.Kind, b.Device, b.Card, e.At, model.Never})
}

func (f *found) lifeOf(id model.ENIID) *eniLife {
	for i := range f.enis {
		if f.enis[i].id == id {
			return &f.enis[i]
		}
	}
	return nil
}

func (f *found) gone(id model.ENIID, at model.Instant) {
	for i := range f.enis {
		if f.enis[i].id == id && f.enis[i].until == model.Never {
			f.enis[i].until = at
		}
	}
}

// lifeAt is the pod of the name at the instant: the youngest that was created by
// then.
func (f *found) lifeAt(at model.Instant) (life, error) {
	for _, l := range slices.Backward(f.lives) {
		if l.from <= at {
			return l, nil
		}
	}
	first := f.lives[0]
	return life{}, fmt.Errorf("%s is created at %s: at %s it does not exist yet", first.pod, view.Instant(first.from), view.Instant(at))
}

// eniAt is the target's ENI: of a device number the one that is there at the
// instant, or was last.
func (f *found) eniAt(t Target, at model.Instant) (eniLife, error) {
	var devices []string
	var later model.Instant = model.Never
	for _, l := range slices.Backward(f.enis) {
		if t.ENI != "" || l.device == t.Device && l.card == t.Card {
			if l.from <= at {
				return l, nil
			}
			later = l.from
			continue
		}
		if d := eniName(l.card, l.device); !slices.Contains(devices, d) && l.device >= 0 {
			devices = append(devices, d)
		}
	}
	name := string(t.ENI)
	if name == "" {
		name = fmt.Sprintf("%s of %s", eniName(t.Card, t.Device), t.Node)
	}
	if later != model.Never {
		return eniLife{}, fmt.Errorf("%s comes at %s: at %s it is not there yet", name, view.Instant(later), view.Instant(at))
	}
	slices.Sort(devices)
	if len(devices) == 0 {
		return eniLife{}, fmt.Errorf("%s never had an ENI", t.Node)
	}
	return eniLife{}, fmt.Errorf("%s never had %s; it had %s", t.Node, eniName(t.Card, t.Device), strings.Join(devices, ", "))
}
