package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"vpcsim/sim"
)

// progressAfter is how long work takes before it is worth a bar.
const progressAfter = time.Second

// progress is a bar on a terminal for work that takes long. A nil progress
// shows nothing.
type progress struct {
	w     io.Writer
	total time.Duration // of virtual time; 0: unknown
	begun time.Time
	bar   *progressbar.ProgressBar
}

// newProgress returns nil if w is no terminal.
func newProgress(w io.Writer, total time.Duration) *progress {
	if !isTerminal(w) {
		return nil
	}
	return &progress{w: w, total: total, begun: time.Now()}
}

// at shows how far the run has come.
func (p *progress) at(e sim.Event) {
	if p == nil || time.Since(p.begun) < progressAfter {
		return
	}
	if p.bar == nil {
		p.start()
	}
	p.bar.Describe(fmt.Sprintf("%s of virtual time, %d events", e.At, e.Seq))
	if p.total > 0 {
		_ = p.bar.Set64(int64(e.At)) // a bar that can't be drawn stops nothing
	} else {
		_ = p.bar.Add(1)
	}
}

func (p *progress) start() {
	total := int64(-1)
	if p.total > 0 {
		total = p.total.Milliseconds()
	}
	p.bar = newBar(p.w, total)
}

// newBar makes a bar; a total of −1 is unknown.
func newBar(w io.Writer, total int64, more ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionUseANSICodes(true),
	}, more...)...)
}

// done takes the bar away.
func (p *progress) done() {
	if p != nil {
		wipe(p.w, p.bar)
	}
}

// wipe takes a bar away, if it is there.
func wipe(w io.Writer, bar *progressbar.ProgressBar) {
	if bar != nil {
		_ = bar.Finish()
		fmt.Fprint(w, "\r\x1b[K")
	}
}

// tally is a bar for many runs at once. A nil tally shows nothing.
type tally struct {
	w     io.Writer
	begun time.Time
	total int

	mu   sync.Mutex // guards the rest
	done int
	bar  *progressbar.ProgressBar
}

// newTally returns nil if w is no terminal.
func newTally(w io.Writer, total int) *tally {
	if !isTerminal(w) {
		return nil
	}
	return &tally{w: w, begun: time.Now(), total: total}
}

// one notes that a run is done.
func (t *tally) one() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	if time.Since(t.begun) < progressAfter {
		return
	}
	if t.bar == nil {
		t.bar = newBar(t.w, int64(t.total), progressbar.OptionSetDescription("runs"), progressbar.OptionShowCount())
	}
	_ = t.bar.Set(t.done) // a bar that can't be drawn stops nothing
}

// wipe takes the bar away.
func (t *tally) wipe() {
	if t != nil {
		wipe(t.w, t.bar)
	}
}
