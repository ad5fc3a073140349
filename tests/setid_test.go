//go:build linux && cgo

// These tests try to leave files with a set-user-ID or set-group-ID bit in a writable tree: outside they would work, with the identity of
// the sandbox's caller. After each attempt the host looks. Beside them is what makes ordinary modes and copies, which must work.

package tests

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// raised lists what has a set-id bit below dir.
func raised(dir string) (list []string) {
	GinkgoHelper()
	Expect(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := e.Info()
		if err == nil && st.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			list = append(list, fmt.Sprint(path, " ", st.Mode()))
		}
		return err
	})).To(Succeed())
	return list
}

// only64 are the old calls of amd64 (asm/unistd_64.h), which take no descriptor.
var only64 = map[string]string{"open": "2", "creat": "85", "mkdir": "83", "chmod": "90", "mknod": "133"}

var _ = Describe("A set-id bit", func() {
	var dir, file, sub string
	var s *gaol.Sandbox
	BeforeEach(func() {
		dir = tempDir()
		file, sub = writeFile("x", dir, "file"), makeDir(dir, "sub")
		s = sandbox(gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.IPC(gaol.NamedPipes))
		DeferCleanup(func() { Expect(raised(dir)).To(BeEmpty()) })
	})
	modes := []string{"4755", "2755", "6755", "4000", "2000", "7777", "4644"}

	It("is not set on what is there", func() {
		var attempts []attempt
		for _, mode := range modes {
			for _, path := range []string{file, sub} {
				attempts = append(attempts, want("EPERM", "chmod", path, mode), want("EPERM", "mode.fchmod", path, mode), want("EPERM", "mode.fchmodat", path, mode),
					call("EPERM|ENOSYS", fmt.Sprintf("452 -100 s:%s 0%s 0", path, mode)), // fchmodat2
					call("EPERM", fmt.Sprintf("%s s:%s 0x%x", chmodNumber(), path, 1<<32|0o4755)))
			}
		}
		try(s, attempts...)
		Expect(raised(dir)).To(BeEmpty())
		try(s, want("ok", "chmod", file, "755"), want("ok file 755", "lstat", file), want("ok", "mode.fchmod", file, "1777"), want("ok", "mode.fchmodat", file, "100640"),
			want("ok file 640", "lstat", file), want("ok", "chmod", sub, "1777"), want("ok dir 1777", "lstat", sub), want("ok", "mode.fchmod", sub, "755"),
			call("ok|ENOSYS|EOPNOTSUPP", fmt.Sprintf("452 -100 s:%s 0755 0", file)))
	})

	It("is not made with a new file, directory or FIFO", func() {
		var attempts []attempt
		for i, mode := range modes {
			name := func(kind string) string { return fmt.Sprintf("%s/%s-%d", dir, kind, i) }
			attempts = append(attempts, want("EPERM", "mode.mkdir", name("dir"), mode), want("EPERM", "mode.open", name("open"), "w,create,excl", mode),
				want("EPERM", "mode.open", name("open"), "rw,create,trunc", mode), want("EPERM", "mode.open", file, "w,create", mode), want("EPERM", "mode.open", dir, "rw,tmpfile", mode),
				want("EPERM", "mode.mknod", name("node"), "10"+mode), want("EPERM", "mode.mknod", name("node"), mode), want("EPERM", "mode.mknod", name("fifo"), "1"+mode))
			if runtime.GOARCH == "amd64" {
				attempts = append(attempts, call("EPERM", fmt.Sprintf("%s s:%s 0%s", only64["mkdir"], name("dir"), mode)), call("EPERM", fmt.Sprintf("%s s:%s 0%s", only64["creat"], name("creat"), mode)),
					call("EPERM", fmt.Sprintf("%s s:%s 0x41 0%s", only64["open"], name("open"), mode)), call("EPERM", fmt.Sprintf("%s s:%s 010%s 0", only64["mknod"], name("node"), mode)),
					call("EPERM", fmt.Sprintf("%s s:%s 0x%x", only64["creat"], name("creat"), 1<<32|0o4755)))
			}
			attempts = append(attempts, want("ok", "exist", name("dir"), name("open"), name("creat"), name("node"), name("fifo")))
		}
		try(s, attempts...)
		Expect(raised(dir)).To(BeEmpty())
		good := []attempt{want("ok", "mode.mkdir", dir+"/d", "755"), want("ok", "mode.mkdir", dir+"/t", "1777"), want("ok", "mode.open", dir+"/f", "w,create,excl", "755"),
			want("ok", "mode.open", dir+"/s", "w,create", "1777"), want("ok", "mode.mknod", dir+"/n", "100755"), want("ok", "mode.mknod", dir+"/p", "10644"),
			want("ok", "mode.open", file, "r", "4755"), // a mode without O_CREAT means nothing
			want(tmpfile(dir, "ok"), "mode.open", dir, "rw,tmpfile", "755")}
		if runtime.GOARCH == "amd64" {
			good = append(good, call("ok", only64["creat"]+" s:"+dir+"/c 0755"), call("ok", only64["mkdir"]+" s:"+dir+"/m 01777"), call("ok", only64["open"]+" s:"+dir+"/o 0x41 0644"),
				call("ok", only64["open"]+" s:"+file+" 0 04755"), call("ok", only64["mknod"]+" s:"+dir+"/k 0100644 0"), call("ok", only64["chmod"]+" s:"+dir+"/k 0700"))
		}
		try(s, good...)
		st, err := os.Stat(dir + "/d")
		Expect(err).NotTo(HaveOccurred())
		Expect(st.Mode().Perm() & 0o700).To(BeEquivalentTo(0o700))
	})

	It("cannot be asked for where no filter looks: by openat2, whose mode lies in memory", func() {
		how := "u64:0x41,0xf80,0" // O_CREAT|O_WRONLY with 07600
		try(s, call("ENOSYS", "437 -100 s:"+dir+"/new "+how+" 24"), call("ENOSYS", "437 -100 s:"+file+" u64:0,0,0 24"), want("ENOENT", "lstat", dir+"/new"),
			want("ok", "open", dir+"/new", "w,create"))
	})

	It("is not in the way of cp, tar, install, mkdir and chmod with ordinary modes", func() {
		for _, program := range []string{"cp", "tar", "install"} {
			if _, err := lookPath(program); err != nil {
				Skip(program + " is missing")
			}
		}
		Expect(os.Chmod(file, 0o755)).To(Succeed())
		Expect(os.Chmod(sub, os.ModeSticky|0o777)).To(Succeed())
		writeFile("y", sub, "y")
		link("file", dir, "link")
		r := shell(s, `set -ex; cd "$1"
			cp file one; cp -p file two; cp -a sub three; cp -R --preserve=all sub four; cp -a link five
			mkdir six; tar cf - file sub link | tar xpf - -C six
			install -m 755 file seven; install -d -m 1777 eight; install -D -m 600 file nine/nine
			mkdir -m 1777 ten; mkdir -p eleven/twelve; chmod 1755 ten; chmod -R u+rwX,go-w six; chmod +t eleven
			mktemp -d ./XXXXXX; mktemp ./XXXXXX; mkfifo -m 600 fifo; touch thirteen; mv one fourteen; ln file fifteen`, dir)
		Expect(r.Err).NotTo(HaveOccurred(), "%s", r.Stderr)
		for name, mode := range map[string]fs.FileMode{"two": 0o755, "three": fs.ModeDir | fs.ModeSticky | 0o777, "six/file": 0o755, "seven": 0o755,
			"eight": fs.ModeDir | fs.ModeSticky | 0o777, "nine/nine": 0o600, "ten": fs.ModeDir | fs.ModeSticky | 0o755} {
			st, err := os.Lstat(filepath.Join(dir, name))
			Expect(err).NotTo(HaveOccurred())
			Expect(st.Mode()).To(Equal(mode), name)
		}
	})

	It("is not taken along by a copy of what has one", func() {
		from := tempDir()
		Expect(os.Chmod(writeFile("x", from, "raised"), 0o755|os.ModeSetuid|os.ModeSetgid)).To(Succeed())
		Expect(os.Mkdir(from+"/group", 0o755)).To(Succeed())
		Expect(os.Chmod(from+"/group", 0o755|os.ModeSetgid)).To(Succeed())
		copying := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(from)), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		for _, script := range []string{`cp -p "$1"/raised "$2"/a`, `cp -a "$1" "$2"/b`, `tar cf - -C "$1" . | tar xpf - -C "$2"`, `install -m 4755 "$1"/raised "$2"/c`,
			`chmod u+s "$2"/file`, `chmod g+s "$2"/sub`, `mkdir -m 2755 "$2"/d`} {
			Expect(shell(copying, script, from, dir).Err).To(HaveOccurred(), script)
			Expect(raised(dir)).To(BeEmpty(), script)
		}
		Expect(shell(copying, `cp "$1"/raised "$2"/plain && cat "$2"/plain`, from, dir).Stdout).To(Equal("x"), "without -p there is nothing to take along")
	})

	It("is not moved, linked or exchanged in from a tree that is only read", func() {
		from := tempDir()
		Expect(os.Chmod(writeFile("x", from, "raised"), 0o755|os.ModeSetuid)).To(Succeed())
		moving := sandbox(gaol.FileRead(gaol.Subpath(from)), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		try(moving, want(refused, "link", from+"/raised", dir+"/raised"), want(refused, "rename", from+"/raised", dir+"/raised"), want(refused, "exchange", from+"/raised", file),
			want("ok", "link", file, dir+"/linked"))
	})
})

func chmodNumber() string {
	if n := only64["chmod"]; runtime.GOARCH == "amd64" {
		return n
	}
	return "52" // fchmod takes the path for a descriptor, whose number cannot be one
}
