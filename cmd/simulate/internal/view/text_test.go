package view

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A reason that has no room is shortened where it can be, else wrapped; it is
// never cut.
func TestReasonsAreNeverCut(t *testing.T) {
	for _, test := range []struct {
		name      string
		what, why string
		short     string
		want      string
	}{
		{"fits", "+9 addresses", "0 left", "", "1s  +9 addresses  0 left\n"},
		{"shortened", strings.Repeat("x", 20), "0 left, WARM_ENI_TARGET=1 wants 9", "0 left, WARM_ENI_TARGET=1",
			"1s  " + strings.Repeat("x", 20) + "  0 left, WARM_ENI_TARGET=1\n"},
		{"wrapped", "+1 address", "0 left, WARM_IP_TARGET=1000000 and more of it", "",
			"1s  +1 address  0 left, WARM_IP_TARGET=1000000 and\n                more of it\n"},
		{"both wrapped", "+1,000 addresses in 1,000 steps", "0 left, WARM_PREFIX_TARGET=1000", "",
			"1s  +1,000 addresses in  0 left,\n    1,000 steps          WARM_PREFIX_TARGET=1000\n"},
	} {
		g := newGrid("rll")
		g.add(c("1s"), c(test.what), cell{text: test.why, short: test.short})
		g.wrapTo(52)
		var b strings.Builder
		p := &page{w: bufio.NewWriter(&b)}
		g.write(p, 0)
		require.NoError(t, p.w.Flush())
		require.Equal(t, test.want, b.String(), test.name)
	}
}
