// Package maxpods answers how many pods a node takes, in all the ways in which
// nodes, node groups and tools come to that number, and whether there are
// addresses for them.
//
// [Options] say how the cluster is set up and who computes; [Options.Compute]
// gives a [Result] for an instance type, with the arithmetic in words.
package maxpods
