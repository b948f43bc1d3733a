package model

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// Settles the table of IPv4 CIDR block association restrictions of the Amazon
// VPC user guide, "VPC CIDR blocks".
func TestWhichBlocksMayJoinAVPC(t *testing.T) {
	for _, c := range []struct {
		have string // the primary block
		also string // a secondary one that is there; "" for none
		join string
		want string // "" if it may
	}{
		{"10.5.0.0/16", "", "10.6.0.0/16", ""},
		{"10.5.0.0/16", "", "10.0.0.0/16", ""},
		{"10.2.0.0/16", "", "10.0.0.0/16", ""},
		{"10.1.0.0/16", "", "10.0.0.0/16", "10.0.0.0/16 is in 10.0.0.0/16, which can't join a VPC that has 10.1.0.0/16, a block in 10.0.0.0/15"},
		{"10.0.0.0/20", "", "10.0.16.0/20", "10.0.16.0/20 is in 10.0.0.0/16, which can't join a VPC that has 10.0.0.0/20, a block in 10.0.0.0/15"},
		{"10.0.0.0/16", "", "10.1.0.0/16", ""},
		{"10.5.0.0/16", "10.1.0.0/16", "10.0.0.0/16", "10.0.0.0/16 is in 10.0.0.0/16, which can't join a VPC that has 10.1.0.0/16, a block in 10.0.0.0/15"},
		{"10.5.0.0/16", "", "172.16.0.0/16", "172.16.0.0/16 is in 172.16.0.0/12, which can't join a VPC whose primary block is 10.5.0.0/16"},
		{"10.5.0.0/16", "", "172.32.0.0/16", ""},
		{"10.5.0.0/16", "", "172.15.0.0/16", ""},
		{"10.5.0.0/16", "", "192.168.0.0/24", "192.168.0.0/24 is in 192.168.0.0/16, which can't join a VPC whose primary block is 10.5.0.0/16"},
		{"10.5.0.0/16", "", "198.19.0.0/16", "198.19.0.0/16 is in 198.19.0.0/16, which can't join a VPC whose primary block is 10.5.0.0/16"},
		{"10.5.0.0/16", "", "198.18.0.0/16", ""},
		{"10.5.0.0/16", "", "100.64.0.0/16", ""},
		{"10.5.0.0/16", "", "100.127.0.0/16", ""},
		{"10.5.0.0/16", "100.64.0.0/16", "10.6.0.0/16", ""},
		{"10.5.0.0/16", "", "8.8.0.0/16", ""},
		{"172.16.0.0/16", "", "172.30.0.0/16", ""},
		{"172.16.0.0/16", "", "172.31.0.0/20", "172.31.0.0/20 is in 172.31.0.0/16, which can't join a VPC whose primary block is 172.16.0.0/16"},
		{"172.31.0.0/20", "", "172.31.16.0/20", "172.31.16.0/20 is in 172.31.0.0/16, which can't join a VPC whose primary block is 172.31.0.0/20"},
		{"172.16.0.0/16", "", "10.0.0.0/16", "10.0.0.0/16 is in 10.0.0.0/8, which can't join a VPC whose primary block is 172.16.0.0/16"},
		{"172.16.0.0/16", "", "100.64.0.0/16", ""},
		{"192.168.0.0/24", "", "192.168.1.0/24", ""},
		{"192.168.0.0/24", "", "172.16.0.0/24", "172.16.0.0/24 is in 172.16.0.0/12, which can't join a VPC whose primary block is 192.168.0.0/24"},
		{"192.168.0.0/24", "", "198.19.0.0/24", "198.19.0.0/24 is in 198.19.0.0/16, which can't join a VPC whose primary block is 192.168.0.0/24"},
		{"198.19.0.0/24", "", "198.19.1.0/24", ""},
		{"198.19.0.0/24", "", "100.64.0.0/16", ""},
		{"198.19.0.0/24", "", "10.5.0.0/16", "10.5.0.0/16 is in 10.0.0.0/8, which can't join a VPC whose primary block is 198.19.0.0/24"},
		{"100.64.0.0/16", "", "100.65.0.0/16", ""},
		{"100.64.0.0/16", "", "8.8.0.0/16", ""},
		{"100.64.0.0/16", "", "10.5.0.0/16", "10.5.0.0/16 is in 10.0.0.0/8, which can't join a VPC whose primary block is 100.64.0.0/16"},
		{"100.64.0.0/16", "", "198.19.0.0/16", "198.19.0.0/16 is in 198.19.0.0/16, which can't join a VPC whose primary block is 100.64.0.0/16"},
		{"8.8.0.0/16", "", "192.168.0.0/16", "192.168.0.0/16 is in 192.168.0.0/16, which can't join a VPC whose primary block is 8.8.0.0/16"},
		{"10.5.0.0/16", "", "169.254.0.0/24", "169.254.0.0/24 is in 169.254.0.0/16 (link-local), which no VPC may use"},
		{"10.5.0.0/16", "", "10.5.128.0/17", "10.5.128.0/17 overlaps the VPC's block 10.5.0.0/16"},
		{"10.5.128.0/17", "", "10.5.0.0/16", "10.5.0.0/16 overlaps the VPC's block 10.5.128.0/17"},
		{"10.5.0.0/16", "", "10.6.0.0/15", "10.6.0.0/15 is a /15; EC2 has /16 to /28"},
		{"10.5.0.0/16", "", "10.6.0.1/16", "10.6.0.1/16 has host bits set: its network is 10.6.0.0/16"},
	} {
		t.Run(c.have+" and "+c.also+" joined by "+c.join, func(t *testing.T) {
			v, err := NewVPC(cidr(c.have))
			require.NoError(t, err)
			want := cidrs(c.have)
			if c.also != "" {
				require.NoError(t, v.AddCIDR(cidr(c.also)))
				want = append(want, cidr(c.also))
			}
			if err := v.AddCIDR(cidr(c.join)); c.want != "" {
				require.EqualError(t, err, "VPC block: "+c.want)
			} else {
				require.NoError(t, err)
				want = append(want, cidr(c.join))
			}
			require.Equal(t, want, v.CIDRs())
		})
	}
}

func TestRangesThatNoVPCHas(t *testing.T) {
	for block, want := range map[string]string{
		"169.254.0.0/16": "169.254.0.0/16 is in 169.254.0.0/16 (link-local), which no VPC may use",
		"127.0.0.0/16":   "127.0.0.0/16 is in 127.0.0.0/8 (loopback), which no VPC may use",
		"0.0.0.0/16":     "0.0.0.0/16 is in 0.0.0.0/8 (this network), which no VPC may use",
		"239.0.0.0/16":   "239.0.0.0/16 is in 224.0.0.0/4 (multicast), which no VPC may use",
		"255.255.0.0/16": "255.255.0.0/16 is in 240.0.0.0/4 (reserved), which no VPC may use",
		"10.0.0.0/15":    "10.0.0.0/15 is a /15; EC2 has /16 to /28",
		"10.0.0.0/29":    "10.0.0.0/29 is a /29; EC2 has /16 to /28",
		"2001:db8::/56":  "2001:db8::/56 is not IPv4",
	} {
		_, err := NewVPC(cidr(block))
		require.EqualError(t, err, "VPC block: "+want)
	}
	for _, block := range []string{"169.253.0.0/16", "169.255.0.0/16", "126.0.0.0/16", "128.0.0.0/16", "223.255.0.0/16", "1.0.0.0/16", "10.0.0.0/28"} {
		_, err := NewVPC(cidr(block))
		require.NoError(t, err)
	}
}

func TestAVPCHasFiveBlocksUnlessTheQuotaIsRaised(t *testing.T) {
	v, err := NewVPC(cidr("10.10.0.0/16"))
	require.NoError(t, err)
	for _, block := range cidrs("10.11.0.0/16", "10.12.0.0/16", "10.13.0.0/16", "10.14.0.0/16") {
		require.NoError(t, v.AddCIDR(block))
	}
	require.EqualError(t, v.AddCIDR(cidr("10.15.0.0/16")), "VPC block: 10.15.0.0/16 would be block 6 of the VPC; the quota is 5")
	v.MaxBlocks = 6
	require.NoError(t, v.AddCIDR(cidr("10.15.0.0/16")))
	require.Error(t, v.AddCIDR(cidr("10.16.0.0/16")))
}

func TestSubnetsLieInsideABlockAndApart(t *testing.T) {
	v, err := NewVPC(cidr("10.4.0.0/17"))
	require.NoError(t, err)
	require.NoError(t, v.AddCIDR(cidr("10.4.128.0/17")))
	require.NoError(t, v.AddSubnet("a", cidr("10.4.0.0/24")))
	for _, c := range []struct {
		cidr netip.Prefix
		code ErrorCode
		want string
	}{
		{cidr("10.4.1.0/24"), "", ""},
		{cidr("10.4.0.0/17"), InvalidSubnetConflict, "InvalidSubnet.Conflict: 10.4.0.0/17 overlaps subnet a (10.4.0.0/24)"},
		{cidr("10.4.128.0/17"), "", ""},
		{cidr("10.4.0.0/16"), InvalidSubnetRange, "InvalidSubnet.Range: 10.4.0.0/16 is not inside a block of the VPC, which has [10.4.0.0/17 10.4.128.0/17]"},
		{cidr("10.5.0.0/24"), InvalidSubnetRange, "InvalidSubnet.Range: 10.5.0.0/24 is not inside a block of the VPC, which has [10.4.0.0/17 10.4.128.0/17]"},
		{cidr("10.4.0.240/28"), InvalidSubnetConflict, "InvalidSubnet.Conflict: 10.4.0.240/28 overlaps subnet a (10.4.0.0/24)"},
		{cidr("10.4.1.0/28"), "", ""},
		{cidr("10.4.1.0/29"), InvalidSubnetRange, "InvalidSubnet.Range: 10.4.1.0/29 is a /29; EC2 has /16 to /28"},
		{cidr("10.4.1.1/24"), InvalidSubnetRange, "InvalidSubnet.Range: 10.4.1.1/24 has host bits set: its network is 10.4.1.0/24"},
		{cidr("2001:db8::/64"), InvalidSubnetRange, "InvalidSubnet.Range: 2001:db8::/64 is not IPv4"},
		{netip.Prefix{}, InvalidSubnetRange, "InvalidSubnet.Range: no valid CIDR"},
	} {
		err := v.CheckSubnet(c.cidr)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, c.code)
		require.EqualError(t, err, c.want)
	}
	require.EqualError(t, v.AddSubnet("b", cidr("10.4.0.128/25")), "subnet b: InvalidSubnet.Conflict: 10.4.0.128/25 overlaps subnet a (10.4.0.0/24)")
}
