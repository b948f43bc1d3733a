package importer

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Schedules fire as cron's do. The clock begins on Monday, 2 November 2026, at
// 02:58.
func TestSchedules(t *testing.T) {
	from := time.Date(2026, 11, 2, 2, 58, 0, 0, time.UTC)
	for _, c := range []struct {
		schedule, zone string
		during         time.Duration
		want           string
	}{
		{"*/5 * * * *", "", 12 * time.Minute, "[2m0s 7m0s 12m0s]"},
		{"*/5 * * * *", "", 12*time.Minute - time.Second, "[2m0s 7m0s]"},
		{"58 2 * * *", "", 24 * time.Hour, "[24h0m0s]"}, // the minute that has begun is over
		{"0,30 3-5/2 * * *", "", 3 * time.Hour, "[2m0s 32m0s 2h2m0s 2h32m0s]"},
		{"@hourly", "", time.Hour, "[2m0s]"},
		{"0 3 * * TUE", "", 48 * time.Hour, "[24h2m0s]"},
		{"0 3 * * 7", "", 7 * 24 * time.Hour, "[144h2m0s]"},
		{"0 3 4 * TUE", "", 7 * 24 * time.Hour, "[24h2m0s 48h2m0s]"}, // the 4th, or a Tuesday
		{"0 3 * dec *", "", 7 * 24 * time.Hour, "[]"},
		{"0 4 * * *", "Europe/Berlin", time.Hour, "[2m0s]"},
		{"TZ=Europe/Berlin 0 4 * * *", "", time.Hour, "[2m0s]"},
	} {
		s, err := parseSchedule(c.schedule, c.zone)
		require.NoError(t, err, c.schedule)
		require.Equal(t, c.want, fmt.Sprint(s.times(from, c.during)), c.schedule)
	}
	for _, text := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "1/9223372036854775807 * * * *", "*/60 * * * *", "5-1 * * * *", "a * * * *", "TZ=Nowhere/Land * * * * *", "99999999999999999999 * * * *", "@reboot"} {
		_, err := parseSchedule(text, "")
		require.Error(t, err, text)
	}
}
