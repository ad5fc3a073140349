package main

// This file prints gaol(1), for "make install". Commands and flags come from the command tree, the rest is the text below; it
// must never say something of a flag that --help does not.

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Short:  "print the manual page gaol(1), for man -l",
		Hidden: true,
		Args:   args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			p := &page{w: c.OutOrStdout()}
			p.write(c.Root())
			return p.err
		},
	}
}

const manStatus = `N	The program's own; --status-fd tells it from what follows.
124	A limit ended the program (wall, cpu, memory, output or instructions), or cut its output off; gaol says which.
125	gaol failed: bad usage, a bad profile, a profile that this host cannot enforce, a sandbox that could not be set up.
126	The program was found but cannot be executed.
127	The program was not found inside.
128+N	Signal N ended the program.`

const manTerminal = `If gaol is a job of its own in the foreground of its terminal, the program becomes the terminal's foreground job: Ctrl-C reaches
it alone, Ctrl-Z stops it and gaol, and the shell's fg and bg work.

In a pipeline, a script, or a makefile, where others share the terminal, the program becomes its foreground job as soon as it reads
from it or changes its settings, until gaol ends; what a key then does to the program it does to the script, too: Ctrl-Z stops both,
Ctrl-C ends both. Until then the terminal's signals reach gaol, which hands them on to the program and its children.

In the background, a program that asks for the terminal stops, and gaol with it, as any job does.

This is job control, as the shell has it, and no boundary: a program that has the terminal among its files may take its foreground.
Give a program that is not trusted other files: </dev/null, and a pipe for its output.`

const manFiles = `A profile file has the names of the flags as keys:

	schema  = 1
	system  = true
	read    = ["/srv/in", "${HOME}/fonts?"]
	write   = ["/srv/out"]
	process = true
	private = ["/tmp"]
	connect = ["all"]
	deny    = [{ read = "/srv/in/keys" }]
	best-effort = [{ write = "/srv/out" }, { system = true }]
	[limits]
	wall    = "30s"
	memory  = "512 MiB"

Flags without a value are true there. An entry of deny and best-effort is a table with one of the other keys and what one entry of that
key's list is, where the flags have KEY=VALUE. The flags that limit are keys of the table limits.

${HOME}, ${CWD} and ${TMP} stand for the home, the working and the temporary directory; extends = ["other.toml"] starts from another
file. gaol explain --toml prints one.`

const manAddresses = `all is every internet address, tcp:PORT and udp:PORT are a port of any. unix:PATH is a Unix socket. To connect there are also
HOST:PORT, a port of the host that a name such as api.example.com stands for, and CIDR:PORT, one of the addresses with a prefix such as
10.0.0.0/8, 192.0.2.1/32 or 2001:db8::/32; to listen, loopback:PORT, a TCP port that only this host reaches.`

const manDeny = `--deny read=PATH makes a hole in what other flags allow. The more specific path wins: --read /srv --deny read=/srv/keys
--read /srv/keys/public shows all of /srv but the keys that are not public. What is denied and allowed at the same path is denied.

gaol refuses what the host cannot enforce exactly. --best-effort write=/srv/out accepts less, of that one operation alone;
--report lists each gap.`

const manLimits = `A DURATION has its unit: 30s, 1m30s, 500ms. A SIZE is a number of bytes, or has one of the units B, kB, MB, GB and TB (powers of
1000), KiB, MiB, GiB and TiB (of 1024). Of a flag that is given twice the smaller value holds; one that is beyond the limit of the profile
file is refused.

--memory and --cpu are of all processes together. With --process that takes a delegated cgroup of version 2, or --per-process, which makes
them hold for each process by itself. --processes, --processors, --read-rate and --write-rate always take such a cgroup, --instructions a
counter of the processor. gaol doctor tells whether there is one, gaol explain what holds each limit.`

const manUser = `Run by root, a program is root without any capability: what root owns is its own, as far as the profile grants it. --user NAME makes
it that user, in the groups of its account, and --user UID:GID one in that group alone. Modes and owners then hold for it as they do outside, and what
it makes is its own. Neither number may be root's.

--user dynamic takes a number that no account, no range of subordinate numbers, no process and no other command has, until the program
has ended. It reads what everybody may, and writes its private directories; since files would belong to whoever gets the number
next, a profile that lets it make others is refused.`

const manStatusFD = `--status-fd writes one JSON object. "exit" has the code, or the signal and whether a core was dumped; it is null if the program never
ran, and "error" then has the step, the operation and the path, the error and a hint. "end" says how it ended: "exited", "signal", "canceled",
"wall limit", "CPU limit", "memory limit", "output limit", "instructions limit", "denied" (with --on-denied kill; "syscall" then has the name and the
number of the system call, if it is known), or "lost" (the sandbox was killed from outside). The rest is the report: the engine and its mechanisms, what was
enforced by which, gaps, denials, the number of processes killed at the end, and what was used, in nanoseconds and bytes.`

type page struct {
	w   io.Writer
	err error
}

func (p *page) put(format string, a ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", a...)
	}
}

// escape writes text that troff prints as it is: "-" would become a hyphen, and a line that begins with "." or "'" a request.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// text writes paragraphs; indented lines are kept as they are.
func (p *page) text(s string) {
	for i, para := range strings.Split(s, "\n\n") {
		if i > 0 {
			p.put(".PP")
		}
		verbatim := strings.HasPrefix(para, "\t") || strings.HasPrefix(para, "  ")
		if verbatim {
			p.put(".EX")
		}
		for _, line := range strings.Split(para, "\n") {
			if !verbatim {
				line = strings.TrimSpace(line)
			}
			p.put("%s", escape(strings.ReplaceAll(line, "\t", "  ")))
		}
		if verbatim {
			p.put(".EE")
		}
	}
}

func (p *page) section(title, body string) {
	p.put(".SH %s", title)
	p.text(body)
}

func (p *page) write(root *cobra.Command) {
	p.put(`.TH GAOL 1 "" "%s"`, escape("gaol "+version()))
	p.put(".SH NAME\ngaol \\- %s", escape(root.Short))
	p.put(".SH SYNOPSIS")
	var commands []*cobra.Command
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			commands = append(commands, c)
			use := c.UseLine()
			if c.HasAvailableSubCommands() {
				use += " bash|zsh|fish"
			}
			p.put(".B %s\n.br", escape(use))
		}
	}
	p.section("DESCRIPTION", root.Long)
	p.put(".SH COMMANDS")
	for _, c := range commands {
		p.put(".SS %s", escape("gaol "+c.Name()))
		if c.HasAvailableSubCommands() || c.Long == "" {
			p.text(strings.ToUpper(c.Short[:1]) + c.Short[1:] + ".")
			continue
		}
		p.text(c.Long)
		profile, other := flagGroups(c)
		if c.Name() != "explain" {
			p.flags(profile)
		}
		p.flags(other)
	}
	p.section("ADDRESSES", manAddresses)
	p.section("DENYING AND BEST EFFORT", manDeny)
	p.section("LIMITS", manLimits)
	p.section("PROFILE FILES", manFiles)
	p.section("USERS", manUser)
	p.section("TERMINAL", manTerminal)
	p.section("STATUS DESCRIPTOR", manStatusFD)
	p.put(".SH EXIT STATUS")
	for _, line := range strings.Split(manStatus, "\n") {
		code, what, _ := strings.Cut(line, "\t")
		p.put(".TP\n.B %s\n%s", escape(code), escape(what))
	}
	p.put(".SH EXAMPLES")
	for _, c := range append([]*cobra.Command{root}, commands...) {
		if c.Example != "" {
			p.put(".PP")
			p.text(c.Example)
		}
	}
}

func (p *page) flags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		arg, usage := pflag.UnquoteUsage(f)
		names := `\fB` + escape("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			names = `\fB` + escape("-"+f.Shorthand) + `\fR, ` + names
		}
		if arg != "" {
			names += ` \fI` + escape(arg) + `\fR`
		}
		p.put(".TP\n%s\n%s", names, escape(usage))
	})
}
