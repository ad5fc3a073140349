//go:build linux

// Package held is a picture of what this process holds, taken before and after, to find what was left behind: descriptors, children,
// mounts, temporary files, goroutines, threads. It asserts nothing.
package held

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Things are what this process holds.
type Things struct {
	FDs, Children, Mounts, Temporary []string
	Goroutines, Threads              int
}

// Now takes the picture.
func Now() Things {
	var h Things
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil {
			h.FDs = append(h.FDs, filepath.Base(l)+" "+to)
		}
	}
	for _, pid := range Children(os.Getpid()) {
		h.Children = append(h.Children, fmt.Sprintf("%d %s", pid, State(pid)))
	}
	if b, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		h.Mounts = strings.Split(string(b), "\n")
	}
	h.Temporary, _ = filepath.Glob(os.TempDir() + "/*")
	h.Goroutines = runtime.NumGoroutine()
	threads, _ := filepath.Glob("/proc/self/task/*")
	h.Threads = len(threads)
	return h
}

// State is the letter that man 5 proc_pid_stat explains; empty if there is no such process.
func State(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))[0]
}

// Children lists the children of a process, with all of its threads'.
func Children(pid int) []int {
	var pids []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, w := range strings.Fields(string(b)) {
			n, _ := strconv.Atoi(w)
			pids = append(pids, n)
		}
	}
	return pids
}
