package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/openmetrics"
)

// openMetrics are the flags of -o openmetrics.
type openMetrics struct {
	interval time.Duration
	start    time.Time
}

const (
	flagInterval = "scrape-interval"
	flagStart    = "start-time"
)

func openMetricsFlags(c *cobra.Command) *openMetrics {
	m := openMetrics{interval: openmetrics.DefaultInterval, start: time.Unix(0, 0).UTC()}
	c.Flags().Var((*intervalFlag)(&m.interval), flagInterval, "with -o openmetrics: how much virtual time lies between samples")
	c.Flags().Var((*startFlag)(&m.start), flagStart, "with -o openmetrics: the time of day that stands for the beginning of the run, as 2026-01-31T09:00:00Z")
	return &m
}

// check refuses the flags with any other format, which they would not change.
func (m *openMetrics) check(c *cobra.Command, format string) error {
	for _, name := range []string{flagInterval, flagStart} {
		if c.Flags().Changed(name) && format != "openmetrics" {
			return usageError{fmt.Errorf("--%s goes with -o openmetrics", name)}
		}
	}
	return nil
}

func (m *openMetrics) write(w io.Writer, r *openmetrics.Recorder) error {
	if err := r.Finish(); err != nil {
		return err
	}
	return written(r.Write(w, m.start))
}

// intervalFlag is a flag for a time between samples.
type intervalFlag time.Duration

// String returns the interval.
func (f *intervalFlag) String() string { return time.Duration(*f).String() }

// Type names the flag's value in the help.
func (f *intervalFlag) Type() string { return "duration" }

// Set takes a duration of at least a millisecond.
func (f *intervalFlag) Set(text string) error {
	var d untilFlag
	if err := d.Set(text); err != nil {
		return err
	}
	if time.Duration(d) < time.Millisecond {
		return fmt.Errorf("it is at least 1ms")
	}
	*f = intervalFlag(time.Duration(d).Truncate(time.Millisecond))
	return nil
}

// startFlag is a flag for a time of day.
type startFlag time.Time

// String returns the time of day.
func (f *startFlag) String() string { return time.Time(*f).Format(time.RFC3339) }

// Type names the flag's value in the help.
func (f *startFlag) Type() string { return "time" }

// Set takes a time of day of 1970 or later.
func (f *startFlag) Set(text string) error {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Before(time.Unix(0, 0)) {
		return fmt.Errorf("it is a time of 1970 or later as RFC 3339 writes it, such as 2026-01-31T09:00:00Z")
	}
	*f = startFlag(t)
	return nil
}
