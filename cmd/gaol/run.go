package main

// This file is gaol run: one program, from flags to its exit status. It must never print anything between the start of the
// program and its end, nor read its input.

import (
	"errors"
	"os"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/once"
	"github.com/spf13/cobra"
)

const runLong = `Run COMMAND with only the rights that the profile file and the flags list.

The file and the flags add up, and of limits the smaller holds. Paths mean themselves and all
below them; a relative one is taken from here, and a ? at its end makes it optional. The
program's environment is a minimal one and what --env and --pass-env add; TERM is passed on
too where it is given a terminal.

Exit status: the program's own; 124 a limit ended it, 125 gaol failed, 126 COMMAND cannot be
executed, 127 it was not found, 128+N signal N ended it.`

const runExample = `  gaol run --system --read . -- grep -rn main .
  gaol run --system --read . --write . --process -- make
  gaol run --system --process --private /tmp -- sh -c 'date > /tmp/now; cat /tmp/now'`

type runFlags struct {
	profile  profileFlags
	user     userFlag
	statusFD statusFD
	report   bool
	denials  bool
	quiet    bool
}

func newRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:     "run [-p FILE] [FLAGS] [--] COMMAND [ARG...]",
		Short:   "run a program in a sandbox",
		Long:    runLong,
		Example: runExample,
		RunE: func(_ *cobra.Command, command []string) error {
			if len(command) == 0 {
				return f.misused(errors.New("there is no command to run"))
			}
			return f.run(command)
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return f.misused(err) })
	f.profile.register(c)
	flags := c.Flags()
	flags.SetInterspersed(false)
	flags.Var(&f.user, "user", "run by root: the program is the user `NAME|UID[:GID]|dynamic`, who is nobody else if dynamic")
	_ = c.RegisterFlagCompletionFunc("user", complete([]string{dynamicUser}))
	flags.Var(&f.statusFD, "status-fd", "when it is over, write the report as a line of JSON to descriptor `N`")
	flags.BoolVar(&f.report, "report", false, "when it is over, print a report to standard error")
	flags.BoolVar(&f.denials, "denials", false, "macOS: when it is over, list what was denied, as the system's log has it")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no remark of gaol's about how the program ended")
	return c
}

// run starts the program, waits for it, and returns an exitStatus or why it never ran.
func (f *runFlags) run(command []string) error {
	var result gaol.Report
	state, err := f.command(command, &result)
	f.tell(result, err)
	if state == nil {
		return err
	}
	if err != nil {
		complain(os.Stderr, err)
	}
	switch {
	case f.report:
		printReport(os.Stderr, result)
	case !f.quiet:
		printLimit(os.Stderr, state)
		printDenials(os.Stderr, result)
	}
	return exitStatus(stateStatus(state))
}

// misused is a usage error that the reader of --status-fd hears of, too, if the flag came before the mistake.
func (f *runFlags) misused(err error) error {
	err = &usageError{"gaol run", err}
	f.tell(gaol.Report{}, err)
	return err
}

func (f *runFlags) tell(r gaol.Report, err error) {
	if werr := f.statusFD.write(r, err); werr != nil && !errors.Is(werr, syscall.EPIPE) {
		complain(os.Stderr, werr)
	}
}

const namespaceEngine = "namespace" // alone gives a program the terminal

// command returns the state of a program that ran. The error beside it is none of the program's.
func (f *runFlags) command(command []string, result *gaol.Report) (*gaol.ProcessState, error) {
	profile, err := f.profile.profile()
	if err != nil {
		return nil, f.profile.inWords(err)
	}
	stdio := newStdio()
	if stdio.isTerminal() {
		if profile, err = profile.With(gaol.PassEnv("TERM")); err != nil {
			return nil, err
		}
	}
	once.Only = true
	sandbox, err := gaol.New(profile)
	if err != nil {
		return nil, f.profile.inWords(err)
	}
	cmd := sandbox.Command(nil, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdio.files[0], stdio.files[1], stdio.files[2]
	cmd.Credential, cmd.Denials = f.user.credential, f.denials
	if sandbox.Report().Engine != namespaceEngine {
		stdio.terminal = nil
	}
	if t := stdio.terminal; t != nil {
		cmd.Terminal, cmd.Background, cmd.Stopped = t.file, true, t.stopped
	}
	signals, err := keepSignals()
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	*result = cmd.Report()
	if err != nil {
		stdio.terminal.ended(0)
		return nil, f.profile.inWords(err)
	}
	if cmd.Report().Engine != namespaceEngine { // it turned out to be the one that works; the program has a session of its own there
		stdio.terminal = nil
	}
	go sandbox.Close() // what it takes to take the template down is done by the time the program has ended
	stdio.terminal.started(cmd.Process.Pid)
	signals.forward(cmd.Process, stdio.terminal)
	err = cmd.Wait()
	stdio.terminal.ended(cmd.ProcessState.Signal())
	*result = cmd.Report()
	var exit *gaol.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return cmd.ProcessState, err
}
