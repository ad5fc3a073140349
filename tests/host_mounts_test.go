//go:build linux && cgo

// These tests are about what else is mounted on the host below a granted tree. Each case runs in a helper with a mount namespace of its
// own, as root or by a user namespace, in which a script mounts first; the host sees none of it. Values of the kernel are only ever
// written as they are.

package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// helpersAre is called by variables: the process that is a helper comes to be one while the init functions run.
func helpersAre(more map[string]func(string) error) bool {
	for name, f := range more {
		helpers[name] = f
	}
	return true
}

var _ = helpersAre(map[string]func(string) error{"try-profile": tryProfile})

// task is what a helper does with a profile.
type task struct {
	Profile string   // of a file, without the line of the schema
	Victim  string   // the program
	Args    []string // its arguments
	Times   int      // how often New is called; the last one's sandbox is used
	Between string   // a script that runs outside between New and the command
}

func tryProfile(text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	p, err := gaol.ParseProfile("p.toml", []byte("schema = 1\n"+t.Profile))
	if err != nil {
		return err
	}
	p, err = p.With(gaol.FileRead(gaol.Literal(t.Victim)), gaol.FileExecute(gaol.Literal(t.Victim)))
	if err != nil {
		return err
	}
	var s *gaol.Sandbox
	for range max(1, t.Times) {
		if s, err = gaol.New(p); err != nil {
			fmt.Printf("refused: %T %v\n", err, err)
			return nil
		}
	}
	if t.Between != "" {
		if out, err := exec.Command("sh", "-ec", t.Between).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	c := s.Command(nil, t.Victim, t.Args...)
	c.Dir, c.Stdout, c.Stderr = "/", os.Stdout, os.Stderr
	return c.Run()
}

// privately gives the command that makes a mount namespace; more are further flags of unshare where there is no root.
func privately(more string) []string {
	if root() {
		return []string{"unshare", "-m"}
	}
	return []string{"unshare", "-Urm" + more}
}

// where runs a task in a namespace in which the script has mounted. A script that fails skips the test, and is shown.
func where(unshare []string, script string, t task) string {
	GinkgoHelper()
	needUnshare()
	t.Victim = victimPath
	text, err := json.Marshal(t)
	Expect(err).NotTo(HaveOccurred())
	cmd := helper("try-profile "+string(text), append(unshare, "sh", "-c", "("+script+") >&2 || exit 77; exec \"$0\"")...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 77 {
		Skip("a mount is missing that this host does not let be made: " + strings.TrimSpace(string(out)))
	}
	Expect(err).NotTo(HaveOccurred(), "%s", out)
	return string(out)
}

// tryWhere is try for where.
func tryWhere(unshare []string, script, profile string, attempts ...attempt) {
	GinkgoHelper()
	t := task{Profile: profile}
	for i, a := range attempts {
		if i > 0 {
			t.Args = append(t.Args, "--")
		}
		t.Args = append(t.Args, a.op...)
	}
	out := where(unshare, script, t)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	var wrong []string
	for i, a := range attempts {
		got := "nothing"
		if i < len(lines) {
			got = lines[i]
		}
		if !a.met(got) {
			wrong = append(wrong, fmt.Sprintf("%s: %s, want %s", strings.Join(a.op, " "), got, a.want))
		}
	}
	Expect(wrong).To(BeEmpty(), "%s: %s", profile, out)
}

func refusedWhere(unshare []string, script, profile string, why ...string) {
	GinkgoHelper()
	out := where(unshare, script, task{Profile: profile, Args: []string{"getpid"}})
	Expect(out).To(HavePrefix("refused: *profile.Error "), profile)
	for _, w := range why {
		Expect(out).To(ContainSubstring(w), profile)
	}
}

var _ = Describe("A proc of the host below a granted tree", func() {
	const nothing = "ok|ok . .."
	var t, at string
	var me int
	BeforeEach(func() {
		needLandlock(2)
		t = tempDir()
		at = makeDir(t, "chroot", "proc")
		writeFile("file", t, "chroot", "file")
		makeDir(t, "chroot", "sub")
		me = os.Getpid()
	})
	scripts := func() map[string]string {
		out := map[string]string{"a bind of the host's": "mount --rbind /proc " + at}
		if root() {
			out["a new one"] = "mount -t proc proc " + at
			out["a part of it"] = "mount --bind /proc/sys " + at
		}
		return out
	}
	look := func() []attempt {
		return []attempt{want(nothing, "list", at), want("ok", "exist", at+"/1", at+"/self", fmt.Sprintf("%s/%d", at, me), at+"/sys", at+"/kernel", at+"/version"),
			want("ENOENT|EACCES", "read", fmt.Sprintf("%s/%d/cmdline", at, me)), want("ENOENT", "lstat", at+"/self/root"), want("ENOENT|EACCES", "read", at+"/sys/kernel/core_pattern"),
			want("ok file", "read", t+"/chroot/file"), want("EROFS|EACCES|ENOSPC", "mkdir", at+"/x"), want("EROFS|EACCES|ENOENT", "write", at+"/sysrq-trigger", "")}
	}

	It("shows nothing where the tree may be read", func() {
		for name, script := range scripts() {
			By(name)
			tryWhere(privately(""), script, fmt.Sprintf("read = [%q]", t), append(look(), want(refused, "mkdir", t+"/new"))...)
			tryWhere(privately(""), script, fmt.Sprintf("map = [%q]", "/m="+t), want(nothing, "list", "/m/chroot/proc"), want("ok file", "read", "/m/chroot/file"))
			tryWhere(privately(""), script, fmt.Sprintf("system = true\nread = [%q]", t), append(look(), want("ok 2", "status", "Pid"))...)
		}
	})

	It("shows nothing where the tree may be read and written, and cannot be moved away", func() {
		for name, script := range scripts() {
			By(name)
			tryWhere(privately(""), script, fmt.Sprintf("read = [%q]\nwrite = [%q]", t, t), append(look(), want("EBUSY", "rename", at, t+"/chroot/away"),
				want("EBUSY|EXDEV", "rename", t+"/chroot", t+"/away"), want("EBUSY", "rmdir", at), want("ok", "mkdir", t+"/chroot/new"), want("ok", "rmdir", t+"/chroot/new"))...)
			tryWhere(privately(""), script, fmt.Sprintf("map = [%q]", "/m="+t+":rw"), want(nothing, "list", "/m/chroot/proc"), want("ok", "mkdir", "/m/new"), want("ok", "rmdir", "/m/new"))
			if landlockABI() >= 2 {
				tryWhere(privately(""), script, fmt.Sprintf("write = [%q]", t), want("ok", "exist", at+"/1", at+"/self"), want("EACCES", "list", at), want("ok", "mkdir", t+"/new"), want("ok", "rmdir", t+"/new"))
				tryWhere(privately(""), script, fmt.Sprintf("metadata = [%q]", t), want("ok", "exist", at+"/1", at+"/self"), want("ok file 644", "lstat", t+"/chroot/file"))
			}
		}
	})

	It("cannot be granted, nor what lies in it, by its name, by Map or by a link", func() {
		script := "mount --rbind /proc " + at
		link(at, t, "link")
		for _, profile := range []string{`read = ["%s"]`, `read = ["%s/sys"]`, `read = ["%s/version"]`, `write = ["%s"]`, `metadata = ["%s/1"]`, `exec = ["%s"]`, `read = ["%s?"]`, `map = ["/m=%s"]`,
			`map = ["/m=%s/sys:rw"]`, `map = ["/m=%s/sys/kernel/osrelease"]`} {
			if (strings.HasPrefix(profile, "write") || strings.HasPrefix(profile, "metadata")) && landlockABI() < 2 {
				continue
			}
			refusedWhere(privately(""), script, fmt.Sprintf(profile, at), "host's proc at "+at)
		}
		refusedWhere(privately(""), script, fmt.Sprintf("read = [%q]", t+"/link"), "host's proc at "+at)
		refusedWhere(privately(""), script, fmt.Sprintf("map = [%q]", "/m="+t+"/link/sys"), "host's proc at "+at)
		tryWhere(privately(""), script, fmt.Sprintf("read = [%q]", t+"/chroot/sub"), want("ok …", "lstat", t+"/chroot/sub"), want("ENOENT", "lstat", at))
	})

	It("is found behind a bind of the whole root, too", func() {
		all := makeDir(t, "all")
		script := "mount --rbind / " + all
		refusedWhere(privately(""), script, fmt.Sprintf("read = [%q]", all+"/proc"), "host's proc at "+all+"/proc")
		refusedWhere(privately(""), script, fmt.Sprintf("map = [%q]", "/m="+all+"/proc/self"), "host's proc at "+all+"/proc")
		tryWhere(privately(""), script, fmt.Sprintf("map = [%q]", "/m="+all), want(nothing, "list", "/m/proc"), want("ok …", "lstat", "/m/etc"), want("ok", "exist", "/m/proc/1", "/m/proc/self"))
		tryWhere(privately(""), script, fmt.Sprintf("read = [%q]", "/"), want(nothing, "list", all+"/proc"), want("ok 2", "status", "Pid"), want("ok file", "read", t+"/chroot/file"))
	})

	It("that is a file of it is refused, below a tree as well", func() {
		script := fmt.Sprintf("mount --bind /proc/version %s/chroot/file", t)
		refusedWhere(privately(""), script, fmt.Sprintf("read = [%q]", t), "proc")
		refusedWhere(privately(""), script, fmt.Sprintf("read = [%q]", t+"/chroot/file"), "proc")
		tryWhere(privately(""), script, fmt.Sprintf("read = [%q]", t+"/chroot/sub"), want("ok …", "lstat", t+"/chroot/sub"))
	})

	It("that has mounts of its own is covered as a whole, every time", func() {
		script := "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && mount --rbind /proc " + at
		if !root() {
			script = "mount -t tmpfs none /proc/fs && mount --rbind /proc " + at
		}
		out := where(privately(""), script, task{Profile: fmt.Sprintf("read = [%q]", t), Times: 20, Args: []string{"list", at}})
		Expect(strings.TrimSpace(out)).To(BeElementOf("ok", "ok . .."))
	})

	It("that the host mounts after New does not come in", func() {
		unshare := append(privately(""), "--propagation", "shared")
		mount := "mount --rbind /proc " + at
		for _, profile := range []string{fmt.Sprintf("read = [%q]", t), fmt.Sprintf("read = [%q]\nwrite = [%q]", t, t)} {
			out := where(unshare, "mount --bind "+t+" "+t+" && mount --make-shared "+t, task{Profile: profile, Between: mount, Args: []string{"list", at, "--", "read", t + "/chroot/file"}})
			Expect(strings.TrimSpace(out)).To(MatchRegexp(`^ok( \. \.\.)?\nok file$`), profile)
		}
	})

	It("is no less covered where the table of mounts cannot be read", func() {
		script := fmt.Sprintf("mount --rbind /proc %s && mount --bind /dev/null /proc/$$/mountinfo", at)
		out := where(privately(""), script, task{Profile: fmt.Sprintf("read = [%q]", t), Args: []string{"list", at, "--", "exist", at + "/1", at + "/self", at + "/version"}})
		if !strings.HasPrefix(out, "refused: ") { // fail closed, or cover it
			Expect(strings.TrimSpace(out)).To(MatchRegexp(`^ok( \. \.\.)?\nok$`))
		}
	})
})

var _ = Describe("A file system of the kernel's below a granted tree", func() {
	var t, sys, groups, tmp string
	BeforeEach(func() {
		t = tempDir()
		sys, groups, tmp = makeDir(t, "sys"), makeDir(t, "groups"), makeDir(t, "tmp")
	})
	script := func() string {
		s := fmt.Sprintf("mount -t sysfs sysfs %s && mount -t cgroup2 none %s", sys, groups)
		return s + " && mount -t tmpfs none " + tmp + " && echo content >" + tmp + "/file && mkdir " + tmp + "/deep && mount -t tmpfs none " + tmp + "/deep"
	}
	const knob = "kernel/mm/transparent_hugepage/khugepaged/pages_to_scan"
	value := func() string {
		b, err := os.ReadFile("/sys/" + knob)
		if err != nil {
			Skip("/sys/" + knob + " is missing")
		}
		return strings.TrimSpace(string(b))
	}

	It("is read-only in a writable tree, and a tmpfs is not", func() {
		needLandlock(2)
		v := value()
		denied := "EROFS"
		if !root() {
			denied = "EROFS|EACCES"
		}
		for _, profile := range []string{fmt.Sprintf("read = [%q]\nwrite = [%q]", t, t), fmt.Sprintf("system = true\nprocess = true\nread = [%q]\nwrite = [%q]", t, t)} {
			tryWhere(privately("nC"), script(), profile,
				want("ok "+v+"…", "read", sys+"/"+knob), want(denied, "write", sys+"/"+knob, v), want("EROFS|EACCES", "open", sys+"/"+knob, "w"),
				want("EROFS|EACCES|EPERM", "chmod", sys+"/"+knob, "644"), want("EROFS|EACCES|EPERM", "chown", sys+"/"+knob), want("ok|ok …", "read", groups+"/cgroup.controllers"),
				want("EROFS", "mkdir", groups+"/gaol-live"), want("EROFS|EACCES", "open", groups+"/cgroup.procs", "w"), want("EROFS|EACCES|EPERM", "write", groups+"/cgroup.procs", "0"),
				want("ok content|…", "read", tmp+"/file"), want("ok", "mkdir", tmp+"/new"), want("ok", "write", tmp+"/file", "C"), want("ok", "mkdir", tmp+"/deep/new"),
				want("EBUSY", "rename", sys, t+"/away"), want("EBUSY", "rename", groups, t+"/away"), want("ok", "mkdir", t+"/new"), want("ok", "rmdir", t+"/new"))
		}
		tryWhere(privately("nC"), script(), fmt.Sprintf("map = [%q]", "/m="+t+":rw"), want(denied, "write", "/m/sys/"+knob, v), want("EROFS", "mkdir", "/m/groups/gaol-live"),
			want("ok", "mkdir", "/m/tmp/new"), want("ok", "mkdir", "/m/new"), want("ok", "rmdir", "/m/new"))
		tryWhere(privately("nC"), script(), fmt.Sprintf("read = [%q]", t), want("ok "+v+"…", "read", sys+"/"+knob), want(denied, "write", sys+"/"+knob, v), want(refused, "mkdir", tmp+"/new"))
	})

	It("is writable where it is granted by its name", func() {
		if !root() {
			Skip("root is missing: only its programs may write there")
		}
		v := value()
		tryWhere(privately(""), script(), fmt.Sprintf("read = [%q, %q]\nwrite = [%q, %q]", t, sys, t, sys), want("ok", "write", sys+"/"+knob, v), want("EROFS", "mkdir", groups+"/gaol-live"))
		tryWhere(privately(""), script(), fmt.Sprintf("read = [%q]\nwrite = [%q]", sys, sys), want("ok", "write", sys+"/"+knob, v), want("ENOENT", "lstat", groups))
	})
})

var _ = Describe("The host's root, written by root", func() {
	It("does not include what acts on the kernel", func() {
		if !root() {
			Skip("root is missing: only its programs could write there")
		}
		dir := tempDir()
		all := []gaol.Option{gaol.FileRead(gaol.Subpath("/")), gaol.FileWrite(gaol.Subpath("/"))}
		for _, options := range [][]gaol.Option{all, append(all[:2:2], gaol.SystemInfoRead()), append(all[:2:2], gaol.ProcessCreate()), append(all[:2:2], gaol.FileExecute(gaol.Subpath("/")))} {
			s := sandbox(options...)
			attempts := []attempt{want("ok", "mkdir", dir+"/new"), want("ok", "rmdir", dir+"/new"), want("ok 2", "status", "Pid")}
			found := 0
			for _, path := range []string{"/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan", "/sys/kernel/mm/ksm/pages_to_scan", "/sys/kernel/mm/ksm/sleep_millisecs", "/sys/kernel/profiling",
				"/proc/sys/kernel/core_pattern", "/proc/sys/vm/swappiness", "/proc/sys/kernel/hostname"} {
				b, err := os.ReadFile(path)
				if err != nil {
					continue
				}
				found++
				attempts = append(attempts, want("EROFS|ENOENT", "write", path, strings.TrimSpace(string(b))), want("EROFS|ENOENT|EACCES", "open", path, "w"))
			}
			Expect(found).To(BeNumerically(">", 2))
			for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/systemd", "/sys/kernel/debug", "/sys/kernel/security"} {
				st, err := os.Stat(dir)
				if err != nil {
					continue
				}
				attempts = append(attempts, want("EROFS|EACCES|EPERM|ok", "chmod", dir, fmt.Sprintf("%o", st.Mode().Perm()))) // a tmpfs for the mount points may be
				for _, name := range []string{"notify_on_release", "cgroup.clone_children", "tasks", "cgroup.procs", "release_agent", "cgroup.max.depth"} {
					if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && len(b) < 64 {
						attempts = append(attempts, want("EROFS", "open", filepath.Join(dir, name), "w"))
					}
				}
			}
			attempts = append(attempts, want("EROFS|ENOENT", "open", "/proc/sysrq-trigger", "w"), want("EROFS|EACCES|ENOENT", "write", "/proc/self/oom_score_adj", "0"))
			try(s, attempts...)
		}
	})
})
