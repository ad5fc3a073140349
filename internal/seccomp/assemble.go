//go:build linux && cgo

// This file compiles the table with libseccomp. It is the only one that knows how that does it, and must not try to write short programs:
// optimize does, whatever it is given.

package seccomp

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/plan"
	libseccomp "github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"
)

const instructionSize = 8 // struct sock_filter

func assemble(g Grants) (a assembled, err error) {
	m, ok := machines[runtime.GOARCH]
	if !ok {
		return a, fmt.Errorf("seccomp: no filter for %s", runtime.GOARCH)
	}
	rules, newest := g.rules()
	head := preamble(m, newest, g)
	program := slices.Clone(head)
	for len(rules) > 0 {
		n := takes(rules)
		body, err := allow(rules[:n], g)
		if err != nil {
			return a, err
		}
		if len(rules) > n {
			program = append(program,
				plan.Instruction{Code: opLoad, K: offNr},
				plan.Instruction{Code: opJge, K: uint32(rules[n-1].nr), Jt: 1},
				plan.Instruction{Code: opJa, K: uint32(len(body))})
		}
		program = append(program, body...)
		rules = rules[n:]
	}
	return assembled{g, m, newest, head, program}, nil
}

// atOnce is how many calls libseccomp is given at once. The time it takes grows with the square: four filters of a quarter of the
// table each take a third of the time of one. Each denies what it does not name, so that choosing among them allows nothing.
const atOnce = 72

// takes returns the number of rules that the next filter gets; those of one call stay together.
func takes(rules []rule) int {
	calls := 0
	for i := range rules {
		if i > 0 && rules[i].nr != rules[i-1].nr {
			if calls++; calls == atOnce {
				return i
			}
		}
	}
	return len(rules)
}

// allow returns libseccomp's program for rules.
func allow(rules []rule, g Grants) ([]plan.Instruction, error) {
	denied := libseccomp.ActErrno.SetReturnCode(int16(unix.EPERM))
	if g.Kill {
		denied = libseccomp.ActKillProcess
	}
	f, err := libseccomp.NewFilter(denied)
	if err != nil {
		return nil, fmt.Errorf("seccomp: %w", err)
	}
	defer f.Release()
	if err := f.SetBadArchAction(libseccomp.ActKillProcess); err != nil {
		return nil, fmt.Errorf("seccomp: foreign architectures: %w", err)
	}
	// not its binary tree (2): it costs time, and optimize would take it apart
	if err := f.SetOptimize(1); err != nil {
		return nil, fmt.Errorf("seccomp: optimize: %w", err)
	}
	for _, r := range rules {
		if err := add(f, r); err != nil {
			return nil, fmt.Errorf("seccomp: %s of group %q: %w", SyscallName(int(r.nr)), r.group.Name, err)
		}
	}
	out, err := export(f)
	if err != nil {
		return nil, fmt.Errorf("seccomp: export: %w", err)
	}
	return out, nil
}

// rule is one way in which a call is answered otherwise than by denying.
type rule struct {
	nr    libseccomp.ScmpSyscall
	group *Group
	all   checks // nil is any arguments
}

// rules are the table's for g, and the highest number in it. What another rule of the same call implies is left out: libseccomp
// refuses some such pairs. The highest comes first: libseccomp keeps an ascending list and looks for the place from its beginning.
func (g Grants) rules() (out []rule, newest uint32) {
	calls := map[libseccomp.ScmpSyscall][]rule{}
	for _, group := range g.groups() {
		for _, name := range group.Calls {
			nr, ok := number(name)
			if !ok {
				continue
			}
			newest = max(newest, uint32(nr))
			switch {
			case !g.meets(group.Need):
			case group.any == nil:
				calls[nr] = append(calls[nr], rule{nr, &group, nil})
			default:
				for _, all := range group.any {
					calls[nr] = append(calls[nr], rule{nr, &group, all})
				}
			}
		}
	}
	numbers := slices.Sorted(maps.Keys(calls))
	for _, nr := range slices.Backward(numbers) {
		rules := calls[nr]
		for i, r := range rules {
			needless := false
			for j, other := range rules {
				if r.all.imply(other.all) && (j < i || !other.all.imply(r.all)) {
					needless = needless || i != j
				}
			}
			if !needless {
				out = append(out, r)
			}
		}
	}
	return out, newest
}

// number returns what a call is here. libseccomp has negative numbers for calls of other architectures.
func number(name string) (libseccomp.ScmpSyscall, bool) {
	if nr, err := libseccomp.GetSyscallFromName(name); err == nil {
		return nr, nr >= 0
	}
	if nr, ok := unified[name]; ok {
		return libseccomp.ScmpSyscall(nr), true
	}
	if name == "riscv_hwprobe" && runtime.GOARCH == "riscv64" {
		return 258, true // newer than libseccomp 2.5.4
	}
	return 0, false
}

func add(f *libseccomp.ScmpFilter, r rule) error {
	action := libseccomp.ActAllow
	if r.group.Absent {
		action = libseccomp.ActErrno.SetReturnCode(int16(unix.ENOSYS))
	}
	if r.all == nil {
		return f.AddRuleExact(r.nr, action)
	}
	var conditions []libseccomp.ScmpCondition
	for _, c := range r.all {
		condition, err := libseccomp.MakeCondition(c.arg, libseccomp.CompareMaskedEqual, c.mask, c.value)
		if err != nil {
			return err
		}
		conditions = append(conditions, condition)
	}
	return f.AddRuleConditionalExact(r.nr, action, conditions)
}

func export(f *libseccomp.ScmpFilter) ([]plan.Instruction, error) {
	// with MFD_NOEXEC_SEAL it works under a filter of ours too; before Linux 6.3 that is EINVAL
	fd, err := unix.MemfdCreate("gaol-filter", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate("gaol-filter", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "gaol-filter")
	defer file.Close()
	if err := f.ExportBPF(file); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.NewSectionReader(file, 0, (maxInstructions+1)*instructionSize))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw)%instructionSize != 0 {
		return nil, fmt.Errorf("%d bytes are no program", len(raw))
	}
	out := make([]plan.Instruction, 0, len(raw)/instructionSize)
	for b := range slices.Chunk(raw, instructionSize) {
		out = append(out, plan.Instruction{
			Code: binary.NativeEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.NativeEndian.Uint32(b[4:]),
		})
	}
	return out, nil
}
