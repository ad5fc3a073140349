//go:build cgo

package gaol

// This file is FreeBSD's jail in the caller: whether one can be made, the place of each command, and what a caller that was killed together with
// its keeper has left behind. Nothing in it has been run on FreeBSD by this project's tests.

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/jail"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

// probeJail really makes one, and executes nothing in it: an exec of what is not there is the last step that can fail.
func probeJail(h *policy.Host) {
	if os.Geteuid() != 0 {
		h.Jail = policy.Check{Reason: "only root makes jails", Fix: "EngineCapsicum"}
		return
	}
	if n, err := unix.SysctlUint32("security.jail.jailed"); err != nil || n != 0 {
		h.Jail = policy.Check{Reason: "this process is in a jail", Fix: "a caller outside of any jail"}
		return
	}
	// a parameter that is a node cannot be read (EISDIR), and is there
	has := func(name string) bool {
		_, err := unix.SysctlRaw("security.jail.param." + name)
		return !errors.Is(err, syscall.ENOENT)
	}
	for _, name := range jail.Parameters() {
		if has(name) {
			h.JailParameters = append(h.JailParameters, name)
		}
	}
	for _, name := range jail.Needed {
		if !has(name) {
			h.Jail = policy.Check{Reason: "this kernel's jails have no " + name, Fix: "FreeBSD 13 or later"}
			return
		}
	}
	sweepJails()
	if err := tryJail(*h); err != nil {
		h.Jail = policy.Check{Reason: err.Error(), Fix: "what stands in the way, or EngineCapsicum"}
		return
	}
	h.Jail = policy.Check{OK: true}
}

func tryJail(h policy.Host) error {
	steps := jail.Compile(&policy.Policy{Jail: policy.Jail{Devices: true, Dir: true}}, h)
	encoded, err := steps.Encode()
	if err != nil {
		return err
	}
	core, err := csrc.Prepare(encoded, plan.JailAttach)
	if err != nil {
		return err
	}
	defer core.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	fd := int(null.Fd())
	c := plan.Command{Argv: []string{"none"}, Candidates: []string{"/none"}, FDs: []int{fd, fd, fd}, Dir: "/", TTY: -1}
	release, err := adaptJail(&c)
	if err != nil {
		return err
	}
	defer release()
	command, err := c.Encode()
	if err != nil {
		return err
	}
	_, err = core.Spawn(command)
	var f *plan.Failure
	if errors.As(err, &f) && f.Op == plan.Exec && f.Errno == syscall.ENOENT {
		return nil
	}
	return err
}

// adaptJail gives a command its place. The keeper removes it, if there was one; else what is returned does.
func adaptJail(c *plan.Command) (func(), error) {
	if c.TTY >= 0 {
		return nil, &SetupError{Step: plan.TTY.String(), Err: syscall.ENOTSUP, Hint: "in a jail a program has a session of its own"}
	}
	for i, fd := range c.FDs {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return nil, &SetupError{Step: plan.FD.String(), Path: fdName(i), Err: syscall.EISDIR, Hint: "a directory's descriptor leads out of a jail: Map it"}
		}
	}
	refuse := func(err error) (func(), error) {
		return nil, &SetupError{Step: plan.JailRoot.String(), Path: policy.JailPlaces, Err: err}
	}
	if err := os.MkdirAll(policy.JailPlaces, 0o700); err != nil {
		return refuse(err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(policy.JailPlaces, &st); err != nil {
		return refuse(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Uid != 0 || st.Mode&0o077 != 0 {
		return nil, &SetupError{Step: plan.JailRoot.String(), Path: policy.JailPlaces, Err: syscall.EPERM, Hint: "it is not a directory of root's alone, with mode 0700"}
	}
	var name [12]byte
	if _, err := rand.Read(name[:]); err != nil {
		return refuse(err)
	}
	place := filepath.Join(policy.JailPlaces, "c"+hex.EncodeToString(name[:]))
	if err := os.Mkdir(place, 0o700); err != nil {
		return refuse(err)
	}
	c.Place = place
	return func() { _ = syscall.Rmdir(place) }, nil // which is empty only where no keeper came to begin
}

func fdName(i int) string {
	if i < 3 {
		return [...]string{"Stdin", "Stdout", "Stderr"}[i]
	}
	return "ExtraFiles"
}

// sweepJails takes away what a caller and its keeper left, both of which were killed. A place without a lock is one that is being made.
func sweepJails() {
	places, err := os.ReadDir(policy.JailPlaces)
	if err != nil {
		return
	}
	for _, p := range places {
		at := filepath.Join(policy.JailPlaces, p.Name())
		abandoned, err := csrc.JailAbandoned(at)
		if errors.Is(err, syscall.ENOENT) {
			info, err := p.Info()
			abandoned = err == nil && time.Since(info.ModTime()) > time.Minute
		}
		if abandoned {
			_ = csrc.ClearJail(at) // the next one tries again
		}
	}
}
