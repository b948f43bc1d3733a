// Package promparse reads what package openmetrics writes with the parser of
// Prometheus itself. It is a module of its own, so that the main one does not
// depend on Prometheus.
package promparse
