package conformance

import "vpcsim/model"

// Table is a published table of which every row was compared.
type Table struct {
	Name, Source string
	Rows         int
	// Differ are the instance types for which the document has another number
	// than EC2's limits give.
	Differ []Difference
	Note   string
}

// Tables compares the tables about instance types, whose rows come with the
// product's own table.
func Tables() []Table {
	maxPods := Table{Name: "pods per node, by instance type", Source: "aws/amazon-vpc-cni-k8s misc/eni-max-pods.txt"}
	tasks := Table{
		Name: "ECS tasks without trunking", Source: "awsdocs/amazon-ecs-developer-guide doc_source/container-instance-eni.md (June 2023)",
		Note: "the document is older than the limit of 8 ENIs a network card of these types; the simulator takes its figure, which ECS enforced",
	}
	branches := Table{
		Name:   "branch ENIs, from the ECS limit",
		Source: "the same; aws/amazon-vpc-resource-controller-k8s pkg/aws/vpc/limits.go",
	}
	for _, t := range model.InstanceTypes() {
		if t.MaxPodsSecondaryIP > 0 {
			maxPods.row(t.Name, t.MaxPodsSecondaryIP, model.AutoMaxPods(t, 0).Result)
		}
		if t.ECSTasks > 0 {
			tasks.row(t.Name, t.ECSTasks, t.MaxENIsAllCards-1)
		}
		if t.ECSTasksTrunking > 0 && t.BranchENIs > 0 {
			// Both figures describe one budget of attachments: ECS fills it with the
			// primary ENI, the trunk and branches, EKS keeps every ENI slot usable.
			branches.row(t.Name, t.BranchENIs, min(model.MaxVLAN, t.ECSTasksTrunking-(t.MaxENIsAllCards-2)))
		}
	}
	return []Table{maxPods, tasks, branches}
}

func (t *Table) row(name string, stated, actual int) {
	t.Rows++
	if stated != actual {
		t.Differ = append(t.Differ, Difference{name, stated, actual})
	}
}
