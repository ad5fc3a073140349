//go:build linux && cgo

// This file makes filters: assembled, verified, optimized, compared. It must never load a filter, and must return none that it has
// not tried.

package seccomp

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// library keeps compiling to one thread: libseccomp 2.5 probes the kernel into global variables without a lock. It guards compiled.
var library sync.Mutex

// compiled is what Filter has compiled; a failure is not kept, it may have been a want of descriptors.
var compiled = map[Grants][]plan.Instruction{}

// Filter returns the filter for g on the architecture that runs; it is the caller's. It fails where that is none of x86-64, arm64 and
// riscv64, and on names that may not be added. Where gaol was not built with it, a filter is compiled once in the life of the process,
// which takes about a millisecond.
func Filter(g Grants) ([]plan.Instruction, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	g.Names = strings.Join(g.names(), " ")
	library.Lock()
	defer library.Unlock()
	f, ok := compiled[g]
	if !ok {
		f, ok = precompiled(g)
	}
	if !ok {
		a, err := assemble(g)
		if err != nil {
			return nil, err
		}
		if f, err = a.finish(); err != nil {
			return nil, err
		}
		compiled[g] = f
	}
	return slices.Clone(f), nil
}

// assembled is the preamble and libseccomp's program, as they are.
type assembled struct {
	grants  Grants
	machine machine
	newest  uint32 // the highest number in the table
	head    []plan.Instruction
	program []plan.Instruction
}

// finish returns a tried and smaller program.
func (a assembled) finish() ([]plan.Instruction, error) {
	if err := a.verify(); err != nil {
		return nil, fmt.Errorf("seccomp: the filter is wrong: %w", err)
	}
	out, err := optimize(a.program, a.machine.audit, hotNumbers())
	if err != nil {
		return nil, fmt.Errorf("seccomp: optimize: %w", err)
	}
	if err := a.same(out); err != nil {
		return nil, fmt.Errorf("seccomp: the optimized filter is wrong: %w", err)
	}
	return out, nil
}

// hot are calls that programs make most, and those of them first whose arguments are checked: since Linux 5.11 the kernel remembers
// what is always allowed and does not ask the filter.
const hot = `ioctl openat read write futex epoll_wait epoll_pwait clock_gettime getppid recvfrom sendto sendmsg recvmsg
	close mmap munmap newfstatat rt_sigprocmask lseek`

func hotNumbers() []uint32 {
	var out []uint32
	for _, name := range strings.Fields(hot) {
		if nr, ok := number(name); ok {
			out = append(out, uint32(nr))
		}
	}
	return out
}
