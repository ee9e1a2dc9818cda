package duck

import (
	"fmt"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck/udf"
)

type tally struct {
	udf.Tally
	db     *DB
	number int64
}

// Tally begins to count.
func (db *DB) Tally() engine.Tally {
	t := &tally{db: db}
	t.number = db.numbered.Add(&t.Tally)
	return t
}

func (t *tally) Of(condition string) string {
	return fmt.Sprintf("%s(%d, %s)", udf.TallyFunction, t.number, condition)
}

func (t *tally) Close() { t.db.numbered.Remove(t.number) }
