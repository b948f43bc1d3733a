package rules

// The sources. Where AWS documents a rule that is the source; what only the
// released agent shows was observed in it.
var (
	observed = Source{"observed in VPC CNI v1.23.1", "https://github.com/aws/amazon-vpc-cni-k8s/releases/tag/v1.23.1"}
	readme   = Source{"VPC CNI README, CNI Configuration Variables", "https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.1/README.md"}
	warmIPs  = Source{"VPC CNI, WARM_ENI_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET", "https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.1/docs/eni-and-ip-target.md"}
	warmPfx  = Source{"VPC CNI, WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET", "https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.1/docs/prefix-and-ip-target.md"}
	changes  = Source{"VPC CNI CHANGELOG", "https://github.com/aws/amazon-vpc-cni-k8s/blob/v1.23.1/CHANGELOG.md"}
	cni69    = Source{"VPC CNI issue 69", "https://github.com/aws/amazon-vpc-cni-k8s/issues/69"}
	noPause  = Source{"VPC CNI issue 2807", "https://github.com/aws/amazon-vpc-cni-k8s/issues/2807"}

	controller = Source{"observed in the VPC resource controller (2026)", "https://github.com/aws/amazon-vpc-resource-controller-k8s"}
	sgp        = Source{"EKS best practices, Security Groups per Pod", "https://docs.aws.amazon.com/eks/latest/best-practices/sgpp.html"}
	windows    = Source{"EKS best practices, Windows networking", "https://docs.aws.amazon.com/eks/latest/best-practices/windows-networking.html"}

	counterfactual = Source{"no real scheduler: the counterfactual of this simulator", "https://github.com/aws/amazon-vpc-cni-k8s/issues/1160"}

	faults = Source{"no refusal of EC2's own: a step of the scenario, as AWS Fault Injection Service has actions", "https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html"}

	eksCNI    = Source{"EKS best practices, Amazon VPC CNI", "https://docs.aws.amazon.com/eks/latest/best-practices/vpc-cni.html"}
	eksPrefix = Source{"EKS best practices, Prefix Mode for Linux", "https://docs.aws.amazon.com/eks/latest/best-practices/prefix-mode-linux.html"}
	eksCustom = Source{"EKS best practices, Custom Networking", "https://docs.aws.amazon.com/eks/latest/best-practices/custom-networking.html"}
	maxPods   = Source{"EKS user guide, Choose an optimal instance type", "https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html"}

	ec2Errors   = Source{"EC2 API reference, Error codes", "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"}
	ec2Throttle = Source{"EC2 developer guide, Request throttling", "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"}
	vpcQuotas   = Source{"VPC user guide, Amazon VPC quotas", "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"}
	attachments = Source{"EC2 user guide, Network interface attachments", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network-interface-attachments.html"}
	enisPerType = Source{"EC2 user guide, IP addresses per network interface", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html"}

	kubeFit    = Source{"Kubernetes, Scheduler configuration: NodeResourcesFit", "https://kubernetes.io/docs/reference/scheduling/config/"}
	kubeTaints = Source{"Kubernetes, Taints and Tolerations", "https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"}
	kubeAssign = Source{"Kubernetes, Assigning Pods to Nodes", "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"}

	ecsEvents   = Source{"ECS developer guide, Service event messages", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html"}
	ecsFailures = Source{"ECS developer guide, API failures messages", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html"}
	ecsTrunking = Source{"ECS developer guide, Increasing container instance network interfaces", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html"}
	ecsStopped  = Source{"ECS developer guide, Stopped tasks error messages", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"}
)
