package explain

import (
	"encoding/json"

	"vpcsim/model"
	"vpcsim/sim"
)

// resolved is what an explanation needs of the resolved scenario, which the log
// begins with.
type resolved struct {
	CNI struct {
		BranchCooldown json.RawMessage `json:"branchCooldown"`
	} `json:"cni"`
	EC2 struct {
		Quotas struct {
			NetworkInterfaces int `json:"networkInterfaces"`
		} `json:"quotas"`
	} `json:"ec2"`
}

// resolvedOf reads it. A log without its scenario, and a scenario that leaves a
// field out, have the defaults.
func resolvedOf(b sim.RunStarted) resolved {
	var sc resolved
	if err := json.Unmarshal(b.Scenario, &sc); err != nil {
		return resolved{}
	}
	return sc
}

// region counts the network interfaces of the account's Region.
type region struct {
	quota int // 0: none, or not known
	enis  int
}

func (r *region) apply(e sim.Event) {
	switch b := e.Body.(type) {
	case sim.RunStarted:
		r.quota = resolvedOf(b).EC2.Quotas.NetworkInterfaces
		for _, sn := range b.Subnets {
			r.enis += len(sn.ControlPlane)
		}
	case sim.ENICreated:
		r.enis++
	case sim.ENIDeleted:
		r.enis--
	}
}

// ofQuota reports whether a refusal is by the quota of network interfaces.
func ofQuota(code string) bool { return code == string(model.NetworkInterfaceLimitExceeded) }
