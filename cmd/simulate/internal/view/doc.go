// Package view renders a run that was folded from its log: as a table for
// people, as one JSON or YAML document, as CSV with a row a pod.
//
// Every view is a function of a [replay.State] and asks nobody else.
package view
