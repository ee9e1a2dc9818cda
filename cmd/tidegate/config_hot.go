package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/storage/s3"
)

type hotConfig struct {
	Kind   string `yaml:"kind"`
	URL    string `yaml:"url"`
	Schema string `yaml:"schema"`
	Pool   int    `yaml:"pool"`
	// Spool is how much of results may wait on disk for slow clients, so that their connections are free; 0: none.
	Spool string `yaml:"spool"`
	// Relations are the schemas and schema.table patterns of the warehouse that clients see beside the lake's tables;
	// empty is every schema of the users' own.
	Relations []string `yaml:"relations"`
	// Of Redshift: where COPY reads what is not in the lake as it needs it, and as whom it reads S3.
	Stage   string    `yaml:"stage"`
	IAMRole string    `yaml:"iam_role"`
	IAM     iamConfig `yaml:"iam"`
}

// iamConfig says for what AWS gives temporary passwords: a provisioned cluster's user, or a Serverless workgroup.
type iamConfig struct {
	Cluster   string `yaml:"cluster"`
	Workgroup string `yaml:"workgroup"`
	DBUser    string `yaml:"db_user"`
}

// remote says that the hot store is a server of its own.
func (h hotConfig) remote() bool { return h.Kind == "postgres" || h.Kind == "redshift" }

// stage is where COPY finds what Tidegate writes for it: below the lake, if that is on S3 and nothing else is said.
func (c *config) stage() string {
	if c.Hot.Stage == "" && !c.lakeIsFolder() {
		return strings.TrimSuffix(c.Lake.Location, "/") + "/_stage/"
	}
	return c.Hot.Stage
}

func (c *config) checkHot(fail func(key, format string, args ...any)) {
	switch c.Hot.Kind {
	case "embedded", "none":
		return
	case "postgres", "redshift":
	default:
		fail("hot.kind", "is %q; the choices are embedded, postgres, redshift, none", c.Hot.Kind)
		return
	}
	url, err := pgconn.ParseConfig(c.Hot.URL)
	if c.Hot.URL == "" || err != nil {
		fail("hot.url", "must be postgres://USER@HOST:PORT/DATABASE") // the error's text may hold the password
	}
	if c.Hot.Schema == "" {
		fail("hot.schema", "is empty")
	}
	if c.Hot.Pool < 1 {
		fail("hot.pool", "must be at least 1")
	}
	if _, err := parseBytes(c.Hot.Spool); err != nil {
		fail("hot.spool", "%v", err)
	}
	for i, pattern := range c.Hot.Relations {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Count(pattern, ".") > 1 {
			fail(fmt.Sprintf("hot.relations[%d]", i), "is %q; write a schema or schema.table, * stands for any letters", pattern)
		}
	}
	if c.Hot.Kind == "redshift" {
		c.checkRedshift(fail)
		if err == nil && c.Hot.URL != "" {
			c.checkIAM(url.Password != "", fail)
		}
		return
	}
	for _, of := range []struct {
		key string
		set bool
	}{{"hot.stage", c.Hot.Stage != ""}, {"hot.iam_role", c.Hot.IAMRole != ""}, {"hot.iam", c.Hot.IAM != iamConfig{}}} {
		if of.set {
			fail(of.key, "is for hot.kind redshift, and hot.kind is %s", c.Hot.Kind)
		}
	}
}

func (c *config) checkRedshift(fail func(key, format string, args ...any)) {
	if c.Hot.IAMRole == "" {
		fail("hot.iam_role", "is empty; Redshift's COPY reads S3 as a role: arn:aws:iam::ACCOUNT:role/NAME, or default")
	}
	if stage := c.stage(); stage == "" {
		fail("hot.stage", "is empty; the lake is a folder, which COPY cannot read: write s3://BUCKET/PREFIX, where nothing else lies")
	} else if _, _, err := s3.ParseLocation(stage); err != nil {
		fail("hot.stage", "is wrong: %v", err)
	}
}

// checkIAM wants one way to a password.
func (c *config) checkIAM(password bool, fail func(key, format string, args ...any)) {
	iam := c.Hot.IAM
	ways := 0
	for _, has := range []bool{password, iam.Cluster != "", iam.Workgroup != ""} {
		if has {
			ways++
		}
	}
	switch {
	case ways == 0:
		fail("hot.iam", "is empty and hot.url has no password; set hot.iam.cluster and db_user, or hot.iam.workgroup, or a password")
	case ways > 1:
		fail("hot.iam", "and hot.url say more than one way to a password: set one of hot.iam.cluster, hot.iam.workgroup and a password in hot.url")
	case iam.Cluster != "" && iam.DBUser == "":
		fail("hot.iam.db_user", "is empty; it is the user of cluster %s for whom AWS gives a password", iam.Cluster)
	case iam.Cluster == "" && iam.DBUser != "":
		fail("hot.iam.db_user", "goes with hot.iam.cluster; a workgroup's user comes from the caller's identity")
	}
}
