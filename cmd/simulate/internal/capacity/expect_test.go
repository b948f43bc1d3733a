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

func TestWhichExpectationsAreLeftAside(t *testing.T) {
	for _, c := range []struct {
		probes string
		today  int
		want   Aside
	}{
		{"fFf", 10, OwnValue},
		{"fFx", 10, OwnValue}, // whether the next one fits is no matter
		{"FFf", 10, ""},       // a bound from above
		{"fFF", 10, ""},       // from below
		{"fff", 10, ""},       // a demand that the file doesn't meet, either
		{"FfF", 10, ""},
		{"fF", 10, ""}, // nobody knows what is beyond
		{"fXX", 10, Shortage},
		{"fXf", 10, Shortage},
		{"FXX", 10, ""}, // it holds with all that fit
		{"xXX", 10, ""}, // nothing fits anyhow
		{"fxX", 10, ""},
		{"ffFX", 12, Shortage}, // what is left is nothing, as in the file
		{"fFFX", 12, ""},       // a bound from below
		{"XFff", 9, Shortage},
		{"XFFf", 9, ""},
		{"fXXF", 10, ""},
		{"F", 10, ""}, // 10 was not run
	} {
		require.Equal(t, []Aside{c.want}, Asides(1, probes(c.probes), c.today), c.probes)
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
