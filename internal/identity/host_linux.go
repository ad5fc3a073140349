package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
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
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	if len(files) == 0 {
		return false, errors.New("there are no processes in /proc")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil && Holds(string(b), id) { // else it has ended
			return true, nil
		}
	}
	return false, nil
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
