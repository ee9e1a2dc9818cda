package clients

import (
	"path/filepath"
	"time"
)

// moreClients are of PyPI and Maven: too long to install, or to run, for CI.
func moreClients() []client {
	return []client{pgjdbcOfMaven(), redshiftJDBC(), redshiftConnector(), dbt("postgres"), dbt("redshift"), superset(), pgAdmin()}
}

// installed gives where test/install.sh puts what a folder of test/clients lists.
func installed(folder, path string) string {
	found, err := filepath.Abs(filepath.Join("../../.tools/test-clients-"+folder, path))
	if err != nil {
		panic(err) // there is no working directory
	}
	return found
}

// javaClient runs a class with the drivers of test/clients/java.
func javaClient(name, driver string, script ...string) client {
	jars := installed("java", "")
	return client{
		name:     name,
		packages: []string{"maven", "openjdk-17-jdk-headless", "test/clients/java"},
		version:  []string{"bash", "-c", "cd '" + jars + "' && echo " + driver + "-[0-9]*.jar"},
		command:  append([]string{"java", "-XX:TieredStopAtLevel=1", "-cp", jars + "/*"}, script...),
	}
}

// pgjdbcOfMaven runs the script of Debian's.
func pgjdbcOfMaven() client {
	c := javaClient("pgjdbc 42.7", "postgresql", "../pgjdbc/Script.java")
	c.connect = "Connect as with pgjdbc."
	return c
}

// redshiftJDBC is judged by the driver that it was made of: PostgreSQL refuses what it says of itself.
func redshiftJDBC() client {
	c := javaClient("Redshift JDBC", "redshift-jdbc42", "Script.java", "redshift")
	c.connect = "Connect with `jdbc:redshift://HOST:PORT/tidegate`, as a user with an md5 password or under `auth_redshift: md5`. " +
		"It is compared with what pgjdbc prints of PostgreSQL."
	c.judge = javaClient("", "", "Script.java", "postgresql").command
	return c
}

// venvClient runs a script with the packages that a folder of test/clients lists.
func venvClient(folder, name, module string, script ...string) client {
	interpreter := installed(folder, "bin/python")
	return client{
		name:     name,
		packages: []string{"python3-venv", "test/clients/" + folder},
		version:  []string{interpreter, "-c", "import importlib.metadata as m; print(m.version('" + module + "'))"},
		command:  append([]string{interpreter, "-W", "ignore"}, script...),
	}
}

func redshiftConnector() client {
	c := venvClient("python", "redshift_connector", "redshift_connector", "script.py", "redshift_connector")
	c.connect = "Connect with `redshift_connector.connect(host=…, port=…, user=…, password=…, database=\"tidegate\")`, as a user with an md5 " +
		"password or under `auth_redshift: md5`. It is compared with what psycopg2 prints of PostgreSQL."
	c.packages = append(c.packages, "python3-psycopg2")
	c.judge = []string{python, "-W", "ignore", "script.py", "psycopg2"}
	return c
}

// dbt runs the same project with an adapter; PostgreSQL's own judges both.
func dbt(adapter string) client {
	const script = "../dbt-postgres/script.py"
	c := venvClient("python", "dbt-"+adapter, "dbt-"+adapter, script, adapter)
	c.connect = "Connect with a profile of `type: " + adapter + "`, `dbname: tidegate`."
	if adapter != "postgres" {
		c.judge = venvClient("python", "", "", script, "postgres").command
	}
	c.timeout = 15 * time.Minute
	return c
}

// superset is asked as its browser pages ask, in its own process.
func superset() client {
	c := venvClient("superset", "Superset", "apache-superset", "script.py")
	c.connect = "Connect with the SQLAlchemy URI `postgresql+psycopg2://USER:PASSWORD@HOST:PORT/tidegate`. Databases, datasets, charts and SQL " +
		"Lab are asked through its API."
	c.timeout = 20 * time.Minute                        // it makes its own database first
	c.variables = []string{"PYTHONDONTWRITEBYTECODE=1"} // beside its configuration
	return c
}

// pgAdmin is asked as its pages ask, in its own process.
func pgAdmin() client {
	c := venvClient("pgadmin", "pgAdmin 4", "pgadmin4", "script.py")
	c.connect = "Register a server with the database `tidegate` as maintenance database. The tree, the dashboard and the query tool are asked " +
		"as its pages ask."
	c.timeout = 10 * time.Minute
	return c
}
