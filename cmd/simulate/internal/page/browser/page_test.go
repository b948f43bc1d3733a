// Package browser opens replay pages in Chromium and holds what they show against
// the state that the log folds into. It is a module of its own, so that the browser's
// driver is no dependency of the simulator.
package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/film"
	"vpcsim/cmd/simulate/internal/page"
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
	Cards   int
	Free    []int // of each subnet
	Open    int   // exhaustion points
	Last    string
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
		Held: of(/([\d,]+) of [\d,]+ address(?:es)? held/) || of(/([\d,]+) task ENI/),
		Total: of(/of ([\d,]+) address(?:es)? held/),
		Cards: document.querySelectorAll(".left .card canvas").length,
		Free: [...document.querySelectorAll(".right .card p.dim b")].filter((b) => b.nextSibling?.textContent.startsWith(" of")).map((b) => number(b.textContent)),
		Open: document.querySelectorAll(".ran").length,
		Last: document.querySelector(".lines tr td:last-child span")?.textContent ?? "",
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
	want := shown{Running: n.Running}
	for _, p := range s.Pods.All() {
		if p.Waits() && !p.Address.IsValid() {
			want.Waiting++
		}
	}
	for _, node := range s.Nodes {
		t := node.Totals(ms)
		want.Held += t.Assigned
		want.Total += t.Total
	}
	if s.Started.Platform == sim.PlatformECS {
		want.Total = 0
	}
	for _, sn := range s.Subnets {
		want.Free = append(want.Free, sn.Stats().Free)
	}
	for _, ep := range s.Episodes {
		if ep.Open() && want.Open < 5 { // of more it counts the rest
			want.Open++
		}
	}
	return want
}

// A page shows at each instant what the log says, forwards and backwards.
func TestPageShowsTheState(t *testing.T) {
	ctx := browser(t)
	for name, instants := range map[string][]model.Instant{
		"default-secondary-ip":        {0, 1000, 20_000, 80_000, 15_000, 389_000},
		"prefix-mode":                 {30_000, 90_000},
		"churn-and-cooldown":          {60_000, 200_000, 100_000},
		"scale-down-warm-ip-target":   {90_000, 240_000, 480_000},
		"security-groups-trunk-first": {20_000, 90_000},
		"multi-nic-pods":              {120_000},
		"ecs-with-trunking":           {90_000, 200_000},
		"large-fleet":                 {75_000, 60_000},
	} {
		t.Run(name, func(t *testing.T) {
			url, log := report(t, name)
			for _, ms := range instants {
				require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("%s#t=%d", url, ms)), chromedp.WaitVisible(chromedp.CSS(".clock"))))
				_, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf(`document.querySelector(".track input")?.value === "%d"`, ms)))
				require.NoError(t, err)
				got, err := chromedp.Run(ctx, chromedp.Evaluate[shown](read))
				require.NoError(t, err)
				want := expected(at(t, log, ms), ms)
				require.Equal(t, want, shown{Running: got.Running, Waiting: got.Waiting, Held: got.Held, Total: got.Total, Free: got.Free, Open: got.Open}, "at %s", ms)
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
