package clients

func rPostgreSQL() client {
	return client{
		name:     "RPostgreSQL",
		connect:  "Connect with `dbConnect(PostgreSQL(), host = \"HOST\", port = PORT, user = \"USER\", password = …, dbname = \"tidegate\")`.",
		packages: []string{"r-base-core", "r-cran-rpostgresql"},
		version:  []string{"dpkg-query", "-W", "-f", "${Version}", "r-cran-rpostgresql"},
		command:  []string{"Rscript", "--vanilla", "script.R"},
	}
}
