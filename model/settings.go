package model

import "time"

// Settings is the node agent's configuration as the agent understands it:
// what was unset or unusable has the value that counts then.
//
// Source: VPC CNI README, "CNI configuration variables"; fallbacks observed in
// v1.23.1.
type Settings struct {
	WarmENITarget        int           `json:"warmENITarget"`
	WarmIPTarget         int           `json:"warmIPTarget"`    // 0 = not defined
	MinimumIPTarget      int           `json:"minimumIPTarget"` // 0 = not defined
	WarmPrefixTarget     int           `json:"warmPrefixTarget"`
	MaxENI               int           `json:"maxENI"` // 0 = no cap
	PrefixDelegation     bool          `json:"prefixDelegation"`
	CustomNetworking     bool          `json:"customNetworking"`
	ENIConfigLabel       string        `json:"eniConfigLabel"`
	ENIConfigAnnotation  string        `json:"eniConfigAnnotation"`
	PodENI               bool          `json:"podENI"`
	EnforcingMode        string        `json:"enforcingMode"` // strict or standard
	SubnetDiscovery      bool          `json:"subnetDiscovery"`
	ClusterName          string        `json:"clusterName,omitempty"`
	IPv4                 bool          `json:"ipv4"`
	IPv6                 bool          `json:"ipv6"`
	Cooldown             time.Duration `json:"-"`
	ManageNonSchedulable bool          `json:"manageNonSchedulable"`
	MultiNIC             bool          `json:"multiNIC"`
	NoProvisioning       bool          `json:"noProvisioning"`
}

// DefinesIPs reports whether an IP target is defined; the pool then follows
// WARM_IP_TARGET and MINIMUM_IP_TARGET alone.
func (s Settings) DefinesIPs() bool {
	return s.WarmIPTarget != 0 || s.MinimumIPTarget != 0
}
