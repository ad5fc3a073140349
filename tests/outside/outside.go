//go:build linux

// Package outside is what the tests see of processes without asking them: those that have a word among their arguments, what this process
// holds. It only ever looks.
package outside

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Marked lists the processes of the host that have the word in their arguments or in their environment; zombies have none.
func Marked(word string) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		for _, name := range []string{"/cmdline", "/environ"} {
			if b, _ := os.ReadFile(dir + name); bytes.Contains(b, []byte(word)) {
				pid, _ := strconv.Atoi(filepath.Base(dir))
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// PidNamespace is that of a process, or empty; In lists all processes of one, zombies too, that this process may look at.
func PidNamespace(pid int) string {
	to, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	return to
}

// In: see PidNamespace.
func In(namespace string) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if pid, _ := strconv.Atoi(filepath.Base(dir)); PidNamespace(pid) == namespace {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Having lists the processes of the host that have the word among their arguments; zombies have none.
func Having(word string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if slices.Contains(strings.Split(string(b), "\x00"), word) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			pids = append(pids, pid)
		}
	}
	return pids
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

// Holdings is what this process holds.
type Holdings struct {
	FDs, Children, Mounts, Temporary []string
	Goroutines, Threads              int
}

// Holding is what this process holds now.
func Holding() Holdings {
	var h Holdings
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
