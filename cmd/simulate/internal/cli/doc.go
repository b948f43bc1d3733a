// Package cli is the command line of simulate: commands, flags, exit codes,
// and everything that touches files, the terminal and the wall clock.
package cli
