package model

import "net/netip"

// ReservationType is the type of a subnet CIDR reservation.
type ReservationType string

// The types of reservations. Either keeps EC2's automatic choice of single
// addresses out of the range. Source: Amazon VPC user guide, "Subnet CIDR
// reservations".
const (
	// ReservationPrefix: prefixes are carved from it automatically.
	ReservationPrefix ReservationType = "prefix"
	// ReservationExplicit: nothing is assigned from it automatically.
	ReservationExplicit ReservationType = "explicit"
)

// Reservation is a subnet CIDR reservation.
type Reservation struct {
	CIDR netip.Prefix
	Type ReservationType
}
