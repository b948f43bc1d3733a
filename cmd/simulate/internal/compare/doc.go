// Package compare plays two runs and holds them against each other: what of the
// input differs, where the logs part, how addresses were used over time, and
// what came out.
//
// The two runs are played event by event, in step, so that neither log is kept:
// the first event that differs is seen when both have come to it.
package compare
