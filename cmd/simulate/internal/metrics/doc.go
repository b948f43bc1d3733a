// Package metrics names the numbers of a finished run, so that runs can be
// compared, ranked and bounded by them.
//
// A [Metric] has a name, a unit, a meaning and a direction that is better.
// [Of] reads all of them from the state at the end of a run. Values are whole
// numbers: milliseconds, thousandths of an address, millionths of a dollar, so
// that what is decided by them doesn't hang on rounding. A value may be
// unknown: the latency of a run without pods, the price of a type that is in no
// price list. Unknown is never counted as 0, and never better than anything.
//
//	n := metrics.Of(state)
//	m, _ := metrics.Find("latency.startP99")
//	if v := n.Get(m); v.Known && v.N <= 5000 { … }
package metrics
