// Package clients runs real programs, drivers and tools against a gateway, and against a PostgreSQL with the same
// tables: what a client prints of both must be the same.
//
// A client's script, below testdata, prints a line "=== title" before each of its steps. A step that Tidegate answers
// otherwise is in the client's differs.txt, with its reason and what the client prints:
//
//	=== \du
//	because: the users are those of the configuration
//	...
//
// "because:" is for what is Tidegate's own, "not yet:" for what does not work. Titles and reasons become
// docs/clients.md. make test runs psql alone, make test-clients all that apt and npm install, make test-clients-more those of
// PyPI and Maven. Some have a judge, another command that tells what PostgreSQL answers: a driver of Redshift's cannot
// connect to PostgreSQL, and a page that takes a minute to build is built once.
//
// What clients ask about the system's relations passes a recorder on its way to PostgreSQL. make test-clients REWRITE=1
// keeps it in each client's corpus.json; it is replayed without the clients, in make test too.
package clients
