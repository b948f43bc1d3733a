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

// bucketSizes are size and refill a second by action. Source: EC2 developer
// guide, "Request throttling for the Amazon EC2 API" (2026). Attaching,
// detaching and associating a trunk are not listed there and fall under the
// general mutating limit; descriptions by id, without filter or page size, are
// taken to fall under the smaller limit of unfiltered ones.
var bucketSizes = map[Action]tokenBucket{
	CreateNetworkInterface:          {size: 100, refill: 5},
	DeleteNetworkInterface:          {size: 100, refill: 5},
	AssignPrivateIpAddresses:        {size: 100, refill: 5},
	UnassignPrivateIpAddresses:      {size: 100, refill: 5},
	AssignIpv6Addresses:             {size: 100, refill: 5},
	ModifyNetworkInterfaceAttribute: {size: 100, refill: 5},
	AttachNetworkInterface:          {size: 50, refill: 5},
	DetachNetworkInterface:          {size: 50, refill: 5},
	AssociateTrunkInterface:         {size: 50, refill: 5},
	DisassociateTrunkInterface:      {size: 50, refill: 5},
	DescribeInstances:               {size: 50, refill: 10},
	DescribeNetworkInterfaces:       {size: 50, refill: 10},
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
	buckets map[Action]*tokenBucket
}

// newThrottle returns full buckets, or nil where requests are not limited.
func newThrottle(on bool) *throttle {
	if !on {
		return nil
	}
	return &throttle{buckets: map[Action]*tokenBucket{}}
}

// admits takes a token for the action.
func (t *throttle) admits(action Action, now model.Instant) bool {
	if t == nil {
		return true
	}
	b := t.buckets[action]
	if b == nil {
		sizes, limited := bucketSizes[action]
		if !limited {
			return true
		}
		sizes.tokens, sizes.second = sizes.size, int64(now)/1000
		b = &sizes
		t.buckets[action] = b
	}
	return b.take(now)
}

// The retries of the node agent's EC2 client. Source: VPC CNI, the SDK's
// standard retryer with 10 attempts (observed in v1.23.1); its delay is drawn
// from 0 … min(20 s, 2^attempt s).
const (
	clientAttempts = 10
	clientMaxDelay = 20 * time.Second
)

// retryDelay is the longest wait after the failed attempt.
func retryDelay(attempt int) time.Duration {
	return min(clientMaxDelay, time.Second<<min(attempt, 10))
}
