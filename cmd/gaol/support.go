package main

// This file is the table of gaol doctor: how far each engine of this host can enforce each operation. It must name every kind of
// operation that a profile can have.

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/gaol-sandbox/gaol"
)

type supportJSON struct {
	Operation string `json:"operation"`
	Level     string `json:"level"`
	Mechanism string `json:"mechanism"`
}

type engineJSON struct {
	Engine     string        `json:"engine"`
	Program    string        `json:"program,omitempty"` // where the support depends on what kind it is
	Operations []supportJSON `json:"operations"`
}

// forms are the operations of the table, with paths that every host has or that need not be there.
var forms = []struct {
	name string
	op   gaol.Operation
}{
	{"System()", gaol.System()},
	{"FileRead(Subpath)", gaol.FileRead(gaol.Subpath("/srv/gaol"))},
	{"FileRead(Literal)", gaol.FileRead(gaol.Literal("/srv/gaol"))},
	{"FileReadMetadata(Subpath)", gaol.FileReadMetadata(gaol.Subpath("/srv/gaol"))},
	{`FileReadMetadata(Subpath("/"))`, gaol.FileReadMetadata(gaol.Subpath("/"))},
	{"FileWrite(Subpath)", gaol.FileWrite(gaol.Subpath("/srv/gaol"))},
	{"FileExecute(Subpath)", gaol.FileExecute(gaol.Subpath("/srv/gaol"))},
	{"Deny(FileRead)", gaol.Deny(gaol.FileRead(gaol.Subpath("/srv/gaol")))},
	{"NetworkOutbound(All)", gaol.NetworkOutbound(gaol.All())},
	{"NetworkOutbound(TCP)", gaol.NetworkOutbound(gaol.TCP(443))},
	{"NetworkOutbound(UDP)", gaol.NetworkOutbound(gaol.UDP(53))},
	{"NetworkOutbound(Host)", gaol.NetworkOutbound(gaol.Host("example.com", 443))},
	{"NetworkOutbound(CIDR)", gaol.NetworkOutbound(gaol.CIDR("192.0.2.0/24", 443))},
	{"NetworkOutbound(LocalSocket)", gaol.NetworkOutbound(gaol.LocalSocket("/srv/gaol.sock"))},
	{"NetworkInbound(All)", gaol.NetworkInbound(gaol.All())},
	{"NetworkInbound(TCP)", gaol.NetworkInbound(gaol.TCP(8080))},
	{"NetworkInbound(UDP)", gaol.NetworkInbound(gaol.UDP(5353))},
	{"NetworkInbound(Loopback)", gaol.NetworkInbound(gaol.Loopback(8080))},
	{"NetworkInbound(LocalSocket)", gaol.NetworkInbound(gaol.LocalSocket("/srv/gaol.sock"))},
	{"SystemInfoRead()", gaol.SystemInfoRead()},
	{"ProcessCreate()", gaol.ProcessCreate()},
	{"Signal()", gaol.Signal()},
	{"Trace()", gaol.Trace()},
	{"IPC(NamedPipes)", gaol.IPC(gaol.NamedPipes)},
	{"IPC(SystemV)", gaol.IPC(gaol.SystemV)},
	{"IPC(POSIXSharedMemory)", gaol.IPC(gaol.POSIXSharedMemory)},
	{"IPC(POSIXQueues)", gaol.IPC(gaol.POSIXQueues)},
	{"Device", gaol.Device("/dev/tty")},
	{"Syscall", gaol.Syscall("personality")},
	{"MachLookup", gaol.MachLookup("com.apple.trustd.agent")},
	{"Private", gaol.Private("/srv/gaol")},
	{"Map", gaol.Map("/srv/gaol", "/usr", gaol.ReadOnly)},
}

func supports(host gaol.Probed) []engineJSON {
	out := []engineJSON{}
	for _, engine := range host.Engines() {
		if engine != gaol.EngineCapsicum {
			out = append(out, supportOf(engine.String(), "", host.Force(engine)))
			continue
		}
		for _, kind := range []gaol.ProgramKind{gaol.DynamicProgram, gaol.StaticProgram, gaol.CooperatingProgram} {
			out = append(out, supportOf(engine.String(), kind.String(), host.Force(engine).Program(kind)))
		}
	}
	return out
}

func supportOf(engine, program string, host gaol.Probed) engineJSON {
	e := engineJSON{Engine: engine, Program: program}
	for _, f := range forms {
		level, mechanism := f.op.Support(host)
		e.Operations = append(e.Operations, supportJSON{f.name, level.String(), mechanism})
	}
	return e
}

func printSupports(w io.Writer, engines []engineJSON) {
	for _, e := range engines {
		kind := ""
		if e.Program != "" {
			kind = ", for a program that is " + e.Program
		}
		fmt.Fprintf(w, "Operations, by the %s engine%s:\n", e.Engine, kind)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, o := range e.Operations {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", o.Operation, o.Level, o.Mechanism)
		}
		_ = t.Flush()
	}
}
