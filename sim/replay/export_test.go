package replay

// EventTypes is how many types of events can be decoded.
func EventTypes() int { return len(decoders) }
