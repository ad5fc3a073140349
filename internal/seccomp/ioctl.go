// This file is the commands of ioctl that are refused: those with which a descriptor reaches more than it was opened for. It may only
// refuse; which devices and files can be opened at all the view and Landlock decide.

package seccomp

import (
	"strings"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// refused are single commands; the numbers are those of asm-generic/ioctls.h, linux/fs.h, linux/fscrypt.h, linux/fsverity.h,
// linux/msdos_fs.h, linux/btrfs.h, fs/ocfs2/ocfs2_ioctl.h and fs/bcachefs/bcachefs_ioctl.h, the same on every architecture in machines. A command with a need is refused without.
var refused = []struct {
	command uint32
	name    string
	why     string
	unless  Need
}{
	{0x5412, "TIOCSTI", "types into the terminal as if the user had: the shell outside runs it when the program is gone (CVE-2017-5226)", 0},
	{0x541c, "TIOCLINUX", "of a console: its selection and paste type as TIOCSTI does (CVE-2023-1523)", 0},
	{0x541d, "TIOCCONS", "draws what is written to the console to this terminal", 0},
	{0x5423, "TIOCSETD", "sets a line discipline, whose module the kernel loads on demand; they have a past of holes", 0},
	{0xc0406618, "FS_IOC_REMOVE_ENCRYPTION_KEY", "locks the user's encrypted directories, wherever they are on the file system", 0},
	// Without a view each path of the host can be looked up, and these do not open what they copy.
	{0x40186f04, "OCFS2_IOC_REFLINK", "copies a file by its path", NeedPeers},
	{0x4020bc10, "BCH_IOCTL_SUBVOLUME_CREATE", "copies a tree by its path", NeedPeers},
	// What follows acts on a descriptor that is open for reading only.
	{0x40086602, "FS_IOC_SETFLAGS", "as owners and times", NeedAttributes},
	{0x401c5820, "FS_IOC_FSSETXATTR", "as owners and times", NeedAttributes},
	{0x40087602, "FS_IOC_SETVERSION", "as owners and times", NeedAttributes},
	{0x40086604, "EXT4_IOC_SETVERSION", "as owners and times", NeedAttributes},
	{0x40047211, "FAT_IOCTL_SET_ATTRIBUTES", "as owners and times", NeedAttributes},
	{0x4008941a, "BTRFS_IOC_SUBVOL_SETFLAGS", "as owners and times", NeedAttributes},
	{0x800c6613, "FS_IOC_SET_ENCRYPTION_POLICY", "as owners and times", NeedAttributes},
	{0x40806685, "FS_IOC_ENABLE_VERITY", "as owners and times, and for good", NeedAttributes},
}

// A family of commands that is refused as a whole: those of btrfs with names in their argument, 4096 bytes long, writing or both
// writing and reading. A snapshot needs no more than a descriptor of any file of the user's in a subvolume (newer kernels ask for its
// root) and puts all other files of that subvolume where the program may read. Others make and remove subvolumes in directories that
// are open for reading, and find the names above one. FICLONE and its kin are shorter.
const (
	familyMask = 0x7fffff00
	family     = 0x50009400
)

func refusedNames() string {
	var out []string
	for _, r := range refused {
		text := r.name + ": " + r.why
		if r.unless != 0 {
			text += ", without " + r.unless.String()
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ") + "; those of btrfs with names: snapshots show more of a file system than the view does"
}

// refusing returns the instructions that deny what is refused with g, and run past their end for the rest.
func refusing(g Grants) []plan.Instruction {
	var single []uint32
	for _, r := range refused {
		if r.unless == 0 || !g.meets(r.unless) {
			single = append(single, r.command)
		}
	}
	n := uint8(len(single))
	out := []plan.Instruction{{Code: opLoad, K: offLow(1)}}
	for i, command := range single {
		out = append(out, plan.Instruction{Code: opJeq, K: command, Jt: n + 1 - uint8(i)})
	}
	return append(out, plan.Instruction{Code: opAnd, K: familyMask}, plan.Instruction{Code: opJeq, K: family, Jf: 1},
		plan.Instruction{Code: opRet, K: g.deny()})
}
