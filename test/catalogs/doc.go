// Package catalogs compares what a gateway says of a warehouse's objects with what the warehouse, a PostgreSQL 15, says
// itself: the same statement is asked of both.
package catalogs
