// Package openmetrics writes a run as time series, under the names that the
// node agent's own have, so that a dashboard made for a cluster shows a
// simulated one.
//
// A [Recorder] scrapes the state of the run at a fixed interval of virtual time,
// as Prometheus scrapes a cluster, and counts what the agents' counters count
// in between. What it writes is OpenMetrics text with the instants of the run
// as timestamps.
//
// Source of the awscni_ series: the agent's registry in v1.23.1. Left out are
// awscni_pod_eni_error_count, which counts what the Kubernetes API refuses, and
// awscni_connmark_*, which are about packets.
package openmetrics
