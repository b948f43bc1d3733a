package view

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/capacity"
)

// What was left out since runs are costly is said, with what to type for it.
func TestWhatWasCutIsSaid(t *testing.T) {
	fits := func(v int) *capacity.Probe { return &capacity.Probe{Value: v} }
	stopped := func(v int) *capacity.Probe {
		return &capacity.Probe{Value: v, Stop: &capacity.Stop{Kind: "max-pods"}}
	}
	r := capacity.Report{Path: "a.b", Answer: capacity.Answer{High: 640, Smallest: fits(0), Largest: fits(640), Open: true, Further: true}}
	require.Equal(t, "a.b: everything from 0 to 640 fits; not looked further, as the runs are costly: --vary a.b=640..100000 does.", CapacityAnswer(r))
	require.Equal(t, &cutItem{Further: true, Remedies: []string{}}, cutOf(r))

	r.Answer = capacity.Answer{High: 900, Smallest: fits(0), Largest: fits(640), Above: stopped(700), Coarse: true}
	require.Equal(t, "a.b: 640 is the largest known to fit; at 700, max-pods stops it. The runs are costly, so not all between was looked at: --vary a.b=640..700 does.", CapacityAnswer(r))
	r.Want, r.Answer = capacity.Fewest, capacity.Answer{High: 900, Smallest: fits(640), Largest: fits(900), Below: stopped(600), Coarse: true}
	require.Equal(t, "a.b: 640 is the smallest known to fit; at 600, max-pods stops it. The runs are costly, so not all between was looked at: --fewest a.b=600..640 does.", CapacityAnswer(r))

	// The edge is exact all the same.
	r.Answer.Below = stopped(639)
	require.NotContains(t, CapacityAnswer(r), "costly")

	r = capacity.Report{Path: "a.b", Answer: capacity.Answer{High: 900, Smallest: fits(0), Largest: fits(640), Above: stopped(641), Unconfirmed: true}}
	r.Untried = []capacity.Remedy{{Name: "one more node"}}
	require.Equal(t, &cutItem{Unconfirmed: true, Remedies: []string{"one more node"}}, cutOf(r))
	var out bytes.Buffer
	require.NoError(t, CapacityTable(&out, r, Palette{}))
	require.Contains(t, out.String(), "the runs are costly, so none of")
	require.Contains(t, out.String(), "Not tried, as the runs are costly: one more node. --remedies=all tries all,")

	r.Chance = &capacity.Chance{First: 3, Seeds: 5, Skipped: 12_000_000}
	require.Contains(t, CapacityDocument(r).Answer, "640 is the largest that fits; at 641")
	require.Equal(t, int64(12_000_000), *chanceOf(r).Skipped)
	out.Reset()
	require.NoError(t, CapacityTable(&out, r, Palette{}))
	require.Contains(t, out.String(), "3 alone, as others would take 12,000,000 events more; --seeds 5")
}

// Where expectations do nothing but make a hole, the same edges are not told
// twice.
func TestAHoleOfExpectationsIsSaidInAFewWords(t *testing.T) {
	fits := func(v int) *capacity.Probe { return &capacity.Probe{Value: v} }
	stopped := func(v int) *capacity.Probe {
		return &capacity.Probe{Value: v, Stop: &capacity.Stop{Kind: "max-pods"}}
	}
	without := capacity.Answer{High: 200, Smallest: fits(0), Largest: fits(159), Above: stopped(160)}
	r := capacity.Report{Path: "a.b", Answer: without, Without: &without}
	r.Answer.Gap = stopped(89)
	require.Equal(t, "a.b: 159 is the largest that fits; at 160, max-pods stops it. Not all between fit: 89 doesn't. Without what the scenario expects all between do.", CapacityAnswer(r))
	r.Answer.Largest, r.Answer.Above = fits(158), stopped(159)
	require.Contains(t, CapacityAnswer(r), "Without what the scenario expects: 159 is the largest")
}

// A remedy's row says how far it is known where the runs were too costly.
func TestARemedySaysHowFarItIsKnown(t *testing.T) {
	fits := func(v int) *capacity.Probe { return &capacity.Probe{Value: v} }
	stopped := func(v int) *capacity.Probe {
		return &capacity.Probe{Value: v, Stop: &capacity.Stop{Kind: "quota"}}
	}
	for want, m := range map[string]capacity.Remedied{
		"over 4,801":  {Want: capacity.Largest, Answer: capacity.Answer{High: 4801, Open: true, Smallest: fits(75), Largest: fits(4801)}},
		"≥4,801":      {Want: capacity.Largest, Answer: capacity.Answer{High: 6000, Open: true, Coarse: true, Smallest: fits(75), Largest: fits(4801), Above: stopped(5000)}},
		"4,801":       {Want: capacity.Largest, Answer: capacity.Answer{High: 6000, Open: true, Smallest: fits(75), Largest: fits(4801), Above: stopped(4802)}},
		"under 4,800": {Want: capacity.Largest, Answer: capacity.Answer{High: 4800, Open: true, Coarse: true, None: stopped(0), NoneHigh: stopped(4800)}},
		"none":        {Want: capacity.Largest, Answer: capacity.Answer{High: 4800, Open: true, None: stopped(0), NoneHigh: stopped(4800)}},
	} {
		require.Equal(t, want, remedied(m))
	}
}

// Of IPv6 nobody counts the addresses of a /80.
func TestIPv6AddressesAreCountedByPrefixes(t *testing.T) {
	require.Contains(t, arithmetic(capacity.Use{Pods: 54, Nodes: 2, Addresses: 2 << 48, Held: 54}), "; 54 IPv6 addresses held, of 2 /80 prefixes")
	require.Contains(t, arithmetic(capacity.Use{Pods: 4, Nodes: 1, Addresses: 9, Held: 4}), "; 4 of 9 attached addresses held")
}
