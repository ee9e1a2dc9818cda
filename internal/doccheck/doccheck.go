// Package doccheck holds the tests of what no compiler checks: that the documents name only what exists, and that
// packages import only what the architecture allows.
package doccheck
