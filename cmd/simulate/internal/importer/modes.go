package importer

import "slices"

// modes takes from what the nodes have which mode the CNI is in, where no file
// tells its settings: with the defaults their agents would turn to another one.
func (b *builder) modes() {
	if b.s.daemon != nil || len(b.s.values) > 0 {
		return
	}
	linux := func(has func(*member) bool) bool {
		return slices.ContainsFunc(b.members, func(m *member) bool { return !m.windows && has(m) })
	}
	if !b.ipv6 && linux(hasPrefixes) {
		b.guessEnv("ENABLE_PREFIX_DELEGATION", "true", "nodes have prefixes")
	}
	if linux(hasTrunk) {
		b.guessEnv("ENABLE_POD_ENI", "true", "nodes have a trunk")
	}
	if !b.ipv6 && linux(sparesPrimary) {
		b.guessCustomNetworking()
	}
}

func (b *builder) guessEnv(name, value, why string) {
	b.doc.CNI.Env[name] = &value
	b.g.say("cni.env.%s: %s, as %s and no file tells the setting", name, value, why)
}

// guessCustomNetworking turns custom networking on, if each node whose primary
// ENI serves no pods finds an ENIConfig.
func (b *builder) guessCustomNetworking() {
	const label = "k8s.amazonaws.com/eniConfig" // the default of ENI_CONFIG_LABEL_DEF and ENI_CONFIG_ANNOTATION_DEF
	all := func(nameOf func(*member) string) bool {
		return !slices.ContainsFunc(b.members, func(m *member) bool {
			named := func(c *eniConfig) bool { return c.Name == nameOf(m) }
			return !m.windows && sparesPrimary(m) && !slices.ContainsFunc(b.s.eniConfigs, named)
		})
	}
	own := func(m *member) string {
		for _, name := range []string{m.Annotations[label], m.Labels[label]} {
			if name != "" {
				return name
			}
		}
		return "default"
	}
	byZone := !all(own) && all(func(m *member) string { return m.zone })
	if !byZone && !all(own) {
		b.g.say("cni.env: primary ENIs have no addresses for pods, as with custom networking, and no file tells the settings or the nodes' ENIConfigs: it is off here; add what kubectl get daemonsets,eniconfigs -A -o json prints")
		return
	}
	b.guessEnv("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true", "primary ENIs have no addresses for pods")
	if byZone {
		b.guessEnv("ENI_CONFIG_LABEL_DEF", labelZone, "the ENIConfigs are called after zones")
	}
}

func hasPrefixes(m *member) bool {
	return slices.ContainsFunc(m.enis, func(e *outENI) bool { return len(e.Prefixes) > 0 })
}

func hasTrunk(m *member) bool {
	return slices.ContainsFunc(m.enis, func(e *outENI) bool { return e.Kind == "trunk" })
}

// sparesPrimary reports whether the node has addresses for pods, and none of them
// on its primary ENI.
func sparesPrimary(m *member) bool {
	serves := func(e *outENI) bool { return len(e.Addresses)+len(e.Prefixes) > 0 }
	return len(m.enis) > 1 && !serves(m.enis[0]) && slices.ContainsFunc(m.enis, serves)
}
