package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const prefix = "gaol-"

// Leaf is the cgroup of one command. Its descriptor is locked: that tells others that somebody will remove it (see Sweep).
type Leaf struct {
	dir string
	fd  int
	// controllers are those that its limits need.
	controllers []string
}

var made atomic.Uint64

// Leaf makes a leaf with these limits. The caller removes it.
func (t *Tree) Leaf(limits Limits) (*Leaf, error) {
	var devices []string
	if limits.ReadRate != 0 || limits.WriteRate != 0 {
		var err error
		if devices, err = disks("/sys/block"); err != nil {
			return nil, err
		}
	}
	l, err := t.empty()
	if err != nil {
		return nil, err
	}
	l.controllers = limits.Controllers()
	settings := limits.settings(devices)
	if limits.Memory != 0 && hugePages(hugeSizes) {
		settings = append(settings, l.noHuge()...)
	}
	for _, s := range settings {
		if err := l.write(s.file, s.value); err != nil && !needless(s, err) {
			_ = l.Remove()
			return nil, fmt.Errorf("set %s to %s: %w", s.file, s.value, err)
		}
	}
	return l, nil
}

// empty makes a leaf that is locked and still there.
func (t *Tree) empty() (*Leaf, error) {
	for try := 0; ; try++ {
		dir := filepath.Join(t.dir, fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), made.Add(1)))
		err := unix.Mkdir(dir, 0o700)    // who can open it can lock it, and would keep it from its owner, or from a sweep
		if errors.Is(err, unix.EEXIST) { // somebody's of another pid namespace, or what an earlier process of this number has left
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "make the cgroup", Path: dir, Err: err}
		}
		fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == nil {
			if err = lock(fd); err == nil {
				// who sweeps may have removed it before it was locked
				if err = unix.Faccessat(fd, "cgroup.kill", unix.F_OK, 0); err == nil {
					return &Leaf{dir: dir, fd: fd}, nil
				}
			}
			_ = unix.Close(fd)
		}
		_ = unix.Rmdir(dir)
		if try < 8 && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EWOULDBLOCK)) {
			continue
		}
		return nil, &os.PathError{Op: "open the cgroup", Path: dir, Err: err}
	}
}

func lock(fd int) error {
	for {
		if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

// needless says that a setting could not be made and need not be: without a file for swap the kernel has none, or does not count it, and
// then the limit must not be believed; a device that has gone or takes no limit has nobody's data.
func needless(s setting, err error) bool {
	switch s.file {
	case "memory.swap.max":
		_, swaps := os.Stat("/proc/swaps")
		return errors.Is(err, unix.ENOENT) && errors.Is(swaps, unix.ENOENT)
	case "io.max":
		return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
	}
	return false
}

// disks lists the block devices: their limits hold for all that lies on them, and partitions have none of their own. One that has no size
// is a drive without a medium, or a loop device that nothing is attached to.
func disks(sys string) (out []string, err error) {
	names, err := os.ReadDir(sys)
	if err != nil {
		return nil, fmt.Errorf("list the block devices: %w", err)
	}
	for _, n := range names {
		size, err := os.ReadFile(filepath.Join(sys, n.Name(), "size"))
		if err == nil && strings.TrimSpace(string(size)) == "0" {
			continue
		}
		if dev, err := os.ReadFile(filepath.Join(sys, n.Name(), "dev")); err == nil {
			out = append(out, strings.TrimSpace(string(dev)))
		}
	}
	return out, nil
}

// noHuge denies huge pages of every size. Without the controller it is one setting that fails.
func (l *Leaf) noHuge() (out []setting) {
	files, _ := filepath.Glob(filepath.Join(l.dir, "hugetlb.*.max"))
	for _, f := range files {
		out = append(out, setting{filepath.Base(f), "0"})
	}
	if out == nil {
		out = []setting{{"hugetlb.max", "0"}}
	}
	return out
}

// FD is the leaf's directory; it stays the leaf's.
func (l *Leaf) FD() int { return l.fd }

// Dir is where the leaf is.
func (l *Leaf) Dir() string { return l.dir }

func (l *Leaf) write(file, value string) error {
	fd, err := unix.Openat(l.fd, file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		if _, err = unix.Write(fd, []byte(value)); err != unix.EINTR {
			return err
		}
	}
}

func (l *Leaf) read(file string) (string, error) {
	fd, err := unix.Openat(l.fd, file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	return readAll(fd)
}

func readAll(fd int) (string, error) {
	b := make([]byte, 4096) // these files are shorter
	for {
		n, err := unix.Pread(fd, b, 0)
		if err == unix.EINTR {
			continue
		}
		return string(b[:max(n, 0)]), err
	}
}

// Kill kills every process in the leaf, also one that is being made (Linux 5.14).
func (l *Leaf) Kill() error { return l.write("cgroup.kill", "1") }

// ErrTaken says that somebody else has taken a controller from the tree while the command ran, and with it the limits.
var ErrTaken = errors.New("a controller was taken from the cgroup while the command ran, and its limits with it")

// Usage tells what was used. It is an error if the limits did not hold to the end.
func (l *Leaf) Usage() (u Usage, err error) {
	stat, err := l.read("cpu.stat")
	if err != nil {
		return u, fmt.Errorf("%s: read cpu.stat: %w", l.dir, err)
	}
	u.User, u.System = microseconds(flat(stat, "user_usec")), microseconds(flat(stat, "system_usec"))
	if len(l.controllers) == 0 {
		return u, nil
	}
	have, err := l.read("cgroup.controllers")
	if err != nil {
		return u, fmt.Errorf("%s: read cgroup.controllers: %w", l.dir, err)
	}
	for _, c := range l.controllers {
		if !strings.Contains(" "+strings.TrimSpace(have)+" ", " "+c+" ") {
			return u, fmt.Errorf("%s: %s: %w", l.dir, c, ErrTaken)
		}
		switch c {
		case "memory":
			peak, _ := l.read("memory.peak")
			events, _ := l.read("memory.events")
			u.PeakMemory, u.OutOfMemory = number(peak), outOfMemory(events)
		case "pids":
			peak, _ := l.read("pids.peak")
			u.PeakProcesses = number(peak)
		}
	}
	return u, nil
}

// patience is how long Remove waits for processes that were killed.
var patience = 10 * time.Second

// Remove kills what is still in the leaf, waits until it has gone, and removes the leaf. If it cannot, the next Sweep does.
func (l *Leaf) Remove() error {
	err := l.remove()
	if err != nil {
		err = fmt.Errorf("remove the cgroup %s: %w", l.dir, err)
	}
	_ = unix.Close(l.fd) // and with it the lock
	return err
}

func (l *Leaf) remove() error {
	err := unix.Rmdir(l.dir)
	if err == nil || err == unix.ENOENT {
		return nil
	}
	if err != unix.EBUSY {
		return err
	}
	if err := l.Kill(); err != nil {
		return fmt.Errorf("kill what is in it: %w", err)
	}
	events, err := unix.Openat(l.fd, "cgroup.events", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(events)
	end := time.Now().Add(patience)
	for {
		text, err := readAll(events) // reading is what readies the file to tell of the next change
		if err != nil {
			return err
		}
		if flat(text, "populated") == 0 {
			if err = unix.Rmdir(l.dir); err != unix.EBUSY {
				return err
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return unix.EBUSY
		}
		// not for ever on the event alone: what it tells may be older than this loop
		p := []unix.PollFd{{Fd: int32(events), Events: unix.POLLPRI}}
		_, _ = unix.Poll(p, int(min(left, 50*time.Millisecond)/time.Millisecond)+1)
	}
}

// ours says that a name is one that empty makes. Others may well call a cgroup gaol-something, the caller's own among them.
func ours(name string) bool {
	numbers, ok := strings.CutPrefix(name, prefix)
	owner, count, two := strings.Cut(numbers, "-")
	return ok && two && digits(owner) && digits(count)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Sweep removes the leaves whose owner has ended without doing it: it was killed. What may still be in there is killed, since the limits'
// owner was to do that. A leaf that somebody still owns is locked. Only what the caller may remove can be meant, and nobody is killed in a
// cgroup that lacks what each leaf is given before anything is born in it.
func (t *Tree) Sweep() {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !ours(e.Name()) {
			continue
		}
		dir := filepath.Join(t.dir, e.Name())
		fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if lock(fd) != nil {
			_ = unix.Close(fd)
			continue
		}
		l := &Leaf{dir: dir, fd: fd}
		if unix.Rmdir(dir) != nil && l.shut() {
			_ = l.Kill() // it goes with the next sweep
		}
		_ = unix.Close(fd)
	}
}

// shut says that the leaf has the setting that all have.
func (l *Leaf) shut() bool {
	value, err := l.read(shut.file)
	return err == nil && strings.TrimSpace(value) == shut.value
}
