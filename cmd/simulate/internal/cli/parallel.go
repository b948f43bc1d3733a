package cli

import (
	"context"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
)

// inParallel does n things, so many at once, and returns the error of the first
// by number: the same whatever ends sooner. After an error no others are begun.
func inParallel(ctx context.Context, n, atOnce int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	var mu sync.Mutex // guards what follows
	var first error
	at := n
	failed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return first != nil
	}
	for i := range n {
		if ctx.Err() != nil || failed() {
			break
		}
		group.Go(func() error {
			if err := guarded(do, i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if i < at {
					at, first = i, err
				}
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are kept above
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return first
}

// guarded makes a panic a defect, as it is outside of goroutines.
func guarded(do func(int) error, i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	return do(i)
}

// manyRuns lets the heap grow a little more between collections, which saves a
// fifth of the time that many runs take, until the function that it returns is
// called. Where GOGC says something it is left to that.
func (a *App) manyRuns() func() {
	if a.Getenv("GOGC") != "" {
		return func() {}
	}
	const percent = 200
	was := debug.SetGCPercent(percent)
	return func() { debug.SetGCPercent(was) }
}
