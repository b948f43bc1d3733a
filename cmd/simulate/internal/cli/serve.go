package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/serve"
)

func (a *App) serveCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Edit, run and replay scenarios in a browser",
		Long: `Edit, run and replay scenarios in a browser.

It serves one page: the library to choose from, an editor that marks mistakes,
and the replay of what was run. It listens on this machine only unless --listen
names another address, and keeps nothing. An interrupt ends it.`,
		Example: `  simulate serve
  simulate serve --listen localhost:9000`,
		Args:              usage(cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var listen string
	c.Flags().StringVar(&listen, "listen", "localhost:8080", "listen on this `address`, HOST:PORT; port 0 takes a free one")
	c.RunE = func(c *cobra.Command, _ []string) error {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			return usageError{fmt.Errorf("--listen %s: %w; --listen localhost:0 takes a port that is free", listen, err)}
		}
		if !g.quiet {
			a.notef("serving http://%s/ until it is interrupted", l.Addr())
		}
		server := http.Server{
			Handler:           serve.New(func(err error) { a.notef("%v", err) }),
			ReadHeaderTimeout: 10 * time.Second,
			BaseContext:       func(net.Listener) context.Context { return c.Context() },
		}
		context.AfterFunc(c.Context(), func() { server.Close() })
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return c
}
