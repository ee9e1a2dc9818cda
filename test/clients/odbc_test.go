package clients

func psqlODBC() client {
	return client{
		name: "psqlODBC",
		connect: "With isql and pyodbc. Connect with a data source of `Driver = PostgreSQL Unicode`, `Servername = HOST`, `Port = PORT`, " +
			"`Database = tidegate`.",
		packages: []string{"odbc-postgresql", "unixodbc", "python3-pyodbc"},
		version:  []string{"dpkg-query", "-W", "-f", "${Version}", "odbc-postgresql"},
		command:  []string{python, "-W", "ignore", "script.py"},
	}
}
