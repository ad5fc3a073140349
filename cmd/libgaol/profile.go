//go:build cgo && (linux || darwin || freebsd)

package main

// This file is profiles. One keeps its first fault: a call whose result the caller did not look at must not leave a sandbox wider than meant.

// #include "gaol.h"
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
)

// profile is a gaol_profile: base and what was added since.
type profile struct {
	mu    sync.Mutex
	base  gaol.Profile
	added []gaol.Option
	ops   []gaol.Operation // of base; nil: nobody has asked
	fault error
}

// build returns the profile as Go has it.
func (p *profile) build() (gaol.Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.built()
}

// operations are the profile's, listed once for all who ask for them one by one.
func (p *profile) operations() ([]gaol.Operation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := p.built()
	if err == nil && p.ops == nil {
		p.ops = b.Operations()
	}
	return p.ops, err
}

// built is build for who holds the lock.
func (p *profile) built() (gaol.Profile, error) {
	if p.fault != nil {
		return gaol.Profile{}, p.fault
	}
	if len(p.added) > 0 {
		b, err := p.base.With(p.added...)
		if err != nil {
			return gaol.Profile{}, err
		}
		p.base, p.added, p.ops = b, nil, nil
	}
	return p.base, nil
}

// add adds what make makes.
func add(h handle, make func() (gaol.Option, error)) C.int {
	return call(nil, func() error {
		p, err := get[profile](h)
		if err != nil {
			return err
		}
		o, err := protectedOption(make)
		if err == nil {
			_, err = gaol.NewProfile(o) // alone: what is wrong with it together with others, build tells
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			if p.fault == nil {
				p.fault = err
			}
			return err
		}
		p.added = append(p.added, o)
		return nil
	})
}

// protectedOption makes a panic a fault of the profile, too.
func protectedOption(make func() (gaol.Option, error)) (o gaol.Option, err error) {
	_, err = protected(func() (_ int, err error) {
		o, err = make()
		return
	})
	return o, err
}

//export goProfileAdd
func goProfileAdd(h, other handle) C.int {
	return add(h, func() (gaol.Option, error) {
		p, err := built(other)
		return p, err
	})
}

//export goProfileNew
func goProfileNew(out *handle) C.int {
	return call(nil, func() error {
		*out = put(&profile{})
		return nil
	})
}

//export goProfileLoad
func goProfileLoad(path *C.char, out, fault *handle) C.int {
	return call(fault, func() error {
		name, err := in(path, "path")
		if err != nil {
			return err
		}
		p, err := gaol.LoadProfile(name)
		if err == nil {
			*out = put(&profile{base: p})
		}
		return err
	})
}

const maxProfile = 1 << 20 // as of a file

//export goProfileParse
func goProfileParse(name, text *C.char, size C.size_t, out, fault *handle) C.int {
	return call(fault, func() error {
		n, err := in(name, "name")
		switch {
		case err != nil:
			return err
		case text == nil && size > 0:
			return argument("text is NULL")
		case size > maxProfile:
			return tooLarge("text is larger than 1 MiB")
		}
		p, err := gaol.ParseProfile(n, C.GoBytes(unsafe.Pointer(text), C.int(size)))
		if err == nil {
			*out = put(&profile{base: p})
		}
		return err
	})
}

const (
	bestEffort = uint32(C.GAOL_BEST_EFFORT)
	optional   = uint32(C.GAOL_OPTIONAL)
)

// withEffort takes BEST_EFFORT off a number of the caller's, and applies it to what make makes of the rest.
func withEffort(n C.unsigned, make func(n uint32) (gaol.Operation, error)) (gaol.Option, error) {
	op, err := make(uint32(n) &^ bestEffort)
	if err == nil && uint32(n)&bestEffort != 0 {
		op = gaol.BestEffort(op)
	}
	return op, err
}

func unknown(what string, n uint32) error { return argument(fmt.Sprintf("unknown %s %d", what, n)) }

var plain = map[uint32]func() gaol.Operation{
	C.GAOL_SYSTEM: gaol.System, C.GAOL_SYSTEM_INFO_READ: gaol.SystemInfoRead, C.GAOL_PROCESS_CREATE: gaol.ProcessCreate, C.GAOL_SIGNAL: gaol.Signal,
	C.GAOL_TRACE: gaol.Trace,
}

//export goProfileAllow
func goProfileAllow(h handle, operation C.unsigned) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(operation, func(n uint32) (gaol.Operation, error) {
			if make := plain[n]; make != nil {
				return make(), nil
			}
			return gaol.Operation{}, unknown("operation that takes nothing more", n)
		})
	})
}

var files = map[uint32]func(gaol.Pattern) gaol.Operation{
	C.GAOL_FILE_READ: gaol.FileRead, C.GAOL_FILE_READ_METADATA: gaol.FileReadMetadata, C.GAOL_FILE_WRITE: gaol.FileWrite,
	C.GAOL_FILE_EXECUTE: gaol.FileExecute,
}

//export goProfilePath
func goProfilePath(h handle, deny C.int, operation, match C.unsigned, path *C.char) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(operation, func(n uint32) (op gaol.Operation, err error) {
			p, err := in(path, "path")
			if err != nil {
				return op, err
			}
			switch make := files[n]; {
			case make != nil:
				pattern, err := patternOf(p, uint32(match))
				if err != nil {
					return op, err
				}
				op = make(pattern)
			case n == C.GAOL_DEVICE && match == C.GAOL_LITERAL:
				op = gaol.Device(p)
			case n == C.GAOL_PRIVATE && match == C.GAOL_SUBPATH:
				op = gaol.Private(p)
			case n == C.GAOL_DEVICE || n == C.GAOL_PRIVATE:
				return op, unknown("match of a DEVICE (which is LITERAL) or a PRIVATE (which is SUBPATH)", uint32(match))
			default:
				return op, unknown("operation with a path", n)
			}
			if deny != 0 {
				op = gaol.Deny(op)
			}
			return op, nil
		})
	})
}

func patternOf(path string, match uint32) (p gaol.Pattern, err error) {
	switch match &^ optional {
	case C.GAOL_LITERAL:
		p = gaol.Literal(path)
	case C.GAOL_SUBPATH:
		p = gaol.Subpath(path)
	default:
		return p, unknown("match", match)
	}
	if match&optional != 0 {
		p = gaol.Optional(p)
	}
	return p, nil
}

//export goProfileAddress
func goProfileAddress(h handle, operation, address C.unsigned, name *C.char, port C.int) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(operation, func(n uint32) (op gaol.Operation, err error) {
			a, err := addressOf(uint32(address), name, int(port))
			switch {
			case err != nil:
				return op, err
			case n == C.GAOL_NETWORK_OUTBOUND:
				return gaol.NetworkOutbound(a), nil
			case n == C.GAOL_NETWORK_INBOUND:
				return gaol.NetworkInbound(a), nil
			}
			return op, unknown("operation with an address", n)
		})
	})
}

// addresses says of each whether it has a name and a port.
var addresses = map[uint32]struct {
	name, port bool
	make       func(name string, port int) gaol.Address
}{
	C.GAOL_ADDRESS_ALL:          {false, false, func(string, int) gaol.Address { return gaol.All() }},
	C.GAOL_ADDRESS_TCP:          {false, true, func(_ string, p int) gaol.Address { return gaol.TCP(p) }},
	C.GAOL_ADDRESS_UDP:          {false, true, func(_ string, p int) gaol.Address { return gaol.UDP(p) }},
	C.GAOL_ADDRESS_LOCAL_SOCKET: {true, false, func(n string, _ int) gaol.Address { return gaol.LocalSocket(n) }},
	C.GAOL_ADDRESS_LOOPBACK:     {false, true, func(_ string, p int) gaol.Address { return gaol.Loopback(p) }},
	C.GAOL_ADDRESS_HOST:         {true, true, gaol.Host},
	C.GAOL_ADDRESS_CIDR:         {true, true, gaol.CIDR},
}

func addressOf(n uint32, name *C.char, port int) (a gaol.Address, err error) {
	kind, ok := addresses[n]
	switch {
	case !ok:
		return a, unknown("address", n)
	case !kind.name && name != nil:
		return a, argument("this address has no name; pass NULL")
	case !kind.port && port != 0:
		return a, argument("this address has no port; pass 0")
	}
	s := ""
	if kind.name {
		if s, err = in(name, "name"); err != nil {
			return a, err
		}
	}
	return kind.make(s, port), nil
}

var ipcs = map[uint32]gaol.IPCKind{
	C.GAOL_IPC_NAMED_PIPES: gaol.NamedPipes, C.GAOL_IPC_SYSTEM_V: gaol.SystemV, C.GAOL_IPC_POSIX_SHARED_MEMORY: gaol.POSIXSharedMemory,
	C.GAOL_IPC_POSIX_QUEUES: gaol.POSIXQueues,
}

//export goProfileIPC
func goProfileIPC(h handle, ipc C.unsigned) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(ipc, func(n uint32) (gaol.Operation, error) {
			kind, ok := ipcs[n]
			if !ok {
				return gaol.Operation{}, unknown("kind of IPC", n)
			}
			return gaol.IPC(kind), nil
		})
	})
}

//export goProfileName
func goProfileName(h handle, operation C.unsigned, name *C.char) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(operation, func(n uint32) (op gaol.Operation, err error) {
			s, err := in(name, "name")
			switch {
			case err != nil:
				return op, err
			case n == C.GAOL_SYSCALL:
				return gaol.Syscall(s), nil
			case n == C.GAOL_MACH_LOOKUP:
				return gaol.MachLookup(s), nil
			}
			return op, unknown("operation with a name", n)
		})
	})
}

//export goProfileMap
func goProfileMap(h handle, inside, host *C.char, mode C.unsigned) C.int {
	return add(h, func() (gaol.Option, error) {
		return withEffort(mode, func(n uint32) (op gaol.Operation, err error) {
			i, err := in(inside, "inside")
			if err != nil {
				return op, err
			}
			o, err := in(host, "host")
			switch {
			case err != nil:
				return op, err
			case n == C.GAOL_READ_ONLY:
				return gaol.Map(i, o, gaol.ReadOnly), nil
			case n == C.GAOL_READ_WRITE:
				return gaol.Map(i, o, gaol.ReadWrite), nil
			}
			return op, unknown("mode", n)
		})
	})
}
