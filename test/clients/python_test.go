package clients

// python is Debian's: it sees Debian's packages.
const python = "/usr/bin/python3"

func pythonClient(name, module, connect string, packages ...string) client {
	return client{
		name:     name,
		connect:  connect,
		packages: packages,
		version:  []string{python, "-c", "import " + module + "; print(" + module + ".__version__)"},
		command:  []string{python, "-W", "ignore", "script.py"},
	}
}

func psycopg2() client {
	return pythonClient("psycopg2", "psycopg2", "Connect with `psycopg2.connect(host=…, port=…, user=…, dbname=\"tidegate\")`.", "python3-psycopg2")
}

func psycopg3() client {
	return pythonClient("psycopg3", "psycopg", "Connect with `psycopg.connect(host=…, port=…, user=…, dbname=\"tidegate\")`.", "python3-psycopg")
}

func asyncpg() client {
	return pythonClient("asyncpg", "asyncpg", "Connect with `asyncpg.connect(host=…, port=…, user=…, database=\"tidegate\")`.", "python3-asyncpg")
}

func sqlalchemy() client {
	return pythonClient("SQLAlchemy", "sqlalchemy", "With pandas. Connect with `create_engine(\"postgresql+psycopg2://USER@HOST:PORT/tidegate\")`.",
		"python3-sqlalchemy", "python3-psycopg2", "python3-pandas")
}
