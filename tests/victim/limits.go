//go:build linux

package main

// Operations that use up what a limit bounds: processor time, memory, output, descriptors. They use as much as they are told to, and say how
// far they came, unless something ends them.

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func(args []string) error{
		"burn":     burn,     // MILLISECONDS THREADS: of processor time
		"dodge":    dodge,    // MILLISECONDS: of processor time, asleep at each timer interrupt
		"map":      mapping,  // MIB: address space that is never touched
		"touch":    touch,    // MIB: memory
		"print":    printing, // FD BYTES [CHUNK]
		"openmany": openMany, // PATH N
		"fillup":   fillUp,   // PATH: a new file until there is no room; says how many MiB went in
		"sleep":    sleeping, // MILLISECONDS
		"raise":    func(a []string) error { return unix.Kill(os.Getpid(), unix.Signal(count(a, 0))) },
	})
}

func count(a []string, i int) int {
	if i >= len(a) {
		return 1
	}
	n, err := strconv.Atoi(a[i])
	if err != nil {
		panic(err)
	}
	return n
}

func used() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func burn(a []string) error {
	end := used() + time.Duration(count(a, 0))*time.Millisecond
	for range count(a, 1) - 1 {
		go func() {
			for used() < end {
			}
		}()
	}
	for used() < end {
	}
	return nil
}

func dodge(a []string) error {
	end := used() + time.Duration(count(a, 0))*time.Millisecond
	for used() < end {
		for start := time.Now(); time.Since(start) < 500*time.Microsecond; {
		}
		time.Sleep(10 * time.Microsecond)
	}
	return nil
}

func mapping(a []string) error {
	_, err := unix.Mmap(-1, 0, count(a, 0)<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	return err
}

func touch(a []string) error {
	m, err := unix.Mmap(-1, 0, count(a, 0)<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	for i := 0; i < len(m); i += os.Getpagesize() {
		m[i] = 1
	}
	return err
}

func printing(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	chunk := 4096
	if len(a) > 2 {
		chunk = count(a, 2)
	}
	for n := count(a, 1); n > 0; n -= chunk {
		if _, err := unix.Write(count(a, 0), bytes.Repeat([]byte{'x'}, min(n, chunk))); err != nil {
			return err
		}
	}
	return nil
}

func openMany(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	n := 0
	defer func() { say("%d", n) }()
	for ; n < count(a, 1); n++ {
		if _, err := unix.Open(a[0], unix.O_RDONLY, 0); err != nil {
			return err
		}
	}
	return nil
}

func fillUp(a []string) error {
	if err := need(a, 1); err != nil {
		return err
	}
	fd, err := unix.Open(a[0], unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	all := 0
	for b := make([]byte, 64<<10); ; {
		n, err := unix.Write(fd, b)
		all += max(n, 0)
		if err != nil {
			say("%d", all>>20)
			return err
		}
	}
}

func sleeping(a []string) error {
	time.Sleep(time.Duration(count(a, 0)) * time.Millisecond)
	return nil
}
