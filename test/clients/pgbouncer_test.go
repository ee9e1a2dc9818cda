package clients

func pgbouncer() client {
	return client{
		name: "pgbouncer",
		connect: "In front of the gateway, in session, transaction and statement pooling, with psql, psycopg2 and psycopg3 behind it. " +
			"Its `[databases]` say `tidegate = host=HOST port=PORT dbname=tidegate`, its `auth_file` has the password or the verifier.",
		packages: []string{"pgbouncer", "python3-psycopg2", "python3-psycopg"},
		version:  []string{"/usr/sbin/pgbouncer", "--version"},
		command:  []string{python, "-W", "ignore", "script.py"},
	}
}
