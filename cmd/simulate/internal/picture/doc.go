// Package picture says what of a run is drawn, whatever draws it: which nodes
// look alike, which ENIs a node has, card by card, and what each of their slots
// holds. The table draws it with signs, the diagram with squares.
//
// Like every view it is a function of a replay.State and asks nobody else.
package picture
