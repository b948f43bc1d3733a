package cli_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/cmd/simulate/internal/cli"
	"vpcsim/scenarios"
)

func TestAnInterruptEndsTheWaitForInput(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, word := range []string{"-", pipe} {
		ctx, cancel := context.WithCancel(context.Background())
		a, out, errs := app("run " + word)
		a.In = silent
		code := make(chan int, 1)
		go func() { code <- a.Run(ctx) }()
		cancel()
		select {
		case got := <-code:
			require.Equal(t, cli.ExitInterrupted, got, word)
		case <-time.After(10 * time.Second):
			require.FailNow(t, "still reading", word)
		}
		require.Equal(t, "simulate: interrupted\n", errs.String(), word)
		require.Empty(t, out.String(), word)
	}
}

// endless is an input without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

func TestWhatIsReadIsBounded(t *testing.T) {
	dir := t.TempDir()
	sparse := func(name string, size int64) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, nil, 0o600))
		require.NoError(t, os.Truncate(name, size))
		return name
	}
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	large := sparse("large.yaml", scenarios.MaxBytes+1)
	trace := func(name string) io.Reader {
		return strings.NewReader(onePod + "  - {at: 2s, replay: {trace: " + name + "}}\n")
	}
	for _, test := range []struct {
		name string
		word string
		in   io.Reader
		want string
	}{
		{"standard input", "-", endless{}, "simulate run: reading the scenario: standard input has more than 8 MiB, which is the most that is read\n"},
		{"a scenario", large, nil, "simulate run: reading the scenario: " + large + " has more than 8 MiB, which is the most that is read\n"},
		{"a scenario of the size allowed", sparse("most.yaml", scenarios.MaxBytes), nil, "control character U+0000"},
		{"a trace", "-", trace(sparse("large.csv", scenarios.MaxTraceBytes+1)), "large.csv has more than 256 MiB, which is the most that is read\n"},
		{"a device", "-", trace("/dev/zero"), "steps[1].replay.trace: open /dev/zero: not a regular file\n"},
		{"a pipe", "-", trace(pipe), "pipe: not a regular file\n"},
		{"a folder", "-", trace(dir), ": not a regular file\n"},
	} {
		a, out, errs := app("run " + test.word)
		a.In = test.in
		require.Equal(t, cli.ExitUsage, a.Run(context.Background()), test.name)
		require.Contains(t, errs.String(), test.want, test.name)
		require.Empty(t, out.String(), test.name)
	}
}
