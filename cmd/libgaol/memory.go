//go:build cgo && (linux || darwin || freebsd)

package main

// This file is memory that is C's: buffers that the caller frees, and strings that live as long as a handle. It must never give out Go memory.

// #include <stdlib.h>
// #include <string.h>
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// buffers are those that were given out and not freed yet.
var buffers = struct {
	sync.Mutex
	live map[unsafe.Pointer]bool
}{live: map[unsafe.Pointer]bool{}}

// give hands a malloced buffer to the caller.
func give(p unsafe.Pointer) *C.char {
	buffers.Lock()
	defer buffers.Unlock()
	buffers.live[p] = true
	return (*C.char)(p)
}

//export goFree
func goFree(p unsafe.Pointer) C.int {
	return call(nil, func() error {
		buffers.Lock()
		defer buffers.Unlock()
		switch {
		case p == nil:
		case !buffers.live[p]:
			return errHandle
		default:
			delete(buffers.live, p)
			C.free(p)
		}
		return nil
	})
}

// giveText hands a copy of s to the caller.
func giveText(out **C.char, s string) error {
	p := copyText(s)
	if p == nil {
		return errMemory
	}
	*out = give(unsafe.Pointer(p))
	return nil
}

// copyText is C.CString with an answer to no memory; that crashes.
func copyText(s string) *C.char {
	p := C.malloc(C.size_t(len(s) + 1))
	if p == nil {
		return nil
	}
	b := unsafe.Slice((*byte)(p), len(s)+1)
	copy(b, s)
	b[len(s)] = 0
	return (*C.char)(p)
}

// texts are strings that belong to a handle. Its zero value has none.
type texts struct {
	mu    sync.Mutex
	c     map[string]*C.char
	freed bool
}

var empty = C.CString("")

// text returns s as C has it, until free.
func (t *texts) text(s string) *C.char {
	if s == "" {
		return empty
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.c[s]
	if p == nil && !t.freed {
		if p = copyText(s); p != nil {
			if t.c == nil {
				t.c = map[string]*C.char{}
			}
			t.c[s] = p
		}
	}
	if p == nil {
		return empty
	}
	return p
}

func (t *texts) free() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.c {
		C.free(unsafe.Pointer(p))
	}
	t.c, t.freed = nil, true
}

// The kernel takes no longer string (MAX_ARG_STRLEN) and no more of them together (three quarters of _STK_LIM).
const (
	maxString  = 128 << 10
	maxStrings = 6 << 20
)

// in copies a string of the caller's.
func in(p *C.char, what string) (string, error) {
	if p == nil {
		return "", argument(what + " is NULL")
	}
	n := C.strnlen(p, maxString)
	if n == maxString {
		return "", tooLarge(what + " is longer than 128 KiB")
	}
	return C.GoStringN(p, C.int(n)), nil
}

// inList copies strings up to NULL. The list itself may not be NULL.
func inList(p **C.char, what string) ([]string, error) {
	if p == nil {
		return nil, argument(what + " is NULL")
	}
	list, all := []string{}, 0
	for *p != nil {
		s, err := in(*p, "a string of "+what)
		if err != nil {
			return nil, err
		}
		if all += len(s) + 1 + int(unsafe.Sizeof(p)); all > maxStrings {
			return nil, tooLarge(what + " is larger than 6 MiB")
		}
		list = append(list, s)
		p = (**C.char)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(p)))
	}
	return list, nil
}

// maxStruct is larger than any struct of this library or a later one.
const maxStruct = 4096

// sized are the bytes of a struct of the caller's, which begins with their number.
func sized(p unsafe.Pointer, what string) ([]byte, error) {
	if p == nil {
		return nil, argument(what + " is NULL")
	}
	size := *(*C.size_t)(p)
	switch {
	case size < C.size_t(unsafe.Sizeof(size)):
		return nil, argument(what + "->size is not set")
	case size > maxStruct:
		return nil, tooLarge(what + "->size is larger than any struct")
	}
	return unsafe.Slice((*byte)(p), size), nil
}

// inStruct copies a struct of the caller's. Fields that it lacks are zero, and those that T lacks must be. The first header had least bytes of it:
// who says less has taken the size of something else, such as of a pointer to it, and what it asks for must not be lost.
func inStruct[T any](p *T, least uintptr, what string) (v T, err error) {
	from, err := sized(unsafe.Pointer(p), what)
	if err != nil {
		return v, err
	}
	if uintptr(len(from)) < least {
		return v, argument(fmt.Sprintf("%s->size is %d, and the struct was never smaller than %d", what, len(from), least))
	}
	to := unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))
	for _, b := range from[min(len(to), len(from)):] {
		if b != 0 {
			return v, tooLarge(what + " has a field that this version of gaol does not know")
		}
	}
	copy(to, from)
	return v, nil
}

// outStruct fills in a struct of the caller's, but for its size: what it has room for, and zero in what T lacks.
func outStruct[T any](p *T, v T, what string) error {
	to, err := sized(unsafe.Pointer(p), what)
	if err != nil {
		return err
	}
	from := unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))
	const head = unsafe.Sizeof(C.size_t(0))
	clear(to[head:])
	copy(to[head:], from[head:])
	return nil
}
