package plan

import (
	"fmt"
	"slices"
	"strings"
)

// namespaces names the CLONE_NEW* flags (sched.h).
var namespaces = []struct {
	flag uint32
	name string
}{
	{0x10000000, "user"}, {0x00020000, "mount"}, {0x20000000, "pid"}, {0x40000000, "net"},
	{0x08000000, "ipc"}, {0x04000000, "uts"}, {0x02000000, "cgroup"},
}

// NamespaceNames lists the namespaces of flags.
func NamespaceNames(flags uint32) []string {
	var out []string
	for _, n := range namespaces {
		if flags&n.flag != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

// The rights and scopes of Landlock by bit (linux/landlock.h).
var landlockNet = []string{"bind-tcp", "connect-tcp", "bind-udp", "connect-udp"}
var landlockScopes = []string{"abstract-unix-socket", "signal"}
var landlockFS = []string{"execute", "write-file", "read-file", "read-dir", "remove-dir", "remove-file", "make-char", "make-dir",
	"make-reg", "make-sock", "make-fifo", "make-block", "make-sym", "refer", "truncate", "ioctl-dev", "resolve-unix"}

func names(bits uint64, known []string) string {
	var out []string
	for i := range 64 {
		if bits>>i&1 == 0 {
			continue
		}
		if i < len(known) {
			out = append(out, known[i])
		} else {
			out = append(out, fmt.Sprintf("bit-%d", i))
		}
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, " ")
}

// bsdResources are those of macOS and FreeBSD (sys/resource.h).
var bsdResources = map[uint32]string{0: "cpu", 1: "fsize", 2: "data", 3: "stack", 4: "core", 5: "rss", 6: "memlock", 7: "nproc", 8: "nofile", 9: "sbsize", 10: "vmem"}

var resources = map[uint32]string{0: "cpu", 1: "fsize", 2: "data", 3: "stack", 4: "core", 7: "nofile", 9: "as"}

// String is the plan as text, one step a line: the form of the golden files and of `gaol explain`.
func (p Plan) String() string {
	var b strings.Builder
	if p.Own() {
		fmt.Fprintf(&b, "template namespaces: %s\n", strings.Join(NamespaceNames(p.Namespaces), " "))
		fmt.Fprintf(&b, "fresh namespaces: %s\n", strings.Join(NamespaceNames(p.Fresh), " "))
	} else {
		b.WriteString("namespaces: the caller's\n")
	}
	stage := stages
	for _, s := range p.Steps {
		if d := s.Op.Stage(); d != stage {
			stage = d
			fmt.Fprintf(&b, "%s:\n", stage)
		}
		if name, ok := bsdResources[s.N]; ok && s.Op == Rlimit && p.bsd() {
			fmt.Fprintf(&b, "  %s %s soft %d hard %d\n", s.Op, name, s.Limit.Soft, s.Limit.Hard)
			continue
		}
		fmt.Fprintf(&b, "  %s\n", s)
	}
	return b.String()
}

// bsd says that the plan is for macOS or FreeBSD.
func (p Plan) bsd() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Op == Seatbelt || s.Op == CapEnter || s.Op == JailConfine })
}

// String is the step as text, without Why.
func (s Step) String() string {
	parts := []string{s.Op.String()}
	add := func(format string, a ...any) { parts = append(parts, fmt.Sprintf(format, a...)) }
	if !s.Op.valid() {
		return parts[0]
	}
	d := info[s.Op]
	for i, kind := range []arg{d.a, d.b} {
		switch kind {
		case path:
			add("%s", quote(s.Path))
		case text:
			if i == 0 && d.b == text {
				add("%q", s.Path)
			} else {
				add("%q", s.Text)
			}
		case host:
			add("from %s", quote(s.Text))
		case target:
			add("-> %s", quote(s.Text))
		case mode:
			add("%04o", s.N)
		case slot:
			add("slot %d", s.N)
		case number:
			add("number %d", s.N)
		case rights:
			add("%s", names(uint64(s.N), landlockFS))
		case port:
			add("%d", s.Port)
		case netRights:
			add("%s", names(uint64(s.N), landlockNet))
		case ruleset:
			add("fs(%s) net(%s) scoped(%s) size %d", names(s.Ruleset.FS, landlockFS), names(s.Ruleset.Net, landlockNet),
				names(s.Ruleset.Scoped, landlockScopes), s.Ruleset.Size)
		case resource:
			if name, ok := resources[s.N]; ok {
				add("%s", name)
			} else {
				add("resource %d", s.N)
			}
		case limit:
			add("soft %d hard %d", s.Limit.Soft, s.Limit.Hard)
		case capRights:
			add("%s", CapRights(s.Rights))
		case count:
			add("%d instructions", len(s.Filter))
		case parameters:
			for i := 0; i+1 < len(s.Params); i += 2 {
				add("%s=%q", quote(s.Params[i]), s.Params[i+1])
			}
		case others:
			add("for another user")
			for i := 0; i+1 < len(s.Others); i += 2 {
				add("%s=%q", quote(s.Others[i]), s.Others[i+1])
			}
		}
	}
	if s.Op == CapOpen || s.Op == CapEnter {
		for i, name := range capFlags[s.Op] {
			if s.Flags>>i&1 != 0 {
				add("%s", name)
			}
		}
		return strings.Join(parts, " ")
	}
	if s.Op == LandlockPath {
		if s.Flags&MustBeMount != 0 {
			add("mount")
		}
		if s.Flags&FollowSelf != 0 {
			add("self")
		}
		return strings.Join(parts, " ")
	}
	if s.Op == DropCaps {
		if s.Flags&CapsHeld != 0 {
			add("as far as held")
		}
		return strings.Join(parts, " ")
	}
	if s.Op == Seccomp {
		if s.Flags&Told != 0 {
			add("told")
		}
		return strings.Join(parts, " ")
	}
	if s.Op == LandlockEnforce {
		if s.Flags != 0 {
			add("flags %#x", s.Flags)
		}
		return strings.Join(parts, " ")
	}
	for i, name := range []string{"read-only", "noexec", "dev", "(directory)", "(file)", "(device)", "(fifo)", "(socket)"} {
		if s.Flags>>i&1 != 0 {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, " ")
}

var capFlags = map[Op][]string{
	CapOpen:  {"(directory)", "(file)", "(device)", "to read", "to write", "the linker"},
	CapEnter: {"trap"},
}

// The rights of Capsicum by their bits (sys/capsicum.h): those of a word by themselves, without what the header's names bring along.
var capsicum = [2][]string{
	{"read", "write", "seek-tell", "seek", "mmap", "mmap-x", "create", "fexecve", "fsync", "ftruncate", "lookup", "fchdir", "fchflags", "fchmod",
		"fchown", "fcntl", "flock", "fpathconf", "fsck", "fstat", "fstatfs", "futimes", "linkat-target", "mkdirat", "mkfifoat", "mknodat",
		"renameat-source", "symlinkat", "unlinkat", "accept", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "peeloff",
		"setsockopt", "shutdown", "bindat", "connectat", "linkat-source", "renameat-target", "fchroot"},
	{"mac-get", "mac-set", "sem-getvalue", "sem-post", "sem-wait", "event", "kqueue-event", "ioctl", "ttyhook", "pdgetpid", "pdwait", "pdkill",
		"extattr-delete", "extattr-get", "extattr-list", "extattr-set", "acl-check", "acl-delete", "acl-get", "acl-set", "kqueue-change", "inotify-add", "inotify-rm"},
}

// CapRights is rights of a descriptor as text.
func CapRights(r [2]uint64) string {
	words := names(r[0], capsicum[0])
	if r[1] != 0 {
		words = strings.TrimPrefix(words+" "+names(r[1], capsicum[1]), "nothing ")
	}
	return words
}

// quote leaves plain paths as they are and quotes the rest, so that a line stays a line.
func quote(p string) string {
	for _, r := range p {
		if r <= ' ' || r > '~' || r == '"' || r == '\\' {
			return fmt.Sprintf("%q", p)
		}
	}
	return p
}
