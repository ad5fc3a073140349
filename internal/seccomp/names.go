// This file is what Syscall may add by name: calls that the table leaves out because next to nothing needs them, not because they
// reach anything. A call may be added only if, with whatever arguments its condition leaves, it reaches nothing outside the sandbox
// that the calls of the table do not; when in doubt it must stay out.

package seccomp

import (
	"fmt"
	"slices"
	"strings"
)

// added is one entry: calls, and why adding them is safe.
type added struct {
	names     string
	why       string
	condition string
	any       []checks
}

var additions = []added{
	{
		names: "personality",
		why: "it changes how the caller's own memory is laid out and what uname says. READ_IMPLIES_EXEC leaves noexec mounts alone, and " +
			"page 0 stays the superuser's",
	},
	{
		names: "modify_ldt",
		why:   "segments of the caller's own address space, for Wine and DOS emulators; the kernel checks each, but had to learn to",
	},
	{
		names: "remap_file_pages",
		why:   "since Linux 4.0 it is mmap of what is mapped already, with the same protection (remap_file_pages(2))",
	},
	{
		names:     "move_pages migrate_pages",
		why:       "the caller's own pages among the nodes of a machine; those that others map too need a capability (move_pages(2))",
		condition: "pid is 0",
		any:       oneOf(0, 0),
	},
	{
		names: "process_madvise",
		why: "of the caller itself it is madvise; of another process it needs the right to trace it and CAP_SYS_NICE of the machine " +
			"(process_madvise(2))",
	},
	{
		names: "io_setup io_destroy io_getevents io_submit io_cancel io_pgetevents",
		why: "reads, writes and syncs of descriptors that the program has, each checked as read and write are, for databases. Unlike " +
			"io_uring they open, connect and send nothing. They count in fs.aio-max-nr, which all programs of the machine share",
	},
	{
		names: "name_to_handle_at",
		why:   "it names a file that a path of the view leads to; the way back, open_by_handle_at, stays denied",
	},
	{
		names: "adjtimex clock_adjtime",
		why:   "reading how well a clock is kept; setting the machine's needs CAP_SYS_TIME, which is gone, and another its device, open for writing",
	},
}

// names are those of g, each once and in order, so that the same calls give the same filter.
func (g Grants) names() []string {
	out := strings.Fields(g.Names)
	slices.Sort(out)
	return slices.Compact(out)
}

// groups are the table's, and one for each call that is added by its name.
func (g Grants) groups() []Group {
	out := Groups()
	for _, name := range g.names() {
		for _, a := range additions {
			if slices.Contains(strings.Fields(a.names), name) {
				out = append(out, Group{Name: "system call " + name, Why: a.why, Calls: []string{name}, Condition: a.condition, any: a.any})
			}
		}
	}
	return out
}

// check fails on names that may not be added.
func (g Grants) check() error {
	for _, name := range g.names() {
		if standing, why := Judge(name); standing != Addable && standing != Always {
			return fmt.Errorf("seccomp: system call %q cannot be added: %s", name, why)
		}
	}
	return nil
}
