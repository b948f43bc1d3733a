// Package model holds the nouns of the Amazon VPC CNI's world and their
// arithmetic: instance types, subnets as address spaces, ENIs and the blocks
// on them, the node agent's datastore and its warm targets.
//
// It has no clock, no randomness and no I/O. An instant is a parameter; where
// the real system chooses by chance the caller passes a Pick; a decision is a
// function from state to a plan that somebody else carries out.
//
// # Words
//
// EC2 adds blocks to an ENI and removes them. A [Block] is one secondary
// address (/32) or one delegated prefix (/28); each takes one of the ENI's
// slots. An address is assigned when a pod holds it, cooling when a pod gave
// it up no longer ago than the cooldown, and free otherwise. In the pool's
// numbers available is total less assigned, so cooling addresses count as
// available, as they do in the real agent.
package model
