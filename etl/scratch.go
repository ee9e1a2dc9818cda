package etl

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// scratchName is the database of a batch whose rows do not all fit into memory.
func (b *batch) scratchName() string { return ident("_tg_scratch_" + b.id + "." + b.attempt) }

// openScratch has the batch's rows from now on kept compressed in a file of the work folder. A temporary table would spill them as they are: ten times as many bytes, and more memory the more rows have passed.
func (b *batch) openScratch(ctx context.Context) error {
	if b.scratch {
		return nil
	}
	for _, statement := range []string{
		// What is slow to try and to read again. Texts are dictionaries then, or as they are.
		"SET GLOBAL disabled_compression_methods = 'fsst,dict_fsst,zstd,alp,alprd,chimp,patas'",
		// Nobody will ever open the file again: there is nothing to recover, or to tidy up when it is closed.
		"PRAGMA disable_checkpoint_on_shutdown",
		fmt.Sprintf("ATTACH %s AS %s (STORAGE_VERSION 'v1.2.0', RECOVERY_MODE 'no_wal_writes')", literal(filepath.Join(b.dir, "scratch.db")), b.scratchName()),
	} {
		if err := b.exec(ctx, statement); err != nil {
			return fmt.Errorf("open the scratch database: %w", err)
		}
	}
	b.scratch, b.rows = true, b.scratchName()+".main."+rowsTable
	b.Step("scratched")
	return nil
}

// createInScratch makes b.rows, empty, for what a SELECT gives.
func (b *batch) createInScratch(ctx context.Context, selected string) error {
	var columns []string
	err := each(ctx, b.session, "SELECT column_name, column_type FROM (DESCRIBE "+selected+")", func(row []cell) error {
		column := ident(row[0].s) + " " + row[1].s
		if slices.Equal(b.table.UniqueKey, []string{row[0].s}) {
			column += " USING COMPRESSION uncompressed" // a dictionary of what never comes again is made in vain
		}
		columns = append(columns, column)
		return nil
	})
	if err != nil {
		return err
	}
	return b.exec(ctx, fmt.Sprintf("CREATE TABLE %s (%s)", b.rows, strings.Join(columns, ", ")))
}

// moveToScratch has the rows there that are in memory.
func (b *batch) moveToScratch(ctx context.Context) error {
	inMemory := b.rows
	if err := b.openScratch(ctx); err != nil {
		return err
	}
	all := "SELECT * FROM " + inMemory
	err := b.createInScratch(ctx, all)
	if err == nil {
		err = b.exec(ctx, "INSERT INTO "+b.rows+" "+all)
	}
	if err == nil {
		err = b.exec(ctx, "DROP TABLE "+inMemory)
	}
	if err != nil {
		return fmt.Errorf("move rows to the scratch database: %w", err)
	}
	return nil
}

// closeScratch lets go of the file, which is removed with the folder.
func (b *batch) closeScratch(ctx context.Context) error {
	if !b.scratch {
		return nil
	}
	b.scratch = false
	if err := b.exec(ctx, "DETACH "+b.scratchName()); err != nil {
		return fmt.Errorf("close the scratch database: %w", err)
	}
	return nil
}
