package clients

import (
	"path/filepath"
	"time"
)

// evidence is not of the newest version: later ones read Parquet by an extension of DuckDB that they download when they
// run.
func evidence() client {
	found, err := filepath.Abs("../../.tools/test-clients-evidence/node_modules")
	if err != nil {
		panic(err) // there is no working directory
	}
	return client{
		name: "Evidence",
		connect: "A page with a chart and a table of `web.site_daily`, looked at in headless Chromium. Connect with the source type `postgres` " +
			"and its host, port, database, user and password.",
		packages:  []string{"nodejs", "npm", "chromium", "test/clients/evidence"},
		variables: []string{"NODE_PATH=" + found},
		version:   []string{"node", "-p", `require(process.env.NODE_PATH + "/@evidence-dev/evidence/package.json").version`},
		command:   []string{"node", "--no-deprecation", "script.js"},
		// A page takes a minute to build: what it must show is PostgreSQL's own sums.
		judge:   []string{"psql", "-X", "-q", "-A", "-t", "-f", "judge.psql"},
		timeout: 15 * time.Minute,
	}
}
