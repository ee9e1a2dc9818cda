// Package rawio reads and writes what never waits, without a word to Go's scheduler.
//
// A scheduler that hears of a call of the system wakes the thread that watches over such calls (sysmon), which then looks
// around every 20 µs: a third of the processor's time of a dialogue of short messages. One call that it hears of in each
// turn is enough, so that all that a statement may do when nothing is computed must come this way.
package rawio

import "net"

// What is longer takes so long that the scheduler must hear of it: the world stops for the garbage collector only when
// every call has ended that it has not heard of. A write does the work of the network too.
const (
	longWrite = 16 << 10
	longRead  = 64 << 10
)

// Conn gives c with short reads and writes that the scheduler does not hear of. The descriptor of a socket does not block:
// a call ends at once, and who waits does so in Go's poller, as ever. Deadlines and Close work as they did.
//
// Whatever is not a socket of this system's, TLS for one, is given back as it is.
func Conn(c net.Conn) net.Conn { return wrap(c) }
