package gateway

// settingTable is what SET, SHOW and startup messages know: PostgreSQL's settings that clients name, and our own.
// Where only one value is true of Tidegate, check takes no other; settings that plan or tune PostgreSQL are kept and
// shown but nothing reads them.
var settingTable = []setting{
	// Ours.
	{name: "tidegate.latency", description: "Latency class of queries: interactive, standard, archive.", check: checkLatency},
	{name: "tidegate.max_scan", description: "Most bytes that a query may read.", check: checkMaxScan},
	{name: "tidegate.generation", initial: "0", description: "Generation to read; 0 is the newest.", check: checkGeneration},
	{name: "tidegate.max_staleness", description: "How old an answer of the interactive class may be.", check: checkStaleness},

	// Reported to the client.
	{name: "application_name", description: "Name of the application, for logs.", report: true, check: checkPrintable},
	{name: "client_encoding", initial: "UTF8", description: "Encoding of the client.", report: true, check: checkEncoding},
	{name: "DateStyle", initial: "ISO, MDY", description: "Form and order of dates.", report: true, after: dateStyleAfter},
	{name: "default_transaction_read_only", initial: "off", description: "Whether new transactions are read-only.", report: true, check: checkBool},
	{name: "in_hot_standby", initial: "off", description: "Whether the server is a standby.", report: true, fixed: true},
	{name: "integer_datetimes", initial: "on", description: "Whether times are integers.", report: true, fixed: true},
	{name: "IntervalStyle", initial: "postgres", description: "Form of intervals.", report: true, check: checkIntervalStyle},
	{name: "is_superuser", initial: "off", description: "Whether the user is a superuser.", report: true, fixed: true},
	{name: "server_encoding", initial: "UTF8", description: "Encoding of the server.", report: true, fixed: true},
	{name: "server_version", initial: serverVersion, description: "Version of PostgreSQL that is spoken.", report: true, fixed: true},
	{name: "session_authorization", description: "The session's user.", report: true},
	{name: "standard_conforming_strings", initial: "on", description: "Whether backslashes in '…' are literal: on, and off in the dialect redshift.", report: true, check: checkBool},
	{name: "TimeZone", initial: "UTC", description: "Time zone of the session.", report: true, check: checkTimeZone},

	// Read by the session or the planner.
	{name: "client_min_messages", initial: "notice", description: "Least severe message that is sent.", check: oneOf(
		"debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")},
	{name: "default_transaction_isolation", initial: "read committed", description: "Isolation of new transactions.", check: checkIsolation},
	{name: "default_transaction_deferrable", initial: "off", description: "Whether new transactions are deferrable.", check: checkBool},
	{name: "idle_in_transaction_session_timeout", initial: "0", description: "Longest wait for a client in a transaction; 0 is no limit.", check: checkTimeout},
	{name: "idle_session_timeout", initial: "0", description: "Longest wait for a client outside of one; 0 is no limit.", check: checkTimeout},
	{name: "query_group", initial: "default", description: "Label of queries for routing rules."},
	{name: "search_path", initial: `"$user", public`, description: "Schemas of names without one.", list: true},
	{name: "statement_timeout", initial: "0", description: "Longest time of a statement; 0 is no limit.", check: checkTimeout},
	{name: "transaction_isolation", initial: "read committed", description: "Isolation of the transaction.", check: checkIsolation},
	{name: "transaction_read_only", initial: "off", description: "Whether the transaction is read-only.", check: checkBool},
	{name: "transaction_deferrable", initial: "off", description: "Whether the transaction is deferrable.", check: checkBool},

	// Forms of values.
	{name: "bytea_output", initial: "hex", description: "Form of bytea.", check: oneOf("escape", "hex")},
	{name: "extra_float_digits", initial: "1", description: "Digits of floats; above 0 the shortest exact form.", check: checkFloatDigits},
	{name: "backslash_quote", initial: "safe_encoding", description: `Whether \' is allowed.`, check: oneOf("safe_encoding", "on", "off")},
	{name: "escape_string_warning", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "quote_all_identifiers", initial: "off", description: "Kept for clients.", check: checkBool},
	{name: "xmlbinary", initial: "base64", description: "Kept for clients.", check: oneOf("base64", "hex")},
	{name: "role", initial: "none", description: "The session's role."},

	// Facts that clients ask for.
	{name: "block_size", initial: "8192", description: "Size of a PostgreSQL block.", fixed: true},
	{name: "data_checksums", initial: "on", description: "Whether data has checksums.", fixed: true},
	{name: "lc_collate", initial: "C.UTF-8", description: "Order of text.", fixed: true},
	{name: "lc_ctype", initial: "C.UTF-8", description: "Classes of characters.", fixed: true},
	{name: "lc_messages", initial: "C.UTF-8", description: "Language of messages."},
	{name: "lc_monetary", initial: "C.UTF-8", description: "Form of money."},
	{name: "lc_numeric", initial: "C.UTF-8", description: "Form of numbers."},
	{name: "lc_time", initial: "C.UTF-8", description: "Language of dates."},
	{name: "max_identifier_length", initial: "63", description: "Longest name in bytes.", fixed: true},
	{name: "max_index_keys", initial: "32", description: "Most columns of an index.", fixed: true},
	{name: "server_version_num", initial: serverVersionNum, description: "Version of PostgreSQL as a number.", fixed: true},
	{name: "ssl", initial: "off", description: "Whether connections can be encrypted.", fixed: true},
	{name: "wal_level", initial: "replica", description: "Kept for clients.", fixed: true},

	// Kept and shown.
	{name: "array_nulls", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "check_function_bodies", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "constraint_exclusion", initial: "partition", description: "Kept for clients."},
	{name: "cursor_tuple_fraction", initial: "0.1", description: "Kept for clients."},
	{name: "default_tablespace", description: "Kept for clients."},
	{name: "default_table_access_method", initial: "heap", description: "Kept for clients."},
	{name: "effective_cache_size", initial: "4GB", description: "Kept for clients."},
	{name: "enable_bitmapscan", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_hashagg", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_hashjoin", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_indexscan", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_mergejoin", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_nestloop", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_seqscan", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "enable_sort", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "geqo", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "jit", initial: "off", description: "Kept for clients.", check: checkBool},
	{name: "lock_timeout", initial: "0", description: "How long a statement may wait for an advisory lock; 0 is for ever.", check: checkTimeout},
	{name: "maintenance_work_mem", initial: "64MB", description: "Kept for clients."},
	{name: "max_parallel_workers_per_gather", initial: "2", description: "Kept for clients."},
	{name: "plan_cache_mode", initial: "auto", description: "Kept for clients."},
	{name: "row_security", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "synchronize_seqscans", initial: "on", description: "Kept for clients.", check: checkBool},
	{name: "synchronous_commit", initial: "on", description: "Kept for clients."},
	{name: "work_mem", initial: "4MB", description: "Kept for clients."},
	{name: "xmloption", initial: "content", description: "Kept for clients.", check: oneOf("content", "document")},

	// What Redshift's drivers tell about themselves.
	{name: "client_domain_name", description: "Told by the client."},
	{name: "client_driver_type", description: "Told by the client."},
	{name: "client_driver_version", description: "Told by the client."},
	{name: "client_host_name", description: "Told by the client."},
	{name: "client_ip_address", description: "Told by the client."},
	{name: "client_os_name", description: "Told by the client."},
	{name: "client_user_name", description: "Told by the client."},
}

// What clients are told, by decision 27. A suffix behind the version breaks clients that parse it.
const (
	serverVersion         = "15.20"
	serverVersionNum      = "150020"
	redshiftServerVersion = "8.0.2"
)
