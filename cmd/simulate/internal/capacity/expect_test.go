package capacity

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// probes are of the values from 9 on; an x doesn't fit. In upper case the one
// expectation holds.
func probes(text string) []Probe {
	var out []Probe
	for i, c := range text {
		p := Probe{Value: 9 + i}
		if c == 'x' || c == 'X' {
			p.Stop = &Stop{Kind: "max-pods"}
		}
		if c != 'X' && c != 'F' {
			p.Unmet = []Unmet{{Index: 0, That: "a"}}
		}
		out = append(out, p)
	}
	return out
}

// The file has 10, which is the second of the values.
func TestWhichExpectationsAreLeftAside(t *testing.T) {
	for text, want := range map[string]Aside{
		"fFf":  OwnValue,
		"fFx":  OwnValue, // whether the next one fits is no matter
		"FFf":  "",       // a bound from above
		"fFF":  "",       // from below
		"fff":  "",       // a demand that the file doesn't meet, either
		"FfF":  "",
		"fF":   "", // nobody knows what is beyond
		"fXX":  Shortage,
		"fXf":  Shortage,
		"FXX":  "", // it holds where all fits, too
		"xXX":  "", // nothing fits anyhow
		"fxX":  "",
		"ffXX": "",
		"F":    "", // 10 was not run
	} {
		require.Equal(t, []Aside{want}, Asides(1, probes(text), 10), text)
	}
}

func TestAProbeIsHeldAgainstWhatIsAsked(t *testing.T) {
	failing, full := probes("f")[0], probes("x")[0]
	asked, aside := []Expected{{That: "a"}}, []Expected{{That: "a", Aside: OwnValue}}
	require.Equal(t, KindExpectation, failing.Held(asked).Stop.Kind)
	require.Equal(t, "a", failing.Held(asked).Stop.Expectation.That)
	require.True(t, failing.Held(aside).Fits())
	require.True(t, failing.Fits(), "the probe itself is as it was")
	require.Equal(t, Kind("max-pods"), full.Held(asked).Stop.Kind, "what runs out comes first")
	require.True(t, probes("F")[0].Held(asked).Fits())
}
