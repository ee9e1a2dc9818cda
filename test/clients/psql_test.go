package clients

func psql() client {
	return client{
		name:    "psql",
		connect: "Connect with `psql postgres://USER@HOST:PORT/tidegate`.",
		version: []string{"psql", "--version"},
		command: []string{"psql", "-X", "-P", "null=(null)", "-f", "script.psql"},
	}
}

func psqlTab() client {
	return client{
		name:     "psql-tab",
		connect:  "The tab key of psql at a terminal.",
		packages: []string{"python3"},
		version:  []string{"psql", "--version"},
		command:  []string{python, "script.py"},
	}
}
