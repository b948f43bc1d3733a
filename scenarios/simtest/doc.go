// Package simtest is for the tests of those who run clusters: it plays a
// scenario within go test and holds an assumption against what came of it.
//
//	func TestOurNodeHoldsThePeak(t *testing.T) {
//		run := simtest.Run(t, simtest.File("testdata/peak.yaml"), simtest.Env("WARM_IP_TARGET=5"))
//		run.Expect(t, "pods.pending == 0")
//		require.Equal(t, 27, run.Summary().Running)
//	}
//
// A [Source] is a scenario: a file, one of the library, a text, or built in code.
// All go through the same loader, with the same defaults and the same messages.
// [Run] plays it and ends the test if it can't be played; [Play] returns an
// error instead. When a test fails that was given to Run, whichever assertion it
// was, the log of the test has the run's [Played.Timeline].
//
// A run is deterministic, takes milliseconds and needs no network.
package simtest
