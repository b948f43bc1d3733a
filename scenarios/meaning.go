package scenarios

import (
	"regexp"
	"strings"
	"sync"
)

var (
	memberNumber = regexp.MustCompile(`\[\d+\]`)
	typeName     = regexp.MustCompile(`^instanceTypes\..*\.`)
	rowsByPath   = sync.OnceValue(referenceRows)
)

// FieldMeaning says what belongs at a path of a scenario, such as
// nodeGroups[0].count, in the words of the reference. It is empty where the
// reference has no row for it.
func FieldMeaning(path string) string {
	path = memberNumber.ReplaceAllString(path, "[]")
	path = typeName.ReplaceAllString(path, "instanceTypes.*.")
	for _, p := range []string{path, strings.TrimSuffix(path, "[]"), listOfOne.Replace(path)} {
		if row, ok := rowsByPath()[p]; ok {
			return markdownLink.ReplaceAllString(row.meaning, "$1")
		}
	}
	return ""
}
