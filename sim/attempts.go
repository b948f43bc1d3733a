package sim

// How often the clients of EC2 try a call that is refused in a way that may pass.
const (
	AgentAttempts      = clientAttempts
	ControllerAttempts = controllerAttempts
)

// TriedAgain reports whether a client of so many attempts tries the call again that
// ended so. One whose owner is killed meanwhile does not.
func (f CallFields) TriedAgain(attempts int) bool { return f.retries() && f.Attempt < attempts }
