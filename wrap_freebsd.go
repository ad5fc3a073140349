package gaol

import "syscall"

const (
	ownTree     = "what the program reaches is the profile's: grant what is in there"
	ownTerminal = "a program in capability mode controls no terminal: it is in a session of its own"
)

var systemAttributes = []attribute{
	{"Pdeathsig", func(a *syscall.SysProcAttr) bool { return a.Pdeathsig != 0 }, func(a *syscall.SysProcAttr) bool { return a.Pdeathsig == syscall.SIGKILL },
		"when this process ends the program is killed (man 2 pdfork), by no other signal"},
	{"Jail", func(a *syscall.SysProcAttr) bool { return a.Jail != 0 }, nil, ownTree},
}
