package main

// This file reads the flags that allow something, each by the word that it has in a profile file, too. It must never take a value that
// a file would not: what is shared with files is read by the code that reads them.

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var operationFlags = []flagRow{
	{name: "system", op: gaol.System(), usage: "what programs need to start: the system's programs and libraries, no user's data"},
	{name: "read", parse: path(gaol.FileRead), usage: "read, list and stat `PATH` and all below it"},
	{name: "metadata", parse: path(gaol.FileReadMetadata), usage: "stat `PATH` and all below it, without reading"},
	{name: "write", parse: path(gaol.FileWrite), usage: "create, write, rename and remove at `PATH` and below, without reading"},
	{name: "exec", parse: path(gaol.FileExecute), usage: "execute `PATH` and all below it"},
	{name: "connect", parse: address(profile.NetworkOutbound, gaol.NetworkOutbound), words: []string{"all", "tcp:", "udp:", "unix:"},
		usage: "reach `ADDRESS`: all, tcp:PORT, udp:PORT, unix:PATH, HOST:PORT or CIDR:PORT"},
	{name: "listen", parse: address(profile.NetworkInbound, gaol.NetworkInbound), words: []string{"all", "tcp:", "udp:", "loopback:", "unix:"},
		usage: "listen on `ADDRESS`: all, tcp:PORT, udp:PORT, loopback:PORT or unix:PATH"},
	{name: "sysinfo", op: gaol.SystemInfoRead(), usage: "read the system files of /proc"},
	{name: "process", op: gaol.ProcessCreate(), usage: "create processes"},
	{name: "signal", op: gaol.Signal(), usage: "signal the sandbox's other processes"},
	{name: "trace", op: gaol.Trace(), usage: "trace the sandbox's other processes, as debuggers do"},
	{name: "ipc", parse: ipc, words: ipcWords(), usage: "let the sandbox's processes talk by `KIND`: " + strings.Join(ipcWords(), ", ")},
	{name: "device", parse: device, usage: "open the device at `PATH`, and control it"},
	{name: "syscall", parse: syscallName, usage: "make the system call `NAME`, which no other flag brings"},
	{name: "mach-lookup", parse: machLookup, usage: "look up the Mach service `NAME` (macOS)"},
	{name: "private", parse: private, usage: "an empty, writable directory of the program's own at `PATH`"},
	{name: "map", parse: mapped, usage: "show the host's file or directory at another path: `INSIDE=HOST[:rw]`"},
}

func path(operation func(gaol.Pattern) gaol.Operation) parser {
	return func(s string) (gaol.Option, error) {
		name, optional := strings.CutSuffix(s, "?")
		at, err := absolute(name)
		if err != nil {
			return nil, err
		}
		pattern := gaol.Subpath(at)
		if optional {
			pattern = gaol.Optional(pattern)
		}
		return operation(pattern), nil
	}
}

// absolute is what the shell's user meant. A shell leaves ~ alone in --read=~/x, and then nobody means a directory of that name.
func absolute(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("the path is empty")
	case name == "~" || strings.HasPrefix(name, "~/"):
		return "", errors.New(`the shell does not replace "~" here; write the flag and the path as two words, or "./~" for a file of that name`)
	}
	return filepath.Abs(name)
}

func private(s string) (gaol.Option, error) {
	at, err := absolute(s)
	return gaol.Private(at), err
}

func mapped(s string) (gaol.Option, error) {
	inside, host, ok := strings.Cut(s, "=")
	if !ok {
		return nil, errors.New("write INSIDE=HOST, or INSIDE=HOST:rw to allow writing")
	}
	mode := gaol.ReadOnly
	if rest, rw := strings.CutSuffix(host, ":rw"); rw {
		host, mode = rest, gaol.ReadWrite
	} else {
		host = strings.TrimSuffix(host, ":ro")
	}
	in, err := absolute(inside)
	if err != nil {
		return nil, fmt.Errorf("inside: %w", err)
	}
	out, err := absolute(host)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	return gaol.Map(in, out, mode), nil
}

// address reads what a file has, but for a socket's relative path.
func address(kind profile.Kind, operation func(gaol.Address) gaol.Operation) parser {
	return func(s string) (gaol.Option, error) {
		if socket, ok := strings.CutPrefix(s, "unix:"); ok {
			at, err := absolute(socket)
			if err != nil {
				return nil, err
			}
			s = "unix:" + at
		}
		op, err := profile.ParseAddress(kind, s)
		if err != nil {
			return nil, reason(err)
		}
		a := op.Address
		switch a.Form {
		case profile.FormAll:
			return operation(gaol.All()), nil
		case profile.FormTCP:
			return operation(gaol.TCP(a.Port)), nil
		case profile.FormUDP:
			return operation(gaol.UDP(a.Port)), nil
		case profile.FormLocalSocket:
			return operation(gaol.LocalSocket(a.Name)), nil
		case profile.FormLoopback:
			return operation(gaol.Loopback(a.Port)), nil
		case profile.FormHost:
			return operation(gaol.Host(a.Name, a.Port)), nil
		case profile.FormCIDR:
			return operation(gaol.CIDR(a.Name, a.Port)), nil
		}
		return nil, fmt.Errorf("%s: not known to this command", s)
	}
}

// reason leaves out what the flag and its value say already.
func reason(err error) error {
	var e *profile.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func ipcWords() []string {
	var words []string
	for _, kind := range profile.IPCKinds() {
		words = append(words, kind.Word())
	}
	return words
}

func ipc(s string) (gaol.Option, error) {
	op, err := profile.ParseIPC(s)
	if err != nil {
		return nil, reason(err)
	}
	return gaol.IPC(gaol.IPCKind(op.IPC)), nil
}

func device(s string) (gaol.Option, error) {
	at, err := absolute(s)
	return gaol.Device(at), err
}

func syscallName(s string) (gaol.Option, error) { return gaol.Syscall(s), nil }

func machLookup(s string) (gaol.Option, error) { return gaol.MachLookup(s), nil }

// deniable are the flags that --deny takes.
var deniable = []string{"read", "metadata", "write", "exec"}

func denied(s string) (gaol.Option, error) {
	key, value, ok := strings.Cut(s, "=")
	for _, row := range operationFlags {
		for _, word := range deniable {
			if !ok || row.name != key || word != key {
				continue
			}
			option, err := row.parse(value)
			if op, isOperation := option.(gaol.Operation); isOperation && err == nil {
				return gaol.Deny(op), nil
			}
			return nil, err
		}
	}
	return nil, errors.New("write " + strings.Join(suffixed(deniable, "=PATH"), ", ") + "; what is no file is denied if no flag allows it")
}

func bestEffort(s string) (gaol.Option, error) {
	key, value, hasValue := strings.Cut(s, "=")
	for _, row := range append([]flagRow{{name: "deny", parse: denied}}, operationFlags...) {
		if row.name != key {
			continue
		}
		option, err := row.op, error(nil)
		switch {
		case row.parse == nil && hasValue:
			return nil, fmt.Errorf("%s takes no value", key)
		case row.parse != nil && !hasValue:
			return nil, fmt.Errorf("the value is missing; write %s=VALUE, with what --%s takes", key, key)
		case row.parse != nil:
			option, err = row.parse(value)
		}
		if op, ok := option.(gaol.Operation); ok && err == nil {
			return gaol.BestEffort(op), nil
		}
		return nil, err
	}
	return nil, errors.New("write a flag and its value, such as write=PATH; the flags are " + strings.Join(trimmed(effortWords(), "="), ", "))
}

// effortWords are the flags that --best-effort takes.
func effortWords() []string {
	var words []string
	for _, row := range operationFlags {
		if row.parse == nil {
			words = append(words, row.name)
		} else {
			words = append(words, row.name+"=")
		}
	}
	return append(words, "deny=")
}

func suffixed(words []string, suffix string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = word + suffix
	}
	return out
}

func trimmed(words []string, suffix string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = strings.TrimSuffix(word, suffix)
	}
	return out
}
