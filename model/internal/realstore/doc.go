// Package realstore compares model.Datastore with the datastore of the real
// node agent, used as a library. It has nothing but tests, and is a module of
// its own so that the main one doesn't depend on the agent.
package realstore
