package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Used says whether an account, a group, a range for containers or a process of this host has the number.
func Used(id uint32) (bool, error) {
	name := strconv.FormatUint(uint64(id), 10)
	_, err := user.LookupId(name)
	if err == nil {
		return true, nil
	}
	if !errors.As(err, new(user.UnknownUserIdError)) && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look up the user %s: %w", name, err)
	}
	_, err = user.LookupGroupId(name)
	if err == nil {
		return true, nil
	}
	if !errors.As(err, new(user.UnknownGroupIdError)) && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look up the group %s: %w", name, err)
	}
	for _, file := range []string{"/etc/subuid", "/etc/subgid"} {
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if Subordinate(string(b), id) {
			return true, nil
		}
	}
	return running(id)
}

// Subordinate says that a line of /etc/subuid or /etc/subgid has the number (man 5 subuid).
func Subordinate(text string, id uint32) bool {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseUint(f[1], 10, 64)
		count, err2 := strconv.ParseUint(f[2], 10, 64)
		if err1 == nil && err2 == nil && uint64(id) >= first && uint64(id)-first < count {
			return true
		}
	}
	return false
}

// running says that a process has the number among its users or groups.
func running(id uint32) (bool, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return false, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return false, err
	}
	buf := make([]byte, 0, 1<<12)
	seen := false
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		// by bare calls: there may be thousands of them
		fd, err := unix.Open("/proc/"+name+"/status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // it has ended
		}
		buf, err = head(fd, buf[:0])
		_ = unix.Close(fd)
		if err != nil {
			continue
		}
		seen = true
		if Holds(string(buf), id) {
			return true, nil
		}
	}
	if !seen {
		return false, errors.New("there are no processes in /proc")
	}
	return false, nil
}

// head reads a status up to the line of the groups, the last that Holds looks at.
func head(fd int, b []byte) ([]byte, error) {
	for {
		b = slices.Grow(b, 1<<10)
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return b, err
		}
		b = b[:len(b)+n]
		if _, rest, ok := bytes.Cut(b, []byte("\nGroups:")); ok && bytes.IndexByte(rest, '\n') >= 0 {
			return b, nil
		}
	}
}

// Holds says that a /proc/PID/status has the number.
func Holds(status string, id uint32) bool {
	name := strconv.FormatUint(uint64(id), 10)
	for line := range strings.Lines(status) {
		key, ids, _ := strings.Cut(line, ":")
		if key != "Uid" && key != "Gid" && key != "Groups" {
			continue
		}
		for _, word := range strings.Fields(ids) {
			if word == name {
				return true
			}
		}
	}
	return false
}

// Claim takes the number from all that ask likewise, in any process of this network namespace, until release is called or this process
// ends: an abstract Unix socket of its name is bound, which nothing listens on.
func Claim(id uint32) (release func(), err error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@gaol-dynamic-user-%d", id)}); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EADDRINUSE) {
			return nil, ErrTaken
		}
		return nil, os.NewSyscallError("bind", err)
	}
	return func() { _ = unix.Close(fd) }, nil
}
