package cli

import (
	"fmt"
	"io"
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
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(p.w),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionUseANSICodes(true),
	)
}

// done takes the bar away.
func (p *progress) done() {
	if p != nil && p.bar != nil {
		_ = p.bar.Finish()
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
