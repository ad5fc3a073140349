//go:build linux && cgo

// These tests run programs as another user than the caller, which takes root. In both engines such a program has that user's rights to files and
// no others, makes files of its own, and can become nobody else; and who may not choose a user is told so.

package tests

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// Numbers that no account has.
const (
	someUser, someGroup, otherGroup, strangeGroup = 4001, 4002, 4003, 4004
)

func somebody() *gaol.Credential {
	return &gaol.Credential{Uid: someUser, Gid: someGroup, Groups: []uint32{otherGroup, 4005, 70000}}
}

// by makes a change for victimWith: the program runs as that user.
func by(c *gaol.Credential) func(*gaol.Cmd) { return func(cmd *gaol.Cmd) { cmd.Credential = c } }

func needRoot() {
	GinkgoHelper()
	if !root() {
		Skip("root is missing: only that may choose another user")
	}
}

// engines are both, with what makes a sandbox in each.
var engines = map[string]func(...gaol.Option) *gaol.Sandbox{
	"namespace": func(o ...gaol.Option) *gaol.Sandbox { return sandbox(append(o, gaol.System())...) },
	"landlock":  func(o ...gaol.Option) *gaol.Sandbox { return rules(append(o, gaol.BestEffort(gaol.System()))...) },
}

// inEach makes a test for each engine.
func inEach(text string, f func(make func(...gaol.Option) *gaol.Sandbox)) {
	for name, make := range engines {
		var labels []any
		if name == "landlock" {
			labels = append(labels, Label(withoutNamespaces))
		}
		It(text+", in the "+name+" engine", append(labels, func() { needRoot(); f(make) })...)
	}
}

// owned gives a path to a user, with a mode.
func owned(path string, uid, gid int, mode fs.FileMode) string {
	GinkgoHelper()
	Expect(os.Lchown(path, uid, gid)).To(Succeed())
	Expect(os.Chmod(path, mode)).To(Succeed())
	return path
}

func ownerOf(path string) string {
	GinkgoHelper()
	st, err := os.Lstat(path)
	Expect(err).NotTo(HaveOccurred())
	sys := st.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", sys.Uid, sys.Gid)
}

// refusal is the SetupError of the step "credential" that err has to be.
func refusal(err error) *gaol.SetupError {
	GinkgoHelper()
	var setup *gaol.SetupError
	Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
	Expect(setup.Step).To(Equal("credential"), "%v", err)
	return setup
}

var _ = Describe("A program of another user", func() {
	inEach("is that user in all of its ids, without any privilege, for good", func(make func(...gaol.Option) *gaol.Sandbox) {
		all := "setuid setgid setreuid setregid setresuid setresgid"
		me := fmt.Sprintf("ok %[1]d %[1]d %[1]d, %[2]d %[2]d %[2]d, ", someUser, someGroup)
		attempts := []attempt{want(me+"…", "ids"), want("ok 0 0 0", "capget"), want("ok "+lockedBits, "securebits"),
			want("EPERM", "setgroups", "0"), want("EPERM", "setgroups", fmt.Sprint(someGroup))}
		for _, id := range []int{0, 1, someUser - 1, 65534} {
			attempts = append(attempts, want("EPERM "+all+"|EINVAL "+all, "setids", fmt.Sprint(id)))
		}
		r := tryWith(make(), by(somebody()), append(attempts, want(me+"…", "ids"), want("ok …", "read", "/proc/self/status"))...)
		status := strings.ReplaceAll(r.Stdout, "|", "\n")
		for _, line := range []string{"Uid:\t4001\t4001\t4001\t4001", "Gid:\t4002\t4002\t4002\t4002", "Groups:\t4003 4005 70000 ", "NoNewPrivs:\t1",
			"CapInh:\t" + nothing, "CapPrm:\t" + nothing, "CapEff:\t" + nothing, "CapBnd:\t" + nothing, "CapAmb:\t" + nothing} {
			Expect(status).To(ContainSubstring("\n" + line + "\n"))
		}
		tryWith(make(), nil, want("ok 0 0 0, 0 0 0, …", "ids"), want("ok 0 0 0", "capget")) // nothing of it stays
	})

	inEach("has no groups but those that it is given", func(make func(...gaol.Option) *gaol.Sandbox) {
		groups := func(c *gaol.Credential) []string {
			_, rest, _ := strings.Cut(tryWith(make(), by(c), want("ok …", "read", "/proc/self/status")).Stdout, "|Groups:")
			line, _, found := strings.Cut(rest, "|")
			Expect(found).To(BeTrue())
			return strings.Fields(line)
		}
		Expect(groups(&gaol.Credential{Uid: someUser, Gid: someGroup})).To(BeEmpty())
		var many []uint32
		for i := range uint32(300) {
			many = append(many, 100000+7*i) // more than a map has lines
		}
		slices.Reverse(many)
		Expect(groups(&gaol.Credential{Uid: someUser, Gid: someGroup, Groups: append(many, many...)})).To(HaveLen(len(many)))
	})

	inEach("reads what the modes let it, of what the profile grants", func(make func(...gaol.Option) *gaol.Sandbox) {
		dir := tempDir()
		file := func(name string, uid, gid int, mode fs.FileMode) string {
			return owned(writeFile("x", dir, name), uid, gid, mode)
		}
		Expect(os.Mkdir(filepath.Join(dir, "closed"), 0o700)).To(Succeed())
		within := writeFile("x", dir, "closed", "file")
		s := make(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		tryWith(s, by(somebody()),
			want("ok x", "read", file("own", someUser, 0, 0o600)), want("EACCES", "read", file("roots", 0, 0, 0o600)),
			want("ok x", "read", file("group", 0, someGroup, 0o640)), want("ok x", "read", file("other-group", 0, otherGroup, 0o640)),
			want("EACCES", "read", file("strange-group", 0, strangeGroup, 0o640)), want("EACCES", "read", file("roots-group", 0, 0, 0o640)),
			want("ok x", "read", file("everybodys", 0, 0, 0o644)), want("EACCES", "read", within))
		tryWith(s, nil, want("ok x", "read", dir+"/roots"), want("ok x", "read", within)) // the caller, whose they are
	})

	It("makes files that are its own, inside and outside, and gives none away", func() {
		needRoot()
		dir := owned(tempDir(), someUser, someGroup, 0o755)
		notes := makeDir(tempDir(), "shared")
		owned(notes, 0, otherGroup, 0o775)
		me := fmt.Sprintf("%d:%d", someUser, someGroup)
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(notes)), gaol.FileWrite(gaol.Subpath(notes)), gaol.Private("/tmp"))
		tryWith(s, by(somebody()),
			want("ok", "open", dir+"/file", "w,create"), want("ok "+me, "owner", dir+"/file"), want("ok", "mkdir", dir+"/dir"), want("ok "+me, "owner", dir+"/dir"),
			want("ok", "open", notes+"/file", "w,create"), want("ok 0:4003", "owner", notes), want("ok 0:0", "owner", "/usr"),
			want("ok", "open", "/tmp/file", "w,create"), want("ok "+me, "owner", "/tmp/file"),
			want("EPERM|EINVAL", "chownto", dir+"/file", "0", "0"), want("EPERM|EINVAL", "chownto", dir+"/file", "4009", "4002"),
			want("EPERM|EINVAL", "chownto", dir+"/file", "4001", "4004"), want("ok", "chownto", dir+"/file", "4001", "4003"))
		Expect(ownerOf(dir + "/file")).To(Equal("4001:4003"))
		Expect(ownerOf(dir + "/dir")).To(Equal(me))
		Expect(ownerOf(notes + "/file")).To(Equal(me))
	})

	It("makes files that are its own in the landlock engine, where it may", Label(withoutNamespaces), func() {
		needRoot()
		dir, closed := owned(tempDir(), someUser, someGroup, 0o755), tempDir()
		s := rules(gaol.System(), gaol.BestEffort(gaol.FileWrite(gaol.Subpath(dir))), gaol.BestEffort(gaol.FileWrite(gaol.Subpath(closed))))
		tryWith(s, by(somebody()), want("ok", "open", dir+"/file", "w,create"), want("ok 4001:4002", "owner", dir+"/file"), want("EACCES", "open", closed+"/file", "w,create"))
		Expect(ownerOf(dir + "/file")).To(Equal("4001:4002"))
		tryWith(s, nil, want("ok", "open", closed+"/file", "w,create"))
	})

	inEach("is told what it cannot enter or execute", func(make func(...gaol.Option) *gaol.Sandbox) {
		dir := owned(tempDir(), 0, 0, 0o700)
		s := make(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		for step, change := range map[string]func(*gaol.Cmd){
			"change directory": func(c *gaol.Cmd) { c.Dir = dir },
			"execute":          func(c *gaol.Cmd) { c.Path = copyFile(victimPath, dir+"/victim", 0o755) },
		} {
			c := s.Command(context.Background(), victimPath, "getpid")
			c.Dir, c.Credential = "/", somebody()
			change(c)
			err := c.Run()
			var setup *gaol.SetupError
			Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
			Expect(setup.Step).To(Equal(step))
			Expect(err).To(MatchError(fs.ErrPermission))
			Expect(setup.Hint).To(ContainSubstring("uid 4001"))
			owned(dir, someUser, 0, 0o700)
			c = s.Command(context.Background(), victimPath, "getpid")
			c.Dir, c.Credential = "/", somebody()
			change(c)
			Expect(c.Run()).To(Succeed())
			owned(dir, 0, 0, 0o700)
		}
	})

	inEach("is one of many at once, each of its own user", func(make func(...gaol.Option) *gaol.Sandbox) {
		s := make()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				defer GinkgoRecover()
				for j := range 6 {
					id := fmt.Sprint(5000 + i)
					switch c := (&gaol.Credential{Uid: uint32(5000 + i), Gid: uint32(6000 + i)}); {
					case i == 0 && j%2 == 0:
						tryWith(s, nil, want("ok 0 0 0, …", "ids"))
					case i == 1:
						r := victimWith(s, by(&gaol.Credential{Dynamic: true}), "ids")
						Expect(r.Errno).To(Equal("ok"), "%v", r.Err)
					default:
						tryWith(s, by(c), want("ok "+id+" "+id+" "+id+", …", "ids"))
					}
				}
			})
		}
		all.Wait()
	})

	inEach("leaves its caller as it is", func(make func(...gaol.Option) *gaol.Sandbox) {
		who := func() string {
			b, err := os.ReadFile("/proc/self/status")
			Expect(err).NotTo(HaveOccurred())
			return strings.Join(slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool {
				return !slices.ContainsFunc([]string{"Uid", "Gid", "Groups", "Cap", "NoNew", "SigBlk", "Umask"}, func(p string) bool { return strings.HasPrefix(l, p) })
			}), "\n")
		}
		before, me := dumpable(), who()
		s := make()
		for range 20 {
			tryWith(s, by(somebody()), want("ok 4001 …", "ids"))
		}
		Expect(dumpable()).To(Equal(before))
		Expect(who()).To(Equal(me))
		Expect(before).To(Equal(1), "it says nothing where it is 0 before")
	})
})

var _ = Describe("A dynamic user", func() {
	dynamic := &gaol.Credential{Dynamic: true}

	inEach("is nobody else's number, and free again afterwards", func(make func(...gaol.Option) *gaol.Sandbox) {
		s := make()
		claims := func() (names []string) {
			b, err := os.ReadFile("/proc/net/unix")
			Expect(err).NotTo(HaveOccurred())
			for line := range strings.Lines(string(b)) {
				if _, name, ok := strings.Cut(line, "@gaol-dynamic-user-"); ok {
					names = append(names, strings.TrimSpace(name))
				}
			}
			return names
		}
		var all []*running
		var seen []string
		for range 5 {
			r := launchWith(s, by(dynamic), "ids", "--", "capget", "--", "proc.pause")
			ids := strings.Fields(strings.ReplaceAll(r.Line(), ",", ""))
			Expect(len(ids)).To(BeNumerically(">=", 7), "%v", ids)
			Expect(ids[1:4]).To(Equal(ids[4:7]), "user and group")
			Expect(r.Line()).To(Equal("ok 0 0 0"))
			Expect(seen).NotTo(ContainElement(ids[1]))
			Expect(claims()).To(ContainElement(ids[1]))
			all, seen = append(all, r), append(seen, ids[1])
		}
		for _, r := range all {
			Expect(r.Process.Kill()).To(Succeed())
			Expect(r.Wait()).To(MatchError("signal: killed"))
		}
		for _, id := range seen {
			Expect(claims()).NotTo(ContainElement(id))
		}
		c := s.Command(context.Background(), "/nowhere") // nor does a command keep its number that never ran
		c.Credential, c.Dir = dynamic, "/"
		before := claims()
		Expect(c.Run()).NotTo(Succeed())
		Expect(claims()).To(ConsistOf(before))
	})

	inEach("reads what everybody may read", func(make func(...gaol.Option) *gaol.Sandbox) {
		dir := tempDir()
		tryWith(make(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir))), by(dynamic), want("ok x", "read", writeFile("x", dir, "open")),
			want("EACCES", "read", owned(writeFile("x", dir, "closed"), 0, 0, 0o640)))
	})

	It("writes Private directories, and leaves no files to who gets its number next", func() {
		needRoot()
		dir := owned(tempDir(), 0, 0, 0o777)
		file := owned(writeFile("x", dir, "file"), 0, 0, 0o666)
		tryWith(sandbox(gaol.System(), gaol.Private("/tmp"), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Literal(file))), by(dynamic),
			want("ok", "open", "/tmp/file", "w,create"), want("ok", "write", file, "y"), want("EACCES|EROFS", "open", dir+"/new", "w,create"))
		for _, option := range []gaol.Option{gaol.FileWrite(gaol.Subpath(dir)), gaol.Map("/out", dir, gaol.ReadWrite)} {
			c := sandbox(gaol.System(), option).Command(context.Background(), victimPath, "getpid")
			c.Credential, c.Dir = dynamic, "/"
			e := refusal(c.Run())
			Expect(e.Err).To(Equal(unix.EINVAL))
			Expect(e.Path).To(BeElementOf(dir, "/out"))
			Expect(e.Hint).To(ContainSubstring("grant Private"))
			Expect(victimWith(sandbox(gaol.System(), option), by(somebody()), "getpid").Errno).To(Equal("ok"))
		}
	})
})

var _ = Describe("A user that cannot be had", Label(withoutNamespaces), func() {
	// refused starts a command of that user; it must not run.
	refused := func(c *gaol.Credential) *gaol.SetupError {
		GinkgoHelper()
		s, err := trySandbox(gaol.BestEffort(gaol.System()), gaol.FileReadMetadata(gaol.Subpath("/")))
		skipRefused(err)
		Expect(err).NotTo(HaveOccurred())
		cmd := s.Command(context.Background(), victimPath, "getpid")
		cmd.Credential, cmd.Dir = c, "/"
		out, err := cmd.Output()
		Expect(out).To(BeEmpty())
		Expect(cmd.Process).To(BeNil())
		return refusal(err)
	}

	for _, row := range []struct {
		name, path, hint string
		c                gaol.Credential
	}{
		{"root", "uid 0", "that is root", gaol.Credential{Gid: 5}},
		{"uid 2^32-1", "uid 4294967295", "as it is", gaol.Credential{Uid: 1<<32 - 1, Gid: 5}},
		{"a user of root's group", "gid 0", "set Gid", gaol.Credential{Uid: 5}},
		{"gid 2^32-1", "gid 4294967295", "as it is", gaol.Credential{Uid: 5, Gid: 1<<32 - 1}},
		{"a user who is in root's group", "group 0", "root's group", gaol.Credential{Uid: 5, Gid: 5, Groups: []uint32{7, 0}}},
		{"a user of group 2^32-1", "group 4294967295", "as it is", gaol.Credential{Uid: 5, Gid: 5, Groups: []uint32{1<<32 - 1}}},
		{"a user of 65537 groups", "65537 groups", "65536", gaol.Credential{Uid: 5, Gid: 5, Groups: slices.Repeat([]uint32{7}, 65537)}},
		{"a dynamic one with a number", "dynamic", "leave Uid", gaol.Credential{Dynamic: true, Uid: 5}},
		{"a dynamic one with a group", "dynamic", "leave Uid", gaol.Credential{Dynamic: true, Gid: 5}},
		{"a dynamic one with groups", "dynamic", "leave Uid", gaol.Credential{Dynamic: true, Groups: []uint32{5}}},
	} {
		It("is refused: "+row.name, func() {
			e := refused(&row.c)
			Expect(e.Err).To(Equal(unix.EINVAL))
			Expect(e.Path).To(Equal(row.path))
			Expect(e.Hint).To(ContainSubstring(row.hint))
		})
	}

	It("is refused to a caller that is not root, its own user too", func() {
		if root() {
			Expect(helped(fmt.Sprintf("as %d %d", someUser, someGroup), "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--inh-caps=-all")).To(
				Equal("*gaol.SetupError gaol: credential: operation not permitted; only root may choose another user\n"))
			return
		}
		for _, c := range []*gaol.Credential{somebody(), {Dynamic: true}, {Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}} {
			e := refused(c)
			Expect(e.Err).To(Equal(unix.EPERM))
			Expect(e.Hint).To(ContainSubstring("only root"))
		}
	})

	It("is refused to a root without the capabilities, by their names", func() {
		needRoot()
		for _, capability := range []string{"setuid", "setgid"} {
			out := helped("as 4001 4002", "setpriv", "--bounding-set=-"+capability)
			Expect(out).To(HavePrefix("*gaol.SetupError gaol: credential: operation not permitted; root lacks CAP_" + strings.ToUpper(capability)))
		}
		Expect(helped("rules-as 4001 4002", "setpriv", "--bounding-set=-kill")).To(ContainSubstring("CAP_KILL"))
		Expect(helped("rules-as 4001 4002", "setpriv", "--bounding-set=-setpcap,-setfcap")).To(ContainSubstring("uid=4001 gid=4002"))
	})

	It("of a process that keeps another one in reserve is refused, which could become that again", func() {
		needRoot()
		needLandlock(6)
		for _, row := range []struct{ order, ids string }{{"reserve 0 4001 0", "0, 4001 and 0"}, {"reserve 4001 0 0", "4001, 0 and 0"}, {"reserve 4001 4001 0", "4001, 4001 and 0"}} {
			told := "*gaol.SetupError gaol: credential user: operation not permitted; the real, effective and saved user of this process are " + row.ids +
				": give them one number, as setresuid and setresgid do\n"
			Expect(helped(row.order)).To(Equal(told+told), row.order) // of Run, and of New
		}
		Expect(helped("reserve 4001 4001 4001")).To(HavePrefix("uid=4001 gid=0"))
	})

	It("is refused where root is one of a user namespace that lacks the number", func() {
		needRoot()
		out := func(order string, groups bool) string {
			c := helper(order)
			c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, GidMappingsEnableSetgroups: groups,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 5000}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 5000}}}
			b, err := c.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), "%s", b)
			return string(b)
		}
		Expect(out("as 4001 4002", true)).To(ContainSubstring("uid=4001 gid=4002"))
		Expect(out("rules-as 4001 4002", true)).To(ContainSubstring("uid=4001 gid=4002"))
		Expect(out("as 7001 4002", true)).To(Equal("*gaol.SetupError gaol: credential uid 7001: invalid argument; this user namespace has no such number; see /proc/self/uid_map\n"))
		Expect(out("as 4001 7002", true)).To(ContainSubstring("gid 7002"))
		Expect(out("as 4001 4002 7003", true)).To(ContainSubstring("gid 7003"))
		Expect(out("as dynamic", true)).To(ContainSubstring("both mapped in this user namespace and free"))
		Expect(out("rules-as 4001 4002", false)).To(ContainSubstring("setgroups is denied in this user namespace"))
	})
})

func init() {
	helpers["as"] = func(arg string) error { return runAs(arg, gaol.System(), gaol.ProcessCreate()) }
	helpers["reserve"] = func(arg string) error { // of the three kinds of user: REAL EFFECTIVE SAVED
		var real, effective, saved int
		if _, err := fmt.Sscan(arg, &real, &effective, &saved); err != nil {
			return err
		}
		before, err := compiled(gaol.System(), gaol.FileReadMetadata(gaol.Subpath("/")), gaol.WithEngine(gaol.EngineLandlock))
		if err != nil {
			return err
		}
		defer before.Close()
		if err := syscall.Setresuid(real, effective, saved); err != nil {
			return err
		}
		c := before.Command(context.Background(), "/usr/bin/id")
		c.Stdout, c.Dir = os.Stdout, "/"
		if err := c.Run(); err != nil {
			fmt.Printf("%T %v\n", err, err)
		}
		after, err := compiled(gaol.System())
		if err != nil {
			fmt.Printf("%T %v\n", err, err)
			return nil
		}
		return after.Close()
	}
	helpers["rules-as"] = func(arg string) error {
		return runAs(arg, gaol.BestEffort(gaol.System()), gaol.FileReadMetadata(gaol.Subpath("/")), gaol.WithEngine(gaol.EngineLandlock))
	}
}

// runAs prints what id says of a user, or why there is none: "UID GID GROUP…" or "dynamic".
func runAs(arg string, options ...gaol.Option) error {
	s, err := compiled(options...)
	if err != nil {
		return err
	}
	defer s.Close()
	c := s.Command(context.Background(), "/usr/bin/id")
	c.Stdout, c.Stderr, c.Dir, c.Credential = os.Stdout, os.Stderr, "/", &gaol.Credential{}
	if c.Credential.Dynamic = arg == "dynamic"; !c.Credential.Dynamic {
		var ids []uint32
		for _, word := range strings.Fields(arg) {
			n, err := strconv.ParseUint(word, 10, 32)
			if err != nil {
				return err
			}
			ids = append(ids, uint32(n))
		}
		c.Credential.Uid, c.Credential.Gid, c.Credential.Groups = ids[0], ids[1], ids[2:]
	}
	if err := c.Run(); err != nil {
		fmt.Printf("%T %v\n", err, err)
	}
	return nil
}
