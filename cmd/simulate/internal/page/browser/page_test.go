// Package browser opens replay pages in Chromium and holds what they show against
// the state that the log folds into. It is a module of its own, so that the browser's
// driver is no dependency of the simulator.
package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/film"
	"vpcsim/cmd/simulate/internal/page"
	"vpcsim/cmd/simulate/internal/picture"
	"vpcsim/model"
	"vpcsim/scenarios"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// shown is what a page says of an instant.
type shown struct {
	Clock   string
	Running int
	Waiting int
	Held    int
	Total   int
	Cooling int
	Nodes   map[string]string // what their pictures show, in words
	Free    []int             // of each subnet
	Leaked  []int             // likewise
	Open    int               // exhaustion points
}

// read asks the page for it.
const read = `(() => {
	const number = (s) => Number((s ?? "0").replaceAll(",", ""));
	const text = document.querySelector(".numbers").textContent;
	const of = (re) => number(text.match(re)?.[1]);
	return {
		Clock: document.querySelector(".clock").textContent,
		Running: of(/([\d,]+) (?:pod|task)s? running/),
		Waiting: of(/([\d,]+) without address/),
		Held: of(/([\d,]+) of [\d,]+ address(?:es)? held/) || of(/([\d,]+) task ENI/) || of(/([\d,]+) IPv6 address(?:es)? held/),
		Total: of(/of ([\d,]+) address(?:es)? held/),
		Cooling: number(document.querySelector(".keys").textContent.match(/cooling ([\d,]+)/)[1]),
		Nodes: Object.fromEntries([...document.querySelectorAll(".left .node")].map((card) => [card.querySelector("h2").firstChild.textContent.trim(), card.querySelector("canvas").ariaLabel])),
		Free: [...document.querySelectorAll(".free")].map((p) => number(p.querySelector("b").textContent)),
		Leaked: [...document.querySelectorAll(".free")].map((p) => number(p.querySelector(".leaks")?.textContent.match(/[\d,]+/)[0])),
		Open: number(document.querySelector(".open")?.textContent),
	};
})()`

func browser(t *testing.T) context.Context {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "Chromium starts") // with no deadline, which would be the browser's
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// report plays a scenario of the library, writes its page, and returns where it
// is and the log.
func report(t *testing.T, name string) (url string, log []sim.Event) {
	entry, ok := scenarios.Find(name)
	require.True(t, ok)
	scenario, err := scenarios.Load(entry.File, entry.Data(), scenarios.Options{ReadFile: scenarios.ReadLibraryFile})
	require.NoError(t, err)
	var s replay.State
	recorder := film.NewRecorder(&s)
	require.NoError(t, sim.Run(scenario.Config(), func(e sim.Event) error {
		log = append(log, e)
		if err := s.Apply(e); err != nil {
			return err
		}
		return recorder.Apply(e)
	}))
	file := filepath.Join(t.TempDir(), name+".html")
	out, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, page.Write(out, recorder.Film(scenario.Summary)))
	require.NoError(t, out.Close())
	return "file://" + file, log
}

// at folds the log up to an instant.
func at(t *testing.T, log []sim.Event, ms model.Instant) *replay.State {
	var s replay.State
	for _, e := range log {
		if e.At > ms {
			break
		}
		require.NoError(t, s.Apply(e))
	}
	return &s
}

// expected is what a page has to say of a state.
func expected(s *replay.State, ms model.Instant) shown {
	n := s.Pods.Count()
	want := shown{Running: n.Running, Nodes: map[string]string{}}
	for _, p := range s.Pods.All() {
		if p.Waits() && !p.Address.IsValid() {
			want.Waiting++
		}
	}
	ipv6 := false
	for _, node := range s.Nodes {
		ipv6 = ipv6 || node.Config.Settings.IPv6
		t := node.Totals(ms)
		want.Held += t.Assigned
		want.Total += t.Total
		want.Cooling += t.Cooling
	}
	if s.Started.Platform == sim.PlatformECS || ipv6 {
		want.Total = 0
	}
	if living := picture.Living(s); len(living) <= 8 { // of more there are tiles
		for _, node := range living {
			want.Nodes[string(node.Name)] = describe(node, ms)
		}
	}
	for _, sn := range s.Subnets {
		want.Free = append(want.Free, sn.Stats().Free)
		want.Leaked = append(want.Leaked, sn.Leaked())
	}
	for _, ep := range s.Episodes {
		if ep.Open() {
			want.Open++
		}
	}
	return want
}

// describe is what the page says of a node to those who don't see its picture.
func describe(n *replay.Node, ms model.Instant) string {
	var parts []string
	for _, e := range append(slices.Clone(n.Attached()), n.TaskBranches...) {
		held, cooling := e.Assigned(), 0
		for _, b := range e.Blocks {
			cooling += b.Cooling(ms)
		}
		name := picture.ENIName(n, e.Card, e.Device)
		if e.Kind == model.ENIBranch {
			name = "branch"
		}
		if e.Pod != "" {
			held = 1
		}
		parts = append(parts, fmt.Sprintf("%s %s: %d held, %d cooling", name, e.Kind, held, cooling))
	}
	var branches []string
	for _, k := range []struct {
		state replay.BranchState
		says  string
	}{
		{replay.BranchCreating, "being made"}, {replay.BranchInUse, "held"}, {replay.BranchCooling, "cooling"},
		{replay.BranchQueued, "waiting to be deleted"}, {replay.BranchLeaked, "leaked"},
	} {
		count := 0
		for _, b := range n.Branches {
			if b.State == k.state {
				count++
			}
		}
		if count > 0 {
			branches = append(branches, fmt.Sprintf("%d %s", count, k.says))
		}
	}
	if len(branches) > 0 {
		parts = append(parts, "branch ENIs: "+strings.Join(branches, ", "))
	}
	return strings.Join(parts, "; ")
}

// A page shows at each instant what the log says, forwards and backwards.
func TestPageShowsTheState(t *testing.T) {
	ctx := browser(t)
	for name, instants := range map[string][]model.Instant{
		"default-secondary-ip":           {0, 1000, 20_000, 80_000, 15_000, 389_000},
		"prefix-mode":                    {30_000, 90_000},
		"churn-and-cooldown":             {60_000, 200_000, 100_000},
		"scale-down-warm-ip-target":      {90_000, 240_000, 480_000},
		"security-groups-trunk-first":    {20_000, 90_000},
		"branch-cooldown-rollout":        {61_200, 620_000, 660_000, 700_000, 500_000},
		"incident-rc-154":                {602_500, 640_000, 700_000},
		"incident-rc-33":                 {65_000, 200_000, 62_000},
		"leaked-eni":                     {300_000, 480_000, 4_100_000},
		"multi-nic-pods":                 {62_000, 120_000},
		"ecs-with-trunking":              {90_000, 200_000},
		"ecs-without-trunking":           {90_000},
		"ipv6-max-pods":                  {100, 61_000, 120_000},
		"windows-secondary-ip":           {61_000, 120_000, 400_000},
		"windows-prefix-mode-switch":     {100_000, 400_000, 600_000},
		"prefix-mode-switched-on-live":   {185_000, 600_000},
		"excluded-primary-subnet-drains": {590_000, 700_000, 1_200_000},
		"drain-and-terminate":            {60_000, 400_000, 200_000},
		"large-fleet":                    {75_000, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			url, log := report(t, name)
			require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(".clock"))))
			for _, ms := range instants {
				require.LessOrEqual(t, ms, log[len(log)-1].At, "an instant of the run")
				_, err := chromedp.Run(ctx, chromedp.Evaluate[any](fmt.Sprintf(`location.hash = "#t=%d"`, ms)))
				require.NoError(t, err)
				_, err = chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf(`document.querySelector(".track input")?.value === "%d"`, ms)))
				require.NoError(t, err)
				got, err := chromedp.Run(ctx, chromedp.Evaluate[shown](read))
				require.NoError(t, err)
				got.Clock = ""
				require.Equal(t, expected(at(t, log, ms), ms), got, "at %s", ms)
			}
		})
	}
}

// The keys and buttons move through the run.
func TestPagePlays(t *testing.T) {
	ctx := browser(t)
	url, _ := report(t, "default-secondary-ip")
	clock := func() string {
		text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(".clock")))
		require.NoError(t, err)
		return text
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
	press := func(button string) chromedp.Action[chromedp.Void] {
		return chromedp.Click(chromedp.CSS(fmt.Sprintf("button[aria-label=%q]", button)))
	}
	do(chromedp.Navigate(url+"#t=60000"), chromedp.WaitVisible(chromedp.CSS(".clock")))
	require.Equal(t, "1m", clock())
	do(press("One change on"))
	require.Equal(t, "1m1s", clock())
	do(chromedp.KeyEvent(kb.ArrowLeft))
	require.Equal(t, "1m", clock())
	do(chromedp.KeyEvent(kb.End))
	require.Equal(t, "6m29s", clock())
	do(press("To the start"), press("Play"), chromedp.Sleep(time.Second), press("Pause"))
	require.NotContains(t, []string{"0s", "6m29s"}, clock())
}

// A button that has the focus is what space presses, not play; n goes to what ran
// out next.
func TestPageGoesByKeyboard(t *testing.T) {
	ctx := browser(t)
	url, log := report(t, "default-secondary-ip")
	var began []model.Instant
	for _, e := range log {
		if _, ok := e.Body.(sim.ExhaustionBegan); ok {
			began = append(began, e.At)
		}
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
	at := func() string {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(".track input").value`))
		require.NoError(t, err)
		return value
	}
	do(chromedp.Navigate(url+"#t=0"), chromedp.WaitVisible(chromedp.CSS(".clock")))
	for _, ms := range began {
		do(chromedp.KeyEvent("n"))
		require.Equal(t, fmt.Sprint(int64(ms)), at())
	}
	do(chromedp.Focus(chromedp.CSS(`button[aria-label="To the start"]`)), chromedp.KeyEvent(" "))
	require.Equal(t, "0", at())
	playing, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector(".play").ariaLabel === "Pause"`))
	require.NoError(t, err)
	require.False(t, playing)
}

// In a window of any width nothing is cut off at its right.
func TestPageFitsTheWindow(t *testing.T) {
	ctx := browser(t)
	for _, name := range []string{"multi-nic-pods", "three-subnets", "throttling-storm"} {
		url, _ := report(t, name)
		for _, width := range []int64{1280, 800, 400} {
			require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(url+"#t=62000"), chromedp.WaitVisible(chromedp.CSS(".clock"))))
			_, err := chromedp.Run(ctx, chromedp.Poll[bool](`[...document.querySelectorAll("canvas, .card, .transport")].every((e) => e.getBoundingClientRect().right <= document.documentElement.clientWidth)`))
			require.NoError(t, err, "%s in %d pixels", name, width)
		}
	}
}
