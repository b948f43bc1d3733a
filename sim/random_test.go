package sim

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds returns which random scenarios to run: some hundred, or as many as
// VPCSIM_SEEDS says, from VPCSIM_FIRST_SEED on:
//
//	VPCSIM_SEEDS=20000 go test ./sim -run Random -timeout 1h
//	VPCSIM_SEEDS=1 VPCSIM_FIRST_SEED=4711 go test ./sim -run Random -v
func seeds(t testing.TB, usual int) (first, end uint64) {
	number := func(name string, usual uint64) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return usual
		}
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, name)
		return n
	}
	first = number("VPCSIM_FIRST_SEED", 1)
	return first, first + number("VPCSIM_SEEDS", uint64(usual))
}

// TestRandomScenariosKeepTheInvariants plays scenarios of many seeds and
// recomputes after every timer what the engine keeps in sums.
func TestRandomScenariosKeepTheInvariants(t *testing.T) {
	first, end := seeds(t, 300)
	for seed := first; seed < end; seed++ {
		if err := playChecked(generate(seed)); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err := playChecked(generateWindows(seed)); err != nil {
			t.Errorf("seed %d, with Windows nodes: %v", seed, err)
		}
	}
}

func playChecked(cfg Config) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	e, _, err := newChecked(cfg, func(Event) error { return nil })
	if err != nil {
		return fmt.Errorf("the generator made nonsense: %w", err)
	}
	poorAccount(e, cfg.Seed)
	e.start()
	e.loop()
	e.end()
	if e.endedBy != "duration" {
		return errors.Join(e.sinkErr, fmt.Errorf("ended by %q", e.endedBy))
	}
	return e.sinkErr
}
