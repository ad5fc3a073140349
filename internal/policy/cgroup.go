package policy

import (
	"cmp"
	"fmt"
	"slices"
)

// undoing refuses what would let a program that has a cgroup change its limits: the files of cgroup v2, whose owner the program's user mostly
// is. Without such a grant they are not there, or not to be written.
func (f *findings) undoing(p *Policy, h Host) {
	if !p.Limits.Cgroup {
		return
	}
	types := mountTypes(h.Mounts)
	for _, e := range p.Entries {
		if e.Kind != Bind || e.Rights&(Write|Device) != Write {
			continue
		}
		at, kind := mountOf(e.Host, types)
		if kind != cgroup2 && p.Engine == LandlockEngine && e.Dir { // a rule reaches all that is mounted below; a view shows that read-only, see mounts
			for m, k := range types {
				if k == cgroup2 && below(m, e.Host) && (kind != cgroup2 || m < at) {
					at, kind = m, k
				}
			}
		}
		if kind == cgroup2 {
			f.unsupported = append(f.unsupported, Unsupported{Operation: e.Why, Mechanism: "a way to keep the program from its limits",
				Detail: fmt.Sprintf("at %s are the files of its cgroup", at), Fix: "no right to write there, or no limit that takes a cgroup"})
		}
	}
}

const cgroup2 = "cgroup2"

// accounted are the file systems that tell whose late writes are (cgroup-v2.rst, "Filesystem Support for Writeback"), and those that have
// no block device. Of another one the kernel writes later, on nobody's account, whatever io.max says.
var accounted = []string{"ext2", "ext3", "ext4", "btrfs", "f2fs", "xfs", "tmpfs", "ramfs", "devtmpfs", "mqueue", "hugetlbfs", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph"}

// unaccounted refuses a rate of writing where io.max does not hold it.
func (f *findings) unaccounted(p *Policy, h Host) {
	if p.Limits.WriteRate == 0 {
		return
	}
	types := mountTypes(h.Mounts)
	for _, e := range p.Entries {
		if e.Kind != Bind || e.Rights&(Write|Device) != Write {
			continue
		}
		at, kind := mountOf(e.Host, types)
		bad := !slices.Contains(accounted, kind)
		for m, k := range types {
			if e.Dir && below(m, e.Host) && !kernelTypes[k] && k != "proc" && !slices.Contains(accounted, k) && (!bad || m < at) {
				bad, at, kind = true, m, k
			}
		}
		if bad {
			f.unsupported = append(f.unsupported, Unsupported{Operation: "Limits.WriteRate", Mechanism: "a file system that accounts for late writes",
				Detail: fmt.Sprintf("%s reaches the %s at %s", e.Why, cmp.Or(kind, "unknown file system"), at), Fix: "ext4, xfs, btrfs or f2fs, or a file system that has no block device"})
		}
	}
}
