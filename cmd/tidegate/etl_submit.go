package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"tidegate/etl"
)

// submitFlags are what a job is that a scheduler is to run.
type submitFlags struct {
	Format        string `help:"Print the job for a scheduler that is in time: aws-batch (the body of SubmitJob) or k8s (an indexed Job)." enum:",aws-batch,k8s" default:"" placeholder:"FORMAT"`
	WorkerCores   int    `help:"With --format: cores of each worker; those of this machine." placeholder:"N"`
	WorkerMemory  string `help:"With --format: memory of each worker; 2 GiB for each core, at least 4." placeholder:"SIZE"`
	JobName       string `help:"With --format: name of the job." default:"tidegate-etl" placeholder:"NAME"`
	JobQueue      string `help:"With --format aws-batch: name or ARN of the queue." default:"tidegate" placeholder:"NAME"`
	JobDefinition string `help:"With --format aws-batch: name or ARN of the job definition." default:"tidegate-etl" placeholder:"NAME"`
	Image         string `help:"With --format k8s: the container's image." default:"registry.example/tidegate" placeholder:"IMAGE"`
}

// job is what both kinds of scheduler are told.
type job struct {
	submitFlags

	workers int
	cores   int
	memory  int64             // MiB
	limit   time.Duration     // after which it is no use
	command []string          // without --shard
	set     map[string]string // environment
}

// inContainer is where a container has its configuration, and keeps what is in the making.
const (
	configInContainer = "/etc/tidegate/tidegate.yml"
	dataInContainer   = "/var/lib/tidegate"
)

// submittable refuses what a job's body has no words for.
func (e *etlPlanCmd) submittable() error {
	switch {
	case e.Format == "":
		return nil
	case e.JSON:
		return wrong{errors.New("--format and --json exclude each other: each is the whole output")}
	case e.Shard != "" || e.Objects != "":
		return wrong{errors.New("--format prints a job that reads all that is new, in shards of its own; leave out --shard and --objects")}
	}
	return nil
}

// newJob sizes a job for what is planned.
func (e *etlPlanCmd) newJob(c *config, planned []etl.Planned) (*job, error) {
	all := sizingsOf(planned)
	j := &job{submitFlags: e.submitFlags, cores: e.WorkerCores, limit: max(all.Schedule(), time.Minute)}
	if j.cores == 0 {
		j.cores = c.cores()
	}
	if j.cores < 1 {
		return nil, wrong{errors.New("--worker-cores must be at least 1")}
	}
	memory := max(4, 2*int64(j.cores)) << 30
	if e.WorkerMemory != "" {
		var err error
		if memory, err = parseBytes(e.WorkerMemory); err != nil {
			return nil, wrong{fmt.Errorf("--worker-memory: %w", err)}
		}
	}
	if j.memory = memory >> 20; j.memory < 1024 {
		return nil, wrong{fmt.Errorf("--worker-memory is %d MiB; a worker needs at least 1 GiB", j.memory)}
	}
	j.workers, _ = all.Needed(j.cores)
	j.workers = min(j.workers, etl.MaxShards)
	j.command = []string{"tidegate", "etl", "run", "--config", configInContainer}
	for _, name := range e.Select {
		j.command = append(j.command, "--select", name)
	}
	if e.Relist {
		j.command = append(j.command, "--relist")
	}
	// A container has nothing else to do: what is left is for Go and for what DuckDB does not count.
	j.set = map[string]string{"TIDEGATE_LIMITS_ETL_MEMORY": "60%", "TIDEGATE_DATA_DIR": dataInContainer}
	return j, nil
}

// printJob writes the job's body, and to stderr what is against it.
func (e *etlPlanCmd) printJob(prog *program, c *config, planned []etl.Planned) error {
	j, err := e.newJob(c, planned)
	if err != nil {
		return err
	}
	for _, line := range j.warnings(c, sizingsOf(planned)) {
		if _, err := fmt.Fprintln(prog.err, "tidegate:", line); err != nil {
			return err
		}
	}
	if e.Format == "k8s" {
		return j.printKubernetes(prog.out, c)
	}
	return j.printAWSBatch(prog.out)
}

// warnings say on stderr what the job's body cannot.
func (j *job) warnings(c *config, all etl.Sizings) []string {
	var lines []string
	if c.catalogIsFile() && j.workers > 1 {
		lines = append(lines, "catalog is "+c.Catalog+", which the processes of one machine can share and no others")
	}
	if c.lakeIsFolder() && j.workers > 1 {
		lines = append(lines, "lake.location is "+c.Lake.Location+", a folder that all workers must have")
	}
	if !all.Holds(j.workers, j.cores) {
		lines = append(lines, fmt.Sprintf("%d workers of %d cores are expected to take %.1f minutes, and there are %.0f; etl plan says why",
			j.workers, j.cores, all.Expected(j.workers, j.cores).Minutes(), all.Limit().Minutes()))
	}
	return lines
}

// nameValue is a variable of the environment, in the names of both APIs.
type nameValue struct {
	Name  string `json:"name" yaml:"name"`
	Value string `json:"value" yaml:"value"`
}

func (j *job) environment() []nameValue {
	var all []nameValue
	for _, name := range slices.Sorted(maps.Keys(j.set)) {
		all = append(all, nameValue{name, j.set[name]})
	}
	return all
}

// printAWSBatch writes the body of SubmitJob.
func (j *job) printAWSBatch(out io.Writer) error {
	type requirement struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	type size struct {
		Size int `json:"size"`
	}
	var body struct {
		JobName       string `json:"jobName"`
		JobQueue      string `json:"jobQueue"`
		JobDefinition string `json:"jobDefinition"`
		Array         *size  `json:"arrayProperties,omitempty"` // an array has at least 2
		Overrides     struct {
			Command      []string      `json:"command"`
			Environment  []nameValue   `json:"environment"`
			Requirements []requirement `json:"resourceRequirements"`
		} `json:"containerOverrides"`
		Retry struct {
			Attempts int `json:"attempts"`
		} `json:"retryStrategy"`
		Timeout struct {
			Seconds int64 `json:"attemptDurationSeconds"`
		} `json:"timeout"`
	}
	body.JobName, body.JobQueue, body.JobDefinition = j.JobName, j.JobQueue, j.JobDefinition
	body.Overrides.Command = j.command
	if j.workers > 1 {
		body.Array = &size{j.workers}
		body.Overrides.Command = append(body.Overrides.Command, "--shard", "auto/"+strconv.Itoa(j.workers))
	}
	body.Overrides.Environment = j.environment()
	body.Overrides.Requirements = []requirement{{"VCPU", strconv.Itoa(j.cores)}, {"MEMORY", strconv.FormatInt(j.memory, 10)}}
	body.Retry.Attempts, body.Timeout.Seconds = attempts, int64(j.limit.Seconds())
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(body)
}

// attempts are those of a worker; sizing keeps time for the second.
const attempts = 2

// printKubernetes writes an indexed Job. The configuration is in a ConfigMap, and with SQLite the catalog on a claim.
func (j *job) printKubernetes(out io.Writer, c *config) error {
	type m = yaml.MapSlice
	command := append(slices.Clone(j.command), "--shard", "auto/"+strconv.Itoa(j.workers))
	resources := m{{Key: "cpu", Value: strconv.Itoa(j.cores)}, {Key: "memory", Value: fmt.Sprintf("%dMi", j.memory)}}
	data := m{{Key: "name", Value: "data"}, {Key: "emptyDir", Value: m{}}}
	if c.catalogIsFile() {
		data[1] = yaml.MapItem{Key: "persistentVolumeClaim", Value: m{{Key: "claimName", Value: "tidegate-data"}}}
	}
	pod := m{
		{Key: "restartPolicy", Value: "Never"},
		{Key: "containers", Value: []m{{
			{Key: "name", Value: "etl"},
			{Key: "image", Value: j.Image},
			{Key: "command", Value: command},
			{Key: "env", Value: j.environment()},
			{Key: "resources", Value: m{{Key: "requests", Value: resources}, {Key: "limits", Value: resources}}},
			{Key: "volumeMounts", Value: []m{
				{{Key: "name", Value: "config"}, {Key: "mountPath", Value: path.Dir(configInContainer)}},
				{{Key: "name", Value: "data"}, {Key: "mountPath", Value: dataInContainer}},
			}},
		}}},
		{Key: "volumes", Value: []m{
			{{Key: "name", Value: "config"}, {Key: "configMap", Value: m{{Key: "name", Value: "tidegate"}}}},
			data,
		}},
	}
	text, err := yaml.Marshal(m{
		{Key: "apiVersion", Value: "batch/v1"},
		{Key: "kind", Value: "Job"},
		{Key: "metadata", Value: m{{Key: "name", Value: j.JobName}}},
		{Key: "spec", Value: m{
			{Key: "completionMode", Value: "Indexed"},
			{Key: "completions", Value: j.workers},
			{Key: "parallelism", Value: j.workers},
			{Key: "backoffLimitPerIndex", Value: attempts - 1},
			{Key: "activeDeadlineSeconds", Value: int64(j.limit.Seconds())},
			{Key: "template", Value: m{{Key: "spec", Value: pod}}},
		}},
	})
	if err != nil {
		return fmt.Errorf("write the job: %w", err)
	}
	_, err = out.Write(text)
	return err
}
