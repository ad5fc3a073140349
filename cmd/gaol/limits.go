package main

// This file reads the flags that limit the program. They are read by the code that reads files, and as in a file that extends another a
// limit may not be beyond the profile's.

import (
	"errors"
	"fmt"

	"github.com/gaol-sandbox/gaol"
)

var limitFlags = []flagRow{
	{name: "wall", limit: true, usage: "end it after so much real time: `DURATION`, such as 1m30s"},
	{name: "cpu", limit: true, usage: "end it after so much processor time, all processes together: `DURATION`"},
	{name: "memory", limit: true, usage: "memory of all processes together: `SIZE`, such as 512MiB"},
	{name: "processes", limit: true, usage: "at most `N` processes and threads at once"},
	{name: "files", limit: true, usage: "at most `N` open descriptors in each process"},
	{name: "file-size", limit: true, usage: "no file that is written gets larger than `SIZE`"},
	{name: "stack", limit: true, usage: "stack of each process's first thread: `SIZE`"},
	{name: "core", limit: true, usage: "let a program that crashes write its memory to a file, of up to `SIZE`"},
	{name: "output", limit: true, usage: "end it when it has written more than `SIZE` to standard output and error"},
	{name: "disk", limit: true, usage: "--private directories hold at most `SIZE`, together"},
	{name: "instructions", limit: true, usage: "end it after `N` instructions, all processes together"},
	{name: "processors", limit: true, usage: "keep at most `N` processors busy, such as 1.5"},
	{name: "read-rate", limit: true, usage: "read at most `SIZE` a second from disks"},
	{name: "write-rate", limit: true, usage: "write at most `SIZE` a second to disks"},
	{name: "per-process", limit: true, alone: true, usage: "--cpu and --memory hold for each process by itself, not for all together"},
}

// setLimit narrows what the flags before it said; --per-process is none to narrow by, and counts for all of them.
func (p *profileFlags) setLimit(name, text string, alone bool) error {
	if alone {
		if text != "true" {
			return errors.New("it takes no value; leave it out")
		}
		p.limits.PerProcess = true
		return nil
	}
	var l gaol.Limits
	if err := l.ParseLimit(name, text); err != nil {
		return reason(err)
	}
	per := p.limits.PerProcess
	p.limits.PerProcess = false
	p.limits = p.limits.Narrow(l)
	p.limits.PerProcess = per
	for _, f := range l.Fields() {
		if f.Set {
			p.words["Limits."+f.Name] = "--" + name + " " + text
		}
	}
	return nil
}

// limited adds the limits to a profile.
func (p *profileFlags) limited(base gaol.Profile) (gaol.Profile, error) {
	if beyond := p.limits.Beyond(base.Limits()); len(beyond) > 0 {
		f := beyond[0]
		if f.Name == "PerProcess" {
			return base, fmt.Errorf("--per-process: beyond %s, where CPU and memory are those of all processes together", p.file)
		}
		return base, fmt.Errorf("%s is beyond %s, which allows %s", p.words["Limits."+f.Name], p.file, f.Text)
	}
	if l := p.limits; l.PerProcess && l.CPU == 0 && l.Memory == 0 {
		return base, errors.New("--per-process says how --cpu and --memory hold, and neither is given")
	}
	return base.With(gaol.Limit(p.limits))
}
