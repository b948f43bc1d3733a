package sim

import (
	"fmt"
	"time"

	"vpcsim/model"
)

// pace is how fast the agent's loop is: its last check, or its start-up while there was
// none. A check whose calls are throttled, or slow, keeps the pool small although nothing
// is refused when a pod asks.
type pace struct {
	took   time.Duration
	heldBy refusal // what its calls were refused by and tried again; without a code: nothing
	slow   refusal // heldBy of the check that took so long
}

// end is the end of a check.
func (p *pace) end(took time.Duration) { p.took, p.slow = took, p.heldBy }

// slowly is how long a check may be called quick.
const slowly = 2 * loopPeriod

// lags is the verdict on a pool that is still growing.
func (p *pool) lags(why model.Reason) verdict {
	v := p.onNode(KindWarmPoolLag, string(why), p.remedyLag())
	a := p.a
	took, by := a.pace.took, a.pace.slow
	if a.busy && a.e.now.Sub(a.lastCheck) > took {
		took, by = a.e.now.Sub(a.lastCheck), a.pace.heldBy
	}
	if took <= slowly {
		return v
	}
	seconds := took.Round(time.Second)
	switch by.code {
	case "":
		v.remedy = fmt.Sprintf("the next check of the pool brings more, but a check takes %s here, as EC2's calls take long: keep more warm, or start pods more slowly", seconds)
	case model.RequestLimitExceeded:
		v.reason = string(by.code)
		v.remedy = fmt.Sprintf("the next check of the pool brings more, but EC2 throttles its calls: with the client's waits a check takes %s here; %s", seconds, remedyRefused(KindThrottling, by.code))
	default:
		v.reason = string(by.code)
		v.remedy = fmt.Sprintf("the next check of the pool brings more, but EC2 fails its calls at first: with the client's waits a check takes %s here", seconds)
	}
	return by.fault.tell(v)
}

func (p *pool) remedyLag() string {
	if p.card > 0 {
		return fmt.Sprintf("network card %d keeps one address warm, whatever the targets say, and a check of the pool, every 5 s, brings one more: start pods that want an address of every card more slowly", p.card)
	}
	return "the next check of the pool, at most 5 s away, brings more: pods came faster than the warm pool; keep more warm, or start pods more slowly"
}
