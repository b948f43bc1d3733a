package realstore

import (
	"fmt"
	"math"
	"math/bits"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/aws/amazon-vpc-cni-k8s/pkg/ipamd/datastore"
	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// pair is both datastores in the same state. The real one chooses where it
// walks a map; ours is then made to choose the same (see steer), so that the
// result of the real one is shown to be possible in ours.
type pair struct {
	t          require.TestingT
	prefixMode bool
	began      time.Time

	real *datastore.DataStore
	sim  *model.Datastore

	leases map[model.PodName]*model.Lease
	pods   []model.PodName // that hold an address, in order
	named  int

	enis   *mapSlots[model.ENIID]
	blocks map[model.ENIID]*mapSlots[netip.Prefix]

	leaving []leaving

	steps []string
}

// leaving is a block of an excluded ENI which a pod has left.
type leaving struct {
	eni   model.ENIID
	block netip.Prefix
	at    model.Instant
}

// newPair begins at the present instant of the bubble. The cooldown of the real
// datastore is what IP_COOLDOWN_PERIOD says.
func newPair(t require.TestingT, prefixMode bool, cooldown time.Duration) *pair {
	return &pair{
		t: t, prefixMode: prefixMode, began: time.Now(),
		real:   datastore.NewDataStore(quiet{}, datastore.NullCheckpoint{}, prefixMode, 0),
		sim:    model.NewDatastore(prefixMode, cooldown),
		leases: map[model.PodName]*model.Lease{},
		enis:   &mapSlots[model.ENIID]{},
		blocks: map[model.ENIID]*mapSlots[netip.Prefix]{},
	}
}

func (p *pair) now() model.Instant { return model.Instant(time.Since(p.began).Milliseconds()) }

func (p *pair) step(format string, args ...any) {
	p.steps = append(p.steps, fmt.Sprintf("%v ", p.now())+fmt.Sprintf(format, args...))
}

// history is what was done so far, for the message of a failure.
func (p *pair) history() string { return strings.Join(p.steps, "\n") }

func (p *pair) addENI(kind model.ENIKind, excluded bool) *model.StoreENI {
	device := 0
	for _, e := range p.sim.ENIs() {
		if e.Device == device {
			device++
		}
	}
	e := &model.StoreENI{
		ID: model.ENIID(fmt.Sprintf("eni-%d", device)), Device: device, Kind: kind,
		Excluded: excluded, Since: p.now(),
	}
	p.step("add ENI %d %s excluded=%t", device, kind, excluded)
	require.NoError(p.t, p.real.AddENI(string(e.ID), device, kind == model.ENIPrimary, kind == model.ENITrunk, false, 0, "subnet"))
	if excluded {
		require.NoError(p.t, p.real.SetENIExcludedForPodIPs(string(e.ID), true))
	}
	p.sim.AddENI(e)
	p.enis.add(e.ID)
	p.blocks[e.ID] = &mapSlots[netip.Prefix]{}
	return e
}

// forgetENI keeps account of an ENI that both datastores drop.
func (p *pair) forgetENI(e *model.StoreENI) {
	p.sim.RemoveENI(e)
	p.enis.remove(e.ID)
	delete(p.blocks, e.ID)
	p.forgetPods()
}

func (p *pair) removeENI(e *model.StoreENI) {
	p.step("remove %s", e.ID)
	require.NoError(p.t, p.real.RemoveENIFromDataStore(string(e.ID), true))
	p.forgetENI(e)
}

func (p *pair) addBlock(e *model.StoreENI, cidr netip.Prefix) {
	p.step("add %s to %s", cidr, e.ID)
	require.NoError(p.t, p.real.AddIPv4CidrToStore(string(e.ID), ipNet(cidr), !cidr.IsSingleIP()))
	p.sim.AddBlocks(e, []netip.Prefix{cidr})
	p.blocks[e.ID].add(cidr)
}

// removeBlock drops a block, by force also one that is in use. Without force
// the real one must refuse exactly where FreeableBlocks leaves it out.
func (p *pair) removeBlock(e *model.StoreENI, cidr netip.Prefix, force bool) {
	p.step("remove %s from %s force=%t", cidr, e.ID, force)
	err := p.real.DelIPv4CidrFromStore(string(e.ID), ipNet(cidr), force)
	if !force && !slices.Contains(e.FreeableBlocks(nil), cidr) {
		require.EqualError(p.t, err, datastore.IPInUseError)
		return
	}
	require.NoError(p.t, err)
	p.sim.RemoveBlocks(e, []netip.Prefix{cidr})
	p.blocks[e.ID].remove(cidr)
	p.forgetPods()
}

// forgetPods drops the pods whose block is gone from both.
func (p *pair) forgetPods() {
	have := map[string]bool{}
	for _, a := range p.real.AllocatedIPs() {
		have[a.IPAMKey.ContainerID] = true
	}
	p.pods = slices.DeleteFunc(p.pods, func(pod model.PodName) bool {
		if have[string(pod)] {
			return false
		}
		_, ok := p.sim.Release(p.leases[pod], p.now())
		require.False(p.t, ok, "%s holds an address in ours alone", pod)
		_, _, _, _, _, err := p.real.UnassignPodIPAddress(key(pod))
		require.ErrorIs(p.t, err, datastore.ErrUnknownPod)
		delete(p.leases, pod)
		return true
	})
}

func (p *pair) newPod() model.PodName {
	p.named++
	return model.PodName(fmt.Sprintf("p-%d", p.named))
}

// assign asks both for an address; ours is made to choose as the real one did.
// The address is invalid where there is none.
func (p *pair) assign() netip.Addr {
	pod := p.newPod()
	before := p.cooled()
	text, device, _, err := p.real.AssignPodIPv4Address(key(pod), datastore.IPAMMetadata{K8SPodName: string(pod)})
	p.step("assign %s: %s device=%d %v", pod, text, device, err)
	if err != nil {
		require.ErrorIs(p.t, err, datastore.ErrNoAvailableIPInDataStore)
		for _, pick := range []model.Pick{nil, func(n int) int { return n - 1 }} {
			require.Nil(p.t, p.sim.Assign(p.now(), pod, pick), "the real one has no address")
		}
		return netip.Addr{}
	}
	want := netip.MustParseAddr(text)
	e := p.sim.ENIs()[slices.IndexFunc(p.sim.ENIs(), func(e *model.StoreENI) bool { return e.Device == device })]
	lease := p.sim.Assign(p.now(), pod, p.steer(e, want, before))
	require.NotNil(p.t, lease, "the real one gives %s", want)
	require.Equal(p.t, want, lease.Address())
	require.Equal(p.t, device, lease.ENI().Device)
	p.leases[pod] = lease
	p.pods = append(p.pods, pod)
	return want
}

// hold puts both into the state in which an agent is that has found, at its
// start, that a pod holds this address of a block that doesn't serve: one of the
// inactive kind, or on an excluded ENI.
//
// The real datastore reads such pods from the host's interfaces, which a test
// hasn't. So it gives the pod an address of a block that is added to the ENI for
// a moment, and the pod is moved from there.
func (p *pair) hold(e *model.StoreENI, a netip.Addr) {
	require.Zero(p.t, p.real.GetIPStats("4").TotalIPs, "blocks that serve come after those that don't")
	pod := p.newPod()
	p.step("hold %s %s", pod, a)
	block := p.blockOf(e, a)

	helper := netip.MustParsePrefix("192.0.2.0/32")
	if p.prefixMode {
		helper = netip.MustParsePrefix("192.0.2.0/28")
	}
	require.NoError(p.t, p.real.AddIPv4CidrToStore(string(e.ID), ipNet(helper), p.prefixMode))
	live := p.includedENI(e, func() {
		_, _, _, err := p.real.AssignPodIPv4Address(key(pod), datastore.IPAMMetadata{K8SPodName: string(pod)})
		require.NoError(p.t, err)
	})
	_, from, info := (&datastore.ENIPool{live.ID: live}).FindAddressForSandbox(key(pod))
	delete(from.IPAddresses, info.Address)
	info.Address = a.String()
	live.AvailableIPv4Cidrs[ipNetText(block)].IPAddresses[info.Address] = info
	require.NoError(p.t, p.real.DelIPv4CidrFromStore(string(e.ID), ipNet(helper), false))

	lease := p.sim.Hold(a, pod)
	require.NotNil(p.t, lease)
	require.Equal(p.t, e.ID, lease.ENI().ID)
	p.leases[pod] = lease
	p.pods = append(p.pods, pod)
}

func (p *pair) blockOf(e *model.StoreENI, a netip.Addr) netip.Prefix {
	blocks := e.Blocks()
	return blocks[slices.IndexFunc(blocks, func(b netip.Prefix) bool { return b.Contains(a) })]
}

func (p *pair) release(i int) {
	pod := p.pods[i]
	lease := p.leases[pod]
	p.step("release %s", pod)
	_, text, device, _, _, err := p.real.UnassignPodIPAddress(key(pod))
	require.NoError(p.t, err)
	require.Equal(p.t, lease.Address().String(), text)
	require.Equal(p.t, lease.ENI().Device, device)
	if e := lease.ENI(); e.Excluded {
		p.leaving = append(p.leaving, leaving{e.ID, p.blockOf(e, lease.Address()), p.now().Add(model.ExcludedBlockLeaves)})
	}
	_, ok := p.sim.Release(lease, p.now())
	require.True(p.t, ok)
	delete(p.leases, pod)
	p.pods = slices.Delete(p.pods, i, i+1)
}

func (p *pair) sleep(d time.Duration) {
	p.step("sleep %v", d)
	until := p.now().Add(d)
	for len(p.leaving) > 0 && p.leaving[0].at <= until {
		l := p.leaving[0]
		p.leaving = p.leaving[1:]
		time.Sleep(l.at.Sub(p.now()))
		synctest.Wait()
		if e := p.sim.ENI(l.eni); e != nil && slices.Contains(e.FreeableBlocks(nil), l.block) {
			p.step("%s leaves %s", l.block, e.ID)
			p.sim.LeaveBlock(e, l.block)
			p.blocks[e.ID].remove(l.block)
		}
	}
	time.Sleep(until.Sub(p.now()))
	synctest.Wait()
}

// free has both free an ENI. The real one's choice must be among ours, which
// are asked for by making each ENI in turn the first that is looked at.
func (p *pair) free(s model.Settings) {
	possible := p.freeable(s)
	from := p.sim.FreeableFrom(p.now(), s)
	got := model.ENIID(p.real.RemoveUnusedENIFromStore(s.WarmIPTarget, s.MinimumIPTarget, s.WarmPrefixTarget))
	p.step("free warm=%d minimum=%d prefixes=%d: %q", s.WarmIPTarget, s.MinimumIPTarget, s.WarmPrefixTarget, got)
	if got == "" {
		require.Empty(p.t, possible, "the real one frees none")
		require.Greater(p.t, from, p.now())
		return
	}
	require.Contains(p.t, possible, got)
	require.Equal(p.t, p.now(), from)
	p.forgetENI(p.sim.ENI(got))
}

// freeable is every ENI that ours may free.
func (p *pair) freeable(s model.Settings) []model.ENIID {
	var ids []model.ENIID
	for i, e := range p.sim.ENIs() {
		first := p.sim.FreeableENI(p.now(), s, steered(p.enis.front(e.ID, i, len(p.sim.ENIs()))))
		if first == e {
			ids = append(ids, e.ID)
		}
	}
	require.Equal(p.t, len(ids) == 0, p.sim.FreeableENI(p.now(), s, nil) == nil)
	return ids
}

// check compares every number and list that both can tell.
func (p *pair) check(maxBlocks int, custom bool) {
	real, sim := p.real.GetIPStats("4"), p.sim.Stats()
	require.Equal(p.t, real.TotalIPs, sim.Total, "total")
	require.Equal(p.t, real.AssignedIPs, sim.Assigned, "assigned")
	require.Equal(p.t, real.AvailableAddresses(), sim.Available(), "available")
	require.Equal(p.t, real.CooldownIPs, p.sim.Cooling(p.now()), "cooling")
	require.Equal(p.t, real.TotalPrefixes, sim.Prefixes, "prefixes")
	require.Equal(p.t, p.real.GetFreePrefixes(), sim.FreePrefixes, "free prefixes")
	require.Equal(p.t, p.real.CheckFreeableENIexists(), p.sim.HasUnusedENI(), "an ENI without pods")

	s := model.Settings{PrefixDelegation: p.prefixMode, CustomNetworking: custom}
	var want, got []string
	for _, e := range p.real.GetAllocatableENIs(maxBlocks, custom) {
		want = append(want, e.ID)
	}
	for _, e := range p.sim.GrowCandidates(s, model.PoolLimits{Slots: maxBlocks}, nil) {
		got = append(got, string(e.ID))
	}
	require.ElementsMatch(p.t, want, got, "ENIs that take blocks")
	require.Equal(p.t, len(want) > 0, p.sim.HasGrowCandidate(s, model.PoolLimits{Slots: maxBlocks}))

	for _, e := range p.sim.ENIs() {
		p.checkENI(e)
	}
}

func (p *pair) checkENI(e *model.StoreENI) {
	single, prefixes, err := p.real.GetENICIDRs(string(e.ID))
	require.NoError(p.t, err)
	require.ElementsMatch(p.t, append(single, prefixes...), texts(e.Blocks()), "blocks of %s", e.ID)
	var freeable []string
	for _, c := range p.real.FindFreeableCidrs(string(e.ID)) {
		freeable = append(freeable, c.Cidr.String())
	}
	var ours []string
	for _, b := range e.FreeableBlocks(nil) {
		ours = append(ours, ipNetText(b))
	}
	require.ElementsMatch(p.t, freeable, ours, "freeable blocks of %s", e.ID)
	info := p.realENI(e)
	require.Equal(p.t, info.AssignedIPv4Addresses(), e.Held(), "held on %s", e.ID)
	require.Equal(p.t, len(info.AvailableIPv4Cidrs), e.BlockCount())
}

// realENI is a copy of what the real datastore has.
func (p *pair) realENI(e *model.StoreENI) *datastore.ENI {
	info, ok := p.real.GetENIInfos().ENIs[string(e.ID)]
	require.True(p.t, ok)
	return &info
}

// includedENI is the real datastore's own record, not a copy. It shows those
// alone that take blocks: an excluded one isn't excluded meanwhile.
func (p *pair) includedENI(e *model.StoreENI, meanwhile func()) *datastore.ENI {
	require.NoError(p.t, p.real.SetENIExcludedForPodIPs(string(e.ID), false))
	meanwhile()
	shown := p.real.GetAllocatableENIs(math.MaxInt, false)
	i := slices.IndexFunc(shown, func(live *datastore.ENI) bool { return live.ID == string(e.ID) })
	require.NotEqual(p.t, -1, i, "%s is a trunk", e.ID)
	require.NoError(p.t, p.real.SetENIExcludedForPodIPs(string(e.ID), e.Excluded))
	return shown[i]
}

// cooled is, per block, the addresses that were used and have cooled down at
// this instant, in the real datastore, lowest first.
func (p *pair) cooled() map[string][]netip.Addr {
	cooldown := cooldownOf(p.t)
	cooled := map[string][]netip.Addr{}
	for _, e := range p.real.GetENIInfos().ENIs {
		for text, c := range e.AvailableIPv4Cidrs {
			for _, a := range c.IPAddresses {
				if !a.Assigned() && time.Since(a.UnassignedTime) > cooldown {
					cooled[text] = append(cooled[text], netip.MustParseAddr(a.Address))
				}
			}
			slices.SortFunc(cooled[text], netip.Addr.Compare)
		}
	}
	return cooled
}

// steer makes ours visit the ENI first, in it the block first, and in that take
// the address, if it may.
func (p *pair) steer(e *model.StoreENI, want netip.Addr, cooled map[string][]netip.Addr) model.Pick {
	block := p.blockOf(e, want)
	draws := p.enis.front(e.ID, slices.Index(p.sim.ENIs(), e), len(p.sim.ENIs()))
	draws = append(draws, p.blocks[e.ID].front(block, slices.Index(e.Blocks(), block), e.BlockCount())...)
	if among := cooled[ipNetText(block)]; len(among) > 0 {
		draws = append(draws, max(slices.Index(among, want), 0))
	}
	return steered(draws)
}

// steered is a pick whose draws were made beforehand; what doesn't fit, and what
// comes after them, is 0.
func steered(draws []int) model.Pick {
	return func(n int) int {
		if len(draws) == 0 {
			return 0
		}
		draw := draws[0]
		draws = draws[1:]
		if draw >= n {
			return 0
		}
		return draw
	}
}

// mapSlots keeps account of the slots of a map's entries, as model's order of
// visits does.
type mapSlots[K comparable] struct {
	taken uint8
	grown bool
	of    map[K]int
}

func (m *mapSlots[K]) add(k K) {
	if m.of == nil {
		m.of = map[K]int{}
	}
	slot := bits.TrailingZeros8(^m.taken)
	if m.grown || slot == 8 {
		m.grown = true
		return
	}
	m.taken |= 1 << slot
	m.of[k] = slot
}

func (m *mapSlots[K]) remove(k K) {
	if slot, ok := m.of[k]; ok {
		m.taken &^= 1 << slot
		delete(m.of, k)
	}
}

// front is the draws that bring an entry, the i-th of n, to the front: a
// rotation that begins at its slot, or a shuffle from the last entry downwards
// that swaps this one alone, with the first.
func (m *mapSlots[K]) front(k K, i, n int) []int {
	if !m.grown {
		return []int{m.of[k]}
	}
	var draws []int
	for j := n - 1; j > 0; j-- {
		if j == i {
			draws = append(draws, 0)
		} else {
			draws = append(draws, j)
		}
	}
	return draws
}

func key(pod model.PodName) datastore.IPAMKey {
	return datastore.IPAMKey{NetworkName: "aws-cni", ContainerID: string(pod), IfName: "eth0"}
}

func ipNet(p netip.Prefix) net.IPNet {
	return net.IPNet{IP: net.IP(p.Addr().AsSlice()), Mask: net.CIDRMask(p.Bits(), 32)}
}

func ipNetText(p netip.Prefix) string {
	n := ipNet(p)
	return n.String()
}

// texts writes blocks as GetENICIDRs does.
func texts(blocks []netip.Prefix) []string {
	out := []string{}
	for _, b := range blocks {
		if b.IsSingleIP() {
			out = append(out, b.Addr().String())
		} else {
			out = append(out, b.String())
		}
	}
	return out
}
