// Command tidegate is the gateway, the ETL and the loader in one binary: a verb each.
//
// Exit codes: 0 done, 1 failed, 2 asked wrongly (a flag, the configuration, a pipeline file).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones of pipelines and sessions, for machines that have none

	"github.com/alecthomas/kong"
)

// version is what `tidegate version` prints; a release sets it by the linker.
var version = "development"

// cli is the grammar of the command line.
type cli struct {
	Config string `help:"Configuration file." short:"c" placeholder:"FILE" env:"TIDEGATE_CONFIG"`

	Demo      demoCmd      `cmd:"" help:"Make raw logs, run their pipelines and serve the tables."`
	Serve     serveCmd     `cmd:"" help:"Answer PostgreSQL clients."`
	ETL       etlCmd       `cmd:"" name:"etl" help:"Turn raw objects into tables."`
	Hot       hotCmd       `cmd:"" help:"The hot store."`
	Catalog   catalogCmd   `cmd:"" help:"What is where."`
	Warehouse warehouseCmd `cmd:"" help:"A stand-in of Redshift for laptops and tests."`
	Check     configCmd    `cmd:"" name:"config" help:"The configuration."`
	Passwd    passwdCmd    `cmd:"" help:"Make of a password what the configuration keeps of it."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// wrong is an error of the one who asked: exit code 2.
type wrong struct{ error }

func (w wrong) Unwrap() error { return w.error }

// program is what every verb gets.
type program struct {
	config string            // path of the configuration file; "" uses the defaults
	step   func(name string) // tests end the process in it; nil otherwise
	in     io.Reader
	out    io.Writer
	err    io.Writer
	worked bool // something was made or loaded: of other turns etl run --loop prints nothing
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the drain
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it parses args, runs the verb and gives the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("tidegate"), kong.Writers(out, errs), kong.UsageOnError(),
		kong.Description("One PostgreSQL door to data at two temperatures."),
		kong.Exit(func(code int) { exited = code }), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(errs, "tidegate:", err)
		return 1
	}
	k, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(errs, "tidegate:", err, "(tidegate --help tells what there is)")
		return 2
	}
	err = k.Run(&program{config: c.Config, in: os.Stdin, out: out, err: errs})
	return exitCode(err, errs)
}

func exitCode(err error, errs io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(errs, "tidegate:", err)
	if _, ok := errors.AsType[wrong](err); ok {
		return 2
	}
	return 1
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(p *program) error {
	_, err := fmt.Fprintln(p.out, "tidegate", version)
	return err
}
