package view

import (
	"vpcsim/model"
	"vpcsim/sim"
	"vpcsim/sim/replay"
)

// autoscalerDocument is what the cluster autoscaler might do and did.
type autoscalerDocument struct {
	Groups []sim.AutoscaleStart `json:"groups"`
	// ScaledUp are the nodes that it added, in the order of time.
	ScaledUp []scaleUpDocument `json:"scaledUp"`
	// NotScaledUp are the pods that wait at the end and for which it adds none.
	NotScaledUp []unhelpedDocument `json:"notScaledUp"`
}

type scaleUpDocument struct {
	AtMs  model.Instant `json:"atMs"`
	Group string        `json:"group"`
	Count int           `json:"count"`
	Nodes int           `json:"nodes"` // of the group, with them
	Max   int           `json:"max"`
	Pods  int           `json:"pods"`
	For   model.PodName `json:"for"` // the first of them
}

type unhelpedDocument struct {
	Pod      model.PodName       `json:"pod"` // the first of those that are alike
	Workload *model.WorkloadName `json:"workload"`
	Pods     int                 `json:"pods"`
	Reason   sim.ScaleReason     `json:"reason"`
	Message  string              `json:"message"`
}

// autoscalerOf is nil where no group is scaled.
func autoscalerOf(s *replay.State) *autoscalerDocument {
	if len(s.Started.Autoscale) == 0 {
		return nil
	}
	d := &autoscalerDocument{Groups: s.Started.Autoscale, ScaledUp: []scaleUpDocument{}, NotScaledUp: []unhelpedDocument{}}
	for _, up := range s.ScaleUps {
		d.ScaledUp = append(d.ScaledUp, scaleUpDocument{up.At, up.Group, up.Count, up.Nodes, up.Max, up.Pods, up.For})
	}
	for _, no := range unhelped(s) {
		d.NotScaledUp = append(d.NotScaledUp, unhelpedDocument{no.Pod, unlessZero(no.Workload), no.Pods, no.Reason, no.Message})
	}
	return d
}
