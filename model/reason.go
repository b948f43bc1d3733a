package model

// Rule is the id of a rule of the agent, as it stands in the log's pool
// events.
type Rule string

// Reason is why a rule decided as it did.
type Reason string
