package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vpcsim/model"
)

// discoveryRow is a row of testdata/discovery-table.json: how v1.23.1 of the
// agent chooses the subnet of a new ENI.
type discoveryRow struct {
	Row                  int
	Description          string
	SubnetDiscovery      bool
	ClusterName          *string // nil: CLUSTER_NAME is not set
	DescribeSubnetsFails bool
	NodeSubnet           model.SubnetID
	ENIConfigSubnet      model.SubnetID // custom networking
	Subnets              []struct {     // in the order in which EC2 lists them
		ID   model.SubnetID
		Free int
		Tags map[string]string
	}
	Refuses []model.SubnetID // for want of addresses

	TriedIfAllRefuse []model.SubnetID
	NotTried         []model.SubnetID
	Chosen           model.SubnetID // empty: none
	Error            string
	ErrorIfAllRefuse string
	// EniThereIsMarkedExcluded are subnets in which an ENI serves no pods.
	EniThereIsMarkedExcluded []model.SubnetID
}

// TestSubnetOfANewENI makes an ENI for each row, once with the refusals of the
// row and once with all, and compares which subnets are asked in which order,
// where the ENI ends up, and the error that decides about the back-off.
func TestSubnetOfANewENI(t *testing.T) {
	data, err := os.ReadFile("testdata/discovery-table.json")
	require.NoError(t, err)
	var rows []discoveryRow
	require.NoError(t, json.Unmarshal(data, &rows))
	require.NotEmpty(t, rows)
	for _, row := range rows {
		t.Run(fmt.Sprintf("%d %s", row.Row, row.Description), func(t *testing.T) {
			var all []model.SubnetID
			for _, s := range row.Subnets {
				all = append(all, s.ID)
			}
			some := row.attempt(t, row.Refuses)
			require.Equal(t, row.Chosen, some.chosen)
			require.Equal(t, row.Error, some.failure(row))
			require.Equal(t, row.excluded(all), some.excluded)

			none := row.attempt(t, all)
			require.Empty(t, none.chosen)
			require.Equal(t, row.TriedIfAllRefuse, none.tried)
			require.Equal(t, row.ErrorIfAllRefuse, none.failure(row))
			for _, id := range row.NotTried {
				require.NotContains(t, none.tried, id)
			}
			require.Len(t, all, len(row.TriedIfAllRefuse)+len(row.NotTried))
		})
	}
}

// excluded are the row's excluded subnets in the order of all.
func (row *discoveryRow) excluded(all []model.SubnetID) []model.SubnetID {
	out := []model.SubnetID{}
	for _, id := range all {
		if slices.Contains(row.EniThereIsMarkedExcluded, id) {
			out = append(out, id)
		}
	}
	return out
}

// discoveryOutcome is what became of one attempt to make an ENI.
type discoveryOutcome struct {
	tried    []model.SubnetID // by calls, in order
	chosen   model.SubnetID
	code     model.ErrorCode // of the last call
	backoff  bool
	excluded []model.SubnetID
}

// failure is the outcome's error as the row writes it. Those of a row without
// any call have words of their own.
func (o discoveryOutcome) failure(row discoveryRow) string {
	switch {
	case o.chosen != "":
		return ""
	case len(o.tried) > 0 && o.backoff:
		return fmt.Sprintf("failed to create network interface: api error %s: %s", o.code, o.tried[len(o.tried)-1])
	case o.backoff:
		return "a back-off without a call"
	case row.DescribeSubnetsFails:
		return "Failed to check if primary subnet is excluded: failed to get VPC subnets: AllocENI: unable to describe subnets: no permission. Quit ENI creation attempt."
	case !row.SubnetDiscovery:
		return "primary subnet is tagged with kubernetes.io/role/cni=0 and subnet discovery is disabled - no valid subnets available for ENI creation"
	default:
		return "no call and no reason"
	}
}

// attempt lets a node's agent make one ENI in the row's subnets.
func (row *discoveryRow) attempt(t *testing.T, refuse []model.SubnetID) discoveryOutcome {
	t.Helper()
	out := discoveryOutcome{tried: []model.SubnetID{}, excluded: []model.SubnetID{}}
	e, err := newEngine(row.config(), func(ev Event) error {
		if b, ok := ev.Body.(EC2Returned); ok && b.Action == CreateNetworkInterface {
			out.tried = append(out.tried, b.Subnet)
			if out.code = b.Error; b.Error == "" {
				out.chosen = b.Subnet
			}
		}
		return nil
	})
	require.NoError(t, err)
	e.start()
	e.ec2.beginFaultOf(Fault{Action: CreateNetworkInterface, Error: model.InsufficientFreeAddressesInSubnet}, func(f CallFields) bool { return slices.Contains(refuse, f.Subnet) })
	if row.DescribeSubnetsFails {
		e.ec2.beginFault(Fault{Action: describeSubnets, Error: model.InternalError})
	}
	a := e.nodes[0].agent
	require.NoError(t, a.configure())
	a.openPools()
	a.backoff = longAgo
	for _, s := range row.Subnets {
		require.Equal(t, s.Free, e.ec2.named[s.ID].Free(), s.ID)
	}

	g := &growth{a: a, pool: a.pools[0], count: 1, done: func() {}}
	g.create(a.places(), 1)
	e.loop()
	out.backoff = a.backoff != longAgo
	for _, s := range e.ec2.subnets {
		if a.excluded(s) {
			out.excluded = append(out.excluded, s.ID())
		}
	}
	return out
}

// config is a cluster of one node whose agent doesn't start by itself. The
// others hold so much of each subnet that, with the node's own address, as many
// are free as the row says.
func (row *discoveryRow) config() Config {
	cfg := baseConfig()
	cfg.Duration = time.Minute
	cfg.CNI.Env["ENABLE_SUBNET_DISCOVERY"] = fmt.Sprint(row.SubnetDiscovery)
	if row.ClusterName != nil {
		cfg.CNI.Env["CLUSTER_NAME"] = *row.ClusterName
	}
	if row.ENIConfigSubnet != "" {
		cfg.CNI.Env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] = "true"
		cfg.CNI.ENIConfigs = []ENIConfig{{Name: "default", Subnet: row.ENIConfigSubnet}}
	}
	for i, s := range row.Subnets {
		const size, kept = 1 << 13, 5
		free := s.Free
		if s.ID == row.NodeSubnet {
			free++
		}
		cfg.Subnets = append(cfg.Subnets, SubnetConfig{
			Name: s.ID, Zone: "za", Tags: s.Tags, InUseCount: size - kept - free, InUsePacked: true,
			CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 19),
		})
	}
	kind, _ := model.LookupInstanceType("m5.large")
	cfg.NodeGroups = []NodeGroup{{
		Name: "n", Type: kind, Count: 1, Subnets: []model.SubnetID{row.NodeSubnet}, MaxPods: 29, AgentStart: time.Hour,
	}}
	return cfg
}
