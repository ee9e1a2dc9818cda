// Package captured replays statements that real clients sent to a PostgreSQL 15, and compares what the program answers
// with what PostgreSQL answered: names, OIDs, typmods, number of rows, command tags, SQLSTATEs.
package captured
