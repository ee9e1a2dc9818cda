package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"tidegate/internal/engine/duck"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/s3"
	"tidegate/internal/warehouse"
)

type warehouseCmd struct {
	Listen  string   `help:"Address to listen on." default:"127.0.0.1:5440"`
	Data    string   `help:"Folder of its tables." default:"./tidegate-data/warehouse" type:"path"`
	Buckets string   `help:"Folder whose sub-folders are the buckets of s3:// URLs." placeholder:"DIR" type:"path" xor:"buckets"`
	S3      string   `help:"S3 that has the buckets of s3:// URLs, with the bucket in the path; credentials are those of AWS's default chain." placeholder:"URL" name:"s3-endpoint" xor:"buckets"`
	Memory  string   `help:"Memory of the engine." default:"2GB"`
	Fail    []string `help:"Failures: refuse, slow-queue=D, pause-before-commit=D, drop-before-commit, drop-after-commit, serialization-failure; *N strikes N times." placeholder:"FAULT"`
}

// Run is the stand-in of a Redshift cluster, until the process is told to stop.
func (v warehouseCmd) Run(ctx context.Context, p *program) error {
	var faults []warehouse.Fault
	for _, text := range v.Fail {
		f, err := warehouse.ParseFault(text)
		if err != nil {
			return wrong{err}
		}
		faults = append(faults, f)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", v.Listen)
	if err != nil {
		return portTaken(v.Listen, err)
	}
	err = v.serve(ctx, p, listener, faults)
	return errors.Join(err, ignoreClosed(listener.Close()))
}

func (v warehouseCmd) serve(ctx context.Context, p *program, listener net.Listener, faults []warehouse.Fault) (err error) {
	stage, spill := filepath.Join(v.Data, "stage"), filepath.Join(v.Data, "spill")
	for _, dir := range []string{stage, spill} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	log := p.newLog()
	db, err := duck.Open(ctx, duck.Options{
		Path: filepath.Join(v.Data, "warehouse.duckdb"), MemoryLimit: v.Memory, TempDir: spill,
		Fence: true, AllowedDirs: []string{stage}, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := warehouse.New(ctx, warehouse.Options{
		Database: db, Stage: stage, Faults: faults, Log: log,
		Open: func(name string) (storage.Bucket, error) { return v.bucket(ctx, name) },
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx, listener)
}

// bucket opens the bucket of a URL: a folder below --buckets, or one of an S3.
func (v warehouseCmd) bucket(ctx context.Context, name string) (storage.Bucket, error) {
	if v.S3 != "" {
		b, err := s3.Open(ctx, "s3://"+name, s3.Options{Endpoint: v.S3, PathStyle: true})
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	if v.Buckets == "" || name != filepath.Base(name) || name == ".." {
		return nil, fmt.Errorf("bucket %s: %w", name, storage.ErrNotFound)
	}
	dir := filepath.Join(v.Buckets, name)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("bucket %s: %w: %w", name, storage.ErrNotFound, err)
	}
	return file.Open(dir)
}
