package colcache

import (
	"context"
	"errors"
	"fmt"

	"tidegate/internal/parquetfooter"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage"
	"tidegate/internal/storage/byurl"
)

// SQLSTATEs of PostgreSQL's errcodes.txt that only a store's failures lead to.
const (
	codeSystemError   pgerr.Code = "58000"
	codeUndefinedFile pgerr.Code = "58P01"
	codeDataCorrupted pgerr.Code = "XX001"
)

// explain makes of a failure to bring an object the error that a client may see. It names the key, which is no secret
// (tidegate.files shows it), and leaves the store's own words to the log.
func (c *Cache) explain(e *entry, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*pgerr.Error](err); ok {
		return err
	}
	fail := func(code pgerr.Code, message, hint string) error {
		return &pgerr.Error{
			Code: code, Message: fmt.Sprintf(message, e.object.Key), Hint: hint,
			Err: fmt.Errorf("fetch %s from %s: %w", e.object.Key, c.o.Bucket.Location(), err),
		}
	}
	missing, replaced := "the catalog names a file that was deleted from the lake", "files of the lake must not be changed by others"
	if byurl.IsURL(e.object.Key) {
		missing, replaced = "tidegate etl run takes it out of the table", "tidegate etl run reads it anew"
	}
	_, disk := errors.AsType[diskError](err)
	switch {
	case disk:
		return explainDisk(fmt.Errorf("cache %s: %w", e.object.Key, err))
	case errors.Is(err, storage.ErrNotFound):
		return fail(codeUndefinedFile, "file %s is missing in the lake", missing)
	case errors.Is(err, storage.ErrChanged):
		return fail(pgerr.ObjectNotInState, "file %s in the lake was replaced since it was committed", replaced)
	case errors.Is(err, storage.ErrDenied):
		return fail(codeSystemError, "the lake refused to give file %s", "the gateway's credentials may have expired or lack s3:GetObject")
	case errors.Is(err, parquetfooter.ErrDamaged):
		return fail(codeDataCorrupted, "file %s in the lake is damaged", "")
	}
	return fail(pgerr.IOError, "could not read file %s of the lake", "try again: the lake did not answer as it should, several times")
}

// explainDisk is explain for this machine's disk.
func explainDisk(err error) error {
	if isFull(err) {
		return &pgerr.Error{
			Code: pgerr.DiskFull, Message: "no space left on the disk of the column cache", Err: err,
			Hint: "free space, or lower lake.cache.max_bytes",
		}
	}
	return &pgerr.Error{Code: pgerr.IOError, Message: "could not read or write the column cache", Err: err}
}
