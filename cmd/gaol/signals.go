package main

// This file hands the signals that gaol gets to the program. gaol must never end of one while the program runs, nor catch one
// that its caller had ignored, as nohup does.

import (
	"os"
	"syscall"

	"github.com/gaol-sandbox/gaol"
)

type signals struct{ next func() syscall.Signal }

// keepSignals catches them for the program, which is about to start. Until then they do to gaol what they do to any process.
func keepSignals() (signals, error) {
	next, err := catch(forwarded)
	return signals{next}, err
}

// forward starts handing them on. With a terminal, the program is a job of gaol's session, which is stopped and continued there.
func (s signals) forward(p *gaol.Process, t *terminal) {
	go func() {
		for {
			switch sig := s.next(); {
			case t.pass(sig):
			case t != nil && sig == sigCont:
				t.resumed()
			case t == nil && sig == sigStop:
				_ = p.Signal(sig)
				suspend(false)
				_ = p.Signal(sigCont)
			default:
				_ = p.Signal(sig)
			}
		}
	}()
}

// end ends gaol with the code; by SIGINT if that ended the program in the foreground of a terminal: only then does a shell know that
// its user wants the script or the loop to end, too. The shell shows 130 either way.
func end(code int) {
	if code == statusSignal+int(syscall.SIGINT) && atTerminal() {
		raiseInterrupt()
	}
	os.Exit(code)
}
