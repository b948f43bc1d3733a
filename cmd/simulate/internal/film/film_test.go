package film

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// player plays a film as the page does, and knows nothing but its operations.
type player struct {
	f       *Film
	next    int
	now     int
	nodes   map[int]int          // flags
	enis    map[int]bool         // those there are
	blocks  map[int]int          // eni
	flags   map[int]int          // of blocks
	held    map[[2]int][3]int    // of a block's address: state, pod, until
	pods    map[int][4]int       // phase, node, waits, reason
	subnets map[int]map[int]bool // taken
	branch  map[int]int          // state
	open    map[int]bool         // episodes
	leaked  map[int]int          // addresses of each subnet
}

// sizes are how many numbers stand behind each code.
var sizes = []int{1, 2, 2, 2, 3, 2, 5, 4, 5, 4, 2, 2, 4}

func (p *player) step(t *testing.T) {
	code := p.f.Ops[p.next]
	a := p.f.Ops[p.next+1 : p.next+1+sizes[code]]
	p.next += 1 + sizes[code]
	switch code {
	case OpTime:
		p.now += a[0]
	case OpNode:
		p.nodes[a[0]] = a[1]
	case OpENI:
		require.NotEqual(t, a[1] == 1, p.enis[a[0]], "an ENI comes once, and goes if it is there")
		p.enis[a[0]] = a[1] == 1
	case OpBlock:
		if a[2] == 1 {
			p.blocks[a[0]] = a[1]
		} else {
			delete(p.blocks, a[0])
		}
	case OpBlockFlags:
		p.flags[a[0]] = a[1]
	case OpAddress:
		p.held[[2]int{a[0], a[1]}] = [3]int{a[2], a[3], a[4]}
	case OpBranch:
		p.branch[a[0]] = a[2]
	case OpPod:
		p.pods[a[0]] = [4]int(a[1:])
	case OpSubnet:
		if p.subnets[a[0]] == nil {
			p.subnets[a[0]] = map[int]bool{}
		}
		for i := a[1]; i < a[1]+a[2]; i++ {
			require.NotEqual(t, a[3] == 1, p.subnets[a[0]][i], "an address is taken when it is free, and given back when it is taken")
			p.subnets[a[0]][i] = a[3] == 1
		}
	case OpEpisode:
		p.open[a[0]] = a[1] == 1
	case OpLeaked:
		p.leaked[a[0]] += a[2] * (2*a[3] - 1)
	}
}

// totals are the numbers of the pools.
func (p *player) totals() replay.Totals {
	var t replay.Totals
	for b, e := range p.blocks {
		if !p.enis[e] || p.flags[b]&BlockLeftOver != 0 {
			continue
		}
		size := 1
		if prefix := p.f.Blocks[b]; len(prefix) > 3 && prefix[len(prefix)-3:] == "/28" {
			size = 16
		}
		t.Total += size
		for i := range size {
			switch a := p.held[[2]int{b, i}]; {
			case a[0] == 1:
				t.Assigned++
			case a[0] == 2 && a[2] >= p.now:
				t.Cooling++
			}
		}
	}
	return t
}

func (p *player) phases() map[string]replay.Phase {
	out := map[string]replay.Phase{}
	for i, pod := range p.pods {
		if ph := Phases[pod[0]]; ph != gone {
			out[p.f.Pods[i]] = ph
		}
	}
	return out
}

// mark is what a film has to show after an event.
type mark struct {
	ops    int
	totals replay.Totals
	phases map[string]replay.Phase
	used   []int
	leaked []int
	open   int
}

// record plays a scenario of the library, ten minutes of it, and marks some of its
// events, the last one among them.
func record(t *testing.T, name string) (*Film, []mark) {
	until := 10 * time.Minute
	entry, ok := scenarios.Find(name)
	require.True(t, ok)
	scenario, err := scenarios.Load(entry.File, entry.Data(), scenarios.Options{ReadFile: scenarios.ReadLibraryFile, Until: &until})
	require.NoError(t, err)
	var s replay.State
	r := NewRecorder(&s)
	var marks []mark
	require.NoError(t, sim.Run(scenario.Config(), func(e sim.Event) error {
		if err := s.Apply(e); err != nil {
			return err
		}
		if err := r.Apply(e); err != nil {
			return err
		}
		if s.Ended == nil && !(e.Seq < 2000 && e.Seq%5 == 0) && e.Seq%20_011 != 0 {
			return nil
		}
		m := mark{ops: len(r.film.Ops), totals: s.Totals(), phases: map[string]replay.Phase{}}
		for _, p := range s.Pods.All() {
			m.phases[string(p.Name)] = p.Phase
		}
		for _, sn := range s.Subnets {
			m.used = append(m.used, sn.Stats().Used+len(sn.Reserved))
			m.leaked = append(m.leaked, sn.Leaked())
		}
		for _, ep := range s.Episodes {
			if ep.Open() {
				m.open++
			}
		}
		marks = append(marks, m)
		return nil
	}))
	return r.Film(scenario.Summary), marks
}

// Playing the film gives the state after each event, of every scenario of the
// library.
func TestFilmIsTheState(t *testing.T) {
	for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			f, marks := record(t, e.Name)
			p := player{
				f: f, nodes: map[int]int{}, enis: map[int]bool{}, blocks: map[int]int{}, flags: map[int]int{}, held: map[[2]int][3]int{},
				pods: map[int][4]int{}, subnets: map[int]map[int]bool{}, branch: map[int]int{}, open: map[int]bool{}, leaked: map[int]int{},
			}
			ipv6 := slices.ContainsFunc(f.Blocks, func(b string) bool { return len(b) > 3 && b[len(b)-3:] == "/80" })
			for _, m := range marks {
				for p.next < m.ops {
					p.step(t)
				}
				if f.Platform != string(sim.PlatformECS) && !ipv6 {
					require.Equal(t, m.totals, p.totals(), "at %s", model.Instant(p.now))
				}
				require.Equal(t, m.phases, p.phases(), "at %s", model.Instant(p.now))
				for i, used := range m.used {
					taken := 0
					for _, is := range p.subnets[i] {
						taken += flag(is, 1)
					}
					require.Equal(t, used, taken, "%s at %s", f.Subnets[i].Name, model.Instant(p.now))
					require.Equal(t, m.leaked[i], p.leaked[i], "leaked of %s at %s", f.Subnets[i].Name, model.Instant(p.now))
				}
				open := 0
				for _, is := range p.open {
					open += flag(is, 1)
				}
				require.Equal(t, m.open, open)
			}
			written, err := json.Marshal(f)
			require.NoError(t, err)
			require.NotContains(t, string(written), ":null", "the page expects lists")
		})
	}
}
