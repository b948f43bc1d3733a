// Package capacity finds how far a number of a scenario can go before something
// runs out: the largest number of replicas that fits, the fewest nodes, the
// smallest subnet. It runs the scenario with one value after the other.
//
//	Judge      does a run fit, and what stopped it if not
//	Search     which values fit, by as few runs as prove it
//	Remedies   changes that would help against what stopped it
//	Growth     when a growing number reaches a value
//
// A search asks for runs in batches of a fixed size, so that the values that are
// tried, and the answer, are the same on any number of cores.
package capacity
