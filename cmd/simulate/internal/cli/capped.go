package cli

import (
	"fmt"
	"io"
)

// capped is a writer that takes no more than so many bytes: a log is bounded by
// limits.logSize.
type capped struct {
	w     io.Writer
	left  int64
	total int64
}

func (c *capped) Write(p []byte) (int, error) {
	if int64(len(p)) > c.left {
		return 0, fmt.Errorf("the log is larger than limits.logSize, %d bytes", c.total+c.left)
	}
	c.left -= int64(len(p))
	c.total += int64(len(p))
	return c.w.Write(p)
}
