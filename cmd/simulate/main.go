// Simulate replays pod-scheduling scenarios on a model of the Amazon VPC CNI
// and shows in which order addresses fill, and where and why they run out.
package main

import (
	"os"

	"vpcsim/cmd/simulate/internal/cli"
)

func main() { os.Exit(cli.Main()) }
