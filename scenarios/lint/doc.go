// Package lint reads a scenario for smells: configuration that loads and runs,
// and that a real cluster would suffer from. It runs nothing.
//
//	s, err := scenarios.Load("cluster.yaml", data, scenarios.Options{})
//	for _, f := range lint.Check(s) {
//		fmt.Println(f)
//	}
//
// A rule is data and one function, in the file of its theme; [Rules] lists them.
// A finding has the numbers of the scenario, the place of the value that it is
// about (of what is left out, the place of what it was left out of), and what to
// write instead.
//
// A rule says only what follows from the configuration. How a run really goes,
// with which pod at which instant, a run shows.
package lint
