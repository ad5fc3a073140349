package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Tree is a cgroup in which leaves are made.
type Tree struct {
	dir string
	// Controllers are those of [Controllers] that leaves can have.
	Controllers []string
}

// Dir is where the cgroup is.
func (t *Tree) Dir() string { return t.dir }

// Refusal says why there is no usable cgroup, and what would help.
type Refusal struct{ Reason, Fix string }

func (r *Refusal) Error() string { return r.Reason }

// Fix is how to get a cgroup that is delegated and has no process of its own, which is what the kernel wants of one that hands controllers
// on (cgroup-v2.rst, "No Internal Process Constraint").
const (
	fixSystemd = `systemd-run --user --scope -p Delegate=yes sh -c 'd=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir $d/main; echo $$ >$d/main/cgroup.procs; exec "$@"' sh COMMAND (root: without --user); for a service, Delegate=yes and DelegateSubgroup=main (systemd 254)`
	fixPlain   = "a cgroup v2 that this user owns (its directory, cgroup.procs, cgroup.subtree_control), and this process in a child of it"
	fixInside  = "this process in a child of that cgroup: mkdir main, and its number into main/cgroup.procs"
	fixV2      = "a kernel with cgroup v2 alone: cgroup_no_v1=all, or with systemd systemd.unified_cgroup_hierarchy=1, on its command line"
)

// Find looks for the caller's own cgroup and those above it, the nearest first, and takes the one whose leaves can have most controllers.
// It changes nothing. A *Refusal says why there is none.
func Find() (*Tree, error) {
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, &Refusal{"read this process's cgroup: " + err.Error(), "a kernel with CONFIG_CGROUPS and a /proc that this process may read"}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, &Refusal{"read the mount table: " + err.Error(), "a /proc that this process may read"}
	}
	return find(string(self), string(mounts))
}

func find(self, mountinfo string) (*Tree, error) {
	own, root, err := where(self, mountinfo)
	if err != nil {
		r := &Refusal{Reason: err.Error()}
		if errors.Is(err, errNoV2) {
			r.Fix = "mount -t cgroup2 none /sys/fs/cgroup; in a container, a writable cgroup namespace of its own"
		}
		return nil, r
	}
	var best *Tree
	refusal := &Refusal{}
	for _, dir := range up(own, root) {
		t, r := look(dir, own)
		switch {
		case r != nil && (refusal.Reason == "" || refusal.Fix != fixSystemd && r.Fix == fixSystemd):
			refusal = r
		case r == nil && (best == nil || len(t.Controllers) > len(best.Controllers)):
			best = t
		}
	}
	if best == nil {
		return nil, refusal
	}
	return best, nil
}

// look says whether leaves can be made in a cgroup, and with which controllers.
func look(dir, own string) (*Tree, *Refusal) {
	refuse := func(fix, format string, a ...any) (*Tree, *Refusal) {
		return nil, &Refusal{dir + ": " + fmt.Sprintf(format, a...), fix}
	}
	if unit(dir) && !delegated(dir) && !within(own, dir) {
		// it takes back what others change there, controllers and the limits with them
		return refuse(fixSystemd, "is systemd's: it is not delegated, or this process has no cgroup of its own in it")
	}
	if _, err := os.Stat(filepath.Join(dir, "init.scope")); err == nil {
		return refuse(fixSystemd, "is where systemd itself manages cgroups")
	}
	kind, err := os.ReadFile(filepath.Join(dir, "cgroup.type"))
	top := errors.Is(err, os.ErrNotExist) // the root of the hierarchy has none
	if k := strings.TrimSpace(string(kind)); !top && k != "domain" {
		return refuse(fixPlain, "is of the type %q", k)
	}
	for _, f := range []struct {
		name string
		mode uint32
	}{{".", unix.W_OK | unix.X_OK}, {"cgroup.procs", unix.W_OK}} {
		// the process enters a leaf through the cgroup that is above both (man 7 cgroups, "Delegation containment")
		if err := unix.Faccessat(unix.AT_FDCWD, filepath.Join(dir, f.name), f.mode, unix.AT_EACCESS); err != nil {
			return nil, &Refusal{filepath.Join(dir, f.name) + ": " + err.Error(), fixPlain}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); !top && err != nil {
		return refuse("a kernel from 5.14 on", "has no cgroup.kill")
	}
	t := &Tree{dir: dir}
	given := fields(dir, "cgroup.subtree_control")
	addable := top || len(fields(dir, "cgroup.procs")) == 0
	if unix.Faccessat(unix.AT_FDCWD, filepath.Join(dir, "cgroup.subtree_control"), unix.W_OK, unix.AT_EACCESS) != nil {
		addable = false
	}
	has := fields(dir, "cgroup.controllers")
	can := func(c string) bool { return slices.Contains(given, c) || addable && slices.Contains(has, c) }
	for _, c := range Controllers {
		if can(c) && (c != "memory" || can(hugetlb) || !hugePages(hugeSizes)) {
			t.Controllers = append(t.Controllers, c)
		}
	}
	return t, nil
}

// What memory.max does not count are huge pages out of the host's pool, which a program may take by mmap. The controller hugetlb denies them.
const (
	hugetlb   = "hugetlb"
	hugeSizes = "/sys/kernel/mm/hugepages"
)

// hugePages says that the host has a pool of them, or grows one as they are asked for.
func hugePages(sys string) bool {
	sizes, _ := os.ReadDir(sys)
	for _, s := range sizes {
		for _, file := range []string{"nr_hugepages", "nr_overcommit_hugepages"} {
			if b, err := os.ReadFile(filepath.Join(sys, s.Name(), file)); err == nil && strings.TrimSpace(string(b)) != "0" {
				return true
			}
		}
	}
	return false
}

// Missing says why leaves cannot have a controller, and what would help.
func (t *Tree) Missing(controller string) *Refusal {
	switch {
	case slices.Contains(t.Controllers, controller):
		return nil
	case slices.Contains(fields(t.dir, "cgroup.controllers"), controller) && len(fields(t.dir, "cgroup.procs")) > 0:
		fix := fixInside
		if unit(t.dir) {
			fix = fixSystemd
		}
		return &Refusal{t.dir + " has processes of its own, so that it cannot hand on the controller " + controller, fix}
	}
	if controller == "memory" && hugePages(hugeSizes) && slices.Contains(fields(t.dir, "cgroup.controllers"), controller) {
		return &Refusal{"huge pages are no part of the controller memory, and the controller hugetlb is not delegated to " + t.dir,
			"sysctl vm.nr_hugepages=0 vm.nr_overcommit_hugepages=0, or the controller hugetlb in the cgroup.subtree_control of each cgroup above"}
	}
	if v1(controller) {
		return &Refusal{"the controller " + controller + " belongs to cgroup v1 on this host", fixV2}
	}
	return &Refusal{"the controller " + controller + " is not delegated to " + t.dir, "Delegate=" + strings.Join(Controllers, " ") + " for the unit of systemd, or +" + controller + " in the cgroup.subtree_control of each cgroup above"}
}

// v1 says that a hierarchy of version 1 has the controller.
func v1(controller string) bool {
	b, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(b)) {
		f := strings.Split(line, ":")
		if len(f) > 1 && slices.Contains(strings.Split(f[1], ","), controller) || controller == "io" && len(f) > 1 && f[1] == "blkio" {
			return true
		}
	}
	return false
}

// Enable has leaves get these controllers. They stay: what else is below the tree may use them by then.
func (t *Tree) Enable(controllers []string) error {
	if len(controllers) == 0 {
		return nil
	}
	if slices.Contains(controllers, "memory") && hugePages(hugeSizes) {
		controllers = append(slices.Clone(controllers), hugetlb)
	}
	given := fields(t.dir, "cgroup.subtree_control")
	for _, c := range controllers {
		if slices.Contains(given, c) {
			continue
		}
		name := filepath.Join(t.dir, "cgroup.subtree_control")
		if err := os.WriteFile(name, []byte("+"+c), 0); err != nil {
			return fmt.Errorf("enable the controller %s: %w", c, err)
		}
	}
	return nil
}

// delegated says that systemd has marked a unit's cgroup as somebody else's (systemd.resource-control, Delegate=). A user's manager does not
// (seen with 252 and 254).
func delegated(dir string) bool {
	b := make([]byte, 8)
	for _, name := range []string{"user.delegate", "trusted.delegate"} {
		if n, err := unix.Getxattr(dir, name, b); err == nil && string(b[:n]) == "1" {
			return true
		}
	}
	return false
}

func fields(dir, file string) []string {
	b, _ := os.ReadFile(filepath.Join(dir, file))
	return strings.Fields(string(b))
}
