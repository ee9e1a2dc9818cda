// Command generate writes the tables of TPC-H into a folder: go run ./test/tpch/generate -scale 0.1 -dir FOLDER.
package main

import (
	"flag"
	"fmt"
	"os"

	"tidegate/test/tpch"
)

func main() {
	dir := flag.String("dir", ".", "folder of the TABLE.tbl files")
	scale := flag.Float64("scale", 0.1, "1 is six million lineitems")
	seed := flag.Uint64("seed", 1, "the same seed gives the same bytes")
	flag.Parse()
	if err := tpch.Generate(*dir, *scale, *seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
