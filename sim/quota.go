package sim

import (
	"net/netip"

	"vpcsim/model"
)

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

// unitsOf is what an ENI counts: one unit an address or prefix, and one for
// itself unless it is its instance's first.
func unitsOf(primary bool, blocks int) int {
	units := 1 + blocks
	if !primary {
		units++
	}
	return units
}

// admitsENI reports which quota an ENI with so many blocks would exceed.
func (q *quotas) admitsENI(primary bool, blocks int) error {
	if q.limit.ENIs > 0 && q.enis >= q.limit.ENIs {
		return model.NetworkInterfaceLimitExceeded
	}
	return q.admitsUnits(unitsOf(primary, blocks))
}

// admitsUnits reports whether so many more units would exceed the quota.
func (q *quotas) admitsUnits(units int) error {
	if q.limit.Units > 0 && q.units+units > q.limit.Units {
		return model.NetworkAddressUsageLimitExceeded
	}
	return nil
}

// created and deleted count an ENI; added and removed the blocks on one.
func (q *quotas) created(primary bool, blocks []netip.Prefix) {
	q.enis++
	q.units += unitsOf(primary, len(blocks))
}

func (q *quotas) deleted(primary bool, blocks []netip.Prefix) {
	q.enis--
	q.units -= unitsOf(primary, len(blocks))
}

func (q *quotas) added(blocks int) { q.units += blocks }
