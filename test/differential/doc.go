// Package differential asks Tidegate and a real PostgreSQL 15 the same and compares every answer: column names, type
// OIDs, typmods, the text and the binary form of values, the order of rows, SQLSTATE and the position of errors.
//
// Both have the same tables, testdata/fixture/*.sql, which PostgreSQL makes and whose rows are then exported into the
// lake, and the demo's (web.events, web.site_daily). Scripts are testdata/<theme>/*.test; run one theme with
//
//	go test ./test/differential -run TestScripts/numeric
//
// A script has one statement a line; a line that begins with white space continues the one above. What does not begin
// with SELECT, WITH, VALUES, TABLE or a parenthesis before one of these is a list of expressions, which is evaluated
// for every row of table v in the order of id. Rows are compared in order if the statement has an ORDER BY outside of
// all parentheses, else as a multiset. Every statement is answered cold; one that reads tables also hot, if its columns
// are hot, and as the router likes. A third of them is asked in the extended protocol with binary results, too.
//
// The theme redshift is asked of a Tidegate with dialect: redshift.
//
// Lines that begin with -- are comments; those that begin with # say how to go on:
//
//	# zone Asia/Tokyo             the session's time zone from here on; a script begins with UTC
//	# set extra_float_digits = 0  a setting from here on, on both sides
//	# over edge                   the table of expressions from here on
//
// and, of the next statement only:
//
//	# refused: why                refused here with 0A000; it is counted, and listed with its reason
//	# unordered                   rows are a multiset although there is an ORDER BY: it leaves ties
//	# tolerance                   double precision and real may differ by 1e-12 and 1e-5 of their size: aggregates
//	# count                       only the number of rows is told
//	# postgres select …           what PostgreSQL is asked instead: for words that it has not
//	# verbatim                    it is a statement, whatever it begins with
//	# parameters 5 | \N | abc     prepared, its parameters' types are compared, and executed with these texts
package differential
