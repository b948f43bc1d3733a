package scenarios

import (
	"fmt"
	"net/netip"

	"vpcsim/scenarios/internal/doc"
)

// prefix reads an IPv4 CIDR block.
func (d *decoder) prefix(into *netip.Prefix) reader {
	return d.cidr(into, cidrPattern, "%s is no CIDR block: write it as 10.0.0.0/24", func(p netip.Prefix) string {
		if !p.Addr().Is4() {
			return "IPv6: " + notYet
		}
		return ""
	})
}

// prefix6 reads the IPv6 CIDR of a subnet: /44 … /64 in steps of 4.
func (d *decoder) prefix6(into *netip.Prefix) reader {
	const malformed = "%s is no IPv6 CIDR block: write it as 2001:db8:0:1::/64"
	return d.cidr(into, cidr6Pattern, malformed, func(p netip.Prefix) string {
		switch {
		case !p.Addr().Is6() || p.Addr().Is4In6():
			return fmt.Sprintf(malformed, quote(p.String()))
		case p.Bits() < 44 || p.Bits() > 64 || p.Bits()%4 != 0:
			return fmt.Sprintf("a subnet's IPv6 block is /44 to /64 in steps of 4, not /%d", p.Bits())
		}
		return ""
	})
}

// delegated reads a prefix as EC2 delegates it to an ENI.
func (d *decoder) delegated(into *netip.Prefix) reader {
	const malformed = "%s is no prefix: write it as 10.0.0.16/28, or in an IPv6 cluster as 2001:db8:0:1:5::/80"
	return d.cidr(into, delegatedPattern, malformed, func(p netip.Prefix) string {
		switch {
		case p.Addr().Is4() && p.Bits() != prefixBits:
			return fmt.Sprintf("a prefix of an ENI is a /28, not /%d", p.Bits())
		case p.Addr().Is6() && (p.Bits() != prefixBits6 || p.Addr().Is4In6()):
			return fmt.Sprintf("an IPv6 prefix of an ENI is a /80, not /%d", p.Bits())
		}
		return ""
	})
}

// The patterns see the form of addresses and blocks, not each of their numbers.
const (
	addressPattern = `^[0-9]{1,3}(\.[0-9]{1,3}){3}$`
	cidrPattern    = `^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$`
	cidr6Pattern   = `^[0-9a-fA-F:.]+/(44|48|52|56|60|64)$`

	address6Pattern   = `^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$`
	anyAddressPattern = `^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$`
	delegatedPattern  = `^([0-9]{1,3}(\.[0-9]{1,3}){3}/28|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/80)$`
)

// cidr reads a CIDR block without bits behind its prefix. malformed is said of
// text that is none; refuse says why one that could be read won't do.
func (d *decoder) cidr(into *netip.Prefix, pattern, malformed string, refuse func(netip.Prefix) string) reader {
	return parsed(d, into, pattern, malformed, netip.ParsePrefix, func(p netip.Prefix) string {
		why := refuse(p)
		if why == "" && p != p.Masked() {
			why = fmt.Sprintf("%s has bits set behind its prefix (did you mean %s?)", p, p.Masked())
		}
		return why
	})
}

// address reads an IPv4 address.
func (d *decoder) address(into *netip.Addr) reader {
	return d.ip(into, addressPattern, "%s is no address: write it as 10.0.0.23", func(a netip.Addr) string {
		if !a.Is4() {
			return "an IPv4 address belongs here, such as 10.0.0.23"
		}
		return ""
	})
}

// address6 reads an IPv6 address.
func (d *decoder) address6(into *netip.Addr) reader {
	const malformed = "%s is no IPv6 address: write it as 2001:db8:0:1::a"
	return d.ip(into, address6Pattern, malformed, func(a netip.Addr) string {
		if a.Is4() || a.Is4In6() || a.Zone() != "" {
			return fmt.Sprintf(malformed, quote(a.String()))
		}
		return ""
	})
}

// anyAddress reads an address of either family.
func (d *decoder) anyAddress(into *netip.Addr) reader {
	const malformed = "%s is no address: write it as 10.0.0.23, or in an IPv6 cluster as 2001:db8:0:1::a"
	return d.ip(into, anyAddressPattern, malformed, func(a netip.Addr) string {
		if a.Is4In6() || a.Zone() != "" {
			return fmt.Sprintf(malformed, quote(a.String()))
		}
		return ""
	})
}

// ip reads an address. malformed is said of text that is none; refuse says why
// one that could be read won't do.
func (d *decoder) ip(into *netip.Addr, pattern, malformed string, refuse func(netip.Addr) string) reader {
	return parsed(d, into, pattern, malformed, netip.ParseAddr, refuse)
}

// parsed reads text that parse makes something of.
func parsed[T any](d *decoder, into *T, pattern, malformed string, parse func(string) (T, error), refuse func(T) string) reader {
	return func(v value) {
		if d.describes(func(s *shape) { s.types, s.pattern = []string{"string"}, pattern }) {
			return
		}
		var text string
		d.text(&text)(v)
		if v.Kind != doc.Text {
			return
		}
		got, err := parse(text)
		if err != nil {
			d.failAt(v, malformed, quote(text))
			return
		}
		if why := refuse(got); why != "" {
			d.failAt(v, "%s", why)
			return
		}
		*into = got
	}
}
