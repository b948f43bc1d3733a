// Package impure breaks every rule that holds in model and sim, one a line.
// What a line is found for stands behind it.
package impure

import (
	_ "crypto/rand" // want import
	"maps"
	_ "math/rand"    // want import
	_ "math/rand/v2" // want import
	_ "net"          // want import
	_ "os"           // want import
	"slices"
	_ "sync"        // want import
	_ "sync/atomic" // want import
	"time"

	_ "golang.org/x/exp/rand" // want import
)

func clocks() {
	_ = time.Now()            // want clock
	time.Sleep(1)             // want clock
	_ = time.Since            // want clock
	<-time.After(time.Second) // want clock, channel
	_ = time.NewTimer(1)      // want clock
}

func concurrent() {
	go clocks()    // want goroutine
	var c chan int // want channel
	c <- 1         // want channel
	select {}      // want channel
	for range c {  // want channel
	}
}

func order(m map[string]int) {
	for range m { // want map order
	}
	for k := range maps.Keys(m) { // want map order
		_ = k
	}
	_ = slices.Collect(maps.Values(m)) // want map order
}

type ratio float64 // want float

func floats(n int, r ratio) bool { // want float
	return float64(n) > 1.5 // want float
}

// Nothing of this is found.
func harmless(m map[string]int, d time.Duration) []string {
	_, ok := m["a"]
	if ok && d > time.Second {
		delete(m, "a")
	}
	clear(maps.Clone(m))
	return slices.Sorted(maps.Keys(m))
}
