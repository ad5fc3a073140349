package main

// This file hands the signals that gaol gets to the program. gaol must never end of one while the program runs, nor catch one
// that its caller had ignored, as nohup does.

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/gaol-sandbox/gaol"
)

type signals struct {
	ch    chan os.Signal
	built chan struct{}
}

// catchSignals begins beside the building of the sandbox, since each signal costs two switches of threads: all together as much as
// a third of a millisecond. Until keep they do to gaol what they do to any process.
func catchSignals() *signals {
	s := &signals{make(chan os.Signal, 64), make(chan struct{})}
	go func() {
		for _, sig := range forwarded {
			if !signal.Ignored(sig) {
				signal.Notify(s.ch, sig)
			}
		}
		for {
			select {
			case <-s.built:
				return
			case sig := <-s.ch:
				switch sig {
				case sigCont, sigWinch:
				case sigStop:
					suspend(false)
				default:
					end(statusSignal + int(sig.(syscall.Signal)))
				}
			}
		}
	}()
	return s
}

// keep returns when all are caught; from then on they are kept for the program, which is about to start.
func (s *signals) keep() { s.built <- struct{}{} }

// forward starts handing them on. With a terminal, the program is a job of gaol's session, which is stopped and continued there.
func (s *signals) forward(p *gaol.Process, t *terminal) {
	go func() {
		for sig := range s.ch {
			switch {
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
