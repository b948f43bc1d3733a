package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// What a pool may get: free slots one by one, a new ENI with its own address and
// all that it is asked for, or not at all. Both sides of each boundary.
func TestAddressesThatAPoolMayGet(t *testing.T) {
	whole := model.Settings{WarmENITarget: 1}
	warm := model.Settings{WarmIPTarget: 1}
	prefixes := model.Settings{PrefixDelegation: true, WarmPrefixTarget: 1}
	s := &subnet{}
	for _, c := range []struct {
		name string
		room addressRoom
		left subnetLeft
		want int
		got  int
	}{
		{"what is there", addressRoom{settings: whole, have: 3, most: unlimited}, subnetLeft{}, 9, 3},
		{"pods that wait come first", addressRoom{settings: whole, have: -2, most: unlimited, fill: []fillable{{s, 5}}}, subnetLeft{9, 0}, 9, 3},
		{"slots one by one", addressRoom{settings: whole, most: unlimited, fill: []fillable{{s, 9}}}, subnetLeft{4, 0}, 9, 4},
		{"an ENI and its own address", addressRoom{settings: whole, most: unlimited, enis: 1, slots: 9, places: []*subnet{s}}, subnetLeft{10, 0}, 20, 9},
		{"one address too few for that", addressRoom{settings: whole, most: unlimited, enis: 1, slots: 9, places: []*subnet{s}}, subnetLeft{9, 0}, 20, 0},
		{"no further ENI", addressRoom{settings: whole, most: unlimited, slots: 9, places: []*subnet{s}}, subnetLeft{99, 0}, 20, 0},
		{"IP targets ask for few", addressRoom{settings: warm, most: unlimited, enis: 1, slots: 9, places: []*subnet{s}}, subnetLeft{5, 0}, 20, 4},
		{"a hard cap", addressRoom{settings: warm, most: 2, fill: []fillable{{s, 9}}}, subnetLeft{9, 0}, 9, 2},
		{"prefixes", addressRoom{settings: prefixes, most: unlimited, fill: []fillable{{s, 9}}}, subnetLeft{99, 2}, 99, 32},
		{"a prefix on a new ENI", addressRoom{settings: prefixes, most: unlimited, enis: 1, slots: 9, places: []*subnet{s}}, subnetLeft{1, 1}, 99, 16},
		{"no address for the new ENI itself", addressRoom{settings: prefixes, most: unlimited, enis: 1, slots: 9, places: []*subnet{s}}, subnetLeft{0, 1}, 99, 0},
	} {
		left := addressesLeft{s: &c.left}
		require.Equal(t, c.got, c.room.attain(c.want, left), c.name)
		require.GreaterOrEqual(t, c.left.addresses, 0, c.name)
		require.Zero(t, c.room.attain(1, left), "%s: nothing is left", c.name)
	}
}
