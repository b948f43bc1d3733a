package view

import (
	"bufio"
	"encoding/json"
	"io"

	"vpcsim/sim"
)

// Lines writes the log as JSON Lines while it comes.
type Lines struct{ w *bufio.Writer }

// NewLines returns a writer of the log. Flush it at the end.
func NewLines(w io.Writer) *Lines { return &Lines{bufio.NewWriterSize(w, 1<<16)} }

// Apply writes an event.
func (l *Lines) Apply(e sim.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	l.w.Write(line) // an error sticks
	return l.w.WriteByte('\n')
}

// Flush writes what is buffered.
func (l *Lines) Flush() error { return l.w.Flush() }
