package sql

import (
	"maps"
	"slices"
	"strconv"

	"tidegate/internal/pgtypes"
)

// sessionCalls write the functions that do something with the gateway's sessions: pid is the number of the one that calls,
// args are theirs. The catalog's DuckDB has what they call, which is true where PostgreSQL's is void.
var sessionCalls = map[string]func(pid string, args []string) string{
	"pg_cancel_backend": func(pid string, a []string) string {
		return "tg_signal_backend(" + a[0] + ", " + pid + ", false, CAST(0 AS BIGINT))"
	},
	"pg_terminate_backend": func(pid string, a []string) string {
		return "tg_signal_backend(" + a[0] + ", " + pid + ", true, CAST(" + a[1] + " AS BIGINT))"
	},
	"pg_blocking_pids": func(_ string, a []string) string { return "tg_blocking_pids(" + a[0] + ")" },
	"pg_notify": func(pid string, a []string) string {
		return "tg_notify(" + pid + ", coalesce(" + a[0] + ", ''), coalesce(" + a[1] + ", ''))"
	},
	"set_config": func(pid string, a []string) string {
		return "tg_set_config(" + pid + ", " + a[0] + ", " + a[1] + ", " + a[2] + ")"
	},
	"current_setting": func(pid string, a []string) string {
		return "tg_current_setting(" + pid + ", " + a[0] + ", " + a[1] + ")"
	},
	"pg_sleep": func(pid string, a []string) string { return "tg_sleep(" + pid + ", " + a[0] + ")" },
	"pg_sleep_for": func(pid string, a []string) string {
		return "tg_sleep(" + pid + ", epoch(TIMESTAMP '2000-01-01' + " + a[0] + ") - epoch(TIMESTAMP '2000-01-01'))"
	},
	"pg_sleep_until": func(pid string, a []string) string {
		return "tg_sleep(" + pid + ", epoch(" + a[0] + ") - epoch(get_current_timestamp()))"
	},

	"pg_advisory_lock":                 advise(0),
	"pg_advisory_lock_shared":          advise(adviseShared),
	"pg_try_advisory_lock":             advise(adviseTry),
	"pg_try_advisory_lock_shared":      advise(adviseTry | adviseShared),
	"pg_advisory_xact_lock":            advise(adviseTransaction),
	"pg_advisory_xact_lock_shared":     advise(adviseTransaction | adviseShared),
	"pg_try_advisory_xact_lock":        advise(adviseTransaction | adviseTry),
	"pg_try_advisory_xact_lock_shared": advise(adviseTransaction | adviseTry | adviseShared),
	"pg_advisory_unlock":               unadvise("false"),
	"pg_advisory_unlock_shared":        unadvise("true"),
	"pg_advisory_unlock_all":           func(pid string, _ []string) string { return "tg_advisory_unlock_all(" + pid + ")" },
}

// SessionFunctions gives the names of the functions that do something with the gateway's sessions, in order.
func SessionFunctions() []string { return slices.Sorted(maps.Keys(sessionCalls)) }

// What tg_advisory_lock is told of a lock beside its key.
const (
	adviseShared = 1 << iota
	adviseTry
	adviseTransaction
)

func advise(how int) func(pid string, args []string) string {
	return func(pid string, args []string) string {
		return "tg_advisory_lock(" + pid + ", " + advisoryKey(args) + ", CAST(" + strconv.Itoa(how) + " AS INTEGER))"
	}
}

func unadvise(shared string) func(pid string, args []string) string {
	return func(pid string, args []string) string {
		return "tg_advisory_unlock(" + pid + ", " + advisoryKey(args) + ", " + shared + ")"
	}
}

// advisoryKey is a lock's name as one number, and how many there were.
func advisoryKey(args []string) string {
	if len(args) == 1 {
		return args[0] + ", CAST(1 AS INTEGER)"
	}
	return "CAST(" + args[0] + " AS BIGINT) * 4294967296 + (CAST(" + args[1] + " AS BIGINT) & 4294967295), CAST(2 AS INTEGER)"
}

// pidText is the session's number as DuckDB reads it. A statement that has it is no other session's.
func (b *binder) pidText() string {
	b.momentary = true
	return "CAST(" + strconv.FormatInt(int64(b.env.BackendPID), 10) + " AS INTEGER)"
}

// sessionCall writes a call of one of sessionCalls.
func (b *binder) sessionCall(sig *signature, write func(pid string, args []string) string, args []*expr, pos int32) *expr {
	e := computed(sig.result, write(b.pidText(), sqlOf(args)), args...)
	if sig.result == pgtypes.Void {
		e.sql = "CASE WHEN " + e.sql + " THEN '' END"
	}
	e.pos = pos
	return e
}

// listening is the set of pg_listening_channels.
func (b *binder) listening() *set {
	return &set{columns: []setColumn{{"", computed(pgtypes.Text, "tg_listening_channels("+b.pidText()+")")}}}
}

// defaulted gives the arguments of a call with those that it leaves to their default.
func defaulted(fn string, args []*expr) []*expr {
	switch {
	case fn == "pg_terminate_backend" && len(args) == 1:
		return append(args, intConstant(pgtypes.Int8, 0))
	case fn == "current_setting" && len(args) == 1:
		return append(args, boolConstant(false))
	case fn == "parse_ident" && len(args) == 1:
		return append(args, boolConstant(true))
	}
	return args
}
