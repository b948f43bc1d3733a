package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

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

// Of several network cards a pod that wants an address of each is placed where
// every card has one for it, and no attempt fails. Without that sight most do.
func TestSeenAddressesOfEveryCard(t *testing.T) {
	for _, sees := range []bool{true, false} {
		cfg := cardsConfig(6)
		cfg.NodeGroups[0].MaxPods = 29
		cfg.Duration = 0
		cfg.Workloads = append(cfg.Workloads, Workload{Name: "plain", Kind: Deployment, Replicas: 5, At: 10 * time.Second})
		cfg.Scheduler.SeesAddresses = sees
		log := playAll(t, cfg)
		require.Len(t, logged[PodAddressed](log), 11)
		if sees {
			require.Empty(t, logged[PodSetupFailed](log))
		} else {
			require.NotEmpty(t, logged[PodSetupFailed](log))
		}
	}
}

// Three cards have 3, 2 and 1 free addresses. Whoever asks first, what is due to
// pods on the node has to be there for all.
func TestFreeAddressesOfSeveralCards(t *testing.T) {
	each := &PodSpec{Annotations: map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}}
	plain := &PodSpec{}
	for _, c := range []struct {
		name              string
		duePlain, dueEach int
		forPlain, forEach int
	}{
		{"nothing is due", 0, 0, 6, 1},
		{"one that takes any", 1, 0, 5, 1},
		{"card 0 would be empty for one of each", 3, 0, 3, 0},
		{"more than card 0 has", 5, 0, 1, -2},
		{"one of each is due: any other is of card 0", 0, 1, 2, 0},
		{"both", 2, 1, 0, 0},
	} {
		n := cardsNode(3, 2, 1)
		n.unaddressed, n.unaddressedEach = c.duePlain+c.dueEach, c.dueEach
		require.Equal(t, c.forPlain, n.freeAddresses(plain), "%s: any", c.name)
		require.Equal(t, c.forEach, n.freeAddresses(each), "%s: each", c.name)
	}
	n := cardsNode(3, 2, 1)
	n.agent.up = false
	require.Zero(t, n.freeAddresses(plain))
}

// cardsNode is a node whose cards have so many free addresses.
func cardsNode(free ...int) *node {
	e := &engine{}
	n := &node{e: e}
	version, _ := model.ParseVersion("v1.23.1")
	a := &agent{e: e, node: n, up: true, settings: model.Settings{MultiNIC: true, Version: version}}
	n.agent = a
	for card, count := range free {
		p := &pool{a: a, card: card, store: model.NewDatastore(false, 0)}
		eni := &model.StoreENI{ID: model.ENIID(fmt.Sprint("eni-", card)), Card: card}
		p.store.AddENI(eni)
		for i := range count {
			p.store.AddBlocks(eni, []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(card), byte(i + 1)}), 32)})
		}
		a.pools = append(a.pools, p)
	}
	return n
}

// A new node has an address for a pod of every card only if each card can have
// one; what was taken of the cards before comes back.
func TestAddressesThatEveryCardMayGet(t *testing.T) {
	version, _ := model.ParseVersion("v1.23.1")
	warm := model.Settings{WarmIPTarget: 1, MultiNIC: true, Version: version}
	each := &PodSpec{Annotations: map[string]string{model.AnnotationNICs: model.AnnotationNICsAll}}
	s := &subnet{}
	room := func() *addressRoom {
		card := &addressRoom{settings: warm, most: unlimited, fill: []fillable{{s, 9}}}
		return &addressRoom{settings: warm, most: unlimited, have: 4, cards: []*addressRoom{card}}
	}
	r := room()
	require.Equal(t, 2, r.attainFor(each, 9, addressesLeft{s: &subnetLeft{2, 0}}))
	require.Equal(t, 2, r.have, "the third had none of card 1")
	require.Equal(t, 6, room().attainFor(&PodSpec{}, 9, addressesLeft{s: &subnetLeft{2, 0}}), "four of card 0, two of card 1")
	require.Equal(t, 4, room().attainFor(each, 9, addressesLeft{s: &subnetLeft{9, 0}}), "card 0 has no more")
}
