package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"tidegate/internal/storage/s3"
	"tidegate/internal/yamlfile"
	"tidegate/sql"
)

// defaultConfig is read when no --config is given and the file is there.
const defaultConfig = "tidegate.yml"

// config is the configuration file. Every key can be set by the environment too: lake.location is
// TIDEGATE_LAKE_LOCATION, and the environment is stronger.
type config struct {
	Listen    string     `yaml:"listen"`
	Admin     string     `yaml:"admin"` // where metrics and readiness are told; "" is nowhere
	Pprof     bool       `yaml:"pprof"` // profiles of this process at admin too
	Database  string     `yaml:"database"`
	DataDir   string     `yaml:"data_dir"`
	Dialect   string     `yaml:"dialect"` // redshift or postgres; "" is that of hot.kind
	Catalog   string     `yaml:"catalog"`
	Lake      lakeConfig `yaml:"lake"`
	Hot       hotConfig  `yaml:"hot"`
	Pipelines string     `yaml:"pipelines"`
	Limits    limits     `yaml:"limits"`

	Notify notifyConfig `yaml:"notify"`

	TLS          tlsConfig             `yaml:"tls"`
	Auth         string                `yaml:"auth"`          // "" is scram-sha-256, or trust: see method
	AuthRedshift string                `yaml:"auth_redshift"` // of clients that are Redshift's drivers; "" is auth
	Users        []userConfig          `yaml:"users"`
	Roles        map[string]roleConfig `yaml:"roles"`
	UsersFile    string                `yaml:"users_file"` // more users, a list as users
}

type lakeConfig struct {
	Location string      `yaml:"location"`
	S3       s3Config    `yaml:"s3"`
	Cache    cacheConfig `yaml:"cache"`
}

// s3Config says how to reach S3, for the lake and for the sources of pipelines. What is empty is the SDK's default.
type s3Config struct {
	Endpoint  string `yaml:"endpoint"`
	Region    string `yaml:"region"`
	PathStyle bool   `yaml:"path_style"`
	Profile   string `yaml:"profile"`
	RoleARN   string `yaml:"role_arn"`
}

// cacheConfig is the column cache of a lake that is not a folder of this machine.
type cacheConfig struct {
	Path     string `yaml:"path"`
	MaxBytes string `yaml:"max_bytes"`
}

func defaults() config {
	return config{
		Listen: "127.0.0.1:5439", Admin: "127.0.0.1:9439", Database: "tidegate", DataDir: "./tidegate-data",
		Lake: lakeConfig{Cache: cacheConfig{MaxBytes: "20GiB"}}, Pipelines: "./pipelines",
		Hot: hotConfig{Kind: "embedded", Schema: "tidegate_hot", Pool: 8, Spool: "1GiB"},
		TLS: tlsConfig{MinVersion: "1.2"},
		Limits: limits{
			Connections: 500, Reserved: 3, Authentication: "1min", Statement: "0", Idle: "0", IdleInTransaction: "0",
			Message: "64MiB", Memory: "50%", ETLMemory: "30%", Queue: 100, QueueTimeout: "1m", Spool: "1GiB", Temporary: "2GiB", Grace: "30s",
		},
	}
}

// loadConfig reads the file, then the environment, then fills what depends on other keys, and checks all of it.
// Its errors are the asker's.
func loadConfig(path string) (config, error) {
	c := defaults()
	path, data, err := readConfig(path)
	if err != nil {
		return c, wrong{err}
	}
	lines, err := yamlfile.Decode(path, data, &c)
	if err != nil {
		return c, wrong{err}
	}
	if err := fromEnvironment(&c, os.LookupEnv); err != nil {
		return c, wrong{err}
	}
	if c.Catalog == "" {
		c.Catalog = "sqlite:" + filepath.Join(c.DataDir, "catalog.db")
	}
	if c.Lake.Location == "" {
		c.Lake.Location = "file:" + filepath.Join(c.DataDir, "lake")
	}
	if c.Lake.Cache.Path == "" {
		c.Lake.Cache.Path = filepath.Join(c.DataDir, "cache")
	}
	if err := c.readUsersFile(); err != nil {
		return c, wrong{err}
	}
	if err := c.check(path, lines); err != nil {
		return c, wrong{err}
	}
	return c, nil
}

func readConfig(path string) (string, []byte, error) {
	asked := path != ""
	if !asked {
		path = defaultConfig
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return path, nil, nil
	}
	return path, data, err
}

// check says every wrong value with its line.
func (c *config) check(path string, lines yamlfile.Lines) error {
	var errs []error
	fail := func(key, format string, args ...any) {
		line := max(lines[key], 1)
		errs = append(errs, &yamlfile.Error{File: path, Line: line, Message: key + " " + fmt.Sprintf(format, args...)})
	}
	if !c.lakeIsFolder() {
		if _, _, err := s3.ParseLocation(c.Lake.Location); err != nil {
			fail("lake.location", "is wrong: %v; write file:DIRECTORY or s3://BUCKET/PREFIX", err)
		}
	}
	c.checkCatalog(fail)
	c.checkHot(fail)
	c.checkUsers(fail)
	c.checkAccess(fail)
	if c.Admin != "" {
		checkLoopback(fail, "admin", c.Admin, "it answers without a password")
	}
	if c.Database == "" {
		fail("database", "is empty")
	}
	c.checkDialect(fail)
	c.checkNotify(fail)
	c.Limits.check(fail)
	if n, err := parseBytes(c.Lake.Cache.MaxBytes); err != nil {
		fail("lake.cache.max_bytes", "%v", err)
	} else if n < minCache {
		fail("lake.cache.max_bytes", "is %s; queries need at least 64MiB", c.Lake.Cache.MaxBytes)
	}
	return errors.Join(errs...)
}

func (c *config) checkDialect(fail func(key, format string, args ...any)) {
	switch {
	case c.Dialect != "" && c.Dialect != sql.Postgres.String() && c.Dialect != sql.Redshift.String():
		fail("dialect", "is %q; the choices are postgres, redshift, or nothing: that of hot.kind", c.Dialect)
	case c.Dialect == sql.Redshift.String() && c.Hot.Kind == "postgres":
		fail("dialect", "is redshift, and hot.kind is postgres, which would answer the same SQL otherwise")
	}
}

// sqlDialect is the dialect of clients: the one that is set, else that of the hot store.
func (c *config) sqlDialect() sql.Dialect {
	if c.Dialect == sql.Redshift.String() || c.Dialect == "" && c.Hot.Kind == "redshift" {
		return sql.Redshift
	}
	return sql.Postgres
}

// checkLoopback allows addresses of this machine alone.
func checkLoopback(fail func(key, format string, args ...any), key, address, why string) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		fail(key, "is %q; write HOST:PORT", address)
	} else if !loopback(address) {
		fail(key, "is %q; %s, so only 127.0.0.1, ::1 and localhost are allowed", address, why)
	}
}

const (
	minCache = 64 << 20
	// largestScan is how much one query may read of a lake that is elsewhere, if nobody says otherwise.
	largestScan = 100 << 30
)

// maxScan gives the fence in bytes; 0 is none.
func (c *config) maxScan() int64 {
	if c.Limits.MaxScan == "" && !c.lakeIsFolder() {
		return min(largestScan, 4*c.cacheBytes())
	}
	n, _ := parseBytes(c.Limits.MaxScan) // checked
	return n
}

func (c *config) lakeIsFolder() bool { return strings.HasPrefix(c.Lake.Location, "file:") }

func (c *config) cacheBytes() int64 {
	n, _ := parseBytes(c.Lake.Cache.MaxBytes) // checked
	return n
}

func (c *config) hotFile() string { return filepath.Join(c.DataDir, "hot.duckdb") }
func (c *config) scratch(what string) string {
	return filepath.Join(c.DataDir, "tmp", what)
}
