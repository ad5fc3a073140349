package policy

// What the host has mounted below a granted tree comes along with it. A proc of the host must not be shown, whatever leads to it, and what
// acts on the kernel must not be writable unless it was asked for; beside each stands what is left alone.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

const onProc = "lies on the host's proc at "

func TestATreeOnAProcOfTheHostIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, extra, want string
		ops, twin         list
	}{
		{"the mount itself", "mount proc /srv/in", `FileRead(Subpath("/srv/in")): ` + onProc + "/srv/in; System() and SystemInfoRead() bring one of the sandbox's own",
			list{read("/srv/in")}, list{read("/srv/out")}},
		{"below the mount", "mount proc /srv/in", `FileRead(Subpath("/srv/in/sub")): ` + onProc + "/srv/in;", list{read("/srv/in/sub")}, list{read("/srv")}},
		{"a file below the mount", "mount proc /srv/in", `FileRead(Literal("/srv/in/sub/b")): ` + onProc + "/srv/in;", list{literal(read("/srv/in/sub/b"))}, nil},
		{"though optional", "mount proc /srv/in", `FileRead(Optional(Subpath("/srv/in"))): ` + onProc + "/srv/in;", list{optional(read("/srv/in"))}, list{optional(read("/srv/in/sub/missing"))}},
		{"to be written", "mount proc /srv/in", `FileWrite(Subpath("/srv/in/sub")): ` + onProc + "/srv/in;", list{write("/srv"), write("/srv/in/sub")}, list{write("/srv")}},
		{"by metadata", "mount proc /srv/in", `FileReadMetadata(Subpath("/srv/in")): ` + onProc + "/srv/in;", list{meta("/srv/in")}, list{meta("/srv")}},
		{"through a link", "mount proc /srv/in\n/l -> srv/in/sub", `FileRead(Subpath("/l")): "/srv/in/sub": ` + onProc + "/srv/in;", list{read("/l")}, nil},
		{"mapped", "mount proc /srv/in", `Map("/x", "/srv/in", ReadOnly): ` + onProc + "/srv/in;", list{mapRO("/x", "/srv/in")}, list{mapRO("/x", "/srv")}},
		{"mapped from below", "mount proc /srv/in", `Map("/x", "/srv/in/sub", ReadWrite): ` + onProc + "/srv/in;", list{mapRW("/x", "/srv/in/sub")}, nil},
		{"mapped through a link", "mount proc /srv/in\n/l -> srv/in", `Map("/x", "/l", ReadOnly): ` + onProc + "/srv/in;", list{mapRO("/x", "/l")}, nil},
		{"granted in a map", "mount proc /srv/in", `FileExecute(Subpath("/x/in/sub")): ` + onProc + "/srv/in;", list{mapRO("/x", "/srv"), execute("/x/in/sub")}, list{mapRO("/x", "/srv"), execute("/x/out")}},
		{"a file of proc, mounted on one", "mount proc /srv/in/a", `FileRead(Literal("/srv/in/a")): ` + onProc + "/srv/in/a;", list{literal(read("/srv/in/a"))}, list{read("/srv/in/sub")}},
		{"a file of proc, in a tree", "mount proc /srv/in/a", `FileRead(Subpath("/srv")): "/srv/in/a": is a file of the host's proc, mounted there`, list{read("/srv")}, list{read("/srv/in/sub")}},
		{"a file of proc, in a map", "mount proc /srv/in/a", `Map("/x", "/srv", ReadOnly): "/x/in/a": is a file of the host's proc, mounted there`, list{mapRO("/x", "/srv")},
			list{mapRO("/x", "/srv"), mapRO("/x/in/a", "/opt/data/x")}},
		{"the last of two at one place", "mount ext4 /srv/in\nmount proc /srv/in", `FileRead(Subpath("/srv/in")): ` + onProc + "/srv/in;", list{read("/srv/in")}, nil},
		{"one of two at one place, whichever is on top", "mount proc /srv/in\nmount ext4 /srv/in", `FileRead(Subpath("/srv/in")): ` + onProc + "/srv/in;", list{read("/srv/in")}, list{read("/srv/out")}},
		{"one that cannot be looked at, in a tree", "mount proc /srv/x\n/srv/x denied", `FileRead(Subpath("/srv")): "/srv/x": a proc of the host is mounted here and cannot be covered: permission denied`, list{read("/srv")},
			list{read("/srv/in")}},
		{"a blank in its name", "mount proc /srv/a b", `FileRead(Subpath("/srv/a b/c d")): ` + onProc + "/srv/a b;", list{read("/srv/a b/c d")}, list{read("/srv")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFS(t, merged, c.extra)
			f.nodes["/srv/a b"], f.nodes["/srv/a b/c d"] = f.nodes["/srv"], f.nodes["/srv"]
			_, err := Resolve(of(c.ops...), host(f))
			var bad *profile.Error
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if _, err := Resolve(of(c.twin...), host(f)); c.twin != nil && err != nil {
				t.Errorf("the twin: %v", err)
			}
			f.mounts = nil
			if _, err := Resolve(of(c.ops...), host(f)); err != nil {
				t.Errorf("without the mount: %v", err)
			}
		})
	}
}

// shown is what the policy has at a path, in a word: its rights, "empty", "private", or nothing where another entry shows it.
func shown(p *Policy, at string) string {
	for _, e := range p.Entries {
		switch {
		case e.Path != at:
		case e.Kind == Empty:
			return "empty"
		case e.Kind == Private:
			return "private"
		case e.Kind == Bind && e.Mount:
			return e.Rights.String()
		}
	}
	return ""
}

func TestWhatIsMountedBelowATree(t *testing.T) {
	type views = map[string]string
	for _, c := range []struct {
		name, extra string
		ops         list
		want        views
	}{
		{"a proc in a readable tree", "mount proc /srv/in/sub", list{read("/srv")}, views{"/srv/in/sub": "empty", "/srv/in": "", "/srv": "read"}},
		{"a proc in a writable tree is pinned", "mount proc /srv/in/sub", list{write("/srv")}, views{"/srv/in/sub": "empty", "/srv/in": "write", "/srv": "write"}},
		{"a proc right below a writable tree", "mount proc /srv/in", list{write("/srv")}, views{"/srv/in": "empty", "/srv": "write"}},
		{"a proc in a tree that is shown three times", "mount proc /srv/in/sub", list{read("/srv"), mapRO("/x", "/srv"), mapRW("/y/z", "/srv/in")},
			views{"/srv/in/sub": "empty", "/x/in/sub": "empty", "/y/z/sub": "empty", "/x/in": "", "/y/z": "read write"}},
		{"a proc in a tree in a tree", "mount proc /srv/in/sub", list{read("/srv"), write("/srv/in")}, views{"/srv/in/sub": "empty", "/srv/in": "read write"}},
		{"a proc behind a map", "mount proc /srv/in/sub", list{read("/srv"), mapRO("/srv/in", "/opt")}, views{"/srv/in/sub": "", "/srv/in": "read"}},
		{"a proc behind a private directory", "mount proc /srv/in/sub", list{read("/srv"), private("/srv/in")}, views{"/srv/in/sub": "", "/srv/in": "private"}},
		{"a proc where something is mapped", "mount proc /srv/in/sub", list{read("/srv"), mapRW("/srv/in/sub", "/opt")}, views{"/srv/in/sub": "read write"}},
		{"a proc where a directory is private", "mount proc /srv/in/sub", list{read("/srv"), private("/srv/in/sub")}, views{"/srv/in/sub": "private"}},
		{"a proc below a tree in a private directory", "mount proc /srv/in/sub/p\n/srv/in/sub/p/", list{private("/srv"), best(read("/srv/in"))}, views{"/srv/in/sub/p": "empty", "/srv": "private"}},
		{"a proc elsewhere", "mount proc /srv/out\nmount proc /srv/in-2\n/srv/in-2/", list{read("/srv/in")}, views{"/srv/out": "", "/srv/in-2": "", "/srv/in": "read"}},
		{"a proc that is not there any more", "mount proc /srv/gone\nmount proc /srv/in/a/x", list{read("/srv")}, views{"/srv/gone": "", "/srv/in/a/x": ""}},
		{"a proc below another mount of the same place", "mount proc /srv/in/sub\nmount ext4 /srv/in/sub", list{read("/srv")}, views{"/srv/in/sub": "empty"}},
		{"a sysfs that cannot be reached", "mount sysfs /srv/x\n/srv/x denied", list{read("/srv"), write("/srv")}, views{"/srv/x": ""}},
		{"the host's own /proc", "mount proc /proc\nmount proc /proc/1\nmount sysfs /proc/1/fd", list{write("/")}, views{"/proc": "", "/proc/1": "", "/proc/1/fd": ""}},
		{"a proc below the root, and where it is mapped", "mount proc /srv/in/sub", list{read("/"), mapRO("/tmp", "/srv/in")}, views{"/srv/in/sub": "empty", "/tmp/sub": "empty"}},

		{"what lies below a proc is covered with it", "mount proc /srv/in\nmount sysfs /srv/in/sub\nmount proc /srv/in/sub/b\nmount binfmt_misc /srv/in/a", list{write("/srv"), mapRW("/x", "/srv")},
			views{"/srv/in": "empty", "/srv/in/sub": "", "/srv/in/a": "", "/x/in": "empty", "/x/in/sub": ""}},
		{"a sysfs mapped to be read, from a writable tree", "mount sysfs /srv/in/sub", list{read("/srv"), write("/srv"), mapRO("/x", "/srv/in/sub")}, views{"/srv/in/sub": "read", "/x": "read"}},

		{"a sysfs in a readable tree", "mount sysfs /srv/in/sub", list{read("/srv"), execute("/srv")}, views{"/srv/in/sub": "", "/srv/in": ""}},
		{"a sysfs in a writable tree", "mount sysfs /srv/in/sub", list{read("/srv"), write("/srv"), execute("/srv")}, views{"/srv/in/sub": "read execute", "/srv/in": "read write execute"}},
		{"a sysfs in a tree that is only written", "mount sysfs /srv/in/sub", list{write("/srv")}, views{"/srv/in/sub": "nothing", "/srv/in": "write"}},
		{"a sysfs in a writable tree in a readable one", "mount sysfs /srv/in/sub\nmount cgroup /srv/out", list{read("/srv"), write("/srv/in")},
			views{"/srv/in/sub": "read", "/srv/out": ""}},
		{"a sysfs in a map", "mount sysfs /srv/in/sub", list{mapRW("/x", "/srv"), mapRO("/y", "/srv")}, views{"/x/in/sub": "read", "/x/in": "read write", "/y/in/sub": ""}},
		{"a file of a kernel file system", "mount bpf /srv/in/a", list{write("/srv")}, views{"/srv/in/a": "nothing"}},
		{"a sysfs behind a map", "mount sysfs /srv/in/sub", list{write("/srv"), mapRW("/srv/in", "/opt")}, views{"/srv/in/sub": "", "/srv/in": "read write"}},
		{"a sysfs granted by name", "mount sysfs /srv/in/sub", list{write("/srv"), write("/srv/in/sub")}, views{"/srv/in/sub": "write"}},
		{"a sysfs granted through a link", "mount sysfs /srv/in/sub\n/l -> srv/in/sub", list{write("/srv"), write("/l")}, views{"/srv/in/sub": "write"}},
		{"a sysfs mapped", "mount sysfs /srv/in/sub", list{mapRW("/x", "/srv/in/sub")}, views{"/x": "read write"}},
		{"a file of a sysfs granted by name", "mount sysfs /srv/in/sub", list{write("/srv"), literal(write("/srv/in/sub/b"))}, views{"/srv/in/sub": "nothing", "/srv/in/sub/b": "write"}},
		{"a file of a sysfs granted by name for reading", "mount sysfs /srv/in/sub", list{read("/srv"), write("/srv"), literal(read("/srv/in/sub/b"))},
			views{"/srv/in/sub": "read", "/srv/in/sub/b": ""}},
		{"a sysfs on a private directory", "mount sysfs /srv/in/sub", list{write("/srv"), private("/srv/in/sub")}, views{"/srv/in/sub": "private"}},
		{"one proc and many others", "mount proc /srv/in/sub\nmount sysfs /srv/out\nmount debugfs /srv/bin", list{write("/srv")},
			views{"/srv/in/sub": "empty", "/srv/out": "nothing", "/srv/bin": "nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFS(t, merged, c.extra)
			p, err := Resolve(of(c.ops...), host(f))
			if err != nil {
				t.Fatal(err)
			}
			for at, want := range c.want {
				if got := shown(&p, at); got != want {
					t.Errorf("%s: %q instead of %q\n%s", at, got, want, p)
				}
			}
			for range 20 { // the mount table is not kept in order
				if again, err := Resolve(of(c.ops...), host(f)); err != nil || again.String() != p.String() {
					t.Fatalf("another time: %v\n%s\ninstead of\n%s", err, again, p)
				}
			}
		})
	}
}

func TestWhichFileSystemsActOnTheKernel(t *testing.T) {
	for _, c := range []struct {
		kinds []string
		want  string
	}{
		{[]string{"sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "efivarfs", "configfs", "bpf", "pstore", "binfmt_misc", "selinuxfs", "smackfs", "fusectl"}, "read"},
		{[]string{"ext4", "xfs", "btrfs", "tmpfs", "overlay", "nfs4", "fuse.sshfs", "9p", "proc2", "sysfs2", ""}, ""},
	} {
		for _, kind := range c.kinds {
			f := newFS(t, merged)
			f.mounts = []Mount{{Path: "/srv/in", Type: kind}}
			p, err := Resolve(of(read("/srv"), write("/srv")), host(f))
			if err != nil {
				t.Fatal(err)
			}
			if got := shown(&p, "/srv/in"); got != c.want {
				t.Errorf("%s: %q", kind, got)
			}
		}
	}
}

// Nobody's program may write to what acts on the kernel, and nobody may list the host's processes, however many mounts there are and in
// whatever order they come.
func TestTheOrderOfTheMountTableDoesNotMatter(t *testing.T) {
	f := newFS(t, merged)
	for i := range 40 {
		kind := []string{"proc", "sysfs", "cgroup2", "ext4"}[i%4]
		f.add(fmt.Sprintf("/srv/m/d%d/x/", i))
		f.add(fmt.Sprintf("mount %s /srv/m/d%d/x", kind, i))
	}
	ops := of(read("/srv"), write("/srv"), mapRW("/y", "/srv/m"))
	p, err := Resolve(ops, host(f))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		for _, at := range []string{fmt.Sprintf("/srv/m/d%d", i), fmt.Sprintf("/y/d%d", i)} {
			want, pin := []string{"empty", "read", "read", ""}[i%4], []string{"read write", ""}[(i%4)/3]
			if got := shown(&p, at+"/x"); got != want || shown(&p, at) != pin {
				t.Errorf("%s: %q in %q", at, got, shown(&p, at))
			}
		}
	}
	slices.Reverse(f.mounts)
	if again, err := Resolve(ops, host(f)); err != nil || again.String() != p.String() {
		t.Errorf("in reverse: %v\n%s", err, again)
	}
}
