package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"vpcsim/cmd/simulate/internal/importer"
	"vpcsim/model"
)

func (a *App) importCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "import [--kubectl FILE]... [--aws FILE]... [-f FILE|DIR]...",
		Short: "Make a scenario of a real cluster",
		Long: `Make a scenario of a real cluster, which begins in the cluster's state.

It reads what kubectl get -o json and aws ec2 describe-... print, and manifests:
multi-document YAML, lists, JSON. What an object is its content tells; files may
come in any order, and - is standard input. It calls nobody.

  kubectl   nodes, pods; deployments, statefulsets, daemonsets, jobs, cronjobs,
            replicasets, eniconfigs, securitygrouppolicies, serviceaccounts,
            nodepools, ec2nodeclasses, the ConfigMap amazon-vpc-cni
  aws       ec2 describe-subnets, describe-network-interfaces, describe-vpcs,
            describe-instances, describe-instance-types,
            get-subnet-cidr-reservations; eks describe-cluster, describe-addon
  -f        manifests; values of the chart aws-vpc-cni, or the configuration of
            the add-on vpc-cni

With nodes, pods, subnets and network interfaces the scenario has a state: each
node with its ENIs and addresses, each pod on its node with its address. What
the files don't tell is guessed, and listed: in the scenario and on standard
error.`,
		Example: `  kubectl get nodes,pods,daemonsets,deployments -A -o json > objects.json
  aws ec2 describe-subnets --output json > subnets.json
  aws ec2 describe-network-interfaces --output json > interfaces.json
  simulate import --kubectl objects.json --aws subnets.json --aws interfaces.json > cluster.yaml
  simulate run cluster.yaml
  simulate import -f manifests/ -f values.yaml | simulate run -`,
		Args: usage(noFilesAsArguments),
	}
	format := output(c, "yaml", "json")
	var kubectl, aws, files []string
	var o importer.Options
	var from string
	flags := c.Flags()
	flags.StringArrayVar(&kubectl, "kubectl", nil, "what kubectl get -o json printed: a `FILE`, or -")
	flags.StringArrayVar(&aws, "aws", nil, "what an aws command printed with --output json: a `FILE`, or -")
	flags.StringArrayVarP(&files, "filename", "f", nil, "manifests or values: a `FILE`, a folder, or -")
	flags.StringVar(&o.Name, "name", "", "`name` of the scenario; else the cluster's")
	flags.StringVar(&o.InstanceType, "instance-type", "", "instance `type` of nodes that no file tells, and of node pools that leave a choice")
	flags.DurationVar(&o.Cron, "cron", 0, "follow the schedules of CronJobs for this `duration`, at most 24h")
	flags.StringVar(&from, "from", "", "`time` at which the scenario begins, for --cron: 2026-11-02T02:55:00Z; else the latest in the files")
	completeFlagTypes(c, "instance-type")
	c.RunE = func(c *cobra.Command, _ []string) error {
		all := slices.Concat(kubectl, aws, files)
		if len(all) == 0 {
			return usageError{errors.New("nothing to import: name files by --kubectl, --aws or -f")}
		}
		if err := importOptions(&o, from); err != nil {
			return usageError{err}
		}
		snapshot := importer.NewSnapshot()
		for _, name := range all {
			if err := a.readInto(c.Context(), snapshot, name); err != nil {
				return err
			}
		}
		d, err := snapshot.Scenario(o)
		if err != nil {
			return err
		}
		write := d.YAML
		if format.value == "json" {
			write = d.JSON
		}
		text, err := write()
		if err != nil {
			return err
		}
		if !g.quiet {
			for _, line := range d.Guesses() {
				fmt.Fprintf(a.Err, "guess: %s\n", line)
			}
		}
		_, err = a.Out.Write(text)
		return written(err)
	}
	return c
}

// importOptions checks what the flags say.
func importOptions(o *importer.Options, from string) error {
	if o.InstanceType != "" {
		if _, known := model.LookupInstanceType(o.InstanceType); !known {
			if err := checkPattern(o.InstanceType); err != nil {
				return fmt.Errorf("--instance-type: %w", err)
			}
			return fmt.Errorf("--instance-type: %q: one type, not a pattern", o.InstanceType)
		}
	}
	if o.Cron < 0 || o.Cron > 24*time.Hour {
		return fmt.Errorf("--cron: %s is not between 0 and 24h", o.Cron)
	}
	if from == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return fmt.Errorf("--from: %q is no time: write it as 2026-11-02T02:55:00Z", from)
	}
	o.From = t
	return nil
}

// noFilesAsArguments points to the flags.
func noFilesAsArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q: files are named by --kubectl, --aws or -f", args[0])
	}
	return nil
}

// readInto reads a file, standard input, or the files of a folder.
func (a *App) readInto(ctx context.Context, s *importer.Snapshot, name string) error {
	if name == "-" {
		data, err := interruptible(ctx, func() ([]byte, error) {
			return readAtMost(a.In, "standard input", importer.MaxBytes)
		})
		if err != nil {
			return err
		}
		return s.Read("stdin", data)
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return readFileInto(ctx, s, name)
	}
	names, err := manifestsIn(name)
	if err != nil {
		return err
	}
	for _, one := range names {
		if err := readFileInto(ctx, s, one); err != nil {
			return err
		}
	}
	return nil
}

func readFileInto(ctx context.Context, s *importer.Snapshot, name string) error {
	data, err := interruptible(ctx, func() ([]byte, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAtMost(io.Reader(f), name, importer.MaxBytes)
	})
	if err != nil {
		return err
	}
	return s.Read(name, data)
}

// manifestsIn lists the files of a folder, as kubectl apply -f takes them: those
// below it are not looked at.
func manifestsIn(folder string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"*.yaml", "*.yml", "*.json"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if ok, _ := filepath.Match(pattern, e.Name()); ok && !e.IsDir() {
				names = append(names, filepath.Join(folder, e.Name()))
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no file in it is called *.yaml, *.yml or *.json", folder)
	}
	slices.Sort(names)
	return names, nil
}
