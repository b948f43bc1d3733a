// Package sweep plans the runs of a sweep and judges their outcome. It reads no
// files and runs nothing: the command line does both.
//
// A sweep varies values of a scenario. Each varied value is a [Dimension]; each
// combination of their values is a cell, and each cell is run with one seed or
// with several. Runs are numbered: the seeds of the first cell, then those of
// the second; the last dimension varies fastest.
//
//	dimension 0: WARM_IP_TARGET = 1, 2        cell 0: 1, m5.large   runs 0, 1
//	dimension 1: instanceType = m5.large, …   cell 1: 1, c5.large   runs 2, 3
//	two seeds                                 cell 2: 2, m5.large   runs 4, 5 …
//
// A [Plan] is that, and how its outcome is judged. A [Sweep] is a plan with the
// numbers of all of its runs, a [Shard] with those of each n-th. [Judge] makes
// the [Verdict] of a sweep: what fits, what keeps the bounds, the Pareto front,
// and which cell is recommended.
package sweep
