package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// address grants what a network operation names. What of it the host cannot hold is found by network, once all of the view is known.
func (r *resolver) address(op profile.Operation) error {
	switch in := op.Kind == profile.NetworkInbound; {
	case op.Address.Form == profile.FormLocalSocket && in:
		r.policy.LocalListen = true
	case op.Address.Form == profile.FormLocalSocket:
		return r.socket(op)
	case op.Address == profile.All:
		r.internet(&r.policy, r.host, op)
	}
	return nil
}

// socket shows a Unix socket of the host, the one that is there now: a server that makes another later is not reached.
func (r *resolver) socket(op profile.Operation) error {
	at, _, err := socketAt(op, r.walk)
	if err != nil {
		return err
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: r.hostPath(at)})
	n.Rights |= Connect
	r.policy.Local = true
	return r.within(op, at)
}

// network decides about the operations that are not All.
func (r *resolver) network(ops []profile.Operation) error {
	for _, op := range r.addresses(&r.policy, r.host, ops) {
		if err := r.local(op); err != nil {
			return err
		}
	}
	return nil
}

const abstractGap = "any abstract name that is free on the host can be listened on"

// local: a system call names a Unix socket by what a filter cannot read, so that with one of them all are open that can be seen, and
// those of abstract names in the same net namespace.
func (r *resolver) local(op profile.Operation) error {
	p := &r.policy
	if op.Kind == profile.NetworkInbound {
		dir := path.Dir(op.Address.Name)
		e := p.enclosing(dir)
		if e == nil || e.Kind != Bind && e.Kind != Private || e.Rights&Write == 0 || !e.Dir {
			return problem(op, op.Address.Name, fmt.Errorf("no operation lets the program make it; FileWrite(Subpath(%q)) would, or a Private directory", dir))
		}
		r.inexact(op, "a mechanism that tells the names of new sockets apart", "bind names a socket by what a filter cannot read", "", "a socket of any name can be made wherever the program may write")
		if p.Network() {
			r.inexact(op, "a mechanism that tells a path from an abstract name", "the network is the host's, and Landlock's scope bounds whom the program reaches, not who reaches it",
				"a profile without the internet", abstractGap)
		}
	}
	r.binds(p, r.host, op)
	r.connects(p, r.host, op)
	older := func(abi int, instead, gap string) {
		if r.host.Landlock < abi {
			r.inexact(op, fmt.Sprintf("Landlock ABI %d", abi), r.host.landlockDetail(), r.host.landlockFrom(abi)+", or "+instead, gap)
		}
	}
	if p.Network() {
		older(abiScope, "a profile without the internet", "every Unix socket of the host that has an abstract name can be reached")
	}
	if tree := r.foreign(); tree != nil {
		older(abiUnix, fmt.Sprintf("no directory of the host besides System's (%s shows one)", tree.op), "every Unix socket below "+tree.Path+" can be reached")
	}
	return nil
}

// foreign is a directory of the host in the view that may hold sockets: System's hold none.
func (r *resolver) foreign() *node {
	var found *node
	for _, n := range r.entries {
		if n.Kind != Bind || !n.Dir || n.unasked || len(n.asked) == 0 || r.systems(n) || found != nil && ByPath(found.Path, n.Path) <= 0 {
			continue
		}
		found = n
	}
	return found
}

// systems says that System shows the directory anyway, and that it is not the program's to write.
func (r *resolver) systems(n *node) bool {
	for at := n.Path; ; at = path.Dir(at) {
		if m := r.entries[at]; m != nil && m.Kind == Bind && m.system {
			return n.Rights&Write == 0 && !n.boundary
		}
		if at == "/" {
			return false
		}
	}
}

// socketAt is where the socket lies that an operation names.
func socketAt(op profile.Operation, lead func(profile.Operation, string) (string, status, error)) (at string, st status, err error) {
	name := op.Address.Name
	at, st, err = lead(op, name)
	switch {
	case err != nil:
		return at, st, problem(op, name, err)
	case st.mode&fs.ModeSocket == 0:
		return at, st, problem(op, name, errors.New("is not a socket"))
	}
	return at, st, nil
}
