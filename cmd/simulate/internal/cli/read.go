package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"vpcsim/scenarios"
)

// readScenario reads a scenario's file, which may be a pipe.
func readScenario(ctx context.Context, name string) ([]byte, error) {
	return interruptible(ctx, func() ([]byte, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAtMost(f, name, scenarios.MaxBytes)
	})
}

// readStandardInput reads a scenario that comes in.
func readStandardInput(ctx context.Context, in io.Reader) ([]byte, error) {
	return interruptible(ctx, func() ([]byte, error) {
		return readAtMost(in, "standard input", scenarios.MaxBytes)
	})
}

// readTrace reads a file that a scenario names. Such a name may come from
// somebody else: what isn't a regular file is not even opened, since that can
// wait for ever.
func readTrace(ctx context.Context, name string) ([]byte, error) {
	return interruptible(ctx, func() ([]byte, error) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, &os.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAtMost(f, name, scenarios.MaxTraceBytes)
	})
}

// readAtMost reads everything and refuses more than so many bytes.
func readAtMost(r io.Reader, name string, most int64) ([]byte, error) {
	tooLong := fmt.Errorf("%s has more than %d MiB, which is the most that is read", name, most>>20)
	if f, ok := r.(*os.File); ok {
		// Of a file that is too long nothing need be read.
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > most {
			return nil, tooLong
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, tooLong
	}
	return data, err
}

// interruptible waits for a read, or for somebody who wants the program to
// end. A read that waits for its input cannot be called off: it is left behind,
// and ends with the process.
func interruptible(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
