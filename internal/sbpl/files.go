package sbpl

// This file is the paths: for each right, where it is given and where not, as filters that have no path in common.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/policy"
)

// operations are the names that a right has, or any of several. Each stands in one row alone, and none is a wildcard that covers one of another.
var operations = []struct {
	right policy.Rights
	names string
}{
	{policy.Metadata, "file-read-metadata file-test-existence"},
	{policy.Read, "file-read-data file-read-xattr"},
	{policy.Write | policy.Device, "file-write-data"},
	{policy.Write, "file-write-acl file-write-create file-write-finderinfo file-write-flags file-write-mode file-write-owner file-write-times file-write-xattr"},
	{remove, "file-write-unlink"},
	{policy.Execute, "process-exec* file-map-executable"},
	{policy.Ioctl, "file-ioctl"},
}

// remove is the part of writing that takes a name away, by unlink or by rename.
const remove policy.Rights = 1 << 7

// entry is a grant, for one right.
type entry struct {
	path    string
	subpath bool
	deny    bool
}

func (e entry) matches(p string) bool { return p == e.path || e.subpath && below(p, e.path) }

func below(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir) && p[len(dir)] == '/'
}

// entries are what there is about a right.
func (w *writer) entries(right policy.Rights) (out []entry) {
	of := right
	if right == remove {
		of = policy.Write
	}
	for _, g := range w.rules.Grants {
		if g.Rights&of != 0 {
			out = append(out, entry{g.Path, g.Subpath, g.Deny})
		}
	}
	if right != remove {
		return out
	}
	for _, p := range w.rules.Pins {
		out = append(out, entry{p, false, true})
	}
	for _, p := range w.rules.Held {
		// nothing that is more exact gives the right back
		out = slices.DeleteFunc(out, func(e entry) bool { return below(e.path, p) })
		out = append(out, entry{p, true, true})
	}
	return out
}

func (w *writer) filter(e entry) string {
	kind := "literal"
	if e.subpath {
		kind = "subpath"
	}
	return "(" + kind + " " + w.param('R', e.path) + ")"
}

// without is a filter of e but for what is in the others.
func (w *writer) without(e entry, others []entry) string {
	w.filters += len(others)
	switch len(others) {
	case 0:
		return w.filter(e)
	case 1:
		return "(require-all " + w.filter(e) + " (require-not " + w.filter(others[0]) + "))"
	}
	var b strings.Builder
	b.WriteString("(require-all " + w.filter(e) + " (require-not (require-any")
	for _, o := range others {
		b.WriteString(" " + w.filter(o))
	}
	b.WriteString(")))")
	return b.String()
}

// allowed is where a right is given: each grant, without what is denied at its own path or below.
func (w *writer) allowed(right policy.Rights) (out []string) {
	all := w.entries(right)
	for i, e := range all {
		if e.deny || covered(e, i, all) {
			continue
		}
		if slices.ContainsFunc(all, func(d entry) bool { return d.deny && d.path == e.path && (d.subpath || !e.subpath) }) {
			continue // nothing is left of it
		}
		var holes []entry
		for _, d := range all {
			if d.deny && e.matches(d.path) && !enclosed(d, all, e) {
				holes = append(holes, d)
			}
		}
		if f := w.without(e, holes); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// covered says that another grant gives all that this one does.
func covered(e entry, i int, all []entry) bool {
	for j, o := range all {
		if j == i || o.deny || !o.subpath && (e.subpath || o.path != e.path) || !o.matches(e.path) {
			continue
		}
		if o.path == e.path && o.subpath == e.subpath && j > i {
			continue // of two alike the first stays
		}
		if !slices.ContainsFunc(all, func(d entry) bool { return d.deny && below(d.path, o.path) && d.matches(e.path) }) {
			return true
		}
	}
	return false
}

// enclosed says that another denial below e takes away all that this one does.
func enclosed(d entry, all []entry, e entry) bool {
	return slices.ContainsFunc(all, func(o entry) bool {
		return o != d && o.deny && o.subpath && e.matches(o.path) && below(d.path, o.path)
	})
}

// denied is where a right is taken: each denial, without what is given below it.
func (w *writer) denied(right policy.Rights) (out []string) {
	all := w.entries(right)
	for _, d := range all {
		if !d.deny {
			continue
		}
		var holes []entry
		for _, e := range all {
			if !e.deny && d.subpath && e.path != d.path && below(e.path, d.path) {
				holes = append(holes, e)
			}
		}
		if f := w.without(d, holes); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func (w *writer) files() {
	for _, o := range operations {
		if f := w.allowed(o.right); f != nil {
			w.rule("allow", o.names, f...)
		}
	}
}

// denials come last: those of the profile, and what the default leaves open.
func (w *writer) denials() {
	for _, o := range operations {
		if f := w.denied(o.right); f != nil && o.right != policy.Execute {
			w.rule("deny", o.names, f...)
		} else if f != nil {
			w.rule("deny", "process-exec*", f...)
		}
	}
	switch f := w.allowed(policy.Execute); len(f) {
	case 0:
		w.rule("deny", "file-map-executable")
	case 1:
		w.rule("deny", "file-map-executable", "(require-not "+f[0]+")")
	default:
		w.rule("deny", "file-map-executable", "(require-not (require-any "+strings.Join(f, " ")+"))")
	}
	w.rule("deny", "process-info* process-info-codesignature", "(require-not (target self))")
	w.rule("deny", "process-info-listpids") // it has no target
	for _, names := range open {
		w.rule("deny", names)
	}
	for _, name := range newer {
		w.known(name)
	}
	if len(w.rules.Ports) == 0 {
		for _, name := range newerOfNetworks {
			w.known(name)
		}
	}
}

// open is what is denied to everybody, though (deny default) leaves the most of it open: other ways to a file's contents than by its path, what
// the machine is and how it starts, and whatever the kernel asks whether root may do it. macOS 10.14 has all of these names.
var open = []string{
	"file-clone file-link file-mknod", // a copy or another name of a file that may not be read, where files may be
	"file-mount file-unmount file-write-setugid",
	"iokit-get-properties", // serial numbers
	"nvram*",
	"system-privilege",
}

// newer are the same, of names that not each release has: one that the compiler does not know is an error.
var (
	newer           = []string{"fs-quota*", "fs-snapshot-mount"}
	newerOfNetworks = []string{"necp-client-open", "system-necp-client-action"}
)

// known denies an operation where the compiler knows it.
func (w *writer) known(name string) {
	w.filters++
	w.line(fmt.Sprintf("(if (defined? (quote %s)) (deny %s%s", name, name, w.end("deny")) + ")")
}
