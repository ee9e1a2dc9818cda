// Package examples holds pipelines to try, also as files inside the program.
package examples

import "embed"

// Web are the pipelines of the page views, below web/pipelines.
//
//go:embed web/pipelines
var Web embed.FS
