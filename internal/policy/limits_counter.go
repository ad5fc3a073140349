package policy

import "path"

// This file finds what would leave the counter of instructions: the kernel stops to count a process that executes a file that it may not read
// (fs/exec.c: begin_new_exec), and who can write a file where it can be executed can make one.

// uncounted names the entries by which the program could make such a file; empty if there are none.
func (p *Policy) uncounted() string {
	written, executed := map[string]string{}, map[string]string{} // where on the host → where inside
	for i := range p.Entries {
		e := &p.Entries[i]
		write, execute := e.Rights&(Write|Device) == Write, e.Rights&Execute != 0
		switch {
		case e.Kind == Private && write && execute:
			return both(e.Path, e.Path)
		case e.Kind != Bind:
			continue
		}
		if write {
			written[e.Host] = e.Path
		}
		if execute {
			executed[e.Host] = e.Path
		}
	}
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.Kind != Bind {
			continue
		}
		if w, ok := written[e.Host]; ok {
			if x, ok := around(e.Host, executed); ok {
				return both(w, x)
			}
		}
		if x, ok := executed[e.Host]; ok {
			if w, ok := around(e.Host, written); ok {
				return both(w, x)
			}
		}
	}
	return ""
}

func both(written, executed string) string {
	return written + " is written, and " + executed + " executed"
}

// around finds what a path is or lies in.
func around(at string, in map[string]string) (string, bool) {
	for {
		if p, ok := in[at]; ok || at == "/" {
			return p, ok
		}
		at = path.Dir(at)
	}
}
