package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// exact finds what Landlock has no right for, or gives along with others.
func (r *ruler) exact() {
	root := r.trees["/"]
	if root != nil && root.own&(Read|Write) != 0 {
		for _, a := range root.asked {
			if a.rights&(Read|Write) != 0 {
				r.hides(a.op, "the processes of the host, its devices and the kernel's files are below /", "the host's /proc, /sys and /dev are granted, too")
			}
		}
	}
	everywhere := root != nil && root.own&Write != 0
	for _, t := range r.sorted {
		for _, a := range t.asked {
			switch {
			case a.op.Kind == profile.FileRead && t.Rights&Execute == 0 && (t.Dir || t.mode.IsRegular()):
				r.inexact(a.op, "a noexec mount", "Landlock lets what can be read be mapped executable, and ld.so start it", "FileExecute of the same path beside it",
					"what it reads can be executed, by ld.so or an executable mapping")
			case a.op.Kind == profile.FileWrite && !everywhere && a.rights&Device == 0:
				r.changes(a.op)
			}
		}
	}
	if everywhere {
		r.policy.Attributes, r.policy.Truncate = true, true
	}
	r.policy.Watch = root != nil && root.own&Read != 0
}

// changes is FileWrite, without what Landlock does not bound to paths: the filter denies that altogether.
func (r *ruler) changes(op profile.Operation) {
	detail := "Landlock does not bound chmod, chown, utime and setxattr"
	gap := "modes, owners, times and extended attributes cannot be changed"
	if r.host.Landlock < abiTruncate {
		detail = "Landlock does not bound chmod, chown, utime and setxattr, nor truncate before ABI 3"
		gap = "modes, owners, times and extended attributes cannot be changed, nor can a file be truncated by its path"
	}
	r.hides(op, detail, gap)
}

// hides is inexact for want of a view of its own.
func (r *ruler) hides(op profile.Operation, detail, gap string) {
	reason, fix := r.namespaces()
	if reason != "" {
		detail += "; " + reason
	}
	r.inexact(op, "namespaces", detail, fix, gap)
}

// metadata: stat, readlink, access and chdir reach every path of the host. A profile that does not grant that would mean more than it
// says.
func (r *ruler) metadata(ops []profile.Operation) {
	if r.all {
		return
	}
	const gap = "the metadata of every path of the host can be read"
	asked := false
	for _, op := range ops { // each says for itself how it is meant
		if op.Kind == profile.FileReadMetadata && !op.Deny {
			asked = true
			r.hides(op, "Landlock has no right for metadata", gap)
		}
	}
	if asked {
		return
	}
	detail, fix := r.namespaces()
	if fix != "" {
		fix += "; or "
	}
	r.unsupported = append(r.unsupported, Unsupported{Operation: "a profile without FileReadMetadata of everything", Mechanism: "namespaces",
		Detail: strings.TrimPrefix(detail+"; Landlock has no right for metadata", "; "), Fix: fix + `FileReadMetadata(Subpath("/")) beside the others`})
}

// own: a rule for /proc names the one process that is there when it is made. Those that it makes have none, and see less than the
// operation says.
func (r *ruler) own(ops []profile.Operation) {
	if !r.policy.Processes {
		return
	}
	for _, op := range ops {
		if op.Kind == profile.System || op.Kind == profile.SystemInfoRead {
			r.hides(op, "a rule names one process's /proc/self, and ProcessCreate brings more", "a process that the program makes cannot read /proc/self")
		}
	}
}

// mounts looks at what is mounted on the host below the granted trees: a rule reaches it, and cannot be taken back there.
func (r *ruler) mounts() error {
	types := mountTypes(r.host.Mounts)
	for _, t := range r.sorted {
		if at, kind := mountOf(t.Path, types); kind == "proc" && !below(t.Path, procPath) {
			return problem(t.asked[0].op, t.Path, fmt.Errorf("lies on the host's proc at %s; System() and SystemInfoRead() bring what can be granted of it", at))
		} else if deviceTypes[kind] && t.Dir {
			for _, a := range t.asked {
				r.mounted(a, t, at, kind)
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(types)) {
		kind := types[at]
		if at == "/" || covered(at, types) {
			continue
		}
		if _, err := r.paths.lstat(at); err != nil && (missing(err) || kind != "proc") {
			continue // something lies over it; or its files are root's
		}
		for t := r.at(path.Dir(at)); t != nil; t = t.in {
			for _, a := range t.asked {
				r.mounted(a, t, at, kind)
			}
		}
	}
	return nil
}

// mounted deals with a mount of the host in a tree that an operation grants; "/" is dealt with by exact.
func (r *ruler) mounted(a ask, t *tree, at, kind string) {
	named := r.trees[at] != nil && r.trees[at].own&Write != 0
	switch {
	case t.Path == "/":
	case kind == "proc" && a.rights&(Read|Write) != 0:
		r.hides(a.op, "a proc of the host is mounted at "+at, "the host's processes at "+at+" can be read")
	case kernelTypes[kind] && a.rights&Write != 0 && !named:
		r.hides(a.op, "a "+kind+" of the host is mounted at "+at, "the kernel's files at "+at+" can be written")
	case deviceTypes[kind] && a.rights&(Read|Write) != 0:
		r.hides(a.op, "a "+kind+" of the host is mounted at "+at, "the devices at "+at+" work")
	}
}

// deviceTypes are file systems of device nodes.
var deviceTypes = map[string]bool{"devtmpfs": true, "devpts": true}
