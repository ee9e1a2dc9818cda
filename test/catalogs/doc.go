// Package catalogs compares what a gateway says of a warehouse's objects with what the warehouse, a PostgreSQL 15, says
// itself: the same statement is asked of both. testdata/browsing has what clients ask when they connect and browse, of
// those that are not run for real, written from what is known of them: each a corpus as the recorded ones.
package catalogs
