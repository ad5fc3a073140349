package policy

// What means nothing is refused as a *profile.Error that names the operation, the path and the reason, and each such profile has a twin
// that resolves. A refusal must be one of these or an *UnsupportedError, never a guess.

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

type list = []profile.Operation

func TestWhatMeansNothingIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, extra, want string
		is                error
		ops, twin         list
	}{
		{"a missing path", "", `FileRead(Subpath("/nowhere")): no such file or directory`, fs.ErrNotExist, list{read("/nowhere")}, list{optional(read("/nowhere"))}},
		{"a path below a file", "", `FileRead(Subpath("/srv/in/a/x")): not a directory`, syscall.ENOTDIR, list{read("/srv/in/a/x")}, list{optional(read("/srv/in/a/x"))}},
		{"a dangling link", "/l -> /nowhere", `FileRead(Subpath("/l")): no such file or directory`, fs.ErrNotExist, list{read("/l")}, list{optional(read("/l"))}},
		{"a link to itself", "/l -> l", `FileRead(Subpath("/l")): too many levels of symbolic links`, syscall.ELOOP, list{read("/l")}, list{read("/srv")}},
		{"links in a circle, though optional", "/l -> m\n/m -> l", `FileRead(Optional(Subpath("/l"))): too many levels of symbolic links`, syscall.ELOOP, list{optional(read("/l"))}, nil},
		{"what may not be looked at, though optional", "/srv/x denied", `FileRead(Optional(Subpath("/srv/x"))): permission denied`, fs.ErrPermission, list{optional(read("/srv/x"))}, nil},
		{"a link into /proc", "/l -> /proc/self/root", `FileRead(Subpath("/l")): leads through a link of /proc, which is another one for each process`, nil, list{read("/l")}, nil},
		{"a link of /proc that leads to the root", "", `FileRead(Subpath("/proc/1/root/srv")): leads through a link of /proc, which is another one for each process`, nil, list{read("/proc/1/root/srv")}, list{read("/srv")}},
		{"a path of /proc", "", `FileRead(Literal("/proc/meminfo")): paths of /proc cannot be granted; System() and SystemInfoRead() bring a /proc of the sandbox's own`, nil, list{literal(read("/proc/meminfo"))}, list{sysinfo}},
		{"/proc itself through a link", "/l -> proc", `FileWrite(Subpath("/l")): paths of /proc cannot be granted`, nil, list{write("/l")}, nil},
		{"/dev", "", `FileRead(Subpath("/dev")): cannot be granted; System() brings a small /dev and Private("/dev/pts") pseudo-terminals`, nil, list{read("/dev")}, list{read("/dev/shm")}},
		{"/dev/pts", "", `FileRead(Subpath("/dev/pts")): cannot be granted`, nil, list{read("/dev/pts")}, list{private("/dev/pts")}},
		{"/dev through a link", "/l -> dev/", `FileRead(Subpath("/l")): cannot be granted`, nil, list{read("/l")}, nil},
		{"a descriptor of /dev", "", `FileRead(Subpath("/dev/fd")): leads through a link of /proc`, nil, list{read("/dev/fd")}, list{system}},
		{"a socket", "", `FileRead(Subpath("/dev/log")): is a socket; reaching one is a network operation, not a file operation`, nil, list{read("/dev/log")}, nil},
		{"what lies in a private directory that the host lacks", "", `FileRead(Subpath("/scratch/x")): no such file or directory`, fs.ErrNotExist, list{private("/scratch"), read("/scratch/x")}, list{private("/scratch"), optional(read("/scratch/x"))}},
		{"reading a private directory of the host", "", `FileRead(Subpath("/tmp")): Private("/tmp") makes this path private: nothing of the host is there`, nil, list{private("/tmp"), read("/tmp")}, list{private("/tmp"), execute("/tmp")}},
		{"private root", "", `Private("/"): this path cannot be private`, nil, list{private("/")}, list{private("/x")}},
		{"private /dev", "", `Private("/dev"): this path cannot be private`, nil, list{private("/dev")}, list{private("/dev/shm"), private("/dev/mqueue"), private("/dev/pts")}},
		{"private below /dev", "", `Private("/dev/null"): this path cannot be private`, nil, list{private("/dev/null")}, list{private("/device")}},
		{"private below /dev/shm", "", `Private("/dev/shm/x"): this path cannot be private`, nil, list{private("/dev/shm/x")}, nil},
		{"private /proc", "", `Private("/proc"): this path cannot be private`, nil, list{private("/proc")}, list{private("/process")}},
		{"private below /proc", "", `Private("/proc/self"): this path cannot be private`, nil, list{private("/proc/self")}, nil},
		{"mapping onto the root", "", `Map("/", "/srv/in", ReadOnly): nothing can be mapped here`, nil, list{mapRO("/", "/srv/in")}, list{mapRO("/x", "/srv/in")}},
		{"mapping onto /proc", "", `Map("/proc/x", "/srv/in", ReadOnly): nothing can be mapped here`, nil, list{mapRO("/proc/x", "/srv/in")}, nil},
		{"mapping onto /dev", "", `Map("/dev/shm", "/srv/in", ReadOnly): nothing can be mapped here`, nil, list{mapRO("/dev/shm", "/srv/in")}, nil},
		{"mapping the host's root", "", `Map("/x", "/", ReadOnly): would show the host's /proc or /dev; map a directory that holds neither`, nil, list{mapRO("/x", "/")}, nil},
		{"mapping the host's root through a link", "/l -> /srv/..", `Map("/x", "/l", ReadOnly): would show the host's /proc or /dev`, nil, list{mapRO("/x", "/l")}, nil},
		{"mapping the host's /proc", "", `Map("/x", "/proc", ReadOnly): would show the host's /proc or /dev`, nil, list{mapRO("/x", "/proc")}, nil},
		{"mapping the host's /dev/shm", "", `Map("/x", "/dev/shm", ReadWrite): would show the host's /proc or /dev`, nil, list{mapRW("/x", "/dev/shm")}, list{mapRW("/x", "/srv/out")}},
		{"mapping a device", "", `Map("/x", "/dev/sda", ReadOnly): is a device`, nil, list{mapRO("/x", "/dev/sda")}, nil},
		{"mapping a socket", "/srv/sock socket", `Map("/x", "/srv/sock", ReadOnly): is a socket`, nil, list{mapRO("/x", "/srv/sock")}, nil},
		{"mapping what is missing", "", `Map("/x", "/nowhere", ReadOnly): no such file or directory`, fs.ErrNotExist, list{mapRO("/x", "/nowhere")}, list{mapRO("/nowhere", "/srv/in")}},
		{"mapping two things onto one", "", `Map("/x", "/srv/out", ReadOnly): Map("/x", "/srv/in", ReadOnly) has taken this place`, nil, list{mapRO("/x", "/srv/in"), mapRO("/x", "/srv/out")}, nil},
		{"mapping onto what is private", "", `Map("/x", "/srv/in", ReadOnly): Private("/x") has taken this place`, nil, list{private("/x"), mapRO("/x", "/srv/in")}, list{private("/x"), mapRW("/x/y", "/srv/in")}},
		{"private where something is mapped", "", `Private("/x"): is mapped already`, nil, list{mapRO("/x", "/srv/in"), private("/x")}, list{mapRW("/x", "/srv"), private("/x/out")}},
		{"mapping into a grant, onto what is not there", "", `Map("/srv/new", "/opt", ReadOnly): lies in FileRead(Subpath("/srv")), so the place must be there to be covered: no such file or directory`, fs.ErrNotExist, list{read("/srv"), mapRO("/srv/new", "/opt")}, list{read("/srv"), mapRO("/srv/in", "/opt")}},
		{"private in a grant, onto what is not there", "", `Private("/srv/new"): lies in FileRead(Subpath("/srv")), so the place must be there to be covered`, fs.ErrNotExist, list{read("/srv"), private("/srv/new")}, list{read("/srv"), private("/srv/in")}},
		{"a directory over a file", "", `Map("/srv/in/a", "/opt", ReadOnly): covers a directory with a file, or a file with a directory`, nil, list{read("/srv"), mapRO("/srv/in/a", "/opt")}, list{read("/srv"), mapRO("/srv/in/a", "/opt/data/x")}},
		{"a file over a directory", "", `Map("/srv/in", "/opt/data/x", ReadOnly): covers a directory with a file, or a file with a directory`, nil, list{read("/srv"), mapRO("/srv/in", "/opt/data/x")}, nil},
		{"covering a link", "/srv/l -> in", `Private("/srv/l"): lies in FileRead(Subpath("/srv")), where a link leads to /srv/in: name the target`, nil, list{read("/srv"), private("/srv/l")}, list{read("/srv"), private("/srv/in")}},
		{"covering a pipe", "/srv/pipe fifo", `Map("/srv/pipe", "/opt/data/x", ReadOnly): covers neither a file nor a directory`, nil, list{read("/srv"), mapRO("/srv/pipe", "/opt/data/x")}, nil},
		{"private below a link of the view", "", `Private("/lib/x"): lies below /lib, which is a link to usr/lib: name the target`, nil, list{system, private("/lib/x")}, list{system, private("/usr/share")}},
		{"mapping below a link of the view", "", `Map("/bin/x", "/srv/in", ReadOnly): lies below /bin, which is a link to usr/bin: name the target`, nil, list{system, mapRO("/bin/x", "/srv/in")}, nil},
		{"a link on the way that is private now", "/l -> srv", `FileRead(Subpath("/l/in")): /l, on the way, is a link; Private("/l") has taken its place`, nil, list{private("/l"), read("/l/in")}, list{private("/m"), read("/l/in")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, c.extra))
			_, err := Resolve(of(c.ops...), h)
			var bad *profile.Error
			if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if _, err := Resolve(of(c.twin...), h); err != nil {
				t.Errorf("the twin: %v", err)
			}
		})
	}
}

func TestFortyLinksAreFollowedAndFortyOneAreNot(t *testing.T) {
	f := newFS(t, "/d/l0")
	for i := 1; i <= 41; i++ {
		f.nodes["/d/l"+itoa(i)] = fakeNode{mode: fs.ModeSymlink, link: "l" + itoa(i-1)}
	}
	if p, err := Resolve(of(read("/d/l40")), host(f)); err != nil || len(p.Entries) != 41 {
		t.Errorf("40 links: %d entries, %v", len(p.Entries), err)
	}
	if _, err := Resolve(of(read("/d/l41")), host(f)); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("41 links: %v", err)
	}
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + itoa(i%10)
}

func TestAnInvalidProfileIsRefusedBeforeTheHostIsAsked(t *testing.T) {
	f := newFS(t, merged)
	for _, o := range (list{{}, read("relative"), read("/a/../b"), {Kind: profile.FileRead, Pattern: profile.Pattern{Path: "/a"}}, {Kind: profile.NetworkOutbound}}) {
		var bad *profile.Error
		if _, err := Resolve(of(system, o), host(f)); !errors.As(err, &bad) || f.lookup != 0 {
			t.Errorf("%s: %v after %d lookups", o, err, f.lookup)
		}
	}
}

// "Other operations' patterns see it there" (operation.go, Map), wherever there is: the host need not have the directories above it.
func TestAPatternFindsWhatIsMappedWhereTheHostHasNothing(t *testing.T) {
	for _, c := range []struct{ inside, pattern, host string }{
		{"/new", "/new/a", "/srv/in/a"},
		{"/new/in", "/new/in/a", "/srv/in/a"},
		{"/new/in", "/new/in", "/srv/in"},
		{"/tmp/deep/in", "/tmp/deep/in/sub", "/srv/in/sub"},
	} {
		p, err := Resolve(of(mapRO(c.inside, "/srv/in"), execute(c.pattern)), host(newFS(t, merged)))
		if err != nil {
			t.Errorf("Map(%s), FileExecute(%s): %v", c.inside, c.pattern, err)
			continue
		}
		if e := p.enclosing(c.pattern); e == nil || e.Path != c.pattern || e.Host != c.host || e.Rights != Read|Execute {
			t.Errorf("%s: %+v", c.pattern, e)
		}
	}
}

// man 7 path_resolution: a component that is no directory, with more of the path behind it, is ENOTDIR, even if that is ".." or ".".
func TestALinkThatClimbsOutOfAFileLeadsNowhere(t *testing.T) {
	for _, target := range []string{"/srv/in/a/..", "/srv/in/a/.", "/srv/in/a/", "/srv/in/a/../../../home"} {
		p, err := Resolve(of(read("/l")), host(newFS(t, merged, "/l -> "+target)))
		if !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("a link to %s grants %v, %v; open(2) says ENOTDIR", target, p.Entries, err)
		}
	}
	for _, target := range []string{"/srv/in/..", "/srv/in/.", "/srv/in/", "/../srv", "../../../srv"} {
		if _, err := Resolve(of(read("/l")), host(newFS(t, merged, "/l -> "+target))); err != nil {
			t.Errorf("a link to %s: %v", target, err)
		}
	}
}

// Nothing can be mounted below what is a file inside; the profile says so, the build should not have to fail.
func TestNothingCanLieBelowAFile(t *testing.T) {
	for _, ops := range []list{
		{literal(read("/srv/in/a")), private("/srv/in/a/x")},
		{literal(read("/srv/in/a")), mapRO("/srv/in/a/x", "/opt")},
		{mapRO("/f", "/srv/in/a"), private("/f/x")},
	} {
		var bad *profile.Error
		if _, err := Resolve(of(ops...), host(newFS(t, merged))); !errors.As(err, &bad) {
			t.Errorf("%v: %v", ops, err)
		}
	}
}

// A place that is reached through a link of the host cannot be covered: the mount's path is looked up without following links.
func TestAPlaceBehindALinkOfTheHostIsRefused(t *testing.T) {
	for _, o := range (list{private("/srv/l/x"), mapRO("/srv/l/x", "/opt")}) {
		var bad *profile.Error
		if _, err := Resolve(of(read("/srv"), o), host(newFS(t, merged, "/srv/l -> /run\n/run/x/"))); !errors.As(err, &bad) {
			t.Errorf("%s: %v", o, err)
		}
	}
}

// The host's /dev/ptmx, shown by a grant of "/", is a node that does not work inside: opening it must not be all that Private("/dev/pts")
// gives, and the view cannot have a /dev/ptmx of its own where the host's /dev is shown.
func TestPseudoTerminalsBelowTheHostsRootHaveAPtmx(t *testing.T) {
	for _, ops := range []list{
		{read("/"), private("/dev/pts")},
		{private("/dev/pts"), read("/")},
		{system, write("/"), private("/dev/pts")},
		{read("/l"), private("/dev/pts")},
	} {
		h := host(newFS(t, merged, "/l -> /"))
		var bad *profile.Error
		p, err := Resolve(of(ops...), h)
		if want := `Private("/dev/pts"): cannot be made where the host's /dev is shown`; !errors.As(err, &bad) || err.Error() != want {
			t.Errorf("%v:\ngot  %v\nwant %s\n%s", ops, err, want, p)
		}
	}
	p, err := Resolve(of(read("/srv"), private("/dev/pts")), host(newFS(t, merged)))
	if err != nil || !slices.ContainsFunc(p.Entries, func(e Entry) bool { return e.Path == "/dev/ptmx" && e.Kind == Link && e.Host == "pts/ptmx" }) {
		t.Errorf("the twin: %v\n%s", err, p)
	}
}
