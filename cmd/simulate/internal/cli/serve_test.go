package cli

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The server tells where it listens, answers there, and ends well at an
// interrupt.
func TestServe(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	said, err := io.Pipe()
	a := Default()
	a.Args = []string{"serve", "--listen", "localhost:0"}
	a.Out, a.Err = io.Discard, err
	code := make(chan int)
	go func() { code <- a.Run(ctx) }()

	line, readErr := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, readErr)
	url := regexp.MustCompile(`http://[^ ]+/`).FindString(line)
	response, getErr := http.Get(url)
	require.NoError(t, getErr)
	response.Body.Close()
	require.Equal(t, 200, response.StatusCode)

	interrupt()
	require.Equal(t, 0, <-code)
}
