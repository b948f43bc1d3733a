package model

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Windows nodes have no node agent: the VPC resource controller keeps a pool of
// addresses for each, on its primary ENI, and writes an address into the
// annotation of each pod. Source of the rules here: the controller's
// docs/windows, and what its release v1.8.0 was observed to do.

// WindowsCooldown is how long an address of a Windows node rests at least after
// its pod has gone. It is looked at every WindowsRound, so that it rests less
// than twice as long.
const WindowsCooldown = 30 * time.Second

// WindowsRound is the time between two looks at a node's cooling addresses.
const WindowsRound = 30 * time.Second

// WindowsMaxPods is the max-pods of a Windows node unless kubelet is told
// another. Source: Karpenter, Windows AMI families; kubelet's default.
const WindowsMaxPods = 110

// The defaults of the targets. Source: docs/windows of the VPC resource
// controller.
const (
	windowsWarmIPs       = 3
	windowsMinimumIPs    = 3
	windowsPrefixWarmIPs = 1
	windowsPrefixMinimum = 3
)

// The keys of the ConfigMap amazon-vpc-cni that are about Windows.
const (
	WindowsIPAMKey          = "enable-windows-ipam"
	WindowsPrefixKey        = "enable-windows-prefix-delegation"
	WindowsWarmIPKey        = "windows-warm-ip-target"
	WindowsMinimumIPKey     = "windows-minimum-ip-target"
	WindowsWarmPrefixKey    = "windows-warm-prefix-target"
	windowsOldWarmIPKey     = "warm-ip-target"
	windowsOldMinimumIPKey  = "minimum-ip-target"
	windowsOldWarmPrefixKey = "warm-prefix-target"
)

// WindowsKeys are the keys of the ConfigMap amazon-vpc-cni that are about
// Windows, sorted. The three without "windows-" are older names, and win where
// both are set.
func WindowsKeys() []string {
	keys := []string{
		WindowsIPAMKey, WindowsPrefixKey, WindowsWarmIPKey, WindowsMinimumIPKey, WindowsWarmPrefixKey,
		windowsOldWarmIPKey, windowsOldMinimumIPKey, windowsOldWarmPrefixKey,
	}
	slices.Sort(keys)
	return keys
}

// WindowsSettings is how the resource controller keeps the pools of Windows
// nodes. The zero value serves no Windows nodes.
type WindowsSettings struct {
	// IPAM: the controller serves Windows nodes at all.
	IPAM             bool
	PrefixDelegation bool
	WarmIPTarget     int
	MinimumIPTarget  int
	// WarmPrefixTarget counts in prefix mode, and only while both others are 0.
	WarmPrefixTarget int
}

// ParseWindowsSettings reads the ConfigMap amazon-vpc-cni as the controller
// does. The strings say what was ignored or corrected, sorted.
//
// A target that is left out while the other is set is 0, not its default, in
// secondary mode: windows-minimum-ip-target alone caps the node, as
// MINIMUM_IP_TARGET does on Linux. Observed in v1.8.0; the page says otherwise.
func ParseWindowsSettings(data map[string]string) (WindowsSettings, []string) {
	r := windowsReader{data: data}
	s := WindowsSettings{IPAM: r.flag(WindowsIPAMKey), PrefixDelegation: r.flag(WindowsPrefixKey)}
	warmKey, hasWarm := r.key(windowsOldWarmIPKey, WindowsWarmIPKey)
	minimumKey, _ := r.key(windowsOldMinimumIPKey, WindowsMinimumIPKey)
	prefixKey, hasPrefix := r.key(windowsOldWarmPrefixKey, WindowsWarmPrefixKey)
	s.WarmIPTarget, s.MinimumIPTarget = r.number(warmKey), r.number(minimumKey)
	if s.PrefixDelegation {
		s.WarmPrefixTarget = r.number(prefixKey)
	} else if hasPrefix {
		r.note("%s: counts in prefix mode only", prefixKey)
	}
	if !s.PrefixDelegation && hasWarm && s.WarmIPTarget == 0 && !r.unreadable[warmKey] {
		r.note("%s: 0 counts as 1: an address is never fetched for a pod that waits", warmKey)
		s.WarmIPTarget = 1
	}
	s = s.withDefaults(&r, warmKey, minimumKey, prefixKey)
	slices.Sort(r.notes)
	return s, r.notes
}

// withDefaults replaces targets that cannot be used. In prefix mode one IP
// target brings the other's default; in secondary mode it does not.
func (s WindowsSettings) withDefaults(r *windowsReader, warmKey, minimumKey, prefixKey string) WindowsSettings {
	if !s.PrefixDelegation {
		if s.WarmIPTarget == 0 && s.MinimumIPTarget == 0 {
			s.WarmIPTarget, s.MinimumIPTarget = windowsWarmIPs, windowsMinimumIPs
		}
		s.WarmIPTarget = r.positive(warmKey, s.WarmIPTarget, windowsWarmIPs)
		s.MinimumIPTarget = r.positive(minimumKey, s.MinimumIPTarget, windowsMinimumIPs)
		return s
	}
	if s.WarmIPTarget <= 0 && s.MinimumIPTarget <= 0 && s.WarmPrefixTarget > 0 {
		s.WarmIPTarget, s.MinimumIPTarget = 0, 0
		return s
	}
	if s.WarmPrefixTarget > 0 {
		r.note("%s: ignored, since an IP target is set", prefixKey)
	}
	s.WarmPrefixTarget = 0
	if s.WarmIPTarget <= 0 {
		s.WarmIPTarget = windowsPrefixWarmIPs
	}
	if s.MinimumIPTarget <= 0 {
		s.MinimumIPTarget = windowsPrefixMinimum
	}
	return s
}

// Draining are the settings of the pool that a switch of the mode has left
// behind: it keeps what pods hold, and gives back what is warm.
//
// Source: the VPC resource controller, pkg/pool, SetToDraining.
func (s WindowsSettings) Draining() WindowsSettings {
	return WindowsSettings{IPAM: s.IPAM, PrefixDelegation: !s.PrefixDelegation}
}

// ForType returns the settings as they count on a node of type t. The strings
// say what was switched off. Bare metal counts as Nitro.
func (s WindowsSettings) ForType(t InstanceType) (WindowsSettings, []string) {
	if !s.PrefixDelegation || t.SupportsPrefixes() {
		return s, nil
	}
	s.PrefixDelegation, s.WarmPrefixTarget = false, 0
	s.WarmIPTarget, s.MinimumIPTarget = windowsWarmIPs, windowsMinimumIPs
	return s, []string{fmt.Sprintf(WindowsPrefixKey+": %s is not Nitro; its nodes stay in secondary mode, with the default targets", t.Name)}
}

// WindowsCapacity is what a Windows node of type t advertises as
// vpc.amazonaws.com/PrivateIPv4Address: the addresses of its one ENI, without
// the primary.
func WindowsCapacity(t InstanceType, prefixDelegation bool) int {
	if prefixDelegation {
		return t.SlotsPerENI() * PrefixSize
	}
	return t.SlotsPerENI()
}

// WindowsCapacityAfterSwitch is how many addresses prefix mode can really give
// on a node of type t on which secondary addresses of before the switch still
// serve pods: each keeps its slot. The node advertises WindowsCapacity all the
// same.
//
// Source: EKS best practices guide, "Prefix mode for Windows".
func WindowsCapacityAfterSwitch(t InstanceType, secondaryHeld int) int {
	return max(t.SlotsPerENI()-secondaryHeld, 0) * PrefixSize
}

// windowsReader reads the ConfigMap's texts and notes what is unusable.
type windowsReader struct {
	data       map[string]string
	unreadable map[string]bool
	notes      []string
}

func (r *windowsReader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// key returns the first of two keys that is there.
func (r *windowsReader) key(older, newer string) (string, bool) {
	if _, ok := r.data[older]; ok {
		return older, true
	}
	_, ok := r.data[newer]
	return newer, ok
}

func (r *windowsReader) flag(key string) bool {
	text, ok := r.data[key]
	if !ok {
		return false
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		r.note("%s: %q is neither true nor false; counts as false", key, text)
	}
	return on
}

// number reads a target; what is not there or no number is 0.
func (r *windowsReader) number(key string) int {
	text, ok := r.data[key]
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.note("%s: %q is not a whole number; counts as 0", key, text)
		if r.unreadable == nil {
			r.unreadable = map[string]bool{}
		}
		r.unreadable[key] = true
		return 0
	}
	return max(min(n, largestInt), -1)
}

func (r *windowsReader) positive(key string, n, otherwise int) int {
	if n >= 0 {
		return n
	}
	r.note("%s: %d is negative; counts as the default, %d", key, n, otherwise)
	return otherwise
}

// WindowsDefaults is the ConfigMap of a cluster with Windows nodes that sets
// nothing but what such nodes need.
func WindowsDefaults() map[string]string { return map[string]string{WindowsIPAMKey: "true"} }
