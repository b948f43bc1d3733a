package recording

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Distribution is a run that was recorded many times, each time with another
// random order of the agent.
type Distribution struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Runs        int    `json:"runs"`
	Unpatched   bool   `json:"unpatched"` // the agent's own order, always true
	Input       Input  `json:"input"`

	ENIsAtEnd           []Bin                     `json:"enisAtEnd"`
	DevicesAtEnd        []Bin                     `json:"devicesAtEnd"`
	PodsPerENIAtEnd     []Bin                     `json:"podsPerEniAtEnd"`
	IPsPerENIAtEnd      []Bin                     `json:"ipsPerEniAtEnd"`
	PodsPerPrefixAtEnd  []Bin                     `json:"podsPerPrefixAtEnd"`
	AvailableAtEnd      []Bin                     `json:"availableAtEnd"`
	FailedAttemptsTotal []Bin                     `json:"failedAttemptsTotal"`
	FirstPodDevice      []Bin                     `json:"firstPodDevice"`
	FreeENIOrder        []Bin                     `json:"freeEniOrder"`
	PodDeviceCounts     map[string]map[string]int `json:"podDeviceCounts"` // n-th pod, from 1: device: runs

	// What follows from the histograms, or is about the fixed order.
	DistinctPodsPerENI          int             `json:"distinctPodsPerEni"`
	EC2CallsMean                json.RawMessage `json:"ec2CallsMean"`
	EC2CallsMinMax              json.RawMessage `json:"ec2CallsMinMax"`
	MeanPodsPerDeviceAtEnd      json.RawMessage `json:"meanPodsPerDeviceAtEnd"`
	DeterministicFinal          json.RawMessage `json:"deterministicFinal"`
	DeterministicFailedAttempts int             `json:"deterministicFailedAttempts"`
}

// Bin is a value of a histogram and how often it came.
type Bin struct {
	Value json.RawMessage `json:"value"`
	Count int             `json:"count"`
}

// Histogram counts values, written as JSON.
type Histogram map[string]int

// Total is the number of values counted.
func (h Histogram) Total() int {
	total := 0
	for _, n := range h {
		total += n
	}
	return total
}

// Histograms are histograms by name.
type Histograms map[string]Histogram

// Count adds one value to the histogram of that name.
func (h Histograms) Count(name string, value any) {
	if h[name] == nil {
		h[name] = Histogram{}
	}
	h[name][text(value)]++
}

// ParseDistribution reads a recorded distribution; like Parse it refuses what
// it doesn't know.
func ParseDistribution(data []byte) (*Distribution, error) {
	var d Distribution
	if err := decode(data, &d); err != nil {
		return nil, fmt.Errorf("distribution: %w", err)
	}
	return &d, nil
}

// Histograms returns the recorded histograms under the names that Outcome's
// Histograms has. One that doesn't list every run is left out: only its
// commonest values are known, and those are a biased choice.
func (d *Distribution) Histograms() (Histograms, error) {
	all := Histograms{}
	for name, bins := range map[string][]Bin{
		"enisAtEnd": d.ENIsAtEnd, "devicesAtEnd": d.DevicesAtEnd, "podsPerEniAtEnd": d.PodsPerENIAtEnd,
		"ipsPerEniAtEnd": d.IPsPerENIAtEnd, "podsPerPrefixAtEnd": d.PodsPerPrefixAtEnd,
		"availableAtEnd": d.AvailableAtEnd, "failedAttemptsTotal": d.FailedAttemptsTotal,
		"firstPodDevice": d.FirstPodDevice, "freeEniOrder": d.FreeENIOrder,
	} {
		h := Histogram{}
		for _, b := range bins {
			var value any
			if err := json.Unmarshal(b.Value, &value); err != nil {
				return nil, fmt.Errorf("distribution %s: %s: %w", d.Name, name, err)
			}
			h[text(value)] += b.Count
		}
		if h.Total() == d.Runs {
			all[name] = h
		}
	}
	for pod, devices := range d.PodDeviceCounts {
		all["device of pod "+pod] = Histogram(devices)
	}
	return all, nil
}

// Histograms counts a run into h.
func (o Outcome) Histograms(h Histograms) {
	last := o.Trace[len(o.Trace)-1]
	devices, pods, ips := []int{}, []int{}, []int64{}
	var perPrefix [][]int
	for _, e := range last.ENIs {
		devices = append(devices, e.Device)
		pods = append(pods, len(e.AssignedPods))
		ips = append(ips, e.IPCount)
		perPrefix = append(perPrefix, e.podsPerPrefix())
	}
	freed, failed := []int{}, 0
	for _, c := range o.EC2Log {
		if c.Call == freeENI {
			freed = append(freed, c.Device)
		}
	}
	for i, p := range o.PodResults {
		failed += p.FailedAttempts
		if p.Device == nil {
			continue
		}
		h.Count("device of pod "+strconv.Itoa(i+1), *p.Device)
		if i == 0 {
			h.Count("firstPodDevice", *p.Device)
		}
	}
	h.Count("enisAtEnd", len(devices))
	h.Count("devicesAtEnd", devices)
	h.Count("podsPerEniAtEnd", pods)
	h.Count("ipsPerEniAtEnd", ips)
	h.Count("podsPerPrefixAtEnd", perPrefix)
	h.Count("availableAtEnd", last.AvailableIPs)
	h.Count("failedAttemptsTotal", failed)
	h.Count("freeEniOrder", freed)
}

func (e ENI) podsPerPrefix() []int {
	counts := make([]int, len(e.Prefixes))
	for i, p := range e.Prefixes {
		for _, pod := range e.AssignedPods {
			if contains(p, pod.IP) {
				counts[i]++
			}
		}
	}
	return counts
}

// SameDistribution returns the probability of samples at least as different as
// a and b if both were drawn from one distribution: Pearson's chi-square test
// of two samples. Values too rare for the test, where fewer than minExpected
// would be expected in the smaller sample, are taken together. Samples that
// consist of one common value have the probability 1.
func SameDistribution(a, b Histogram) float64 {
	bins := mergedBins(a, b)
	totalA, totalB := float64(a.Total()), float64(b.Total())
	statistic := 0.0
	for _, bin := range bins {
		both := float64(bin.a + bin.b)
		wantA, wantB := both*totalA/(totalA+totalB), both*totalB/(totalA+totalB)
		statistic += square(float64(bin.a)-wantA)/wantA + square(float64(bin.b)-wantB)/wantB
	}
	if len(bins) < 2 {
		return 1
	}
	return ChiSquareTail(statistic, len(bins)-1)
}

func square(x float64) float64 { return x * x }

// minExpected is the usual lower bound for the chi-square approximation.
const minExpected = 5

type pair struct{ a, b int }

// mergedBins are the counts of both samples by value, the rarest values in one
// bin that is large enough.
func mergedBins(a, b Histogram) []pair {
	values := map[string]bool{}
	for v := range a {
		values[v] = true
	}
	for v := range b {
		values[v] = true
	}
	var bins []pair
	for _, v := range slices.Sorted(maps.Keys(values)) {
		bins = append(bins, pair{a[v], b[v]})
	}
	// By size; equal ones stay in the order of their values.
	slices.SortStableFunc(bins, func(x, y pair) int { return cmp.Compare(x.a+x.b, y.a+y.b) })
	totalA, totalB := a.Total(), b.Total()
	isLarge := func(p pair) bool { return (p.a+p.b)*min(totalA, totalB) >= minExpected*(totalA+totalB) }
	for len(bins) > 1 && !isLarge(bins[0]) {
		bins[1].a += bins[0].a
		bins[1].b += bins[0].b
		bins = bins[1:]
		// The merged bin goes on growing until it is large enough.
	}
	return bins
}
