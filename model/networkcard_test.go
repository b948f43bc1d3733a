package model

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCardENIs(t *testing.T) {
	for _, c := range []struct {
		name             string
		cards, enis, all int
		want             []int // of cards 0, 1, …, one too many
	}{
		{"one card", 1, 3, 3, []int{3, 0}},
		{"a type without number of cards", 0, 3, 0, []int{3, 0}},
		{"as many on each", 4, 15, 60, []int{15, 15, 15, 15, 0}},
		{"one fewer on the second", 2, 8, 15, []int{8, 7, 0}},
		{"what does not divide goes to the lower cards", 4, 4, 12, []int{4, 3, 3, 2, 0}},
		{"one each", 3, 5, 7, []int{5, 1, 1, 0}},
		{"nothing left", 2, 5, 4, []int{5, 0, 0}},
	} {
		kind := InstanceType{MaxENIs: c.enis, NetworkCards: c.cards, MaxENIsAllCards: c.all}
		for card, want := range c.want {
			require.Equal(t, want, kind.CardENIs(card), "%s, card %d", c.name, card)
		}
		require.Zero(t, kind.CardENIs(-1))
	}
}

// The cards of the table's types are those of the CNI's own table, one by one.
func TestCardENIsOfTheTable(t *testing.T) {
	data, err := os.ReadFile("testdata/networkcards.txt")
	require.NoError(t, err)
	want := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, cards, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			want[name] = cards
		}
	}
	require.Len(t, want, 71)
	several := 0
	for _, kind := range InstanceTypes() {
		var cards []string
		for card := range kind.NetworkCards {
			cards = append(cards, strconv.Itoa(kind.CardENIs(card)))
		}
		if kind.NetworkCards == 1 {
			require.NotContains(t, want, kind.Name)
			require.Equal(t, kind.MaxENIs, kind.MaxENIsAllCards, kind.Name)
			continue
		}
		several++
		require.Equal(t, want[kind.Name], strings.Join(cards, "+"), kind.Name)
	}
	require.Len(t, want, several)
}

func TestManagedCards(t *testing.T) {
	p4d, _ := LookupInstanceType("p4d.24xlarge")
	require.Equal(t, 1, Settings{}.ManagedCards(p4d))
	require.Equal(t, 4, Settings{MultiNIC: true}.ManagedCards(p4d))
	require.Equal(t, 1, Settings{MultiNIC: true}.ManagedCards(InstanceType{}))
}

// Cards above 0 have IP targets of 1 whatever is set, and in prefix mode their
// surplus counts addresses. The numbers are those of the agent's own functions in
// v1.23.1.
func TestTargetsOfCardsAboveZero(t *testing.T) {
	limits := PoolLimits{MaxPods: 110, Slots: 9}
	for _, prefixes := range []bool{false, true} {
		for _, set := range []Settings{{WarmENITarget: 1, WarmPrefixTarget: 1}, {WarmIPTarget: 5, MinimumIPTarget: 20}, {WarmPrefixTarget: 3}} {
			set.PrefixDelegation = prefixes
			set.Version = DefaultVersion
			require.Equal(t, set, set.ForCard(0))
			s := set.ForCard(1)
			size := 1
			if prefixes {
				size = PrefixSize
			}
			for _, c := range []struct {
				total, assigned, short, over int
			}{
				{0, 0, 1, 0},
				{size, 0, 0, size - 1},
				{size, size, 1, 0},
				{2 * size, size + size/2, 0, max(size/2-1, 0)},
			} {
				p := PoolStats{Total: c.total, Assigned: c.assigned, Prefixes: c.total / PrefixSize}
				what := fmt.Sprintf("prefixes=%t %+v", prefixes, c)
				require.Equal(t, c.short, Short(p, s), what)
				require.Equal(t, c.over, Over(p, s), what)
				low, _ := TooLow(p, s, limits)
				require.Equal(t, c.short > 0, low, what)
				high, _ := TooHigh(p, s)
				require.Equal(t, c.over > 0, high, what)
				require.True(t, MayFreeENI(p, s, limits, false), "a look for an ENI to free at each check")
			}
		}
	}
}

// Three decisions are a map of three entries: the first comes first in six of
// eight visits. One decision costs no draw.
func TestVisitMap(t *testing.T) {
	require.Equal(t, []int{0, 1, 2}, VisitMap(3, nil))
	for start, want := range [][]int{{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}} {
		require.Equal(t, want, VisitMap(3, func(n int) int {
			require.Equal(t, 8, n)
			return start
		}))
	}
	draws := 0
	require.Equal(t, []int{0}, VisitMap(1, func(int) int { draws++; return 0 }))
	require.Zero(t, draws)
	require.Len(t, VisitMap(17, func(n int) int { return n - 1 }), 17)
}
