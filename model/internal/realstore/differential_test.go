package realstore

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

var (
	seed = flag.Uint64("seed", 1, "seed of the first run")
	runs = flag.Int("runs", 200, "random runs, each with the seed after the one before")
)

// cooldownOf is what the real datastore takes the cooldown to be.
func cooldownOf(t require.TestingT) time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("IP_COOLDOWN_PERIOD"))
	require.NoError(t, err)
	return time.Duration(seconds) * time.Second
}

// Random operations on both datastores; after each, everything that both can
// tell is compared. A failure prints the operations and the seed. The real one
// walks maps, whose order isn't ours to seed: another run with the same seed
// has the same operations up to the first choice that differs.
func TestRandomOperationsAgree(t *testing.T) {
	for i := range *runs {
		n := *seed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(n, 0))
			cooldown := []int{0, 5, 30, 30}[r.IntN(4)]
			t.Setenv("IP_COOLDOWN_PERIOD", strconv.Itoa(cooldown))
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, chance(r, 2), time.Duration(cooldown)*time.Second)
				defer func() {
					time.Sleep(model.ExcludedBlockLeaves) // the real one's timers end before the bubble does
					if t.Failed() {
						t.Logf("prefix mode %t, cooldown %ds\n%s", p.prefixMode, cooldown, p.history())
					}
				}()
				world{p, r, 2 + r.IntN(10), 1 + r.IntN(12)}.run(120)
			})
		})
	}
}

func chance(r *rand.Rand, oneIn int) bool { return r.IntN(oneIn) == 0 }

// world is what random operations may make of a pair.
type world struct {
	*pair
	*rand.Rand
	maxENIs, slots int
}

func (w world) run(steps int) {
	w.addENI(model.ENIPrimary, chance(w.Rand, 10))
	if chance(w.Rand, 2) {
		w.toggled()
	}
	w.check(w.slots, false)
	for range steps {
		w.any()
		w.check(1+w.IntN(w.slots), chance(w.Rand, 4))
	}
}

func (w world) any() {
	enis := w.sim.ENIs()
	e := enis[w.IntN(len(enis))]
	switch k := w.IntN(100); {
	case k < 8:
		if len(enis) < w.maxENIs {
			kind := model.ENISecondary
			if chance(w.Rand, 8) {
				kind = model.ENITrunk
			}
			w.addENI(kind, chance(w.Rand, 6))
		}
	case k < 34:
		if e.BlockCount() < w.slots {
			w.addBlock(e, w.unusedBlock(w.prefixMode != chance(w.Rand, 6)))
		}
	case k < 38:
		if e.BlockCount() > 0 {
			w.removeBlock(e, e.Blocks()[w.IntN(e.BlockCount())], chance(w.Rand, 4))
		}
	case k < 64:
		for range 1 + w.IntN(4) {
			w.assign()
		}
	case k < 78:
		for range min(len(w.pods), 1+w.IntN(4)) {
			w.release(w.IntN(len(w.pods)))
		}
	case k < 90:
		w.sleep([]time.Duration{
			time.Millisecond, 2500 * time.Millisecond, 5 * time.Second, 29_999 * time.Millisecond,
			30 * time.Second, 30_001 * time.Millisecond, time.Minute,
		}[w.IntN(7)])
	case k < 92:
		if e.Kind != model.ENIPrimary && chance(w.Rand, 2) {
			w.removeENI(e)
		}
	default:
		w.free(w.settings())
	}
}

func (w world) settings() model.Settings {
	few := func(n int) int { return max(w.IntN(2*n)-n, 0) }
	return model.Settings{
		PrefixDelegation: w.prefixMode,
		WarmIPTarget:     few(40), MinimumIPTarget: few(80), WarmPrefixTarget: few(3),
	}
}

// unusedBlock is a block that is on no ENI.
func (w world) unusedBlock(prefix bool) netip.Prefix {
	for {
		b := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(w.IntN(256))}), 32)
		if prefix {
			b = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(1 + w.IntN(16)), byte(16 * w.IntN(16))}), 28)
		}
		used := false
		for _, e := range w.sim.ENIs() {
			used = used || e.Has(b)
		}
		if !used {
			return b
		}
	}
}

// toggled makes the pair one whose agent was started otherwise before: pods hold
// addresses of blocks of the inactive kind, and of excluded ENIs.
func (w world) toggled() {
	for range w.IntN(w.maxENIs) {
		w.addENI(model.ENISecondary, chance(w.Rand, 6))
	}
	for range w.IntN(8) {
		e := w.sim.ENIs()[w.IntN(len(w.sim.ENIs()))]
		if e.BlockCount() == w.slots {
			continue
		}
		b := w.unusedBlock(w.prefixMode == (e.Excluded && chance(w.Rand, 2)))
		w.addBlock(e, b)
		a := b.Addr()
		if !b.IsSingleIP() {
			for range w.IntN(model.PrefixSize) {
				a = a.Next()
			}
		}
		w.hold(e, a)
	}
}
