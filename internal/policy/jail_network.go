package policy

// This file is the network and the local sockets of a jail.

import (
	"errors"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// jailNetwork is what looking up names and checking certificates reads.
var jailNetwork = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/protocols", "/etc/ssl"}

func (r *jails) network(op profile.Operation) error {
	const fix = "a socket that the caller has connected or bound, passed as a descriptor"
	switch op.Address.Form {
	case profile.FormAll:
		if op.Kind == profile.NetworkOutbound {
			r.net.out = append(r.net.out, op)
			for _, p := range jailNetwork {
				if err := r.brought(op, p, Read); err != nil {
					return err
				}
			}
		} else {
			r.net.in = append(r.net.in, op)
		}
		return nil
	case profile.FormLocalSocket:
	default:
		r.lack(op, "vnet and a packet filter", "a jail has the host's addresses, or none", fix)
		return nil
	}
	dir := path.Dir(op.Address.Name)
	at, st, err := r.lead(op, dir)
	if err != nil {
		return problem(op, op.Address.Name, err)
	}
	if !st.mode.IsDir() {
		return problem(op, dir, errors.New("is no directory"))
	}
	r.net.local = append(r.net.local, op)
	if op.Kind == profile.NetworkOutbound {
		to, _, err := socketAt(op, r.lead)
		if err != nil {
			return err
		}
		if err := within(op, to, pathOnly(op, r.lead)); err != nil {
			return err
		}
		at = path.Dir(to)
	}
	if at == "/" || below(at, devPath) || below(at, procPath) {
		r.lack(op, "a mount without a device or a process in it", "a directory shows all that lies below", fix)
		return nil
	}
	r.add(op, Entry{Path: at, Kind: Bind, Host: at, Dir: true}, Read)
	return nil
}

// networks: without a grant no sockets can be made, as their buffers have no room (RLIMIT_SBSIZE). Whoever can make them can connect to all that lie in
// the view, since a mount that is read-only is no bar to that, and to all addresses of the host or to none.
func (r *jails) networks() {
	j := &r.policy.Jail
	all := slices.Concat(r.net.out, r.net.in, r.net.local)
	j.Sockets, j.Internet = len(all) > 0, len(r.net.out)+len(r.net.in) > 0
	beside := func(ops, other []profile.Operation, gap, fix string) {
		if len(other) == 0 {
			r.each(ops, "a filter of addresses", "a jail has the host's addresses, or none", fix, gap)
		}
	}
	beside(r.net.out, r.net.in, "it can listen, too", "NetworkInbound(All()) beside it")
	beside(r.net.in, r.net.out, "it can connect, too", "NetworkOutbound(All()) beside it")
	r.each(r.net.local, "a right on one socket", "a mount shows the directory", "a socket that the caller has connected or bound, passed as a descriptor",
		"every socket in what the program sees can be reached, and the directory can be read")
	if len(r.net.local) > 0 || !j.Sockets {
		return
	}
	for _, n := range r.sorted() {
		if n.Kind == Bind && n.Dir && !n.system && slices.ContainsFunc(n.asked, func(a ask) bool { return a.op.Kind != profile.NetworkOutbound }) {
			r.each(all, "a bar to local sockets", n.Why+" shows a directory, and the sockets in it with that", "", "sockets in granted directories can be reached, too")
			return
		}
	}
}
