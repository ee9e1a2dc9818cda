package clients

import "path/filepath"

// What npm installs for the scripts, and where test/install.sh puts it.
const (
	nodeLock    = "test/clients/node"
	nodeModules = "../../.tools/test-clients-node/node_modules"
)

// nodeClient runs a script with packages of npm; the first one's version counts.
func nodeClient(name, module, connect string) client {
	found, err := filepath.Abs(nodeModules)
	if err != nil {
		panic(err) // there is no working directory
	}
	return client{
		name:      name,
		connect:   connect,
		packages:  []string{"nodejs", "npm", nodeLock},
		variables: []string{"NODE_PATH=" + found},
		version:   []string{"node", "-p", `require(process.env.NODE_PATH + "/` + module + `/package.json").version`},
		command:   []string{"node", "--no-deprecation", "script.js"},
	}
}

func nodePostgres() client {
	return nodeClient("node-postgres", "pg", "With pg-cursor, pg-query-stream and pg-copy-streams. Connect with "+
		"`new pg.Client({host: …, port: …, user: …, database: \"tidegate\"})`.")
}

func postgresJS() client {
	return nodeClient("postgres.js", "postgres", "Connect with `postgres(\"postgres://USER@HOST:PORT/tidegate\")`.")
}

func knex() client {
	return nodeClient("Knex", "knex", "Connect with `knex({client: \"pg\", connection: {host: …, port: …, user: …, database: \"tidegate\"}})`.")
}

func sequelize() client {
	return nodeClient("Sequelize", "sequelize", "Connect with `new Sequelize(\"postgres://USER@HOST:PORT/tidegate\")`.")
}

func typeORM() client {
	return nodeClient("TypeORM", "typeorm", "Connect with `new DataSource({type: \"postgres\", url: \"postgres://USER@HOST:PORT/tidegate\"})`.")
}
