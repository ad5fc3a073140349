package policy

import (
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/internal/seccomp"
)

const (
	shmPath    = "/dev/shm"
	mqueuePath = "/dev/mqueue"
)

// ipc grants a way for the command's own processes to talk. Each of them ends at the command: names of System V and of queues at its
// ipc namespace, shared memory at its /dev/shm; named pipes are files, and go wherever a file can be made.
func (r *resolver) ipc(op profile.Operation) error {
	switch op.IPC {
	case profile.NamedPipes:
		r.policy.Pipes = true
	case profile.SystemV:
		r.policy.SystemV = true
	case profile.POSIXQueues:
		r.policy.Queues = true
		// Landlock lets nobody open a queue of a file system that is not in the view
		op.Path = mqueuePath
		if err := r.private(op); err != nil {
			return err
		}
		r.entries[mqueuePath].Kind = Mqueue
	case profile.POSIXSharedMemory:
		op.Path = shmPath
		return r.private(op)
	}
	return nil
}

// syscalls adds calls by their names.
func (p *Policy) syscalls(op profile.Operation) error {
	for _, name := range strings.Fields(op.Names) {
		if standing, why := seccomp.Judge(name); standing != seccomp.Addable && standing != seccomp.Always {
			return problem(op, "", fmt.Errorf("%s cannot be added: %s", name, why))
		}
	}
	p.Names = joinNames(p.Names, op.Names)
	return nil
}

// mechanism names what holds an operation that allows no file; of the file operations, a denial.
func (r *resolver) mechanism(op profile.Operation) string {
	switch op.Kind {
	case profile.FileRead, profile.FileReadMetadata:
		return "a mount that covers it"
	case profile.FileWrite:
		return "a read-only mount"
	case profile.FileExecute:
		return "a noexec mount"
	case profile.Signal:
		return "pid namespace"
	case profile.Trace:
		return "seccomp + pid namespace"
	case profile.IPC:
		switch op.IPC {
		case profile.NamedPipes:
			return "seccomp"
		case profile.POSIXSharedMemory:
			return "tmpfs of its own"
		}
		return "seccomp + ipc namespace of its own"
	case profile.Device:
		return r.stacked("mounts")
	case profile.Syscall:
		return "seccomp"
	case profile.NetworkOutbound:
		return r.stacked("mounts + seccomp")
	case profile.NetworkInbound:
		return r.stacked("seccomp")
	}
	return ""
}

// stacked adds Landlock to a mechanism, where there is one.
func (r *resolver) stacked(m string) string {
	if r.host.Landlock > 0 {
		m += fmt.Sprintf(" + Landlock ABI %d", r.host.Landlock)
	}
	return m
}
