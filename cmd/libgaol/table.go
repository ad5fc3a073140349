//go:build cgo && (linux || darwin || freebsd)

package main

// This file is the handles. A handle is a number that is given out once in the life of the process, so that what is freed stays unknown. It must
// never be an address: a program that follows one by mistake is to fault, and no pointer of a program may be taken for one.

// #include <stdint.h>
import "C"

import (
	"sync"
	"unsafe"
)

type handle = C.uintptr_t

// mark sets a bit that no user-space address has, where a pointer has room for it. Odd numbers are the addresses of nothing but characters.
const mark = uintptr(1) << (8*unsafe.Sizeof(uintptr(0)) - 2)

var handles = struct {
	sync.RWMutex
	last   uintptr
	things map[uintptr]any
}{last: mark | 1, // which abi.c has for itself
	things: map[uintptr]any{}}

// put makes a handle of a thing, which lives until take.
func put(thing any) handle {
	handles.Lock()
	defer handles.Unlock()
	for {
		handles.last += 2
		handles.last |= mark
		if _, taken := handles.things[handles.last]; !taken {
			handles.things[handles.last] = thing
			return handle(handles.last)
		}
	}
}

// get returns the thing of a handle, if it has one of that type.
func get[T any](h handle) (*T, error) {
	handles.RLock()
	defer handles.RUnlock()
	if thing, ok := handles.things[uintptr(h)].(*T); ok {
		return thing, nil
	}
	return nil, badHandle(h)
}

// take is get for the one who frees the thing: of two that try at once, one gets it.
func take[T any](h handle) (*T, error) {
	handles.Lock()
	defer handles.Unlock()
	if thing, ok := handles.things[uintptr(h)].(*T); ok {
		delete(handles.things, uintptr(h))
		return thing, nil
	}
	return nil, badHandle(h)
}

func badHandle(h handle) error {
	if h == 0 {
		return errNull
	}
	return errHandle
}

// release frees what h stands for; NULL is nothing.
func release[T any](h handle, free func(*T)) C.int {
	return call(nil, func() error {
		if h == 0 {
			return nil
		}
		thing, err := take[T](h)
		if err == nil {
			free(thing)
		}
		return err
	})
}
