// Package watch plays a run in the terminal: the table's nodes, subnets and
// exhaustion points at an instant that the viewer moves.
package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"vpcsim/cmd/simulate/internal/view"
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// frame is how long a picture stands while the run plays.
const frame = 50 * time.Millisecond

// speeds are how many virtual seconds a second plays.
var speeds = []int{1, 2, 5, 10, 30, 60, 300, 1800, 7200}

// Model is the program's state: the log of the run, and the instant of it that is
// looked at.
type Model struct {
	log      []sim.Event
	episodes []*replay.Episode
	end      model.Instant
	pal      view.Palette

	at      model.Instant
	state   *replay.State // folded up to at
	next    int           // event of the log
	playing bool
	speed   int // of speeds
	turn    int // which starting of the clock its ticks are of
	carry   time.Duration

	width, height, scroll int
}

// New makes a model of a run: its log and the state at its end.
func New(log []sim.Event, end *replay.State, pal view.Palette) *Model {
	m := &Model{log: log, episodes: end.Episodes, end: end.Now, pal: pal, width: 80, height: 24}
	// A run plays in half a minute unless the viewer wants it otherwise.
	for m.speed < len(speeds)-1 && int64(end.Now) > int64(speeds[m.speed])*30_000 {
		m.speed++
	}
	m.seek(0)
	return m
}

// seek goes to an instant: all that happens at it has happened.
func (m *Model) seek(to model.Instant) {
	to = min(max(to, 0), m.end)
	if m.state == nil || to < m.at {
		m.state, m.next = new(replay.State), 0
	}
	for m.next < len(m.log) && m.log[m.next].At <= to {
		// The log was folded once without an error.
		_ = m.state.Apply(m.log[m.next])
		m.next++
	}
	m.at, m.state.Now = to, to
}

// step goes to the next instant of the log, or the one before.
func (m *Model) step(forward bool) {
	m.playing = false
	if forward {
		if m.next < len(m.log) {
			m.seek(m.log[m.next].At)
		}
		return
	}
	i, _ := slices.BinarySearchFunc(m.log, m.at, func(e sim.Event, at model.Instant) int { return int(e.At - at) })
	if i > 0 {
		m.seek(m.log[i-1].At)
	}
}

// tick says that a frame is over, since the run was last set to play.
type tick struct{ turn int }

func (m *Model) tick() tea.Cmd {
	turn := m.turn
	return tea.Tick(frame, func(time.Time) tea.Msg { return tick{turn} })
}

// Init starts playing.
func (m *Model) Init() tea.Cmd {
	m.playing = true
	return m.tick()
}

// Update does what a key or the clock asks for.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tick:
		if !m.playing || msg.turn != m.turn {
			return m, nil
		}
		m.carry += frame * time.Duration(speeds[m.speed])
		whole := m.carry.Milliseconds()
		m.carry -= time.Duration(whole) * time.Millisecond
		m.seek(m.at + model.Instant(whole))
		if m.at >= m.end {
			m.playing = false
			return m, nil
		}
		return m, m.tick()
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	}
	return m, nil
}

const leap = 10_000 // ms, of the large steps

func (m *Model) key(name string) tea.Cmd {
	switch name {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "space", " ", "enter":
		return m.play()
	case "right", "l":
		m.step(true)
	case "left", "h":
		m.step(false)
	case "shift+right", "L", "pgdown":
		m.seek(m.at + leap)
	case "shift+left", "H", "pgup":
		m.seek(m.at - leap)
	case "home", "g":
		m.seek(0)
	case "end", "G":
		m.seek(m.end)
	case "n":
		m.toEpisode()
	case "+", "=":
		m.speed = min(m.speed+1, len(speeds)-1)
	case "-":
		m.speed = max(m.speed-1, 0)
	case "down", "j":
		m.scroll++
	case "up", "k":
		m.scroll = max(m.scroll-1, 0)
	}
	return nil
}

func (m *Model) play() tea.Cmd {
	m.playing = !m.playing
	if !m.playing {
		return nil
	}
	if m.at >= m.end {
		m.seek(0)
	}
	m.turn++
	m.carry = 0
	return m.tick()
}

// toEpisode goes to the next exhaustion point.
func (m *Model) toEpisode() {
	for _, ep := range m.episodes {
		if ep.BeganAt > m.at {
			m.playing = false
			m.seek(ep.BeganAt)
			return
		}
	}
}

// View draws the screen.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "simulate watch " + m.state.Started.Name
	return v
}

// helps are the line of keys, for narrower and narrower windows.
var helps = []string{
	"space play  ←→ step  H L ±10 s  +− speed  n next shortage  j k scroll  q quit",
	"space play  ←→ step  n next shortage  j k scroll  q quit",
	"space ←→ step  n next  j k  q quit",
	"q quit",
}

// help is the longest line of keys that fits.
func (m *Model) help() string {
	for _, h := range helps {
		if utf8.RuneCountInString(h) <= m.width {
			return h
		}
	}
	return ""
}

// lastChanges is how many of the last changes are told.
const lastChanges = 8

// screen is the lines of the screen, as many as there is room for.
func (m *Model) screen() []string {
	sign := "▶"
	if !m.playing {
		sign = "❚❚"
	}
	clock := fmt.Sprintf("%s of %s  %s %d×", view.Instant(m.at), view.Instant(m.end), sign, speeds[m.speed])
	head := []string{
		cut(m.state.Started.Name, m.width-utf8.RuneCountInString(clock)-2) + "  " + clock,
		cut(view.Line(m.state), m.width),
		m.bar(),
	}
	var body strings.Builder
	// A strings.Builder takes everything.
	_ = view.Snapshot(&body, m.state, lastChanges, m.pal)
	lines := strings.Split(strings.TrimRight(body.String(), "\n"), "\n")
	room := max(m.height-len(head)-2, 1)
	m.scroll = min(m.scroll, max(len(lines)-room, 0))
	lines = lines[m.scroll:min(len(lines), m.scroll+room)]
	out := append(append(head, ""), lines...)
	for len(out) < m.height-1 {
		out = append(out, "")
	}
	return append(out, m.help())
}

// cut shortens a text to a width and shows that it did.
func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:max(width-1, 0)]) + "…"
}

// bar is the run from its beginning to its end: where it is, and where something
// is short.
func (m *Model) bar() string {
	wide := max(min(m.width, view.PageWidth), 10)
	cells := []rune(strings.Repeat("─", wide))
	place := func(at model.Instant) int { return int(int64(at) * int64(wide-1) / max(int64(m.end), 1)) }
	for _, ep := range m.episodes {
		until := ep.EndedAt
		if ep.Open() {
			until = m.end
		}
		for i := place(ep.BeganAt); i <= place(until); i++ {
			if ep.Cures() && cells[i] == '─' {
				cells[i] = '┄'
			} else if !ep.Cures() {
				cells[i] = '━'
			}
		}
	}
	cells[place(m.at)] = '●'
	return string(cells)
}
