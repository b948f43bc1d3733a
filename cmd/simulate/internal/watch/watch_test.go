package watch

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// watching is a run of the library under the eyes of a viewer, paused at its
// beginning.
func watching(t *testing.T, name string) *Model {
	t.Helper()
	entry, ok := scenarios.Find(name)
	require.True(t, ok)
	scenario, err := scenarios.Load(entry.File, entry.Data(), scenarios.Options{ReadFile: scenarios.ReadLibraryFile})
	require.NoError(t, err)
	var log []sim.Event
	var s replay.State
	require.NoError(t, sim.Run(scenario.Config(), func(e sim.Event) error {
		log = append(log, e)
		return s.Apply(e)
	}))
	m := New(log, &s, view.Palette{})
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 40})
	return m
}

func press(m *Model, keys ...string) {
	for _, k := range keys {
		var key tea.KeyPressMsg
		switch k {
		case "space":
			key = tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
		case "left":
			key = tea.KeyPressMsg{Code: tea.KeyLeft}
		case "right":
			key = tea.KeyPressMsg{Code: tea.KeyRight}
		case "end":
			key = tea.KeyPressMsg{Code: tea.KeyEnd}
		case "home":
			key = tea.KeyPressMsg{Code: tea.KeyHome}
		default:
			key = tea.KeyPressMsg{Code: rune(k[0]), Text: k}
		}
		m.Update(key)
	}
}

func TestScreen(t *testing.T) {
	m := watching(t, "default-secondary-ip")
	m.seek(80_000)
	require.Equal(t, strings.TrimSpace(`
default-secondary-ip  1m20s of 6m29s  ❚❚ 30×
27 pods running · 4 waiting · 27 of 27 addresses held
┄┄┄────────────━●━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

Nodes                           ■ held by a pod  ░ cooling  □ free  · empty slot
  workers-0  27 of 27 addresses held · 29 of 29 pods · 3 of 3 ENIs
    eni0  ■■■■■■■■■  9/9 primary
    eni1  ■■■■■■■■■  9/9
    eni2  ■■■■■■■■■  9/9

Subnets                            the five addresses that EC2 keeps not counted
                          usable  used  free  free /28s  largest run
  private-a  10.0.0.0/24     251    30   221         12          221

Short of
  ✗ max-pods, cluster  since 1m17s

Last changes
  1m16s  eni2  full: 9 of 9 held
   1m7s  eni1  full: 9 of 9 held
  16.6s  eni2  attached, +9 addresses  8 left, WARM_ENI_TARGET=1 wants 9`), strings.Join(m.screen()[:21], "\n"))
}

// Every key does what the help says.
func TestKeys(t *testing.T) {
	m := watching(t, "default-secondary-ip")
	require.Equal(t, model.Instant(0), m.at)
	press(m, "right")
	first := m.at
	require.Positive(t, first)
	press(m, "right")
	require.Greater(t, m.at, first)
	press(m, "left")
	require.Equal(t, first, m.at)
	press(m, "L")
	require.Equal(t, first+leap, m.at)
	press(m, "H")
	require.Equal(t, first, m.at)
	press(m, "n", "n")
	require.Equal(t, m.episodes[1].BeganAt, m.at, "the second shortage")
	require.Contains(t, strings.Join(m.screen(), "\n"), "✗ max-pods")
	press(m, "end")
	require.Equal(t, m.end, m.at)
	press(m, "right")
	require.Equal(t, m.end, m.at, "there is nothing after the end")
	press(m, "home", "left")
	require.Equal(t, model.Instant(0), m.at)
	speed := m.speed
	press(m, "+")
	require.Equal(t, speed+1, m.speed)
	press(m, "-", "-")
	require.Equal(t, speed-1, m.speed)
}

// The clock moves the run while it plays, and stops at its end.
func TestPlays(t *testing.T) {
	m := watching(t, "default-secondary-ip")
	press(m, "space")
	_, again := m.Update(tick{m.turn})
	require.NotNil(t, again)
	require.Equal(t, model.Instant(frame.Milliseconds())*model.Instant(speeds[m.speed]), m.at)
	at := m.at
	press(m, "space")
	m.Update(tick{m.turn})
	require.Equal(t, at, m.at, "paused")
	press(m, "space")
	m.Update(tick{m.turn - 1})
	require.Equal(t, at, m.at, "a tick of before the pause counts for nothing")
	m.seek(m.end - 1)
	_, again = m.Update(tick{m.turn})
	require.Nil(t, again)
	require.Equal(t, m.end, m.at)
	require.False(t, m.playing)
	press(m, "space")
	require.Equal(t, model.Instant(0), m.at, "play at the end begins anew")
}

// A screen has as many lines as the terminal, however small it is.
func TestScreenFits(t *testing.T) {
	m := watching(t, "three-subnets")
	m.seek(m.end)
	for _, height := range []int{6, 10, 24, 100} {
		m.Update(tea.WindowSizeMsg{Width: 80, Height: height})
		require.Len(t, m.screen(), height)
		press(m, "j", "j", "j")
		require.Len(t, m.screen(), height)
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 10})
	press(m, "j", "j")
	before := m.screen()
	press(m, "k")
	require.NotEqual(t, before, m.screen())
}

// In a narrow window the clock stays, and how to quit; what is cut off says so.
func TestNarrowWindows(t *testing.T) {
	m := watching(t, "default-secondary-ip")
	m.seek(80_000)
	for _, c := range []struct {
		width       int
		first, last string
	}{
		{80, "default-secondary-ip  1m20s of 6m29s  ❚❚ 30×", "space play  ←→ step  H L ±10 s  +− speed  n next shortage  j k scroll  q quit"},
		{77, "default-secondary-ip  1m20s of 6m29s  ❚❚ 30×", "space play  ←→ step  H L ±10 s  +− speed  n next shortage  j k scroll  q quit"},
		{76, "default-secondary-ip  1m20s of 6m29s  ❚❚ 30×", "space play  ←→ step  n next shortage  j k scroll  q quit"},
		{40, "default-seconda…  1m20s of 6m29s  ❚❚ 30×", "space ←→ step  n next  j k  q quit"},
	} {
		m.Update(tea.WindowSizeMsg{Width: c.width, Height: 10})
		lines := m.screen()
		require.Len(t, lines, 10)
		require.Equal(t, c.first, lines[0])
		require.Equal(t, c.last, lines[9])
	}
	require.Equal(t, "27 pods running · 4 waiting · 27 of 27 a…", cut("27 pods running · 4 waiting · 27 of 27 addresses held", 41))
}
