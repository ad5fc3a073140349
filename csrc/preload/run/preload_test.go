//go:build linux

// Package run tests the preload library of FreeBSD's capability mode, which is C alone, on Linux, where openat2 below each
// descriptor stands in for capability mode: cat, ls and python3 run through it, and are led astray. What FreeBSD's kernel, run-time linker and C
// library do is not in here.
package run

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

// library builds it once for a test.
func library(t *testing.T) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is missing")
	}
	so := filepath.Join(t.TempDir(), "libgaolpaths.so")
	out, err := exec.Command(gcc, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-nonnull-compare", "-U_FORTIFY_SOURCE", "-O1", "-g", "-fPIC", "-shared", "-o", so,
		"../paths.c", "../core.c", "../calls.c", "../exec.c", "../spawn.c", "../at_linux.c", "-lpthread", "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return so
}

// world has a tree that the program knows as /data, another as /more, and what it must not reach beside them. No name of the table is one of the
// host, so that what works has gone through the library.
type world struct {
	t    *testing.T
	so   string
	root string
}

func newWorld(t *testing.T) *world {
	w := &world{t, library(t), t.TempDir()}
	for _, d := range []string{"data/sub", "data/deep/er", "more", "secret"} {
		w.must(os.MkdirAll(filepath.Join(w.root, d), 0o755))
	}
	for name, text := range map[string]string{"data/a": "alpha", "data/sub/b": "beta", "more/m": "mu", "secret/s": "sigma", "data-not": "no", "one": "single"} {
		w.must(os.WriteFile(filepath.Join(w.root, name), []byte(text), 0o644))
	}
	for name, to := range map[string]string{
		"data/inside": "sub/b", "data/up": "sub/../a", "data/tosub": "sub", "data/absolute": "/data/a", "data/other": "/more/m", "data/sideways": "../more/m",
		"data/out": "../secret/s", "data/hostname": "/etc/hostname", "data/real": w.root + "/secret/s", "data/loop": "loop", "data/otherdir": "/more", "data/rootdir": "/",
	} {
		w.must(os.Symlink(to, filepath.Join(w.root, name)))
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run runs a program with /data, /more, the file /one, and what else is given as host paths under their own names.
func (w *world) run(cwd string, argv ...string) (stdout, stderr string, err error) {
	w.t.Helper()
	table := ""
	var files []*os.File
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	for _, e := range []struct{ kind, name, host string }{{"d", "/data", w.root + "/data"}, {"d", "/more", w.root + "/more"}, {"f", "/one", w.root + "/one"},
		{"d", "/usr", "/usr"}, {"d", "/lib", "/usr/lib"}, {"d", "/bin", "/usr/bin"}, {"f", "/dev/null", "/dev/null"}} {
		f, err := os.Open(e.host)
		w.must(err)
		table += fmt.Sprintf("%s%d,%d:%s", e.kind, 3+len(files), len(e.name), e.name)
		files = append(files, f)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.ExtraFiles = files
	cmd.Env = []string{"LD_PRELOAD=" + w.so, "GAOL_FDS=" + table, "GAOL_CWD=" + cwd, "LC_ALL=C", "PATH=/usr/bin", "PYTHONDONTWRITEBYTECODE=1"}
	cmd.Dir = w.root
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	w.must(cmd.Start())
	kill := time.AfterFunc(60*time.Second, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	err = cmd.Wait()
	return out.String(), errors.String(), err
}

func TestCatReadsWhatIsGrantedAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for _, r := range []struct{ cwd, path, want, fails string }{
		{"/", "/data/a", "alpha", ""},
		{"/", "//data/./sub//b", "beta", ""},
		{"/data", "a", "alpha", ""},
		{"/data/sub", "../a", "alpha", ""},
		{"/data", "sub/../a", "alpha", ""},
		{"/", "data/a", "alpha", ""},
		{"/", "/data/inside", "beta", ""},
		{"/", "/data/up", "alpha", ""},
		{"/", "/data/tosub/b", "beta", ""},
		{"/", "/data/tosub/../a", "alpha", ""},
		{"/", "/data/absolute", "alpha", ""},
		{"/", "/data/other", "mu", ""},
		{"/", "/data/sideways", "mu", ""},
		{"/", "/data/otherdir/m", "mu", ""},
		{"/", "/data/otherdir/../data/a", "alpha", ""},
		{"/", "/data/../more/m", "mu", ""},
		{"/", "/data/rootdir/more/m", "mu", ""},
		{"/", "/one", "single", ""},
		// the attacks: each has its twin above
		{"/", "/data/../secret/s", "", "Permission denied"},
		{"/", "/data/../etc/hostname", "", "Permission denied"},
		{"/", "/data/sub/../../secret/s", "", "Permission denied"},
		{"/data/sub", "../../secret/s", "", "Permission denied"},
		{"/", "/data/out", "", "Permission denied"},
		{"/", "/data/hostname", "", "Permission denied"},
		{"/", "/data/real", "", "Permission denied"},
		{"/", "/data/rootdir/etc/hostname", "", "Permission denied"},
		{"/", "/data/otherdir/../secret/s", "", "Permission denied"},
		{"/", "/data/loop", "", "Too many levels of symbolic links"},
		{"/", "/data-not", "", "Permission denied"},
		{"/", "/datanot", "", "Permission denied"},
		{"/", "/etc/hostname", "", "Permission denied"},
		{"/", w.root + "/secret/s", "", "Permission denied"},
		{"/", "/proc/self/root/etc/hostname", "", "Permission denied"},
		{"/data", "../../../../../../../../etc/hostname", "", "Permission denied"},
		{"/", "/data/none", "", "No such file"},
		{"/", "/data/a/", "", "Not a directory"},
		{"/", "/data/a/x", "", "Not a directory"},
		{"/", "/one/", "", "Not a directory"},
		{"/", "/one/../data/a", "", "Not a directory"},
		{"/", "/" + strings.Repeat("x/", 3000), "", "File name too long"},
	} {
		out, says, err := w.run(r.cwd, "cat", r.path)
		if out != r.want || (err == nil) != (r.fails == "") || !strings.Contains(says, r.fails) {
			t.Errorf("in %s, cat %.60s: %q %q %v, want %q %q", r.cwd, r.path, out, says, err, r.want, r.fails)
		}
	}
}

func TestLsListsWhatIsGrantedAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for _, r := range []struct {
		cwd, want, fails string
		argv             []string
	}{
		{"/", "b\n", "", []string{"ls", "/data/sub"}},
		{"/data", "b\n", "", []string{"ls", "tosub/"}},
		{"/data/sub", "b\n", "", []string{"ls"}},
		{"/", "er\n", "", []string{"ls", "/data/sub/../deep"}},
		{"/", "", "Permission denied", []string{"ls", "/data/.."}},
		{"/", "", "Permission denied", []string{"ls", "/"}},
		{"/", "", "cannot access '/etc'", []string{"ls", "/etc"}},
		{"/", "", "Permission denied", []string{"ls", w.root + "/secret"}},
		{"/", "/data/deep:\ner\n\n/data/deep/er:\n", "", []string{"ls", "-R", "/data/deep"}},
	} {
		out, says, err := w.run(r.cwd, r.argv...)
		if out != r.want || (err == nil) != (r.fails == "") || !strings.Contains(says, r.fails) {
			t.Errorf("in %s, %q: %q %q %v", r.cwd, r.argv, out, says, err)
		}
	}
}

// python is a program of many calls: what it prints must be the expected.
const python = `
import os, socket, errno
def says(f, *a, **k):
    try: return f(*a, **k)
    except OSError as e: return errno.errorcode.get(e.errno, e.errno)
print(open("/data/a").read(), os.getcwd(), sorted(os.listdir("/data/sub")))
print(says(open, "/data/../secret/s"), says(open, "/etc/passwd"), says(os.listdir, "/etc"), says(os.stat, "/etc"))
print(os.path.realpath("/data/other"), os.path.realpath("/data/tosub/../a"), os.path.isdir("/"), os.path.isdir("/data"))
print(says(os.mkdir, "/data/new"), says(os.mkdir, "/"), says(os.mkdir, "/data/../evil"), says(os.mkdir, "/more/../data/new2"), says(os.mkdir, "/evil"))
os.chdir("/data/new"); print(os.getcwd())
open("f", "w").write("made"); print(open("/data/new/f").read(), os.stat("f").st_size)
print(says(os.rename, "f", "../moved"), says(os.rename, "/data/moved", "/data/../evil"), says(os.rename, "/data/moved", "/more/moved"), says(os.rename, "/etc/hostname", "/data/h"))
print(says(os.link, "/more/moved", "/more/linked"), says(os.link, "/data/../secret/s", "/more/stolen"), says(os.symlink, "/etc/hostname", "/more/sneak"), says(open, "/more/sneak"), says(os.readlink, "/more/sneak"))
print(says(os.unlink, "/more/sneak"), says(os.unlink, "/data/../secret/s"), says(os.rmdir, "/data/new"), says(os.rmdir, "/"))
print(says(os.chmod, "/more/moved", 0o600), oct(os.stat("/more/moved").st_mode), says(os.chmod, "/data/out", 0o777), says(os.utime, "/more/moved", (1, 2)), os.stat("/more/moved").st_mtime)
print(says(os.truncate, "/more/moved", 2), says(os.truncate, "/data/real", 0), says(os.access, "/data/a", os.R_OK), says(os.access, "/etc/passwd", os.F_OK))
d = os.open("/data", os.O_RDONLY | os.O_DIRECTORY); print(os.read(os.open("sub/b", os.O_RDONLY, dir_fd=d), 9), says(os.open, "../secret/s", os.O_RDONLY, dir_fd=d), os.read(os.open("../more/m", os.O_RDONLY, dir_fd=d), 9))
os.fchdir(d); print(os.getcwd(), says(os.chdir, "/secret"), says(os.chdir, "/data/a"), says(os.chdir, "/"), os.getcwd())
s = socket.socket(socket.AF_UNIX); print(says(s.connect, "/more/sock"), says(socket.socket(socket.AF_UNIX).connect, "/data/../secret/sock"))
print(says(socket.socket(socket.AF_INET).connect, ("127.0.0.1", 9)), says(socket.socket(socket.AF_UNIX).connect, "\0abstract"))
for n in range(3, 10): assert says(os.close, n) == "EBADF"
os.closerange(3, 500); print(open("/one").read(), open("/one").read(), open("/data/a").read())
`

const pythonSays = `alpha / ['b']
EACCES EACCES EACCES EACCES
/more/m /data/a True True
None EEXIST EACCES None EACCES
/data/new
made 4
None EACCES None EACCES
None EACCES None EACCES /etc/hostname
None EACCES None EACCES
None 0o100600 EACCES None 2.0
None EACCES True False
b'beta' EACCES b'mu'
/data EACCES ENOTDIR None /
None EACCES
EACCES EACCES
single single alpha
`

func TestPythonDoesWhatIsGrantedAndNothingElse(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("/usr/bin/python3 is missing")
	}
	w := newWorld(t)
	for _, name := range []string{"more/sock", "secret/sock"} {
		l, err := net.Listen("unix", filepath.Join(w.root, name))
		w.must(err)
		defer l.Close()
	}
	out, says, err := w.run("/", "/usr/bin/python3", "-I", "-c", python)
	if err != nil || out != pythonSays {
		t.Errorf("%v\n%s%s", err, out, says)
	}
	if text, err := os.ReadFile(filepath.Join(w.root, "secret/s")); err != nil || string(text) != "sigma" {
		t.Errorf("the secret is %q, %v", text, err)
	}
	if _, err := os.Lstat(filepath.Join(w.root, "evil")); err == nil {
		t.Error("something was made outside")
	}
}

func TestAProgramThatIsExecutedKeepsTheTable(t *testing.T) {
	w := newWorld(t)
	w.must(os.WriteFile(filepath.Join(w.root, "data/script"), []byte("#!/usr/bin/cat -u\ntext of the script\n"), 0o755))
	for _, r := range []struct{ script, want string }{
		{"cd /data/sub && cat ../a b", "alphabeta"},
		{"cat /data/../secret/s || echo no", "no\n"},
		{"env -i /usr/bin/cat /data/a", "alpha"},
		{"/data/script", "#!/usr/bin/cat -u\ntext of the script\n"},
		{"cd /data && (cat a; cat /etc/hostname)", "alpha"},
		{"/etc/none || echo $?", "126\n"},
		{"/data/a || echo $?", "126\n"},
		{"cat </data/a >/more/copy; cat /more/copy", "alpha"},
	} {
		out, says, _ := w.run("/", "/usr/bin/bash", "-c", r.script)
		if out != r.want {
			t.Errorf("%s: %q %q, want %q", r.script, out, says, r.want)
		}
	}
}

func TestATableThatIsNoneGrantsNothing(t *testing.T) {
	so := library(t)
	f, err := os.Open("/etc")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for table, works := range map[string]bool{
		"d3,4:/etc": true, "kd3,4:/etc": true, "l9,d3,4:/etc": true, "d3,1:/": false, "": false, "d3,5:/etc": false, "d3,3:etc": false, "x3,4:/etc": false, "d,4:/etc": false,
		"d3,4:/etcd": false, "d3,99999999999:/etc": false, "d99999999999,4:/etc": false, "d3,0:": false, "l,d3,4:/etc": false, "d3,4/etc": false, "d3": false,
	} {
		cmd := exec.Command("cat", "/etc/hosts")
		cmd.ExtraFiles = []*os.File{f}
		cmd.Env = []string{"LD_PRELOAD=" + so, "GAOL_FDS=" + table}
		if err := cmd.Run(); (err == nil) != works {
			t.Errorf("%q: %v", table, err)
		}
	}
}

func TestTheCallsThatFewProgramsMake(t *testing.T) {
	w := newWorld(t)
	gcc, _ := exec.LookPath("gcc")
	program := filepath.Join(w.root, "data/calls")
	if out, err := exec.Command(gcc, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, "testdata/calls.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	source := filepath.Join(w.root, "lib.c")
	w.must(os.WriteFile(source, []byte("int loaded = 1;\n"), 0o644))
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-o", filepath.Join(w.root, "data/lib.so"), source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w.must(os.WriteFile(filepath.Join(w.root, "data/script"), []byte("#!/bin/sh -e\necho $0 $*\n"), 0o755))
	out, says, err := w.run("/", program, "/none/libnone.so")
	file := "testdata/calls.txt"
	if *update {
		w.must(os.WriteFile(file, []byte(out), 0o644))
	}
	if want, rerr := os.ReadFile(file); err != nil || rerr != nil || string(want) != out {
		t.Errorf("%v %v: %s\n%s", err, rerr, says, out)
	}
	if text, err := os.ReadFile(filepath.Join(w.root, "secret/s")); err != nil || string(text) != "sigma" {
		t.Errorf("the secret is %q, %v", text, err)
	}
	if _, err := os.Lstat(filepath.Join(w.root, "evil")); err == nil {
		t.Error("something was made outside")
	}
}

const morePython = `
import os, subprocess, tempfile, ctypes, zlib, json
print(subprocess.run(["cat", "/data/a"], capture_output=True).stdout, subprocess.run(["cat", "/secret/s"], capture_output=True).returncode)
print(os.popen("cat /data/a").read(), os.system("exit 3") >> 8, os.waitpid(os.posix_spawn("/usr/bin/true", ["true"], os.environ), 0)[1])
with tempfile.TemporaryDirectory(dir="/more") as d: print(d.startswith("/more/"), os.listdir(d))
print(ctypes.CDLL("/data/lib.so") is not None, zlib.crc32(b"x") > 0)
print(sorted(n for _, ds, fs in os.walk("/data/sub") for n in fs), [e.name for e in os.scandir("/data/deep")])
for bad in "/etc", "/data/..", "/secret":
    try: print(os.listdir(bad))
    except OSError as e: print(e.errno)
`

func TestPythonStartsProgramsAndLoadsLibraries(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("/usr/bin/python3 is missing")
	}
	w := newWorld(t)
	source := filepath.Join(w.root, "lib.c")
	w.must(os.WriteFile(source, []byte("int loaded = 1;\n"), 0o644))
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", filepath.Join(w.root, "data/lib.so"), source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, says, err := w.run("/", "/usr/bin/python3", "-I", "-c", morePython)
	if want := "b'alpha' 1\nalpha 3 0\nTrue []\nTrue True\n['b'] ['er']\n13\n13\n13\n"; err != nil || out != want {
		t.Errorf("%v\n%s%s", err, out, says)
	}
}
