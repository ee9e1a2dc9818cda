package clients

func psql() client {
	return client{
		name:    "psql",
		connect: "Connect with `psql postgres://USER@HOST:PORT/tidegate`.",
		version: []string{"psql", "--version"},
		command: []string{"psql", "-X", "-P", "null=(null)", "-f", "script.psql"},
	}
}
