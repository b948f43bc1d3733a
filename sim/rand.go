package sim

import (
	"hash/fnv"
	"strconv"

	//lint:ignore SA1019 this package is the project's choice of generator; only this file knows it
	"golang.org/x/exp/rand"
)

// stream is one actor's source of chance. Each actor has its own, seeded from
// the run's seed and the actor's name, so that adding a node does not change
// what another draws. The generator is chosen here and nowhere else.
type stream struct {
	source rand.PCGSource
}

// newStream returns the stream of the named actor.
func newStream(seed uint64, actor string) *stream {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatUint(seed, 10)))
	h.Write([]byte{0})
	h.Write([]byte(actor))
	s := &stream{}
	s.source.Seed(h.Sum64())
	return s
}

// pick draws from 0 … n-1 without bias: what lies in the incomplete last round
// of the 64 bits is drawn again.
func (s *stream) pick(n int) int {
	bound := uint64(n)
	threshold := -bound % bound
	for {
		if v := s.source.Uint64(); v >= threshold {
			return int(v % bound)
		}
	}
}
