//go:build linux && cgo

package gaol

// This file works out what another user for the program takes: the privilege, the numbers, and the maps of a user namespace that has them.
// It must never have a program run as the caller because another user could not be had.

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/identity"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

// noCredential is a SetupError about a Credential, or a part of it.
func noCredential(what string, err error, hint string) error {
	return &SetupError{Step: stepCredential, Path: what, Err: err, Hint: hint}
}

// user is the program's user; nil for nil. The caller calls release when the command has ended, or did not start.
func (s *Sandbox) user(c *Credential) (u *plan.User, release func(), err error) {
	release = func() {}
	if c == nil {
		return nil, release, settled()
	}
	if err := c.check(); err != nil {
		return nil, release, err
	}
	if err := privileged(s.policy.Engine); err != nil {
		return nil, release, err
	}
	uids, err := numbers("/proc/self/uid_map")
	if err != nil {
		return nil, release, err
	}
	gids, err := numbers("/proc/self/gid_map")
	if err != nil {
		return nil, release, err
	}
	u = &plan.User{Uid: c.Uid, Gid: c.Gid, Groups: slices.Compact(slices.Sorted(slices.Values(c.Groups)))}
	if c.Dynamic {
		if err := s.leavesNothing(); err != nil {
			return nil, release, err
		}
		id, free, err := identity.Pick(uids, gids, identity.Used, identity.Claim)
		if err != nil {
			return nil, release, noCredential("dynamic", err, "")
		}
		u.Uid, u.Gid, release = id, id, free
	}
	if err := mapped(u, uids, gids); err != nil {
		release()
		return nil, func() {}, err
	}
	return u, release, nil
}

// ids are the real, effective and saved users and groups.
func ids() (uids, gids [3]int) {
	uids[0], uids[1], uids[2] = unix.Getresuid()
	gids[0], gids[1], gids[2] = unix.Getresgid()
	return uids, gids
}

// privileged says what of the privilege this process lacks. The kernel would tell, too, but not by name.
func privileged(engine string) error {
	const hint = "only root may choose another user"
	if os.Geteuid() != 0 {
		return noCredential("", unix.EPERM, hint)
	}
	needs := []struct {
		name string
		cap  uint
	}{{"CAP_SETGID", unix.CAP_SETGID}, {"CAP_SETUID", unix.CAP_SETUID}, {"CAP_SETFCAP", unix.CAP_SETFCAP}}
	if engine == policy.LandlockEngine {
		needs[2].name, needs[2].cap = "CAP_KILL", unix.CAP_KILL // of the init, which ends a program of another user
	} // else to map the number 0 into a user namespace (man 7 user_namespaces, Linux 5.12)
	held, err := capabilities()
	if err != nil {
		return noCredential("", err, "")
	}
	for _, n := range needs {
		if !held(n.cap) {
			return noCredential("", unix.EPERM, "root lacks "+n.name+" here; in a container, --cap-add="+n.name[len("CAP_"):])
		}
	}
	return nil
}

// capabilities tells which capabilities are effective in this thread.
func capabilities() (held func(number uint) bool, err error) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&head, &sets[0]); err != nil {
		return nil, os.NewSyscallError("capget", err)
	}
	return func(n uint) bool { return sets[n/32].Effective>>(n%32)&1 != 0 }, nil
}

// numbers reads a map of this process's user namespace.
func numbers(path string) (identity.Map, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, noCredential(path, err, "")
	}
	m, err := identity.ParseMap(string(b))
	if err != nil {
		return nil, noCredential(path, err, "")
	}
	return m, nil
}

// mapped fills in the maps that u takes.
func mapped(u *plan.User, uids, gids identity.Map) (err error) {
	for _, part := range []struct {
		what string
		of   identity.Map
		ids  []uint32
		to   *string
	}{
		{"uid", uids, []uint32{uint32(os.Geteuid()), u.Uid}, &u.UIDMap},
		{"gid", gids, append([]uint32{uint32(os.Getegid()), u.Gid}, u.Groups...), &u.GIDMap},
	} {
		for _, id := range part.ids {
			if !part.of.Has(id) {
				return noCredential(fmt.Sprint(part.what, " ", id), unix.EINVAL, "this user namespace has no such number; see /proc/self/"+part.what+"_map")
			}
		}
		if *part.to, err = part.of.Share(part.ids...); err != nil {
			return noCredential(fmt.Sprint(len(part.ids), " groups"), err, "")
		}
	}
	return nil
}

// leavesNothing refuses a profile by which a program makes files where they outlive it.
func (s *Sandbox) leavesNothing() error {
	for _, e := range s.policy.Entries {
		if e.Kind == policy.Bind && e.Dir && e.Rights&policy.Write != 0 {
			return &SetupError{Step: stepCredential, Operation: e.Why, Path: e.Path, Err: unix.EINVAL,
				Hint: "a dynamic user's files would belong to whoever gets its number next; grant Private, or name a user"}
		}
	}
	return nil
}

// bare is the plan of commands with another user. Each of them builds all by itself, since a user namespace is given its numbers once.
type bare struct {
	mu   sync.Mutex
	plan plan.Plan
	core *csrc.Template
}

// as returns what a command of this user goes through.
func (t *template) as(u *plan.User) (*csrc.Template, *plan.Plan, error) {
	if t.core == nil || u == nil || !t.plan.Own() {
		return t.core, &t.plan, nil
	}
	t.bare.mu.Lock()
	defer t.bare.mu.Unlock()
	if t.bare.core != nil {
		return t.bare.core, &t.bare.plan, nil
	}
	p := t.all()
	p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool { return s.Op == plan.IDMap }) // the caller writes them, see csrc/credential.c
	encoded, err := p.Encode()
	if err != nil {
		return nil, nil, err
	}
	core := csrc.NoTemplate()
	if err := core.Inherit(t.core); err != nil {
		return nil, nil, err
	}
	if err := core.Load(encoded); err != nil {
		core.Close()
		return nil, nil, err
	}
	t.bare.plan, t.bare.core = p, core
	return core, &t.bare.plan, nil
}

func (b *bare) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.core != nil {
		b.core.Close()
	}
}

// unable adds to an error what another user has to do with it; cause is the failure that it is of.
func unable(err, cause error, u *plan.User) error {
	var e *SetupError
	var f *plan.Failure
	if u == nil || !errors.As(err, &e) || !errors.As(cause, &f) {
		return err
	}
	who := fmt.Sprint("uid ", u.Uid)
	switch {
	case f.Op == plan.Credential:
		e.Path = who
		if f.Errno == unix.EPERM && f.Step == plan.CredentialGroups {
			e.Hint = "setgroups is denied in this user namespace (/proc/self/setgroups)"
		}
	case f.Errno == unix.EACCES && slices.Contains([]plan.Op{plan.Chdir, plan.LandlockPath, plan.Exec}, f.Op):
		hint := who + " may not; modes and owners hold for it, too"
		if e.Hint != "" {
			hint = e.Hint + "; or " + hint
		}
		e.Hint = hint
	}
	return err
}
