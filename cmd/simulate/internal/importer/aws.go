package importer

// Source: EC2 API reference (DescribeSubnets, DescribeNetworkInterfaces,
// DescribeInstances, DescribeVpcs, GetSubnetCidrReservations,
// DescribeInstanceTypes); EKS API reference (DescribeAddon, DescribeCluster).

type tag struct{ Key, Value string }

func tagOf(tags []tag, key string) string {
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

type subnet struct {
	SubnetId, VpcId, AvailabilityZone, CidrBlock string
	Ipv6CidrBlockAssociationSet                  []struct {
		Ipv6CidrBlock      string
		Ipv6CidrBlockState struct{ State string }
	}
	AvailableIpAddressCount *int
	Tags                    []tag
}

type vpc struct {
	VpcId, CidrBlock        string
	CidrBlockAssociationSet []struct {
		CidrBlock      string
		CidrBlockState struct{ State string }
	}
}

type reservation struct {
	SubnetId, Cidr, ReservationType string
}

type networkInterface struct {
	NetworkInterfaceId, SubnetId, Status, InterfaceType, Description string
	PrivateIpAddress                                                 string
	Attachment                                                       *struct {
		InstanceId       string
		DeviceIndex      int
		NetworkCardIndex int
		Status           string
	}
	Groups []struct {
		GroupId string
	}
	PrivateIpAddresses []struct {
		Primary          bool
		PrivateIpAddress string
	}
	Ipv4Prefixes []struct {
		Ipv4Prefix string
	}
	Ipv6Addresses []struct {
		Ipv6Address string
	}
	Ipv6Prefixes []struct {
		Ipv6Prefix string
	}
	TagSet []tag
}

type instance struct {
	InstanceId, InstanceType, SubnetId string
	State                              struct{ Name string }
	NetworkInterfaces                  []*networkInterface
}

type instanceType struct {
	InstanceType string
	Hypervisor   string
	BareMetal    bool
	VCpuInfo     struct{ DefaultVCpus int }
	MemoryInfo   struct{ SizeInMiB int }
	NetworkInfo  struct {
		MaximumNetworkInterfaces, Ipv4AddressesPerInterface int // over all cards; of each
		DefaultNetworkCardIndex                             int
		NetworkCards                                        []struct {
			NetworkCardIndex, MaximumNetworkInterfaces int
		}
	}
}

type addon struct {
	AddonName           string `json:"addonName"`
	AddonVersion        string `json:"addonVersion"`
	ConfigurationValues string `json:"configurationValues"`
}

type cluster struct {
	Name                    string `json:"name"`
	KubernetesNetworkConfig struct {
		IpFamily string `json:"ipFamily"`
	} `json:"kubernetesNetworkConfig"`
}

// values are the Helm values of the chart aws-vpc-cni, or the configuration of
// the EKS add-on vpc-cni, which has the same shape.
type values struct {
	Env   map[string]*quantityOrBool `json:"env"`
	Image struct {
		Tag      string `json:"tag"`
		Override string `json:"override"`
	} `json:"image"`
	ENIConfig struct {
		Create  *bool `json:"create"`
		Subnets map[string]struct {
			ID             string   `json:"id"`
			SecurityGroups []string `json:"securityGroups"`
		} `json:"subnets"`
	} `json:"eniConfig"`
	EnableWindowsIPAM             *quantityOrBool `json:"enableWindowsIpam"`
	EnableWindowsPrefixDelegation *quantityOrBool `json:"enableWindowsPrefixDelegation"`
	WarmWindowsPrefixTarget       *quantityOrBool `json:"warmWindowsPrefixTarget"`
	WarmWindowsIPTarget           *quantityOrBool `json:"warmWindowsIPTarget"`
	MinimumWindowsIPTarget        *quantityOrBool `json:"minimumWindowsIPTarget"`
	BranchENICooldown             *quantityOrBool `json:"branchENICooldown"`
}

// quantityOrBool is a value that Helm makes text of.
type quantityOrBool string

// UnmarshalJSON takes text, numbers and booleans.
func (v *quantityOrBool) UnmarshalJSON(data []byte) error {
	if text := string(data); text == "true" || text == "false" {
		*v = quantityOrBool(text)
		return nil
	}
	return (*quantity)(v).UnmarshalJSON(data)
}
