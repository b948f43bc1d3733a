package film

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node of several network cards may have as many ENIs as all of them, and each
// ENI's name tells the card, also that of the first, which was there before.
func TestCardsAreNamed(t *testing.T) {
	f, _ := record(t, "multi-nic-pods")
	require.Equal(t, 60, f.Nodes[0].MaxENIs)
	for _, e := range f.ENIs {
		require.True(t, strings.HasPrefix(e.Name, "card"), e.Name)
	}
	f, _ = record(t, "default-secondary-ip")
	require.Equal(t, "eni0", f.ENIs[0].Name)
	require.Equal(t, 3, f.Nodes[0].MaxENIs)
}

// Of more lines than a page has room for, the later ones are counted.
func TestLinesLeftOutAreCounted(t *testing.T) {
	f, _ := record(t, "large-fleet")
	require.LessOrEqual(t, len(f.Lines), mostLines)
	require.Zero(t, f.LinesLeftOut)
	kept, left := cut(f.Lines, 10)
	require.Equal(t, f.Lines[:10], kept)
	require.Equal(t, len(f.Lines)-10, left)
	kept, left = cut(f.Lines[:10], 10)
	require.Len(t, kept, 10)
	require.Zero(t, left)
}
