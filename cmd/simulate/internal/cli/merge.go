package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/sweep"
	"vpcsim/cmd/simulate/internal/view"
)

// partFlag is a part of a sweep: i of n, i from 0. The zero partFlag is not set.
type partFlag struct {
	i, n  int
	index bool // i is what JOB_COMPLETION_INDEX says
}

// String returns the part as it is written.
func (p *partFlag) String() string {
	if p.n == 0 {
		return ""
	}
	if p.index {
		return fmt.Sprintf("/%d", p.n)
	}
	return fmt.Sprintf("%d/%d", p.i, p.n)
}

// Type names the flag's value in the help.
func (p *partFlag) Type() string { return "i/n" }

// Set takes a part.
func (p *partFlag) Set(text string) error {
	first, of, ok := strings.Cut(text, "/")
	p.index = ok && first == "" // /n: the Job says which
	if p.index {
		first = "0"
	}
	i, err := strconv.ParseUint(first, 10, 31)
	n, err2 := strconv.ParseUint(of, 10, 31)
	switch {
	case !ok || err != nil || err2 != nil:
		return errors.New("it is a number from 0 and how many parts there are, such as 0/3")
	case n < 1 || n > sweep.MaxShards:
		return fmt.Errorf("there are from 1 to %d parts", sweep.MaxShards)
	case i >= n:
		return fmt.Errorf("of %d parts the last is %d/%d: they count from 0", n, n-1, n)
	}
	p.i, p.n = int(i), int(n)
	return nil
}

// maxShardBytes bounds what is read of a file of shards: a run takes less than a
// kilobyte.
const maxShardBytes = 512 << 20

func (a *App) mergeCommand(g *globals) *cobra.Command {
	var judging judgingFlags
	c := &cobra.Command{
		Use:   "merge SHARD…",
		Short: "Put the parts of a sweep together",
		Long: `Put the parts of a sweep together.

A SHARD is a file that sweep wrote with --shard or --shards, or - for standard
input; it may hold several parts one after another. The outcome is to the byte
that of one sweep. It can be judged otherwise than the sweep said: all numbers of
the runs are in the parts.`,
		Example: `  simulate sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=1..8 --shard 0/2 > 0.json
  simulate sweep warm-ip-target --vary cni.env.WARM_IP_TARGET=1..8 --shard 1/2 > 1.json
  simulate merge 0.json 1.json
  simulate merge *.json --require 'latency.startP99<=5s' -o csv`,
		Args: usage(func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("the parts of a sweep are missing: files that sweep wrote with --shard")
			}
			return nil
		}),
	}
	format := output(c, "table", "csv", "json", "yaml")
	judging.register(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var sources []sweep.Source
		for _, name := range args {
			shards, err := a.readShards(c.Context(), name)
			if err != nil {
				return err
			}
			for _, s := range shards {
				sources = append(sources, sweep.Source{Name: name, Shard: s})
			}
		}
		plan, runs, err := sweep.Merge(sources, version())
		if err != nil {
			return err
		}
		if err := judging.into(&plan); err != nil {
			return err
		}
		return a.writeSweep(plan, runs, format.value, g)
	}
	return c
}

func (a *App) readShards(ctx context.Context, name string) ([]*sweep.Shard, error) {
	data, err := interruptible(ctx, func() ([]byte, error) {
		if name == "-" {
			return readAtMost(a.In, "standard input", maxShardBytes)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAtMost(f, name, maxShardBytes)
	})
	if err != nil {
		return nil, fmt.Errorf("reading a part: %w", err)
	}
	shards, err := sweep.ReadShards(bytes.NewReader(data), view.APIVersion)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return shards, nil
}
