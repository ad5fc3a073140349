// This file is the part of the table whose calls are allowed for some of their arguments. It may check only what lies in registers:
// a filter cannot follow a pointer, and what a pointer shows can change between the check and the use.

package seccomp

import "strings"

// Of linux/sched.h. CLONE_NEWTIME is not among them: clone(2) takes its bit for the exit signal, only clone3 and unshare know it.
const (
	cloneVM     = 0x00000100
	cloneFiles  = 0x00000400
	cloneThread = 0x00010000
	// CLONE_NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET
	cloneNew = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
)

// Of asm-generic/mman-common.h.
const (
	mapType      = 0x0f
	mapPrivate   = 0x02
	mapAnonymous = 0x20
)

// Of sys/stat.h.
const (
	sIFMT  = 0o170000
	sIFREG = 0o100000
	sIFIFO = 0o010000
	sISXID = 0o006000 // S_ISUID|S_ISGID; S_ISVTX is allowed
)

// creates are the flags with which open looks at its mode: O_CREAT and __O_TMPFILE of asm-generic/fcntl.h, the same on every
// architecture in machines. O_TMPFILE itself has O_DIRECTORY too, whose bit is not the same, and the kernel asks for either alone.
const creates = 0o100 | 0o20000000

// Of asm-generic/fcntl.h. The fourth access mode, 3, opens for neither reading nor writing.
const (
	oTrunc   = 0o1000
	oWronly  = 1
	oRdwr    = 2
	oAccmode = 3
)

const atEmptyPath = 0x1000 // linux/fcntl.h

func conditional() []Group {
	return []Group{
		{
			Name: "mapping",
			Why: "as memory. What is mapped shared and anonymous stays whole while any page of it is mapped, and mremap brings it back, so that " +
				"RLIMIT_AS sees one page of it",
			Calls:     []string{"mmap"},
			Condition: "flags have no MAP_ANONYMOUS, or the type is MAP_PRIVATE",
			any:       []checks{{masked(3, mapAnonymous, 0)}, {masked(3, mapType, mapPrivate)}},
		},
		{
			Name:      "closing a range",
			Why:       "as descriptors",
			Calls:     []string{"close_range"},
			Condition: "flags have no CLOSE_RANGE_UNSHARE",
			any:       []checks{{masked(2, 1<<1, 0)}},
		},
		{
			Name:      "clone a thread with the same descriptors",
			Why:       "as clone a thread; RLIMIT_NOFILE is for each table of descriptors",
			Calls:     []string{"clone"},
			Condition: "flags have CLONE_THREAD, CLONE_VM and CLONE_FILES and no CLONE_NEW*",
			any:       []checks{{masked(0, cloneNew|cloneThread|cloneVM|cloneFiles, cloneThread|cloneVM|cloneFiles)}},
		},
		{
			Name:      "clone a thread",
			Why:       "threads share everything with the program, a namespace would hand it capabilities again and much of the kernel",
			Calls:     []string{"clone"},
			Condition: "flags have CLONE_THREAD and CLONE_VM and no CLONE_NEW*",
			Need:      NeedUnmapped,
			any:       []checks{{masked(0, cloneNew|cloneThread|cloneVM, cloneThread|cloneVM)}},
		},
		{
			Name:      "clone a process",
			Why:       "the profile grants processes, but no namespaces",
			Calls:     []string{"clone"},
			Condition: "flags have no CLONE_NEW*",
			Need:      NeedProcesses,
			any:       []checks{{masked(0, cloneNew, 0)}},
		},
		{
			Name: "execute by descriptor",
			Why: "an empty path executes the descriptor itself, which a mount that is not in the view may hold; glibc's fexecve is denied " +
				"with it",
			Calls:     []string{"execveat"},
			Condition: "flags have no AT_EMPTY_PATH",
			any:       []checks{{masked(4, atEmptyPath, 0)}},
		},
		{
			Name: "memfd",
			Why: "a memfd lies on no mount that could be noexec and Landlock does not cover it: memfd and execve of /proc/self/fd would run " +
				"what the profile did not grant (Linux 6.3 has the flags). RLIMIT_AS does not see what is written to one",
			Calls:     []string{"memfd_create"},
			Condition: "flags have MFD_NOEXEC_SEAL and not MFD_EXEC",
			Need:      NeedUnmapped,
			any:       []checks{{masked(1, 0x10|0x08, 0x08)}},
		},
		{
			Name: "modes of what is new",
			Why: "nosuid and no_new_privs hold inside only: whoever finds a copy of a shell with a set-user-ID bit in a writable tree runs it " +
				"outside with the identity of the sandbox's caller, and set-group-ID does so for groups. A filter cannot tell a directory from " +
				"a file, so set-group-ID is denied for directories too; those made in such a directory inherit it all the same (inode(7))",
			Calls:     []string{"mkdir", "creat"},
			Condition: noSetID,
			any:       []checks{{masked(1, sISXID, 0)}},
		},
		{
			Name:      "modes of what is new at a directory",
			Why:       "as modes of what is new",
			Calls:     []string{"mkdirat"},
			Condition: noSetID,
			any:       []checks{{masked(2, sISXID, 0)}},
		},
		{
			Name:      "modes",
			Why:       "as owners and times, and as modes of what is new",
			Calls:     []string{"chmod", "fchmod"},
			Condition: noSetID,
			Need:      NeedAttributes,
			any:       []checks{{masked(1, sISXID, 0)}},
		},
		{
			Name:      "modes at a directory",
			Why:       "as modes",
			Calls:     []string{"fchmodat", "fchmodat2"},
			Condition: noSetID,
			Need:      NeedAttributes,
			any:       []checks{{masked(2, sISXID, 0)}},
		},
		{
			Name: "extended attributes",
			Why: "as removing them. An access list is kept in memory for each file of a tmpfs, and no limit counts it, neither the size of that " +
				"file system nor a cgroup (fs/posix_acl.c): of 64 KiB for each of its files they come to many times what either allows",
			Calls:     strings.Fields(`setxattr lsetxattr fsetxattr`),
			Condition: "the value has less than 1024 bytes, an access list of 127 entries",
			Need:      NeedAttributes,
			any:       []checks{{masked(3, ^uint32(1023), 0)}},
		},
		{
			Name: "open",
			Why: "as files and, where it creates one, as modes of what is new; where not, the kernel drops the mode, whatever a program " +
				"passes (open(2)). O_TRUNC empties a file that is opened for reading too, and with access mode 3; Landlock before ABI 3 " +
				"only sees what is opened for writing",
			Calls:     []string{"open"},
			Condition: opensWithout,
			any:       openChecks(1),
		},
		{
			Name:      "openat",
			Why:       "as open",
			Calls:     []string{"openat"},
			Condition: opensWithout,
			any:       openChecks(2),
		},
		{
			Name:      "open and truncate",
			Why:       "as open and as truncate by path",
			Calls:     []string{"open"},
			Condition: opensModes,
			Need:      NeedTruncate,
			any:       []checks{{masked(2, sISXID, 0)}, {masked(1, creates, 0)}},
		},
		{
			Name:      "openat and truncate",
			Why:       "as open and truncate",
			Calls:     []string{"openat"},
			Condition: opensModes,
			Need:      NeedTruncate,
			any:       []checks{{masked(3, sISXID, 0)}, {masked(2, creates, 0)}},
		},
		{
			Name: "mknod",
			Why: "files, with a mode as in modes of what is new; device nodes need a capability anyway, a socket's name is bind's to make " +
				"(mknod(2))",
			Calls:     []string{"mknod"},
			Condition: "the type is S_IFREG or 0 and the mode has neither S_ISUID nor S_ISGID",
			any:       nodeChecks(1, 0, sIFREG),
		},
		{
			Name:      "mknodat",
			Why:       "as mknod",
			Calls:     []string{"mknodat"},
			Condition: "the type is S_IFREG or 0 and the mode has neither S_ISUID nor S_ISGID",
			any:       nodeChecks(2, 0, sIFREG),
		},
		{
			Name:      "named pipes",
			Why:       "as mknod; whom one leads to the view and Landlock decide",
			Calls:     []string{"mknod"},
			Condition: "the type is S_IFIFO and the mode has neither S_ISUID nor S_ISGID",
			Need:      NeedPipes,
			any:       nodeChecks(1, sIFIFO),
		},
		{
			Name:      "named pipes at a directory",
			Why:       "as named pipes",
			Calls:     []string{"mknodat"},
			Condition: "the type is S_IFIFO and the mode has neither S_ISUID nor S_ISGID",
			Need:      NeedPipes,
			any:       nodeChecks(2, sIFIFO),
		},
		{
			Name: "limits",
			Why: "own limits, and reading those of others. Setting the limits of another process needs no more than its user id " +
				"(prlimit(2)) and Landlock has no rule for it: without a pid namespace that would reach all of the caller's programs. Not " +
				"RLIMIT_CORE: with any but 1, which is set, a helper outside is given the core (core(5))",
			Calls:     []string{"prlimit64"},
			Condition: "new_limit is NULL, or pid is 0 and resource is not RLIMIT_CORE",
			any: []checks{{check{2, ^uint64(0), 0}}, {is(0, 0), masked(1, ^uint32(3), 0)}, {is(0, 0), is(1, 5)},
				{is(0, 0), masked(1, ^uint32(1), 6)}, {is(0, 0), masked(1, ^uint32(7), 8)}},
		},
		{
			Name: "commands of descriptors",
			Why: "of what the program holds. Not F_SETLEASE, which makes those outside who open the file wait for lease-break-time, through a " +
				"descriptor that only reads, and no mount refuses it; F_SETDELEG does so for directories (Linux 6.19)",
			Calls:     []string{"fcntl"},
			Condition: "the command is one of those up to F_GETOWNER_UIDS, an F_OFD_* or one from F_GETLEASE to F_GETDELEG",
			any:       oneOf(1, commandsOfFcntl()...),
		},
		{
			Name:      "own scheduling",
			Why:       "of the calling thread",
			Calls:     []string{"sched_setaffinity", "sched_setparam", "sched_setscheduler", "sched_setattr"},
			Condition: "pid is 0",
			any:       oneOf(0, 0),
		},
		{
			Name:      "own priority",
			Why:       "as own scheduling; PRIO_PGRP and PRIO_USER reach others even with 0",
			Calls:     []string{"setpriority"},
			Condition: "which is PRIO_PROCESS and who is 0",
			any:       []checks{{is(0, 0), is(1, 0)}},
		},
		{
			Name:      "own input and output priority",
			Why:       "as own priority",
			Calls:     []string{"ioprio_set"},
			Condition: "which is IOPRIO_WHO_PROCESS and who is 0",
			any:       []checks{{is(0, 1), is(1, 0)}},
		},
		{
			Name:      "personality",
			Why:       "debuggers and old runtimes turn address randomisation off for themselves; the others open old, little tested paths",
			Calls:     []string{"personality"},
			Condition: "persona is 0xffffffff (a query), PER_LINUX or ADDR_NO_RANDOMIZE",
			any:       oneOf(0, 0xffffffff, 0, 0x0040000),
		},
		{
			Name:      "seccomp",
			Why:       "own further filters; with a listener the program would become the supervisor of its children",
			Calls:     []string{"seccomp"},
			Condition: "flags have no SECCOMP_FILTER_FLAG_NEW_LISTENER",
			any:       []checks{{masked(1, 1<<3, 0)}},
		},
		{
			Name:      "ioctl",
			Why:       "descriptors decide what it reaches; a few commands are refused before (" + refusedNames() + ")",
			Calls:     []string{"ioctl"},
			Condition: "the command is none of those",
		},
		{
			Name:      "prctl",
			Why:       "own attributes. Not PR_SET_MM, PR_SET_PTRACER, PR_SCHED_CORE, PR_SET_SYSCALL_USER_DISPATCH, PR_CAPBSET_DROP, PR_MCE_KILL",
			Calls:     []string{"prctl"},
			Condition: "the option is one of " + prctlNames(),
			any:       prctlChecks(),
		},
	}
}

const (
	noSetID      = "the mode has neither S_ISUID nor S_ISGID"
	opensModes   = noSetID + ", or flags have neither O_CREAT nor O_TMPFILE"
	opensWithout = "(" + opensModes + ") and (flags have no O_TRUNC, or O_WRONLY or O_RDWR)"
)

// commandsOfFcntl are those of linux/fcntl.h and asm-generic/fcntl.h that are allowed.
func commandsOfFcntl() []uint32 {
	var out []uint32
	for _, r := range []struct{ from, to uint32 }{{0, 17}, {36, 38}, {1025, 1039}} {
		for c := r.from; c <= r.to; c++ {
			out = append(out, c)
		}
	}
	return out
}

func nodeChecks(arg uint, kinds ...uint32) []checks {
	var out []checks
	for _, kind := range kinds {
		out = append(out, checks{masked(arg, sIFMT|sISXID, kind)})
	}
	return out
}

// openChecks are those of flags and the mode, which follows: that none is set-ID, or none is looked at, with each way to open
// without emptying what was not opened for writing.
func openChecks(flags uint) []checks {
	var out []checks
	for _, way := range []struct{ mask, value uint32 }{{oTrunc, 0}, {oAccmode, oWronly}, {oAccmode, oRdwr}} {
		out = append(out, checks{masked(flags, way.mask, way.value), masked(flags+1, sISXID, 0)},
			checks{masked(flags, creates|way.mask, way.value)})
	}
	return out
}
