package sim

import (
	"time"

	"vpcsim/model"
)

// tokenBucket is the token bucket of one EC2 action in an account and Region: a
// request takes a token; at every whole second refill tokens come in, and what
// does not fit is lost.
type tokenBucket struct {
	size, refill int
	tokens       int
	second       int64 // up to which it has been refilled
}

// requestLimit is the bucket of an action.
type requestLimit struct{ size, refill int }

// Limits of requests that the list names by kind and not by action.
var (
	limitMutating   = requestLimit{50, 5}   // that change something
	limitDescribe   = requestLimit{100, 20} // that do not, with a filter or a page size
	limitUnfiltered = requestLimit{50, 10}  // that do not, without
)

// requestLimits are size and refill a second by action. Source: EC2 developer
// guide, "Request throttling for the Amazon EC2 API" (2026). Attaching,
// detaching and associating a trunk are not listed there and fall under the
// general mutating limit; descriptions by id, without filter or page size, as
// the agent's and the resource controller's are, are taken to fall under the
// smaller limit of unfiltered ones.
var requestLimits = map[Action]requestLimit{
	CreateNetworkInterface:          {100, 5},
	DeleteNetworkInterface:          {100, 5},
	AssignPrivateIpAddresses:        {100, 5},
	UnassignPrivateIpAddresses:      {100, 5},
	AssignIpv6Addresses:             {100, 5},
	ModifyNetworkInterfaceAttribute: {100, 5},
	AttachNetworkInterface:          limitMutating,
	DetachNetworkInterface:          limitMutating,
	AssociateTrunkInterface:         limitMutating,
	DisassociateTrunkInterface:      limitMutating,
	DescribeInstances:               limitUnfiltered,
	DescribeNetworkInterfaces:       limitUnfiltered,

	// Requests that no actor of a run sends, or that are not held to it: how many
	// instances one request of an Auto Scaling group asks for is not documented.
	"DescribeSubnets":             limitDescribe,
	"CreateTags":                  {100, 10},
	"DeleteTags":                  {100, 10},
	"CreateSubnetCidrReservation": {5, 1},
	"DeleteSubnetCidrReservation": {5, 1},
	RunInstances:                  {5, 2},
	TerminateInstances:            {100, 5},
}

// instanceLimits hold beside them, with a token for each instance that a request
// is about. No action on ENIs or addresses has such a limit: a request for fifty
// addresses costs as much as one for one. Source: the same page.
var instanceLimits = map[Action]requestLimit{
	RunInstances:       {1000, 2},
	TerminateInstances: {1000, 20},
	"StartInstances":   {1000, 2},
	"StopInstances":    {1000, 20},
}

// RequestLimit returns how many requests of an action the account may make at
// once, and how many more with each second. ok is false for an action that is not
// limited here.
func RequestLimit(action Action) (bucket, refillPerSecond int, ok bool) {
	l, ok := requestLimits[action]
	return l.size, l.refill, ok
}

// InstanceLimit returns how many instances the account's requests of an action may
// be about at once, and how many more with each second. ok is false for an action
// without such a limit.
func InstanceLimit(action Action) (bucket, refillPerSecond int, ok bool) {
	l, ok := instanceLimits[action]
	return l.size, l.refill, ok
}

// take takes a token at now, if there is one.
func (b *tokenBucket) take(now model.Instant) bool {
	second := int64(now) / 1000
	b.tokens = min(b.size, b.tokens+b.refill*int(min(second-b.second, int64(b.size))))
	b.second = second
	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}

// throttle holds the buckets of the account.
type throttle struct {
	buckets  map[Action]*tokenBucket
	launches tokenBucket // a token for each instance
}

// newThrottle returns full buckets, or nil where requests are not limited.
func newThrottle(on bool) *throttle {
	if !on {
		return nil
	}
	return &throttle{buckets: map[Action]*tokenBucket{}, launches: instanceLimits[RunInstances].full(0)}
}

// full is a full bucket at now.
func (l requestLimit) full(now model.Instant) tokenBucket {
	return tokenBucket{size: l.size, refill: l.refill, tokens: l.size, second: int64(now) / 1000}
}

// admits takes a token for a request of the action. Launches have a limit of
// their own.
func (t *throttle) admits(action Action, now model.Instant) bool {
	limit, limited := requestLimits[action]
	if t == nil || !limited || action == RunInstances {
		return true
	}
	b := t.buckets[action]
	if b == nil {
		full := limit.full(now)
		b = &full
		t.buckets[action] = b
	}
	return b.take(now)
}

// admitsLaunch takes a token for one more instance.
func (t *throttle) admitsLaunch(now model.Instant) bool { return t == nil || t.launches.take(now) }

// The retries of the node agent's EC2 client: ten attempts of the SDK's standard
// retryer, which waits a time drawn from 0 … 2^attempt s, and 20 s once that could
// be more. Source: VPC CNI v1.23.1; AWS SDK for Go v2, ExponentialJitterBackoff.
//
// Coarser than reality: a client also has a budget of retries, which a hundred of
// them without one success in between would use up.
const (
	clientAttempts = 10
	clientMaxDelay = 20 * time.Second
)

// retryDelay is the wait after the attempt, from 1, was throttled.
func retryDelay(attempt int) Range {
	if drawn := time.Second << min(attempt, 10); drawn <= clientMaxDelay {
		return Range{Max: drawn}
	}
	return Range{Min: clientMaxDelay, Max: clientMaxDelay}
}
