// Package explain answers why: why a pod has no address, why an ENI came, stays
// or went, why a pool did not grow. It reads the log of a run, and where the log
// has no line, since nothing happened, it asks the rules of package model about
// the state that the log tells.
package explain
