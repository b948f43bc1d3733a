package importer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The structs of this file are the parts of Kubernetes' and AWS' objects that
// are read. Source: Kubernetes API reference; VPC resource controller and VPC
// CNI (custom resources); Karpenter (NodePool, EC2NodeClass).

type meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	OwnerReferences   []owner           `json:"ownerReferences"`
	CreationTimestamp string            `json:"creationTimestamp"` // RFC 3339: text orders it
	DeletionTimestamp string            `json:"deletionTimestamp"`
}

type owner struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Controller bool   `json:"controller"`
}

// id is NAMESPACE/NAME, or the name of what has no namespace.
func (m *meta) id() string {
	if m.Namespace == "" {
		return m.Name
	}
	return m.Namespace + "/" + m.Name
}

// controller is the object that made this one, or the zero owner.
func (m *meta) controller() owner {
	for _, o := range m.OwnerReferences {
		if o.Controller || len(m.OwnerReferences) == 1 {
			return o
		}
	}
	return owner{}
}

type node struct {
	meta `json:"metadata"`
	Spec struct {
		ProviderID    string  `json:"providerID"`
		Unschedulable bool    `json:"unschedulable"`
		Taints        []taint `json:"taints"`
	} `json:"spec"`
	Status struct {
		Capacity   map[string]quantity `json:"capacity"`
		Conditions []struct {
			Type              string `json:"type"`
			Status            string `json:"status"`
			LastHeartbeatTime string `json:"lastHeartbeatTime"`
		} `json:"conditions"`
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

type taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

type toleration struct {
	Key      string `json:"key,omitempty"`
	Operator string `json:"operator,omitempty"`
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"`
}

type pod struct {
	meta   `json:"metadata"`
	Spec   podSpec `json:"spec"`
	Status struct {
		Phase  string `json:"phase"`
		PodIP  string `json:"podIP"`
		PodIPs []struct {
			IP string `json:"ip"`
		} `json:"podIPs"`
	} `json:"status"`
}

type podSpec struct {
	NodeName           string              `json:"nodeName"`
	SchedulerName      string              `json:"schedulerName"`
	HostNetwork        bool                `json:"hostNetwork"`
	ServiceAccountName string              `json:"serviceAccountName"`
	NodeSelector       map[string]string   `json:"nodeSelector"`
	Tolerations        []toleration        `json:"tolerations"`
	Containers         []container         `json:"containers"`
	InitContainers     []container         `json:"initContainers"`
	Overhead           map[string]quantity `json:"overhead"`
	Affinity           struct {
		NodeAffinity struct {
			Required struct {
				Terms []struct {
					Expressions []expression `json:"matchExpressions"`
				} `json:"nodeSelectorTerms"`
			} `json:"requiredDuringSchedulingIgnoredDuringExecution"`
			Preferred []json.RawMessage `json:"preferredDuringSchedulingIgnoredDuringExecution"`
		} `json:"nodeAffinity"`
		PodAffinity     podAffinity `json:"podAffinity"`
		PodAntiAffinity podAffinity `json:"podAntiAffinity"`
	} `json:"affinity"`
	TopologySpread []topologySpread `json:"topologySpreadConstraints"`
}

type topologySpread struct {
	TopologyKey       string `json:"topologyKey"`
	WhenUnsatisfiable string `json:"whenUnsatisfiable"`
}

type podAffinity struct {
	Required  []json.RawMessage `json:"requiredDuringSchedulingIgnoredDuringExecution"`
	Preferred []json.RawMessage `json:"preferredDuringSchedulingIgnoredDuringExecution"`
}

type container struct {
	Name          string   `json:"name"`
	Image         string   `json:"image"`
	RestartPolicy string   `json:"restartPolicy"` // Always: a sidecar among the init containers
	Env           []envVar `json:"env"`
	Resources     struct {
		Requests map[string]quantity `json:"requests"`
	} `json:"resources"`
}

type envVar struct {
	Name      string          `json:"name"`
	Value     string          `json:"value"`
	ValueFrom json.RawMessage `json:"valueFrom"`
}

type expression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

type selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []expression      `json:"matchExpressions,omitempty"`
}

// workload is a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job.
type workload struct {
	meta `json:"metadata"`
	Spec struct {
		Replicas    *int `json:"replicas"`
		Parallelism *int `json:"parallelism"`
		Completions *int `json:"completions"`
		Suspend     bool `json:"suspend"`
		Template    struct {
			meta `json:"metadata"`
			Spec podSpec `json:"spec"`
		} `json:"template"`
		Strategy       updates `json:"strategy"`       // of a Deployment
		UpdateStrategy updates `json:"updateStrategy"` // of a DaemonSet or StatefulSet
	} `json:"spec"`
	Status struct { // of a Job
		StartTime      string `json:"startTime"`
		CompletionTime string `json:"completionTime"`
	} `json:"status"`
	kind string
}

// updates is how a controller replaces its pods.
type updates struct {
	Type          string `json:"type"`
	RollingUpdate struct {
		rolling
		Partition int `json:"partition"`
	} `json:"rollingUpdate"`
}

type rolling struct {
	MaxSurge       *intOrPercent `json:"maxSurge,omitempty"`
	MaxUnavailable *intOrPercent `json:"maxUnavailable,omitempty"`
}

type cronJob struct {
	meta `json:"metadata"`
	Spec struct {
		Schedule          string   `json:"schedule"`
		TimeZone          *string  `json:"timeZone"`
		Suspend           bool     `json:"suspend"`
		ConcurrencyPolicy string   `json:"concurrencyPolicy"`
		JobTemplate       workload `json:"jobTemplate"`
	} `json:"spec"`
	Status struct {
		LastScheduleTime string `json:"lastScheduleTime"`
	} `json:"status"`
}

type serviceAccount struct {
	meta `json:"metadata"`
}

type configMap struct {
	meta `json:"metadata"`
	Data map[string]string `json:"data"`
}

type eniConfig struct {
	meta `json:"metadata"`
	Spec struct {
		Subnet         string   `json:"subnet"`
		SecurityGroups []string `json:"securityGroups"`
	} `json:"spec"`
}

type securityGroupPolicy struct {
	meta `json:"metadata"`
	Spec struct {
		PodSelector            *selector `json:"podSelector"`
		ServiceAccountSelector *selector `json:"serviceAccountSelector"`
		SecurityGroups         struct {
			GroupIDs []string `json:"groupIds"`
		} `json:"securityGroups"`
	} `json:"spec"`
}

type kubeletConfig struct {
	MaxPods     *int `json:"maxPods"`
	PodsPerCore *int `json:"podsPerCore"`
}

type nodePool struct {
	meta `json:"metadata"`
	Spec struct {
		Template struct {
			meta `json:"metadata"`
			Spec struct {
				Requirements []expression  `json:"requirements"`
				Taints       []taint       `json:"taints"`
				Kubelet      kubeletConfig `json:"kubelet"` // of v1beta1
				NodeClassRef struct {
					Name string `json:"name"`
				} `json:"nodeClassRef"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type nodeClass struct {
	meta `json:"metadata"`
	Spec struct {
		Kubelet             kubeletConfig `json:"kubelet"`
		SubnetSelectorTerms []struct {
			ID   string            `json:"id"`
			Tags map[string]string `json:"tags"`
		} `json:"subnetSelectorTerms"`
	} `json:"spec"`
	Status struct {
		Subnets []struct {
			ID string `json:"id"`
		} `json:"subnets"`
	} `json:"status"`
}

// quantity is an amount as Kubernetes writes it: text, or a plain number in a
// manifest.
type quantity string

// UnmarshalJSON takes text and numbers.
func (q *quantity) UnmarshalJSON(data []byte) error {
	var n json.Number
	if json.Unmarshal(data, &n) == nil {
		*q = quantity(n)
		return nil
	}
	return json.Unmarshal(data, (*string)(q))
}

// intOrPercent is 3 or "25%".
type intOrPercent string

// UnmarshalJSON takes a number or text.
func (v *intOrPercent) UnmarshalJSON(data []byte) error { return (*quantity)(v).UnmarshalJSON(data) }

// MarshalJSON writes a number as one.
func (v intOrPercent) MarshalJSON() ([]byte, error) {
	if strings.HasSuffix(string(v), "%") {
		return json.Marshal(string(v))
	}
	if !json.Valid([]byte(v)) {
		return nil, fmt.Errorf("%q is neither a number nor a per cent", string(v))
	}
	return []byte(v), nil
}
