package clients

func pgjdbc() client {
	const jar = "/usr/share/java/postgresql.jar"
	return client{
		name:     "pgjdbc",
		connect:  "Connect with `jdbc:postgresql://HOST:PORT/tidegate?user=USER`.",
		packages: []string{"libpostgresql-jdbc-java", "openjdk-17-jdk-headless"},
		version:  []string{"dpkg-query", "-W", "-f", "${Version}", "libpostgresql-jdbc-java"},
		command:  []string{"java", "-XX:TieredStopAtLevel=1", "-cp", jar, "Script.java"},
	}
}
