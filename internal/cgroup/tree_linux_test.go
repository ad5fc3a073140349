package cgroup

// A hierarchy of plain directories and files, as a mount of cgroup2 would show it. What only the kernel does, such as to refuse a
// controller, is tested live.

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fake makes a directory with the files of a cgroup; files overrides them, and an empty content leaves the file out.
func fake(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"cgroup.type": "domain\n", "cgroup.procs": "\n", "cgroup.subtree_control": "\n", "cgroup.controllers": "cpuset cpu io memory hugetlb pids\n", "cgroup.kill": "\n"}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func mountOf(dir string) string { return "30 23 0:26 / " + dir + " rw - cgroup2 cgroup2 rw\n" }

func TestTheTreeWithMostControllersIsTaken(t *testing.T) {
	busy := map[string]string{"cgroup.procs": "12\n"}
	for _, c := range []struct {
		name        string
		dirs        map[string]map[string]string // below the mount
		self        string
		dir         string // "": refused
		controllers []string
		reason, fix string
	}{
		{name: "a child of a delegated one", self: "/d/main", dir: "/d", controllers: Controllers,
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": nil, "/d/main": busy}},
		{name: "the delegated one itself", self: "/d", dir: "/d",
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": busy}},
		{name: "controllers that are handed on", self: "/d", dir: "/d", controllers: []string{"memory", "pids"},
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": {"cgroup.procs": "1\n", "cgroup.subtree_control": "memory pids\n"}}},
		{name: "a farther one with more", self: "/d/e/main", dir: "/d", controllers: Controllers,
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": nil, "/d/e": {"cgroup.controllers": "pids\n"}, "/d/e/main": busy}},
		{name: "the root of the hierarchy, where processes may be", self: "/", dir: "/", controllers: Controllers,
			dirs: map[string]map[string]string{"/": {"cgroup.type": "", "cgroup.kill": "", "cgroup.procs": "1\n2\n"}}},
		{name: "the root of a hybrid hierarchy", self: "/", dir: "/",
			dirs: map[string]map[string]string{"/": {"cgroup.type": "", "cgroup.kill": "", "cgroup.procs": "1\n", "cgroup.controllers": "hugetlb\n"}}},
		{name: "the root of a container, where none may be", self: "/", dir: "/",
			dirs: map[string]map[string]string{"/": {"cgroup.procs": "1\n"}}},
		{name: "a unit of systemd", self: "/user.slice/x.scope", reason: "is systemd's: it is not delegated", fix: fixSystemd,
			dirs: map[string]map[string]string{"/": {"cgroup.type": ""}, "/init.scope": nil, "/user.slice": nil, "/user.slice/x.scope": busy}},
		{name: "a child in a unit of systemd", self: "/user.slice/x.scope/main", dir: "/user.slice/x.scope", controllers: Controllers,
			dirs: map[string]map[string]string{"/": {"cgroup.type": ""}, "/init.scope": nil, "/user.slice": nil, "/user.slice/x.scope": nil, "/user.slice/x.scope/main": busy}},
		{name: "a manager of systemd below another", self: "/user@1.service/app.slice/x.scope", reason: "is systemd's: it is not delegated", fix: fixSystemd,
			dirs: map[string]map[string]string{"/": {"cgroup.type": ""}, "/init.scope": nil, "/user@1.service": nil, "/user@1.service/init.scope": nil,
				"/user@1.service/app.slice": nil, "/user@1.service/app.slice/x.scope": busy}},
		{name: "threads", self: "/d", reason: `is of the type "threaded"`, fix: fixPlain,
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": {"cgroup.type": "threaded\n"}}},
		{name: "not the caller's", self: "/d", reason: "cgroup.procs: no such file", fix: fixPlain,
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": {"cgroup.procs": ""}}},
		{name: "an old kernel", self: "/d", reason: "has no cgroup.kill",
			dirs: map[string]map[string]string{"/": {"cgroup.procs": ""}, "/d": {"cgroup.kill": ""}}},
	} {
		mount := t.TempDir()
		for dir, files := range c.dirs {
			fake(t, filepath.Join(mount, dir), files)
		}
		tree, err := find("0::"+c.self+"\n", mountOf(mount))
		if c.dir != "" {
			if err != nil || tree.Dir() != filepath.Join(mount, c.dir) || !reflect.DeepEqual(tree.Controllers, c.controllers) {
				t.Errorf("%s: %+v, %v", c.name, tree, err)
			}
			continue
		}
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Reason, c.reason) || c.fix != "" && r.Fix != c.fix {
			t.Errorf("%s: %+v, %+v", c.name, tree, err)
		}
	}
}

func TestAMissingControllerIsExplained(t *testing.T) {
	dir := t.TempDir()
	fake(t, dir, map[string]string{"cgroup.procs": "1\n", "cgroup.controllers": "memory pids\n", "cgroup.subtree_control": "pids\n"})
	tree, refusal := look(dir, dir)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if r := tree.Missing("pids"); r != nil {
		t.Error(r)
	}
	if r := tree.Missing("memory"); r == nil || !strings.Contains(r.Reason, "has processes of its own") || r.Fix != fixInside {
		t.Errorf("%+v", r)
	}
	if r := tree.Missing("nonsense"); r == nil || !strings.Contains(r.Reason, "is not delegated") {
		t.Errorf("%+v", r)
	}
}

func TestEnablingAddsWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	fake(t, dir, map[string]string{"cgroup.subtree_control": "pids memory\n"})
	tree := &Tree{dir: dir}
	read := func() string {
		b, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
		return string(b)
	}
	if err := tree.Enable([]string{"pids"}); err != nil || read() != "pids memory\n" {
		t.Errorf("%v, %q", err, read())
	}
	if err := tree.Enable([]string{"pids", "io"}); err != nil || !strings.HasPrefix(read(), "+io") {
		t.Errorf("%v, %q", err, read())
	}
	if err := tree.Enable(nil); err != nil {
		t.Error(err)
	}
	if err := (&Tree{dir: dir + "/absent"}).Enable([]string{"io"}); err == nil {
		t.Error("enabled in a cgroup that is not there")
	}
}

func TestADirectoryThatIsNoCgroupGetsNoLeaf(t *testing.T) {
	dir := t.TempDir()
	if l, err := (&Tree{dir: dir}).Leaf(Limits{}); err == nil {
		t.Errorf("%+v", l)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestASweepSparesWhatSomebodyOwns(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gaol-1-1", "gaol-1-2", "gaol-2-1", "other"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owned, err := os.Open(filepath.Join(dir, "gaol-1-2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(owned.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	names := func() (out []string) {
		left, _ := os.ReadDir(dir)
		for _, e := range left {
			out = append(out, e.Name())
		}
		return out
	}
	(&Tree{dir: dir}).Sweep()
	if got := names(); !reflect.DeepEqual(got, []string{"gaol-1-2", "other"}) {
		t.Errorf("left: %v", got)
	}
	owned.Close() // as when its process is killed
	(&Tree{dir: dir}).Sweep()
	if got := names(); !reflect.DeepEqual(got, []string{"other"}) {
		t.Errorf("left: %v", got)
	}
}

// What a sweep finds here cannot be removed, since it has files in it, as a cgroup with processes cannot.
func TestASweepKillsInLeavesAlone(t *testing.T) {
	dir := t.TempDir()
	kills := map[string]bool{"gaol-1-1": true, "gaol-main": false, "gaol-runner.service": false, "gaol-1": false, "gaol-1-1-1": false, "gaol-2-1": false, "gaol-2-2": false}
	for name := range kills {
		files := map[string]string{}
		switch name {
		case "gaol-2-1": // somebody else's, by chance of that name
			files["cgroup.max.descendants"] = "max\n"
		case "gaol-2-2":
		default:
			files["cgroup.max.descendants"] = "0\n"
		}
		fake(t, filepath.Join(dir, name), files)
	}
	(&Tree{dir: dir}).Sweep()
	for name, want := range kills {
		b, err := os.ReadFile(filepath.Join(dir, name, "cgroup.kill"))
		if err != nil || (string(b) == "1") != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

func TestBlockDevicesAreThoseWithASize(t *testing.T) {
	dir := t.TempDir()
	for name, files := range map[string][2]string{"sda": {"8:0\n", "1000\n"}, "loop0": {"7:0\n", "0\n"}, "nvme0c0n1": {"", "10\n"}, "zram0": {"252:0\n", "5\n"}} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i, file := range []string{"dev", "size"} {
			if files[i] != "" {
				if err := os.WriteFile(filepath.Join(dir, name, file), []byte(files[i]), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if got, err := disks(dir); err != nil || !reflect.DeepEqual(got, []string{"8:0", "252:0"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := disks(dir + "/absent"); err == nil {
		t.Error("a host without a list of block devices has limits for them")
	}
}

func TestAPoolOfHugePagesIsSeen(t *testing.T) {
	for content, want := range map[string]bool{"0\n": false, "3\n": true} {
		for _, file := range []string{"nr_hugepages", "nr_overcommit_hugepages"} {
			dir := t.TempDir()
			fake(t, filepath.Join(dir, "hugepages-2048kB"), map[string]string{"nr_hugepages": "0\n", "nr_overcommit_hugepages": "0\n"})
			if err := os.WriteFile(filepath.Join(dir, "hugepages-2048kB", file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if hugePages(dir) != want {
				t.Errorf("%s %q", file, content)
			}
		}
	}
	if hugePages(t.TempDir() + "/absent") {
		t.Error("a kernel without huge pages has a pool of them")
	}
}
