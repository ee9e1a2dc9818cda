package clients

func libreOffice() client {
	return client{
		name: "LibreOffice",
		connect: "Base, told by a script what to do. Connect with the driver PostgreSQL and `host=HOST port=PORT dbname=tidegate`, " +
			"or a data source of URL `sdbc:postgresql:host=HOST port=PORT dbname=tidegate`.",
		packages: []string{"libreoffice-base", "libreoffice-sdbc-postgresql", "python3-uno"},
		version:  []string{"dpkg-query", "-W", "-f", "${Version}", "libreoffice-base"},
		command:  []string{python, "script.py"},
	}
}
