package lint

import (
	"fmt"
	"slices"

	"vpcsim/model"
)

var sourceCustom = Source{"EKS best practices guide, Custom networking", "https://docs.aws.amazon.com/eks/latest/best-practices/custom-networking.html"}

var customRules = []Rule{
	{
		ID: "eniconfig-missing", Severity: Error,
		Summary: "custom networking is on and nodes find no ENIConfig",
		Why:     "Such a node never gets an ENI for pods, and with it no address: it does not get Ready.",
		Source:  sourceCustom,
		find:    eniConfigMissing,
	},
	{
		ID: "eniconfig-other-zone", Severity: Error,
		Summary: "an ENIConfig's subnet is in another zone than its nodes",
		Why:     "An ENI can be attached only to an instance of its own zone; every attachment fails.",
		Source:  sourceCustom,
		find:    eniConfigOtherZone,
	},
	{
		ID: "eniconfig-unused", Severity: Warning,
		Summary: "an ENIConfig that no node uses",
		Why:     "Custom networking is off, or no node has a label or an annotation with the name.",
		Source:  sourceCustom,
		find:    eniConfigUnused,
	},
	{
		ID: "eniconfig-same-subnet", Severity: Note,
		Summary: "custom networking with pods in the nodes' own subnet",
		Why:     "The primary ENI is lost to pods, and nothing is won: its addresses come of the same subnet.",
		Source:  sourceCustom,
		find:    eniConfigSameSubnet,
	},
}

func eniConfigMissing(p *pass) {
	p.custom(func(g group, zone string, e environment, s model.Settings) {
		if _, ok := p.eniConfig(g, zone, s); ok {
			return
		}
		name := p.eniConfigName(g, zone, s)
		remedy := fmt.Sprintf("an entry of cni.eniConfigs named %s", name)
		if name == "default" {
			remedy = "ENI_CONFIG_LABEL_DEF: topology.kubernetes.io/zone and an ENIConfig named for each zone"
		}
		p.report(g.path, fmt.Sprintf("the nodes of %s in %s look for the ENIConfig %q, and there is none", g.Name, zone, name), remedy)
	})
}

func eniConfigOtherZone(p *pass) {
	p.custom(func(g group, zone string, e environment, s model.Settings) {
		c, ok := p.eniConfig(g, zone, s)
		if !ok || p.zone(c.Subnet) == zone {
			return
		}
		p.report(p.eniConfigPath(c.Name)+".subnet", fmt.Sprintf("%s is in %s, and the nodes of %s that use this ENIConfig are in %s", c.Subnet, p.zone(c.Subnet), g.Name, zone),
			"a subnet in "+zone)
	})
}

func (p *pass) eniConfigPath(name string) string {
	for i, c := range p.CNI.ENIConfigs {
		if c.Name == name {
			return fmt.Sprintf("cni.eniConfigs[%d]", i)
		}
	}
	return "cni.eniConfigs"
}

// custom yields each group with custom networking, by the zones of its nodes.
func (p *pass) custom(yield func(group, string, environment, model.Settings)) {
	if p.ipv6() {
		return
	}
	p.linux(func(g group, e environment, s model.Settings) {
		if !s.CustomNetworking {
			return
		}
		for _, zone := range p.zones(g) {
			yield(g, zone, e, s)
		}
	})
}

func eniConfigUnused(p *pass) {
	used := map[string]bool{}
	on := slices.ContainsFunc(p.envs, func(e environment) bool { return e.settings.CustomNetworking })
	p.custom(func(g group, zone string, _ environment, s model.Settings) {
		if c, ok := p.eniConfig(g, zone, s); ok {
			used[c.Name] = true
		}
	})
	for _, c := range p.CNI.ENIConfigs {
		if used[c.Name] {
			continue
		}
		why, remedy := "no node has its name as a label or an annotation", "ENI_CONFIG_LABEL_DEF, or a label on the node group"
		if !on {
			why, remedy = "custom networking is off", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: true"
		}
		p.report(p.eniConfigPath(c.Name), fmt.Sprintf("the ENIConfig %s is used by no node: %s", c.Name, why), remedy)
	}
}

func eniConfigSameSubnet(p *pass) {
	p.custom(func(g group, zone string, e environment, s model.Settings) {
		if c, ok := p.eniConfig(g, zone, s); ok && slices.Contains(g.Subnets, c.Subnet) && len(c.SecurityGroups) == 0 {
			p.report(p.eniConfigPath(c.Name)+".subnet", fmt.Sprintf("%s is the subnet of the nodes of %s themselves", c.Subnet, g.Name), "a subnet of its own for pods, of a secondary CIDR such as 100.64.0.0/16")
		}
	})
}
