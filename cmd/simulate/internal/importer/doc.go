// Package importer makes a scenario of a real cluster: of what kubectl and the
// AWS command line print, and of manifests.
//
//	files ── Read ──> Snapshot (objects, as they are) ── Scenario ──> Document
//
// A Snapshot is what the files say; a Document is a scenario that begins in that
// state, with a list of what had to be guessed. Of the objects only the fields
// that bear on addresses are read: others, and those of API versions to come,
// pass unseen.
package importer
