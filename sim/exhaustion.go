package sim

import "vpcsim/model"

// troubles keeps the episodes of exhaustion.
type troubles struct {
	e *engine
}

// episode is a spell of one kind of exhaustion at one place.
type episode struct{}

func newTroubles(e *engine) *troubles { return &troubles{e: e} }

func (t *troubles) open() []ExhaustionEnded { return nil }

// left says that the pod waits no longer.
func (t *troubles) left(p *pod) {}

// setupFailed classifies a failed request for an address.
func (t *troubles) setupFailed(p *pod) (Kind, string) { return "", "" }

// launchRefused and launched say that a node's instance could not, or could,
// be launched.
func (t *troubles) launchRefused(n *node, code model.ErrorCode) {}
func (t *troubles) launched(n *node)                            {}

// noSuchNode says that a pod names a node that is not there.
func (t *troubles) noSuchNode(p *pod) {}
