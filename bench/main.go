// Command bench measures Tidegate beside what it is compared with, and prints one line of JSON for each metric.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"tidegate/bench/catalog"
	"tidegate/bench/etl"
	"tidegate/bench/hot"
	"tidegate/bench/lake"
	"tidegate/bench/language"
	"tidegate/bench/measure"
	"tidegate/bench/wire"
	"tidegate/bench/wirelib"
)

// suite is a name and what measures it. A suite prints its lines in the order in which it measures.
type suite struct {
	name string
	run  func(ctx context.Context, b *measure.Bench) error
}

func suites() []suite {
	return []suite{
		{"catalog", catalog.Run},
		{"etl", etl.Run},
		{"etl-large", etl.RunLarge},
		{"hot", hot.Run},
		{"lake", lake.Run},
		{"sql", language.Run},
		{"wire", wire.Run},
		{"wirelib", wirelib.Run},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run gives the exit code: 0 measured, 1 failed, 2 asked wrongly.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errs)
	name := flags.String("suite", "", "what to measure: "+strings.Join(names(), ", "))
	quick := flags.Bool("quick", false, "fewer runs over less data")
	list := flags.Bool("list", false, "name the suites and measure nothing")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *list {
		fmt.Fprintln(out, strings.Join(names(), "\n"))
		return 0
	}
	for _, s := range suites() {
		if s.name != *name {
			continue
		}
		err := measure.Stage(ctx, func(tb measure.TB) error {
			return s.run(ctx, &measure.Bench{Suite: s.name, Quick: *quick, Out: out, Log: errs, TB: tb})
		})
		if err != nil {
			fmt.Fprintf(errs, "bench: %s: %v\n", s.name, err)
			return 1
		}
		return 0
	}
	fmt.Fprintf(errs, "bench: there is no suite %q; the choices are %s\n", *name, strings.Join(names(), ", "))
	return 2
}

func names() []string {
	var all []string
	for _, s := range suites() {
		all = append(all, s.name)
	}
	return all
}
