package clients

func pgbench() client {
	return client{
		name:     "pgbench",
		connect:  "Connect with `pgbench -n -M prepared -f SCRIPT -h HOST -p PORT -U USER tidegate`.",
		packages: []string{"postgresql-15", "postgresql-client-15"},
		version:  []string{"/usr/lib/postgresql/15/bin/pgbench", "--version"},
		command:  []string{"bash", "script.sh"},
	}
}
