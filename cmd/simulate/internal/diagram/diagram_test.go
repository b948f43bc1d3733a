package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// at is the state of a scenario of the library at an instant; 0: at its end.
func at(t *testing.T, name string, until time.Duration, set ...string) *replay.State {
	t.Helper()
	entry, ok := scenarios.Find(name)
	require.True(t, ok, name)
	o := scenarios.Options{Set: set, ReadFile: scenarios.ReadLibraryFile}
	if until > 0 {
		o.Until = &until
	}
	scenario, err := scenarios.Load(entry.File, entry.Data(), o)
	require.NoError(t, err)
	var s replay.State
	require.NoError(t, sim.Run(scenario.Config(), s.Apply))
	return &s
}

func svg(t *testing.T, s *replay.State, o Options) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, SVG(&out, s, o))
	return out.String()
}

func mermaid(t *testing.T, s *replay.State, o Options) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Mermaid(&out, s, o))
	return out.String()
}

// squares counts the rectangles of a class.
func squares(t *testing.T, picture, class string) int {
	t.Helper()
	n := 0
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			for _, a := range e.Attr {
				if a.Name.Local == "class" && a.Value == class {
					n++
				}
			}
		}
	}
}

// Each address that a pod holds is a square at its ENI and one in the map of its
// subnet; the legend has one, too.
func TestSquaresAreTheAddresses(t *testing.T) {
	for _, c := range []struct {
		name             string
		at               time.Duration
		held, free, wait int
	}{
		{"default-secondary-ip", 20 * time.Second, 10, 17, 0},
		{"default-secondary-ip", 80 * time.Second, 27, 0, 4},
	} {
		s := at(t, c.name, c.at)
		require.Equal(t, [2]int{c.held, c.free}, [2]int{s.Totals().Assigned, s.Totals().Free()}, "at %s", c.at)
		picture := svg(t, s, Options{})
		legend := func(n int) int { return min(n, 1) }
		require.Equal(t, 2*c.held+legend(c.held), squares(t, picture, "held"), "held at %s", c.at)
		require.Equal(t, 2*c.free+legend(c.free), squares(t, picture, "free"), "free at %s", c.at)
		require.Equal(t, c.wait+legend(c.wait), squares(t, picture, "waits"), "waiting at %s", c.at)
		require.Equal(t, 5+1, squares(t, picture, "kept"), "what EC2 keeps of the /24")
	}
}

// A prefix is a frame around its 16 addresses; of a subnet larger than a /24 a
// square is a /28.
func TestPrefixesAndLargeSubnets(t *testing.T) {
	s := at(t, "prefix-mode", 0)
	picture := svg(t, s, Options{})
	require.Equal(t, 7, squares(t, picture, "block"))
	require.Equal(t, 108+1, squares(t, picture, "held"))
	require.Equal(t, 7, squares(t, picture, "f5"), "/28s that are taken as a whole")
	require.Equal(t, 64-7-2, squares(t, picture, "open"), "the first and the last have EC2's own")
}

func TestBranchesOfATrunk(t *testing.T) {
	s := at(t, "security-groups-trunk-first", 0)
	picture := svg(t, s, Options{})
	n := s.Nodes[0]
	require.Equal(t, 9, n.BranchCount().InUse)
	require.Equal(t, 2*(9+s.Totals().Assigned)+1, squares(t, picture, "held"))
	require.Contains(t, mermaid(t, s, Options{}), `["9 of 9 branch ENIs in use"]:::full`)
}

// Addresses of a leaked ENI are nobody's, and not taken by others; those that are
// left over of the mode before are not ready for a pod, at the ENI and in the map.
func TestLeakedAndLeftOver(t *testing.T) {
	before, after := at(t, "leaked-eni", 6*time.Minute), at(t, "leaked-eni", 8*time.Minute)
	require.Zero(t, squares(t, svg(t, before, Options{}), "left"))
	picture := svg(t, after, Options{})
	require.Equal(t, 10+1, squares(t, picture, "left"), "and one in the legend")
	require.Zero(t, squares(t, picture, "other"))
	require.Contains(t, picture, "29 of 59 free · 0 free /28s · 10 on leaked ENIs")
	require.Contains(t, mermaid(t, after, Options{}), "10 on leaked ENIs")

	require.Equal(t, 2*12+1, squares(t, svg(t, at(t, "prefix-mode-switched-on-live", 0), Options{}), "left"))
}

// Every scenario of the library can be drawn, and what is drawn is XML.
func TestTheLibraryDraws(t *testing.T) {
	for _, e := range append(scenarios.Library(), scenarios.IncidentLibrary()...) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			s := at(t, e.Name, 2*time.Minute)
			require.NotZero(t, squares(t, svg(t, s, Options{}), "page"))
			require.Contains(t, mermaid(t, s, Options{}), "flowchart LR\n")
		})
	}
}

func TestLikeNodesAreOne(t *testing.T) {
	s := at(t, "large-fleet", 0)
	picture := svg(t, s, Options{})
	require.Contains(t, picture, "like it</text>")
	require.LessOrEqual(t, squares(t, picture, "node"), mostGroups)
	require.Contains(t, svg(t, s, Options{Nodes: s.Nodes[:1]}), ">"+string(s.Nodes[0].Name)+"</text>")
	require.Equal(t, 1, squares(t, svg(t, s, Options{Nodes: s.Nodes[:1]}), "node"))
}

func TestMermaid(t *testing.T) {
	require.Equal(t, `---
title: "default-secondary-ip, at 1m20s · 27 pods running · 4 waiting · 27 addresses attached: 27 held, 0 cooling, 0 free"
---
flowchart LR
  subgraph n0["workers-0 · m5.large · 29 of 29 pods"]
    direction TB
    n0e0["eni0<br/>10.0.0.4<br/>9/9 primary"]:::full
    n0e1["eni1<br/>10.0.0.14<br/>9/9"]:::full
    n0e2["eni2<br/>10.0.0.24<br/>9/9"]:::full
  end
  s0[("private-a us-west-2a<br/>10.0.0.0/24<br/>221 of 251 free · 12 free /28s")]
  x0{{"✗ max-pods, cluster<br/>since 1m17s, 4 pods"}}:::out
  n0e0 --- s0
  n0e1 --- s0
  n0e2 --- s0
  classDef full fill:#0072b2,stroke:#00568a,color:#fff
  classDef room fill:#e7f1f8,stroke:#0072b2,color:#1f2328
  classDef plain fill:#f6f8fa,stroke:#6e7781,color:#1f2328
  classDef out fill:#fff5eb,stroke:#d55e00,color:#1f2328
`, mermaid(t, at(t, "default-secondary-ip", 80*time.Second), Options{}))
}

// Names are the user's: neither format may break on them.
func TestNamesAreEscaped(t *testing.T) {
	s := at(t, "default-secondary-ip", time.Minute)
	s.Started.Name = `a "b" <c> & d`
	require.Contains(t, svg(t, s, Options{}), `a &#34;b&#34; &lt;c&gt; &amp; d`)
	require.NotZero(t, squares(t, svg(t, s, Options{}), "page"))
	require.Contains(t, mermaid(t, s, Options{}), `title: "a \"b\" <c> & d, at 1m`)
	require.Equal(t, `"a #quot;b#quot; #lt;c#gt; #35;1"`, label(`a "b" <c> #1`))
}

func TestFitCutsWhatIsTooLong(t *testing.T) {
	require.Equal(t, "1234567890", fit("1234567890", 66))
	require.Equal(t, "123456789…", fit("12345678901", 66))
	require.Equal(t, "1234567890", fitHead("1234567890", 126, 20), "12.5 pixels each")
	require.Equal(t, "123456789…", fitHead("12345678901", 126, 20))
}
