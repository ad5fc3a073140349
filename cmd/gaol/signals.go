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
	ch   chan os.Signal
	done chan struct{}
}

// catchSignals begins before the program starts, so that none is lost on the way.
func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 64)}
	for _, sig := range forwarded {
		if !signal.Ignored(sig) {
			signal.Notify(s.ch, sig)
		}
	}
	return s
}

// forward starts handing them on. With a terminal, the program is a job of gaol's session, which is stopped and continued there.
func (s *signals) forward(p *gaol.Process, t *terminal) {
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
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

func (s *signals) release() {
	signal.Stop(s.ch)
	close(s.ch)
	if s.done != nil {
		<-s.done
	}
}

// dieOfInterrupt ends gaol by SIGINT if that ended the program in the foreground of a terminal: only then does a shell know that
// its user wants the script or the loop to end, too. The shell shows 130 either way.
func dieOfInterrupt(code int) {
	if code == statusSignal+int(syscall.SIGINT) && atTerminal() {
		raiseInterrupt()
	}
}
