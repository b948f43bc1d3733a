// Package testreport says how scenarios that were tested came out: as a table,
// as a document, as JUnit XML, as annotations and as a summary on GitHub. It also
// makes and compares golden summaries, which stand beside scenarios.
package testreport
