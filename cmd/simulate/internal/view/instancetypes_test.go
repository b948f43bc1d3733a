package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

func TestMoneyInSixColumns(t *testing.T) {
	for micro, want := range map[int64]string{
		0: "?", 1: "0.0000", 49: "0.0000", 50: "0.0001", 4_200: "0.0042", 96_000: "0.0960", 5_424_000: "5.4240",
		9_999_949: "9.9999", 10_000_000: "10.000", 27_447_050: "27.447", 99_999_000: "99.999",
		100_000_000: "100.00", 360_987_000: "360.99", 1_062_580_000: "1062.6", 10_000_000_000: "10000",
	} {
		require.Equal(t, want, moneyCell(micro).text, "%d", micro)
	}
}

// m5.large: 0.096 $/h × 730 h ÷ 27 addresses.
func TestPriceOfAPodAddress(t *testing.T) {
	row := func(micro int64, addresses int) InstanceTypeRow {
		return InstanceTypeRow{InstanceType: model.InstanceType{MicroUSDPerHour: micro}, PodAddresses: addresses}
	}
	for _, tt := range []struct {
		micro     int64
		addresses int
		want      int64
	}{
		{96_000, 27, 2_595_556},
		{1, 1460, 1}, // half a millionth
		{1, 1461, 0},
		{1, 730, 1},
		{0, 27, 0},
		{96_000, 0, 0},
	} {
		require.Equal(t, tt.want, row(tt.micro, tt.addresses).MicroUSDPerAddressMonth())
	}
}

func TestDollarsAreExact(t *testing.T) {
	require.Nil(t, dollars(0))
	for micro, want := range map[int64]string{1: "0.000001", 96_000: "0.096", 1_000_000: "1", 10_000_000: "10", 21_957_642: "21.957642"} {
		require.Equal(t, want, dollars(micro).String())
	}
}
