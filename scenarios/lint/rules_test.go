package lint

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vpcsim/scenarios"
)

// base has no smell. The cases change it.
const base = `
name: base
vpc:
  cidrs: [10.0.0.0/16, 100.64.0.0/16]
  subnets:
    - {name: a, zone: us-west-2a, cidr: 10.0.0.0/22, ipv6Cidr: "2001:db8:0:1::/64"}
    - {name: b, zone: us-west-2b, cidr: 10.0.4.0/22, ipv6Cidr: "2001:db8:0:2::/64"}
    - {name: pods-a, zone: us-west-2a, cidr: 100.64.0.0/20}
    - {name: pods-b, zone: us-west-2b, cidr: 100.64.16.0/20}
nodeGroups: [{name: workers, instanceType: m5.large, count: 2, subnets: [a, b]}]
workloads: [{name: web, replicas: 10}]
`

// baseECS is the same for ECS.
const baseECS = `
name: base-ecs
platform: ecs
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, zone: us-west-2a, cidr: 10.0.0.0/22}, {name: b, zone: us-west-2b, cidr: 10.0.4.0/22}]
nodeGroups: [{name: instances, instanceType: c5.large, count: 2, subnets: [a]}]
workloads: [{name: web, replicas: 4}]
`

// What several cases set.
const (
	customNetworking = "cni.env={AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: true, ENI_CONFIG_LABEL_DEF: topology.kubernetes.io/zone}"
	eniConfigs       = "cni.eniConfigs=[{name: us-west-2a, subnet: pods-a}, {name: us-west-2b, subnet: pods-b}]"
	prefixMode       = "cni.env.ENABLE_PREFIX_DELEGATION=true"
	recommended      = "nodeGroups.workers.maxPods=recommended"
	podENIOn         = "cni.env.ENABLE_POD_ENI=true"
	groups           = "workloads.web.securityGroups=[sg-web]"
	small            = "vpc.subnets.a.cidr=10.0.0.0/26"
	ipv6             = "cluster.ipFamily=ipv6"
	windows          = "nodeGroups.workers.os=windows"
	multiNICOn       = "cni.env.ENABLE_MULTI_NIC=true"
	cards            = "nodeGroups.workers.instanceType=p4d.24xlarge"
	eachCard         = "workloads.web.annotations={k8s.amazonaws.com/nicConfig: multi-nic-attachment}"
	ofTwo            = "workloads.web.replicas=2"
	onWindows        = "workloads.web.nodeSelector={kubernetes.io/os: windows}"
)

// rulesCase has, for a rule, a scenario that has the smell and one that just
// has not: options that change base.
type rulesCase struct {
	rule         string
	smell, clean []string
	says         string // part of the message
}

var rulesCases = []rulesCase{
	{"max-pods-above-addresses", []string{customNetworking, eniConfigs}, []string{customNetworking, eniConfigs, recommended}, "27 pods ask a node of workers for an address, and its m5.large holds 18"},
	{"max-pods-above-addresses", []string{"nodeGroups.workers.maxPods=30"}, []string{"nodeGroups.workers.maxPods=29"}, "1 of them"},
	{"max-pods-above-addresses", []string{"cni.env.MAX_ENI=2"}, []string{"cni.env.MAX_ENI=2", "nodeGroups.workers.maxPods=20"}, "MAX_ENI=2"},
	{"max-pods-above-addresses", []string{podENIOn}, []string{podENIOn, recommended}, "a place for the trunk"},
	{"max-pods-above-addresses", []string{podENIOn}, []string{podENIOn, groups}, "holds 18"}, // nine branch ENIs make up for it
	{"max-pods-above-addresses", []string{podENIOn}, []string{podENIOn, "cni.version=v1.16.3"}, "holds 18"},
	{"prefix-mode-max-pods-not-raised", []string{prefixMode}, []string{prefixMode, recommended}, "can take 110 pods"},
	{"prefix-mode-max-pods-not-raised", []string{prefixMode, "nodeGroups.workers.instanceType=c6in.32xlarge", "nodeGroups.workers.maxPods=109"}, []string{prefixMode, "nodeGroups.workers.instanceType=c6in.32xlarge", "nodeGroups.workers.maxPods=110"}, "can take 250 pods"},
	{"max-pods-above-recommended", []string{prefixMode, "nodeGroups.workers.maxPods=111"}, []string{prefixMode, "nodeGroups.workers.maxPods=110"}, "at most 110"},
	{"warm-pool-above-max-pods", []string{"nodeGroups.workers.maxPods=10"}, []string{"nodeGroups.workers.maxPods=10", "cni.env={WARM_IP_TARGET: 2, MINIMUM_IP_TARGET: 4}"}, "keeps 18 addresses, and takes at most 8 pods"},
	{"reserved-enis-without-need", []string{"nodeGroups.workers.reservedENIs=1"}, []string{"nodeGroups.workers.reservedENIs=1", podENIOn}, "leaves out 1 ENI"},

	{"warm-prefix-target-zero", []string{prefixMode, recommended, "cni.env.WARM_PREFIX_TARGET=0"}, []string{prefixMode, recommended, "cni.env.WARM_PREFIX_TARGET=0", "cni.env.WARM_IP_TARGET=5"}, "flaps"},
	{"minimum-ip-target-without-warm", []string{"cni.env.MINIMUM_IP_TARGET=10"}, []string{"cni.env={MINIMUM_IP_TARGET: 10, WARM_IP_TARGET: 1}"}, "stops at 10 addresses"},
	{"minimum-ip-target-without-warm", []string{"cni.env.MINIMUM_IP_TARGET=26"}, []string{"cni.env.MINIMUM_IP_TARGET=27"}, "26 addresses"},
	{"warm-ip-target-zero", []string{"cni.env.WARM_IP_TARGET=0"}, []string{"cni.env.WARM_IP_TARGET=1"}, "WARM_ENI_TARGET=1 counts"},
	{"warm-eni-target-zero", []string{"cni.env.WARM_ENI_TARGET=0"}, []string{"cni.env={WARM_ENI_TARGET: 0, WARM_IP_TARGET: 2}"}, "every 9 pods"},
	{"warm-target-overridden", []string{"cni.env={WARM_ENI_TARGET: 2, WARM_IP_TARGET: 2}"}, []string{"cni.env={WARM_IP_TARGET: 2}"}, "WARM_IP_TARGET overrides it"},
	{"warm-target-overridden", []string{"cni.env={WARM_PREFIX_TARGET: 2}"}, []string{"cni.env={WARM_PREFIX_TARGET: 2, ENABLE_PREFIX_DELEGATION: true}"}, "prefix mode is off"},
	{"warm-target-overridden", []string{prefixMode, "cni.env.WARM_ENI_TARGET=2"}, []string{"cni.env.WARM_ENI_TARGET=2"}, "in prefix mode WARM_PREFIX_TARGET counts"},
	{"warm-ip-target-many-calls", []string{"nodeGroups.workers.count=100", "workloads.web.replicas=1000", "cni.env.WARM_IP_TARGET=1"}, []string{"nodeGroups.workers.count=100", "workloads.web.replicas=1000", "cni.env={WARM_IP_TARGET: 1, MINIMUM_IP_TARGET: 11}"}, "1100 calls"},
	{"warm-ip-target-many-calls", []string{"nodeGroups.workers.count=100", "workloads.web.replicas=1000", "cni.env.WARM_IP_TARGET=1"}, []string{"nodeGroups.workers.count=20", "workloads.web.replicas=200", "cni.env.WARM_IP_TARGET=1"}, "3m20s"},
	{"warm-ip-target-below-churn", []string{"cni.env.WARM_IP_TARGET=5", "steps=[{churn: {workload: web, perMinute: 20, lifetime: 1m, for: 10m}}]"}, []string{"cni.env.WARM_IP_TARGET=5", "steps=[{churn: {workload: web, perMinute: 18, lifetime: 1m, for: 10m}}]"}, "5 addresses cool"},
	{"churn-exceeds-addresses", []string{"steps=[{churn: {workload: web, perMinute: 30, lifetime: 1m, for: 10m}}]"}, []string{"steps=[{churn: {workload: web, perMinute: 28, lifetime: 1m, for: 10m}}]"}, "45 addresses at any time, beside 10 that stay; the nodes have 54"},
	{"peak-pins-enis", []string{"nodeGroups.workers.instanceType=m5.2xlarge", "workloads.web.replicas=80", "steps=[{at: 5m, scale: {workload: web, replicas: 20}}]"}, []string{"nodeGroups.workers.instanceType=m5.2xlarge", "workloads.web.replicas=80", "steps=[{at: 5m, scale: {workload: web, replicas: 50}}]"}, "has 4 ENIs with 56 addresses; for the 10 pods that are left 2 would do"},
	{"churn-exceeds-addresses", []string{"steps=[{churn: {workload: web, perMinute: 60000, lifetime: 9600h, for: 9600h}}]"}, nil, "34560030000 addresses"},
	{"cooldown-short", []string{"cni.env.IP_COOLDOWN_PERIOD=9"}, []string{"cni.env.IP_COOLDOWN_PERIOD=10"}, "rests for 9s"},
	{"cooldown-long", []string{"cni.env.IP_COOLDOWN_PERIOD=121"}, []string{"cni.env.IP_COOLDOWN_PERIOD=120"}, "rests for 2m1s"},
	{"max-eni-no-eni-for-pods", []string{customNetworking, eniConfigs, "cni.env.MAX_ENI=1"}, []string{customNetworking, eniConfigs, "cni.env.MAX_ENI=2"}, "may have 1 ENI"},
	{"max-eni-no-eni-for-pods", []string{customNetworking, eniConfigs, podENIOn, "cni.env.MAX_ENI=2"}, []string{customNetworking, eniConfigs, podENIOn}, "a place for the trunk"},
	{"max-eni-without-effect", []string{"cni.env.MAX_ENI=3"}, []string{"cni.env.MAX_ENI=2"}, "has more than 3 ENIs"},
	{"provisioning-disabled", []string{"cni.env.DISABLE_NETWORK_RESOURCE_PROVISIONING=true"}, []string{"cni.env.DISABLE_NETWORK_RESOURCE_PROVISIONING=false"}, "never grows"},
	{"provisioning-disabled", []string{"cni.env.ENABLE_IMDS_ONLY_MODE=true"}, nil, "ENABLE_IMDS_ONLY_MODE"},

	{"agent-refuses-to-start", []string{"cni.env.ENABLE_IPv4=false"}, nil, "neither ENABLE_IPv4 nor ENABLE_IPv6"},
	{"agent-refuses-to-start", []string{"cni.env.IP_COOLDOWN_PERIOD=soon"}, []string{"cni.env.IP_COOLDOWN_PERIOD=30"}, "IP_COOLDOWN_PERIOD"},
	{"variable-ignored", []string{"cni.env.WARM_IP_TARGET=few"}, []string{"cni.env.WARM_IP_TARGET=5"}, "not a whole number"},
	{"variable-not-in-release", []string{"cni.version=v1.14.0", "cni.env.IP_COOLDOWN_PERIOD=60"}, []string{"cni.version=v1.15.0", "cni.env.IP_COOLDOWN_PERIOD=60"}, "not in v1.14.0"},
	{"prefix-mode-not-supported", []string{prefixMode, "nodeGroups.workers.instanceType=m4.large"}, []string{prefixMode}, "does nothing on m4.large"},
	{"ipv6-not-supported", []string{"cluster.ipFamily=ipv6", "vpc.subnets.a.ipv6Cidr=2001:db8:0:1::/64", "vpc.subnets.b.ipv6Cidr=2001:db8:0:2::/64", "nodeGroups.workers.instanceType=m4.large"}, []string{"cluster.ipFamily=ipv6", "vpc.subnets.a.ipv6Cidr=2001:db8:0:1::/64", "vpc.subnets.b.ipv6Cidr=2001:db8:0:2::/64"}, "never start"},
	{"mode-changed-under-pods", []string{"steps=[{at: 1m, setEnv: {ENABLE_PREFIX_DELEGATION: true}}]"}, []string{prefixMode, "steps=[{at: 1m, setEnv: {WARM_PREFIX_TARGET: 2}}]"}, "2 nodes"},
	{"cni-release-problem", []string{"cni.version=v1.16.3"}, []string{"cni.version=v1.16.4"}, "spins"},
	{"cni-release-problem", []string{"cni.version=v1.16.3"}, []string{"cni.version=v1.16.3", "cni.env.WARM_IP_TARGET=5"}, "issue 2807"},
	{"cni-release-problem", []string{"cni.version=v1.18.2", "vpc.subnets.pods-a.tags={kubernetes.io/role/cni: '1'}"}, []string{"cni.version=v1.18.2"}, "subnet discovery stays"},
	{"cni-release-problem", []string{"cni.version=v1.22.1", "vpc.subnets.pods-a.tags={kubernetes.io/role/cni: '1'}"}, []string{"cni.version=v1.22.2", "vpc.subnets.pods-a.tags={kubernetes.io/role/cni: '1'}"}, "security groups of their own"},
	{"cni-release-problem", []string{"cni.version=v1.19.4", customNetworking, eniConfigs, podENIOn}, []string{"cni.version=v1.19.5", customNetworking, eniConfigs, podENIOn}, "may fail to start"},
	{"cni-release-problem", []string{"cni.version=v1.20.3", podENIOn, "nodeGroups.workers.instanceType=t3.large"}, []string{"cni.version=v1.20.4", podENIOn, "nodeGroups.workers.instanceType=t3.large"}, "can have none"},

	{"variable-not-in-release", []string{multiNICOn, cards, "cni.version=v1.19.6"}, []string{multiNICOn, cards, "cni.version=v1.20.0"}, "ENABLE_MULTI_NIC"},

	{"multi-nic-without-cards", []string{multiNICOn}, []string{multiNICOn, cards}, "no instance type of the scenario has more than one network card"},
	{"multi-nic-off", []string{cards, eachCard}, []string{cards, eachCard, multiNICOn}, "the 10 pods of web get no address at all"},
	{"multi-nic-off", []string{cards, eachCard}, []string{cards, eachCard, "cni.version=v1.19.6"}, "no address"},
	{"multi-nic-off", []string{cards, eachCard}, []string{cards, eachCard, "steps=[{at: 1m, setEnv: {ENABLE_MULTI_NIC: true}}]"}, "no address"},
	{"multi-nic-release-too-old", []string{cards, eachCard, "cni.version=v1.19.6"}, []string{cards, eachCard, "cni.version=v1.20.0"}, "v1.19.6 does not know the annotation"},
	{"multi-nic-pods-on-one-card", []string{multiNICOn, eachCard}, []string{multiNICOn, eachCard, cards}, "workers (m5.large), with one network card"},
	{"multi-nic-branch-pods", []string{multiNICOn, cards, eachCard, podENIOn, groups}, []string{multiNICOn, cards, eachCard}, "have a branch ENI, and no address of another card"},
	{"multi-nic-annotation-unknown", []string{multiNICOn, cards, "workloads.web.annotations={k8s.amazonaws.com/nicConfig: all}"}, []string{multiNICOn, cards, eachCard}, "nicConfig: all means nothing"},
	{"multi-nic-prefix-mode", []string{multiNICOn, cards, prefixMode}, []string{multiNICOn, prefixMode}, "3 network cards above 0"},
	{"multi-nic-prefix-mode", []string{multiNICOn, cards, prefixMode}, []string{multiNICOn, cards}, "half a minute"},
	{"multi-nic-burst", []string{multiNICOn, cards, eachCard}, []string{multiNICOn, cards, eachCard, ofTwo}, "10 pods of web on 2 nodes"},

	{"subnet-too-small-for-nodes", []string{small, "nodeGroups.workers.count=12"}, []string{small, "nodeGroups.workers.count=10"}, "6 nodes of workers want 60 addresses of a, which has 59 free"},
	{"subnet-too-small-for-nodes", []string{"vpc.subnets.a.cidr=10.0.0.0/28", "nodeGroups.workers.subnets=[a]", "nodeGroups.workers.count=1", "vpc.subnets.a.inUse.count=2"}, []string{"vpc.subnets.a.cidr=10.0.0.0/28", "nodeGroups.workers.subnets=[a]", "nodeGroups.workers.count=1", "vpc.subnets.a.inUse.count=1"}, "1 node of workers wants 10 addresses of a, which has 9 free"},
	{"subnet-too-small-for-warm-pool", []string{small, "nodeGroups.workers.count=6"}, []string{small, "nodeGroups.workers.count=4"}, "3 nodes of workers hold 60 addresses of a, which has 59 free"},
	{"pods-exceed-subnets", []string{"vpc.subnets=[{name: a, cidr: 10.0.0.0/28}, {name: b, cidr: 10.0.1.0/28}]", "workloads.web.replicas=21"}, []string{"vpc.subnets=[{name: a, cidr: 10.0.0.0/28}, {name: b, cidr: 10.0.1.0/28}]", "workloads.web.replicas=20"}, "want 23 addresses, and the subnets together have 22 free"},
	{"prefix-mode-no-prefix-in-subnet", []string{prefixMode, recommended, "vpc.subnets.a.cidr=10.0.0.0/27"}, []string{prefixMode, recommended, small}, "no whole /28"},
	{"prefix-mode-no-prefix-in-subnet", []string{prefixMode, recommended, small, "vpc.subnets.a.inUse={addresses: [10.0.0.20, 10.0.0.40]}"}, []string{prefixMode, recommended, small, "vpc.subnets.a.inUse={addresses: [10.0.0.20]}"}, "57 addresses free"},
	{"prefix-mode-fragmentation", []string{prefixMode, recommended, "vpc.subnets.a.inUse.count=100"}, []string{prefixMode, recommended, "vpc.subnets.a.inUse={count: 100, placement: packed}"}, "100 scattered addresses"},
	{"prefix-mode-fragmentation", []string{prefixMode, recommended, "vpc.subnets.a.inUse.count=100"}, []string{prefixMode, recommended, "vpc.subnets.a.inUse.count=100", "vpc.subnets.a.reservations=[{cidr: 10.0.2.0/24, type: prefix}]"}, "of the 62 /28 blocks of a"},
	{"subnet-few-free-for-control-plane", []string{"vpc.subnets.a.cidr=10.0.0.0/28", "vpc.subnets.a.inUse.count=6"}, []string{"vpc.subnets.a.cidr=10.0.0.0/28", "vpc.subnets.a.inUse.count=5"}, "5 addresses free"},
	{"cluster-in-one-zone", []string{"cluster.controlPlaneENIs=2", "vpc.subnets.b.zone=us-west-2a", "vpc.subnets.pods-b.zone=us-west-2a"}, []string{"cluster.controlPlaneENIs=2"}, "EKS needs two zones"},
	{"node-group-in-one-zone", []string{"nodeGroups.workers.subnets=[a]"}, []string{"nodeGroups.workers.subnets=[a]", "nodeGroups.workers.count=1"}, "pods-b in another zone"},
	{"zone-fills-first", []string{small, "workloads.web.replicas=140", "nodeGroups.workers.count=10"}, []string{small, "workloads.web.replicas=100", "nodeGroups.workers.count=10"}, "70 fall to us-west-2a, which has addresses for 54"},
	{"subnet-tag-without-effect", []string{"vpc.subnets.pods-b={name: pods-b, zone: us-west-2c, cidr: 100.64.16.0/20, tags: {kubernetes.io/role/cni: '1'}}"}, []string{"vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1'}"}, "where no nodes are"},
	{"subnet-tag-without-effect", []string{"cni.env.ENABLE_SUBNET_DISCOVERY=false", "vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1'}"}, nil, "ENABLE_SUBNET_DISCOVERY is false"},
	{"subnet-tag-without-effect", []string{"cni.version=v1.17.1", "vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1'}"}, []string{"cni.version=v1.18.0", "vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1'}"}, "no subnet discovery"},
	{"subnet-tag-without-effect", []string{"cni.env.CLUSTER_NAME=blue", "vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1', cni.networking.k8s.aws/cluster/green: shared}"}, []string{"cni.env.CLUSTER_NAME=green", "vpc.subnets.pods-b.tags={kubernetes.io/role/cni: '1', cni.networking.k8s.aws/cluster/green: shared}"}, "other clusters"},
	{"subnet-excluded-without-other", []string{"vpc.subnets.a.tags={kubernetes.io/role/cni: '0'}"}, []string{"vpc.subnets.a.tags={kubernetes.io/role/cni: '0'}", "vpc.subnets.pods-a.tags={kubernetes.io/role/cni: '1'}"}, "no other subnet in us-west-2a"},
	{"eni-quota", []string{"nodeGroups.workers.count=1667", "limits.nodes=5000"}, []string{"nodeGroups.workers.count=1666", "limits.nodes=5000"}, "5001 network interfaces"},
	{"network-address-units", []string{"ec2.quotas.networkAddressUnits=63"}, []string{"ec2.quotas.networkAddressUnits=64"}, "64 network address units"},
	{"network-address-units", []string{ipv6, "ec2.quotas.networkAddressUnits=5"}, []string{ipv6, "ec2.quotas.networkAddressUnits=6"}, "6 network address units"},
	{"network-address-units", []string{ipv6, podENIOn, "ec2.quotas.networkAddressUnits=63"}, []string{ipv6, podENIOn, "ec2.quotas.networkAddressUnits=64"}, "64 network address units"},
	{"network-address-units", []string{windows, onWindows, "ec2.quotas.networkAddressUnits=19"}, []string{windows, onWindows, "ec2.quotas.networkAddressUnits=20"}, "20 network address units"},

	{"eniconfig-missing", []string{"cni.env.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true", recommended}, []string{"cni.env.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true", recommended, "nodeGroups.workers.subnets=[a]", "cni.eniConfigs=[{name: default, subnet: pods-a}]"}, `look for the ENIConfig "default"`},
	{"eniconfig-other-zone", []string{customNetworking, recommended, "cni.eniConfigs=[{name: us-west-2a, subnet: pods-b}, {name: us-west-2b, subnet: pods-b}]"}, []string{customNetworking, recommended, eniConfigs}, "pods-b is in us-west-2b"},
	{"eniconfig-unused", []string{eniConfigs}, []string{eniConfigs, customNetworking, recommended}, "custom networking is off"},
	{"eniconfig-unused", []string{eniConfigs, customNetworking, "nodeGroups.workers.subnets=[a]"}, nil, "us-west-2b is used by no node"},
	{"eniconfig-same-subnet", []string{customNetworking, recommended, "cni.eniConfigs=[{name: us-west-2a, subnet: a}, {name: us-west-2b, subnet: pods-b}]"}, []string{customNetworking, recommended, eniConfigs}, "a is the subnet of the nodes"},

	{"pod-eni-off", []string{groups}, []string{groups, podENIOn}, "ENABLE_POD_ENI is not true"},
	{"pod-eni-no-trunk-type", []string{groups, podENIOn, "nodeGroups.workers.instanceType=t3.large"}, []string{groups, podENIOn}, "can have a trunk"},
	{"pod-eni-type-without-trunk", []string{podENIOn, "nodeGroups.workers.instanceType=t3.large"}, []string{podENIOn}, "t3.large can have no trunk"},
	{"pod-eni-type-without-trunk", []string{podENIOn, "nodeGroups.workers.instanceType=t3.large", "cni.version=v1.20.3"}, nil, "v1.20.3 keeps the place of an ENI for it (11 addresses)"},
	{"trunk-no-slot", []string{podENIOn, "cni.env.MAX_ENI=1"}, []string{podENIOn, "cni.env.MAX_ENI=2"}, "needs a second"},
	{"trunk-too-late", []string{"workloads.web.replicas=20", "steps=[{at: 5m, setEnv: {ENABLE_POD_ENI: true}}]"}, []string{"workloads.web.replicas=18", "steps=[{at: 5m, setEnv: {ENABLE_POD_ENI: true}}]"}, "all of its 3 ENIs"},
	{"branch-pods-exceed-limit", []string{groups, podENIOn, "workloads.web.replicas=19"}, []string{groups, podENIOn, "workloads.web.replicas=18"}, "18 branch ENIs"},
	{"branch-rollout-cooldown", []string{groups, podENIOn, "steps=[{at: 5m, rollout: {workload: web}}]"}, []string{groups, podENIOn, "workloads.web.replicas=9", "steps=[{at: 5m, rollout: {workload: web}}]"}, "up to 20 branch ENIs"},
	{"branch-cooldown-corrected", []string{"cni.branchCooldown=29"}, []string{"cni.branchCooldown=30"}, "30 holds"},
	{"branch-cooldown-corrected", []string{"steps=[{setBranchCooldown: {seconds: soon}}]"}, []string{"steps=[{setBranchCooldown: {seconds: 90}}]"}, "60 holds"},
	{"policy-selects-nothing", []string{podENIOn, "securityGroupPolicies=[{name: db, podSelector: {matchLabels: {app: db}}, securityGroups: [sg]}]"}, []string{podENIOn, "workloads.web.labels={app: db}", "securityGroupPolicies=[{name: db, podSelector: {matchLabels: {app: db}}, securityGroups: [sg]}]"}, "db selects no pod"},
	{"host-network-branch", []string{groups, podENIOn, "workloads.web.hostNetwork=true"}, []string{groups, podENIOn}, "on the host network"},

	{"pods-exceed-nodes", []string{"workloads.web.replicas=55"}, []string{"workloads.web.replicas=54"}, "1 stay Pending"},
	{"pods-exceed-nodes", []string{"steps=[{at: 5m, scale: {workload: web, replicas: 55}}]"}, []string{"steps=[{at: 5m, scale: {workload: web, replicas: 55}}, {at: 1m, addNodes: {group: workers}}]"}, "places for 54"},
	{"pods-fit-no-node", []string{"workloads.web.nodeSelector={role: db}"}, []string{"workloads.web.nodeSelector={role: db}", "nodeGroups.workers.labels={role: db}"}, "no node is open"},
	{"pods-fit-no-node", []string{"nodeGroups.workers.taints=[{key: db, effect: NoSchedule}]"}, []string{"nodeGroups.workers.taints=[{key: db, effect: NoSchedule}]", "workloads.web.tolerations=[{operator: Exists}]"}, "taints"},
	{"requests-exceed-node", []string{"workloads.web.requests.cpu=2"}, []string{"workloads.web.requests.cpu=1"}, "requests 2000m CPU"},
	{"daemonsets-fill-node", []string{"cluster.systemPods=15"}, []string{"cluster.systemPods=14"}, "15 pods of a node of workers"},
	{"step-after-end", []string{"duration=5m", "steps=[{at: 301s, rollout: {workload: web}}]"}, []string{"duration=5m", "steps=[{at: 300s, rollout: {workload: web}}]"}, "ends at 5m0s"},

	{"windows-ipam-off", []string{windows, onWindows, "cni.windows={enable-windows-ipam: false}"}, []string{windows, onWindows}, "get no address"},
	{"windows-prefix-not-supported", []string{windows, onWindows, "cni.windows={enable-windows-prefix-delegation: true}", "nodeGroups.workers.instanceType=m4.large"}, []string{windows, onWindows, "cni.windows={enable-windows-prefix-delegation: true}"}, "m4.large is not Nitro"},
	{"windows-prefix-not-supported", []string{windows, onWindows, "steps=[{setWindows: {enable-windows-prefix-delegation: true}}]", "nodeGroups.workers.instanceType=m4.large"}, []string{windows, onWindows, "steps=[{setWindows: {enable-windows-prefix-delegation: false}}]", "nodeGroups.workers.instanceType=m4.large"}, "m4.large is not Nitro"},
	{"windows-pods-exceed-addresses", []string{windows, onWindows, "workloads.web.replicas=289", "steps=[{setWindows: {enable-windows-prefix-delegation: true}}]"}, []string{windows, onWindows, "workloads.web.replicas=288", "steps=[{setWindows: {enable-windows-prefix-delegation: true}}]"}, "288 addresses together"},
	{"windows-pods-exceed-addresses", []string{windows, onWindows, "workloads.web.replicas=19"}, []string{windows, onWindows, "workloads.web.replicas=18"}, "18 addresses together"},
}

var ecsCases = []rulesCase{
	{"ecs-trunking-not-supported", []string{"nodeGroups.instances.instanceType=t3.large", "nodeGroups.instances.awsvpcTrunking=true"}, []string{"nodeGroups.instances.awsvpcTrunking=true"}, "does not list t3.large"},
	{"ecs-tasks-exceed-enis", []string{"workloads.web.replicas=5"}, []string{"workloads.web.replicas=5", "nodeGroups.instances.awsvpcTrunking=true"}, "ENIs for 4"},
	{"ecs-task-subnet-other-zone", []string{"workloads.web.subnets=[b]"}, []string{"workloads.web.subnets=[a, b]"}, "are in us-west-2b"},
	{"subnet-too-small-for-nodes", []string{"vpc.subnets.a.cidr=10.0.0.0/28", "nodeGroups.instances.count=12"}, []string{"vpc.subnets.a.cidr=10.0.0.0/28", "nodeGroups.instances.count=11"}, "want 12 addresses"},
}

func load(t *testing.T, text string, set ...string) *scenarios.Scenario {
	s, err := scenarios.Load("base.yaml", []byte(text), scenarios.Options{Set: set})
	require.NoError(t, err)
	return s
}

// found are the messages of a rule.
func found(s *scenarios.Scenario, rule string) []string {
	var messages []string
	for _, f := range Check(s) {
		if f.Rule.ID == rule {
			messages = append(messages, f.Message)
		}
	}
	return messages
}

func TestBaseHasNoSmell(t *testing.T) {
	require.Empty(t, Check(load(t, base)))
	require.Empty(t, Check(load(t, baseECS)))
}

// Each rule finds its smell, with the numbers of the scenario, and nothing just
// beside it.
func TestRulesFindTheirSmellAndNoOther(t *testing.T) {
	covered := map[string]bool{}
	check := func(t *testing.T, text string, cases []rulesCase) {
		for _, c := range cases {
			t.Run(c.rule+" "+c.says, func(t *testing.T) {
				_, ok := Find(c.rule)
				require.True(t, ok, "there is no rule %s", c.rule)
				messages := found(load(t, text, c.smell...), c.rule)
				require.NotEmpty(t, messages, "not found")
				require.Contains(t, strings.Join(messages, "\n"), c.says)
				require.Empty(t, found(load(t, text, c.clean...), c.rule))
			})
			covered[c.rule] = true
		}
	}
	check(t, base, rulesCases)
	check(t, baseECS, ecsCases)
	for _, r := range Rules() {
		require.True(t, covered[r.ID] || IsMistake(r.ID), "no case for the rule %s", r.ID)
	}
}

// Rules have all their parts, in the form that reports show them.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)+$`, r.ID)
		require.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		require.Contains(t, severities, r.Severity, r.ID)
		require.NotEmpty(t, r.Summary)
		require.False(t, strings.HasSuffix(r.Summary, "."), r.ID)
		require.True(t, strings.HasSuffix(r.Why, "."), r.ID)
		require.NotEmpty(t, r.Source.Title, r.ID)
		if r.Source.URL != "" {
			require.Regexp(t, regexp.MustCompile(`^https://`), r.Source.URL)
		}
	}
}

// The place is that of the value, or of what it was left out of; with an option,
// the option.
func TestFindingsHaveAPlace(t *testing.T) {
	text := `vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: a, cidr: 10.0.0.0/22}]
cni:
  env:
    MAX_ENI: 2
    WARM_IP_TARGET: 2
    WARM_ENI_TARGET: 3
nodeGroups:
  - name: one
    instanceType: m5.large
  - {name: two, instanceType: m5.large, maxPods: 40}
`
	var places []string
	for _, f := range Check(load(t, text)) {
		places = append(places, f.String()[:strings.Index(f.String(), ": ")]+" "+f.Place.Path+" "+f.Rule.ID)
	}
	require.Equal(t, []string{
		"base.yaml:8:22 cni.env.WARM_ENI_TARGET warm-target-overridden",
		"base.yaml:10:5 nodeGroups[0] max-pods-above-addresses",
		"base.yaml:12:50 nodeGroups[1].maxPods max-pods-above-addresses",
	}, places)

	f := Check(load(t, text, "cni.env={WARM_ENI_TARGET: 0}", "nodeGroups.two.maxPods=29"))[0]
	require.Equal(t, "--set cni.env={WARM_ENI_TARGET: 0}: warning: after every 9 pods the next pod of a node of one waits for an ENI [warm-eni-target-zero]", f.String())
}

func TestDisabledRulesFindNothing(t *testing.T) {
	s := load(t, base, "nodeGroups.workers.maxPods=30", "cni.env.IP_COOLDOWN_PERIOD=5")
	require.Len(t, Check(s), 2)
	left := Check(s, "cooldown-short")
	require.Len(t, left, 1)
	require.Equal(t, "max-pods-above-addresses", left[0].Rule.ID)
}

// Steps that change the environment are looked at, where they change it.
func TestEnvironmentsOfSteps(t *testing.T) {
	s := load(t, base, "steps=[{at: 2m, setEnv: {MINIMUM_IP_TARGET: null}}, {at: 1m, setEnv: {MINIMUM_IP_TARGET: 5}}]")
	all := Check(s)
	require.Len(t, all, 1)
	require.Equal(t, "steps[1].setEnv.MINIMUM_IP_TARGET", all[0].Place.Path)
	require.True(t, slices.ContainsFunc(all, func(f Finding) bool { return f.Rule.ID == "minimum-ip-target-without-warm" }))
}
