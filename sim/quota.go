package sim

import "vpcsim/model"

// quotas counts what the account has of what AWS limits. Source: Amazon VPC user
// guide, "Amazon VPC quotas" and "Network Address Usage for your VPC".
type quotas struct {
	limit Quotas
	enis  int
	units int // network address units of the VPC
}

// The defaults of an account.
const (
	DefaultENIQuota  = 5_000  // network interfaces per Region
	DefaultUnitQuota = 64_000 // network address units per VPC
)

// counted is what of an ENI counts towards the quotas.
type counted struct {
	first  bool // it is its instance's first ENI
	ipv6   bool // it has an IPv6 address of its own, besides its IPv4 address
	blocks int  // secondary addresses and prefixes
}

// units are one an address of either family, one a prefix, whatever it holds,
// and one for the ENI unless it is its instance's first. A pod counts by its
// address, not once more.
func (c counted) units() int {
	units := 1 + c.blocks
	if c.ipv6 {
		units++
	}
	if !c.first {
		units++
	}
	return units
}

// admitsENI reports which quota one more ENI would exceed.
func (q *quotas) admitsENI(c counted) error {
	if q.limit.ENIs > 0 && q.enis >= q.limit.ENIs {
		return model.NetworkInterfaceLimitExceeded
	}
	return q.admitsUnits(c.units())
}

// admitsUnits reports whether so many more units would exceed the quota.
func (q *quotas) admitsUnits(units int) error {
	if q.limit.Units > 0 && q.units+units > q.limit.Units {
		return model.NetworkAddressUsageLimitExceeded
	}
	return nil
}

// created and deleted count an ENI; added and removed the blocks on one.
func (q *quotas) created(c counted) {
	q.enis++
	q.units += c.units()
}

func (q *quotas) deleted(c counted) {
	q.enis--
	q.units -= c.units()
}

func (q *quotas) added(blocks int) { q.units += blocks }

func (q *quotas) removed(blocks int) { q.units -= blocks }
