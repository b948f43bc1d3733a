package model_test

import (
	"fmt"
	"net/netip"

	"vpcsim/model"
)

// A /24 with one address in use in each of its sixteen /28s has 235 free
// addresses and cannot serve a single prefix.
func ExampleSubnet_TakePrefixes() {
	s, err := model.NewSubnet("private-a", netip.MustParsePrefix("10.0.0.0/24"))
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Free(), "free addresses,", s.FreePrefixes(), "free prefixes")

	for block := range 16 {
		inUse := netip.AddrFrom4([4]byte{10, 0, 0, byte(16*block + 8)})
		if err := s.Occupy(inUse); err != nil {
			panic(err)
		}
	}
	fmt.Println(s.Free(), "free addresses,", s.FreePrefixes(), "free prefixes")

	_, err = s.TakePrefixes(1, nil, true)
	fmt.Println(err)

	// Output:
	// 251 free addresses, 14 free prefixes
	// 235 free addresses, 0 free prefixes
	// InsufficientCidrBlocks
}
