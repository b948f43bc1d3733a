package model

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBranchCooldownText settles what the resource controller makes of the text
// in its ConfigMap.
func TestBranchCooldownText(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  time.Duration
		noted bool
	}{
		{"", 60 * time.Second, false},
		{"60", 60 * time.Second, false},
		{"29", 30 * time.Second, true},
		{"30", 30 * time.Second, false},
		{"31", 31 * time.Second, false},
		{"0", 30 * time.Second, true},
		{"-5", 30 * time.Second, true},
		{"+45", 45 * time.Second, false},
		{"60s", 60 * time.Second, true},
		{"45s", 60 * time.Second, true},
		{"45.0", 60 * time.Second, true},
		{" 45", 60 * time.Second, true},
		{strconv.FormatUint(math.MaxUint64, 10), 60 * time.Second, true},
	} {
		got, note := BranchCooldown(c.text)
		require.Equal(t, c.want, got, c.text)
		require.Equal(t, c.noted, note != "", c.text)
	}
}

// TestVLANIDs: the lowest free one, 1 to 120.
func TestVLANIDs(t *testing.T) {
	trunk := NewTrunk(9)
	for want := 1; want <= MaxVLAN; want++ {
		id, ok := trunk.TakeVLAN()
		require.True(t, ok)
		require.Equal(t, want, id)
	}
	_, ok := trunk.TakeVLAN()
	require.False(t, ok)
	trunk.FreeVLAN(77)
	trunk.FreeVLAN(12)
	id, _ := trunk.TakeVLAN()
	require.Equal(t, 12, id)
	require.Len(t, trunk.VLANs(), MaxVLAN-1)
}

// TestQueuedBranchesCount against the limit until they are taken out to be
// deleted.
func TestQueuedBranchesCount(t *testing.T) {
	trunk := NewTrunk(2)
	trunk.Hold(&Branch{ENI: "a", PodID: 1})
	require.True(t, trunk.HasRoom(), "one of two")
	trunk.Hold(&Branch{ENI: "b", PodID: 2})
	require.False(t, trunk.HasRoom(), "two of two")
	require.Equal(t, ENIID("a"), trunk.Release(1, 0).ENI)
	require.Nil(t, trunk.Release(1, 0), "a second time nothing happens")
	require.False(t, trunk.HasRoom(), "one held, one queued")
	require.NotNil(t, trunk.Next(60_001, time.Minute))
	require.True(t, trunk.HasRoom())
}

// TestQueueOrder: roll-backs first and at once, the others in turn; one that is
// not due holds up those behind it.
func TestQueueOrder(t *testing.T) {
	trunk := NewTrunk(9)
	for i, since := range []Instant{1000, 900} { // the second was queued later, with an earlier time
		b := &Branch{ENI: ENIID(rune('a' + i)), PodID: i}
		trunk.Enqueue(b, since)
	}
	vain := &Branch{ENI: "vain", PodID: 7}
	trunk.Hold(vain)
	trunk.RollBack(vain)
	require.Empty(t, trunk.Held())
	require.Equal(t, vain, trunk.Next(1000, time.Minute), "no cooldown")

	require.Nil(t, trunk.Next(61_000, time.Minute), "exactly the cooldown, and the one behind waits with it")
	require.Equal(t, ENIID("a"), trunk.Next(61_001, time.Minute).ENI)
	b := trunk.Next(61_001, time.Minute)
	require.Equal(t, ENIID("b"), b.ENI)
	require.Nil(t, trunk.Next(61_001, time.Minute))

	trunk.Enqueue(&Branch{ENI: "c"}, 70_000)
	trunk.Requeue(b)
	require.Equal(t, b, trunk.Next(61_001, time.Minute), "it kept its time and its place")
}

// TestClearTakesEverything, pods' branches first.
func TestClearTakesEverything(t *testing.T) {
	trunk := NewTrunk(9)
	trunk.Enqueue(&Branch{ENI: "cooling"}, 0)
	trunk.Hold(&Branch{ENI: "held", PodID: 1})
	all := trunk.Clear()
	require.Equal(t, []ENIID{"held", "cooling"}, []ENIID{all[0].ENI, all[1].ENI})
	require.Zero(t, trunk.Counted())
}

func TestPodHasOneBranch(t *testing.T) {
	trunk := NewTrunk(9)
	trunk.Hold(&Branch{ENI: "a", Pod: "p", PodID: 1})
	require.PanicsWithValue(t, "trunk: pod p (1) gets a second branch, b", func() { trunk.Hold(&Branch{ENI: "b", Pod: "p", PodID: 1}) })
}
