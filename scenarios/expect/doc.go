// Package expect is the language of expectations: conditions in CEL over a run,
// checked against its log.
//
//	pods.running == 27
//	exhaustion.exists(e, e.kind == 'max-pods')
//	pod('web-3').addressedAt < duration('30s')
//	always(subnet('private-a').freePrefixes > 0)
//
// [Compile] checks an expression against the vocabulary (variables.go, nodes.go,
// event.go) and against the names that a scenario can have. A [Checker] follows
// a run: it is given every event, folds it into the state, and looks at the
// state between two instants. It reads the state and the log and nothing else.
//
// The reference for users is docs/expectations.md.
package expect
