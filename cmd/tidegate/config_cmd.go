package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"
)

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check the configuration and its pipelines; write nothing."`
	Print configPrintCmd `cmd:"" help:"Print the configuration that is in force."`
}

type configCheckCmd struct{}

// Run reads everything that serve and etl would read.
func (configCheckCmd) Run(p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	pipelines, err := loadPipelines(c)
	if err != nil {
		return err
	}
	if err := c.checkAdopted(pipelines); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "the configuration is right: %d pipelines in %s\n", len(pipelines), c.Pipelines)
	return err
}

type configPrintCmd struct{}

// Run prints defaults, file and environment put together.
func (configPrintCmd) Run(p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	c.Hot.URL = withoutPassword(c.Hot.URL)
	if !c.catalogIsFile() {
		c.Catalog = withoutPassword(c.Catalog)
	}
	c.Notify = c.Notify.withoutSecrets()
	for i, u := range c.Users {
		if u.Password != "" && !strings.HasPrefix(u.Password, environmentPassword) {
			c.Users[i].Password = "xxxxx" // who has a verifier can guess offline
		}
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = p.out.Write(text)
	return err
}

// withoutPassword hides the password of a connection URL; of another form of connection string it hides everything.
func withoutPassword(connection string) string {
	u, err := url.Parse(connection)
	switch {
	case connection == "":
		return ""
	case err != nil || u.Host == "":
		return "xxxxx"
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
