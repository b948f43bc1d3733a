package replay_test

import (
	"fmt"
	"math/rand"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
	"vpcsim/sim/replay/logtest"
)

// Two keep the same books, independently: model.Subnet, which chooses what to
// hand out, and the replay of the log of it. ENIs come and go at random.
func TestTheReplayedSubnetAgreesWithTheModel(t *testing.T) {
	reservations := []model.Reservation{
		{CIDR: netip.MustParsePrefix("10.0.0.64/27"), Type: model.ReservationPrefix},
		{CIDR: netip.MustParsePrefix("10.0.0.128/28"), Type: model.ReservationExplicit},
		{CIDR: netip.MustParsePrefix("10.0.0.160/29"), Type: model.ReservationPrefix}, // too small for a /28
	}
	for seed := range int64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewSource(seed))
			space, err := model.NewSubnet("a", netip.MustParsePrefix("10.0.0.0/24"))
			require.NoError(t, err)
			l := new(logtest.Log).Start("test", "10.0.0.0/24")
			start := l.Events[0].Body.(sim.RunStarted)
			for _, r := range reservations {
				require.NoError(t, space.Reserve(r))
				start.Subnets[0].Reservations = append(start.Subnets[0].Reservations, sim.ReservationStart(r))
			}
			l.Events[0].Body = start
			s := fold(t, l)

			var enis []sim.ENICreated
			for i := range 200 {
				if len(enis) > 0 && rng.Intn(3) == 0 {
					at := rng.Intn(len(enis))
					e := enis[at]
					enis = append(enis[:at], enis[at+1:]...)
					for _, a := range append(e.Addresses, e.PrimaryAddress) {
						space.ReleaseAddress(a)
					}
					for _, p := range e.Prefixes {
						space.ReleasePrefix(p)
					}
					apply(t, s, sim.ENIDeleted{ENI: e.ENI, Subnet: "a", PrimaryAddress: e.PrimaryAddress})
				} else if taken, err := takeENI(space, rng, model.TakeOptions{Pick: rng.Intn, Fallback: true}); err == nil {
					e := sim.ENICreated{
						ENI: model.ENIID(fmt.Sprint("eni-", i)), Subnet: "a",
						PrimaryAddress: taken.Primary, Addresses: taken.Addresses, Prefixes: taken.Prefixes,
					}
					enis = append(enis, e)
					apply(t, s, e)
				}
				require.Equal(t, replay.SubnetStats{
					Usable: space.Usable(), Used: space.Used(), Free: space.Free(), ReservedFree: space.ReservedFree(),
					FreePrefixes: space.FreePrefixes(), LargestFree: space.LargestFree(),
				}, s.Subnet("a").Stats(), "after %d", i)
			}
		})
	}
}

// takeENI takes an ENI with up to three addresses, or with a prefix.
func takeENI(space *model.Subnet, rng *rand.Rand, o model.TakeOptions) (model.TakenENI, error) {
	if n := rng.Intn(5); n < 4 {
		return space.TakeENI(n, 0, o)
	}
	return space.TakeENI(0, 1, o)
}

func apply(t *testing.T, s *replay.State, b sim.Body) {
	t.Helper()
	require.NoError(t, s.Apply(sim.Event{Seq: s.Events, At: s.Now, Body: b}))
}
