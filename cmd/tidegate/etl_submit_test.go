package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl"
)

// hourForFour is an hour that four workers of two cores are needed for.
func hourForFour() []etl.Planned {
	return []etl.Planned{{
		Name: "web/events", Table: catalog.Name{Schema: "web", Table: "events"},
		Batches: []etl.PlannedBatch{{Inputs: 100, Bytes: 100_000_000_000}},
		Sizing: &etl.Sizing{
			Rate: etl.Rate{From: etl.RateMeasured, Batches: 9, Shared: 5e6}, Schedule: time.Hour,
			Bytes: 100_000_000_000, Inputs: 100, Tasks: 100, Largest: "b.gz", LargestBytes: 1_000_000_000,
		},
	}}
}

// print gives the body of a job and what is told on stderr.
func printedJob(t *testing.T, e *etlPlanCmd, change func(*config), planned []etl.Planned) (body, warnings string) {
	t.Helper()
	c := defaults()
	c.Catalog, c.Lake.Location = "postgres://catalog.example/tidegate", "s3://lake"
	if change != nil {
		change(&c)
	}
	var out, errs bytes.Buffer
	// Where the configuration is here is not where it is in the container.
	if err := e.show(&program{config: "here/tidegate.yml", out: &out, err: &errs}, &c, planned); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String()
}

func submit(format string) *etlPlanCmd {
	e := &etlPlanCmd{}
	e.Format, e.WorkerCores, e.JobName, e.JobQueue, e.JobDefinition, e.Image = format, 2, "tidegate-etl", "tidegate", "tidegate-etl", "registry.example/tidegate"
	return e
}

// TestAWSBatch compares the body with what SubmitJob takes: names and types are those of its API, and its limits are kept.
func TestAWSBatch(t *testing.T) {
	t.Parallel()
	e := submit("aws-batch")
	e.Select, e.Relist = []string{"web.events+"}, true
	body, warnings := printedJob(t, e, nil, hourForFour())
	var got any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"jobName": "tidegate-etl", "jobQueue": "tidegate", "jobDefinition": "tidegate-etl",
		"arrayProperties": map[string]any{"size": 4.0},
		"containerOverrides": map[string]any{
			"command": []any{"tidegate", "etl", "run", "--config", "/etc/tidegate/tidegate.yml", "--select", "web.events+", "--relist", "--shard", "auto/4"},
			"environment": []any{
				map[string]any{"name": "TIDEGATE_DATA_DIR", "value": "/var/lib/tidegate"},
				map[string]any{"name": "TIDEGATE_LIMITS_ETL_MEMORY", "value": "60%"},
			},
			"resourceRequirements": []any{map[string]any{"type": "VCPU", "value": "2"}, map[string]any{"type": "MEMORY", "value": "4096"}},
		},
		"retryStrategy": map[string]any{"attempts": 2.0},
		"timeout":       map[string]any{"attemptDurationSeconds": 3600.0},
	}
	if d := cmp.Diff(want, got); d != "" || warnings != "" {
		t.Errorf("%s(-want +got)\n%s", warnings, d)
	}
	// An array has from 2 to 10,000 children: one worker is a job of its own, and all shards.
	idle := hourForFour()
	idle[0].Sizing.Bytes = 0
	if body, _ := printedJob(t, submit("aws-batch"), nil, idle); strings.Contains(body, "arrayProperties") || strings.Contains(body, "--shard") {
		t.Errorf("one worker:\n%s", body)
	}
	big := hourForFour()
	big[0].Sizing.LargestBytes, big[0].Sizing.Tasks = 100_000_000_000, 1_000_000
	body, warnings = printedJob(t, submit("aws-batch"), func(c *config) { c.Catalog, c.Lake.Location = "sqlite:./catalog.db", "file:./lake" }, big)
	if !strings.Contains(body, `"size": 10000`) || !strings.Contains(warnings, "expected to take 333.3 minutes, and there are 45") ||
		!strings.Contains(warnings, "catalog is sqlite:./catalog.db, which the processes of one machine can share") ||
		!strings.Contains(warnings, "lake.location is file:./lake, a folder that all workers must have") {
		t.Errorf("too big:\n%s%s", warnings, body)
	}
}

// TestKubernetes reads the manifest as the API server does: a key that it does not know, or that has another type, is refused
// there. The keys are those of batch/v1 and core/v1.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	body, warnings := printedJob(t, submit("k8s"), nil, hourForFour())
	type named struct {
		Name string `yaml:"name"`
	}
	type volume struct {
		Name      string    `yaml:"name"`
		ConfigMap *named    `yaml:"configMap"`
		EmptyDir  *struct{} `yaml:"emptyDir"`
		Claim     *struct {
			Name string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
	}
	var job struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   named  `yaml:"metadata"`
		Spec       struct {
			Mode        string `yaml:"completionMode"`
			Completions int32  `yaml:"completions"`
			Parallelism int32  `yaml:"parallelism"`
			Backoff     int32  `yaml:"backoffLimitPerIndex"`
			Deadline    int64  `yaml:"activeDeadlineSeconds"`
			Template    struct {
				Spec struct {
					Restart    string `yaml:"restartPolicy"`
					Containers []struct {
						Name      string                       `yaml:"name"`
						Image     string                       `yaml:"image"`
						Command   []string                     `yaml:"command"`
						Env       []nameValue                  `yaml:"env"`
						Resources map[string]map[string]string `yaml:"resources"`
						Mounts    []struct {
							Name string `yaml:"name"`
							Path string `yaml:"mountPath"`
						} `yaml:"volumeMounts"`
					} `yaml:"containers"`
					Volumes []volume `yaml:"volumes"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(body), &job, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	s, pod := job.Spec, job.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || job.Metadata.Name != "tidegate-etl" || s.Mode != "Indexed" ||
		s.Completions != 4 || s.Parallelism != 4 || s.Backoff != 1 || s.Deadline != 3600 || pod.Restart != "Never" || len(pod.Containers) != 1 || warnings != "" {
		t.Fatalf("%s%+v", warnings, job)
	}
	c := pod.Containers[0]
	command := []string{"tidegate", "etl", "run", "--config", "/etc/tidegate/tidegate.yml", "--shard", "auto/4"}
	resources := map[string]string{"cpu": "2", "memory": "4096Mi"}
	if d := cmp.Diff(command, c.Command); d != "" || c.Image != "registry.example/tidegate" || len(c.Env) != 2 {
		t.Errorf("%+v\n%s", c, d)
	}
	if d := cmp.Diff(map[string]map[string]string{"requests": resources, "limits": resources}, c.Resources); d != "" {
		t.Error(d)
	}
	for _, m := range c.Mounts { // what is mounted is there
		if !strings.HasPrefix(m.Path, "/") || !slices.ContainsFunc(pod.Volumes, func(v volume) bool { return v.Name == m.Name }) {
			t.Errorf("mount %+v of %+v", m, pod.Volumes)
		}
	}
	if v := pod.Volumes[1]; v.EmptyDir == nil || v.Claim != nil || pod.Volumes[0].ConfigMap.Name != "tidegate" {
		t.Errorf("volumes %+v", pod.Volumes)
	}
	body, warnings = printedJob(t, submit("k8s"), func(c *config) { c.Catalog = "sqlite:./catalog.db" }, hourForFour())
	if !strings.Contains(body, "claimName: tidegate-data") || strings.Contains(body, "emptyDir") || !strings.Contains(warnings, "one machine") {
		t.Errorf("with SQLite:\n%s%s", warnings, body)
	}
}

func TestSubmitFlags(t *testing.T) {
	t.Parallel()
	for memory, want := range map[string]string{
		"12GiB": "", "1000MB": "a worker needs at least 1 GiB", "many": `--worker-memory: "many" is not a size`,
	} {
		e := submit("k8s")
		e.WorkerMemory = memory
		var out bytes.Buffer
		c := defaults()
		err := e.show(&program{out: &out, err: &out}, &c, hourForFour())
		if want == "" && (err != nil || !strings.Contains(out.String(), "12288Mi")) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v\n%s", memory, err, out.String())
		}
	}
}

// TestSubmitRefuses what the job that is printed would not do.
func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*etlPlanCmd){
		"--json":    func(e *etlPlanCmd) { e.JSON = true },
		"--shard":   func(e *etlPlanCmd) { e.Shard = "0/2" },
		"--objects": func(e *etlPlanCmd) { e.Objects = "names" },
	} {
		e := submit("k8s")
		ask(e)
		err := e.submittable()
		if _, asked := errors.AsType[wrong](err); !asked || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if e.Format = ""; e.submittable() != nil {
			t.Errorf("%s without --format: %v", name, e.submittable())
		}
	}
}
