package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// The ABIs of Landlock that brought what network operations need.
const (
	landlockTCP    = 4
	landlockScope  = 6 // of abstract sockets
	landlockSocket = 9 // of sockets with a path
	landlockUDP    = 10
)

// address grants what a network operation names. What of it the host cannot hold is found by network, once all of the view is known.
func (r *resolver) address(op profile.Operation) error {
	p := &r.policy
	in := op.Kind == profile.NetworkInbound
	switch op.Address.Form {
	case profile.FormTCP:
		if in {
			p.TCPBind = append(p.TCPBind, uint16(op.Address.Port))
		} else {
			p.TCPConnect = append(p.TCPConnect, uint16(op.Address.Port))
		}
	case profile.FormUDP:
		if in {
			p.UDPBind = append(p.UDPBind, uint16(op.Address.Port))
		} else {
			p.UDPConnect = append(p.UDPConnect, uint16(op.Address.Port))
		}
	case profile.FormLocalSocket:
		if in {
			p.LocalListen = true
			return nil
		}
		return r.socket(op)
	case profile.FormLoopback, profile.FormHost, profile.FormCIDR:
		r.lack(op, "the broker", "nothing in the kernel tells addresses apart for one program", fmt.Sprintf("%s(TCP(%d))", op.Kind, op.Address.Port))
	default:
		p.Outbound = p.Outbound || !in
		p.Inbound = p.Inbound || in
	}
	return nil
}

// socket shows a Unix socket of the host, the one that is there now: a server that makes another later is not reached.
func (r *resolver) socket(op profile.Operation) error {
	name := op.Address.Name
	at, st, err := r.walk(op, name)
	switch {
	case err != nil:
		return problem(op, name, err)
	case st.mode&fs.ModeSocket == 0:
		return problem(op, name, errors.New("is not a socket"))
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: r.hostPath(at)})
	n.Rights |= Connect
	r.policy.Local = true
	return r.within(op, at)
}

// inexact refuses an operation that would give more, or less, than it says; with BestEffort, it is a gap.
func (r *resolver) inexact(op profile.Operation, mechanism, detail, fix, gap string) {
	if op.BestEffort {
		r.policy.Gaps = append(r.policy.Gaps, Gap{op.String(), gap})
		return
	}
	r.lack(op, mechanism, detail, fix)
}

// newer is what lacks where Landlock is too old.
func (r *resolver) newer(op profile.Operation, abi int, kernel, instead, gap string) {
	detail := r.host.LandlockReason
	if r.host.Landlock > 0 {
		detail = fmt.Sprintf("this host has ABI %d", r.host.Landlock)
	}
	fix := fmt.Sprintf("a kernel from %s on with landlock in its lsm= list", kernel)
	if instead != "" {
		fix += ", or " + instead
	}
	r.inexact(op, fmt.Sprintf("Landlock ABI %d", abi), detail, fix, gap)
}

// network finds what of the network operations the host cannot hold, and drops the ports that All grants anyway.
func (r *resolver) network(ops []profile.Operation) error {
	p := &r.policy
	for _, op := range ops {
		var err error
		switch {
		case op.Kind != profile.NetworkOutbound && op.Kind != profile.NetworkInbound:
		case op.Address.Form == profile.FormLocalSocket:
			err = r.local(op)
		case op.Kind == profile.NetworkOutbound && !p.Outbound:
			r.outbound(op)
		case op.Kind == profile.NetworkInbound && !p.Inbound:
			r.inbound(op)
		}
		if err != nil {
			return err
		}
	}
	for _, ports := range []*[]uint16{&p.TCPConnect, &p.UDPConnect, &p.TCPBind, &p.UDPBind} {
		slices.Sort(*ports)
		*ports = slices.Compact(*ports)
	}
	if p.Outbound {
		p.TCPConnect, p.UDPConnect = nil, nil
	}
	if p.Inbound {
		p.TCPBind, p.UDPBind = nil, nil
	}
	return nil
}

func (r *resolver) outbound(op profile.Operation) {
	switch {
	case op.Address.Form == profile.FormTCP && r.host.Landlock < landlockTCP:
		r.newer(op, landlockTCP, "6.7", "NetworkOutbound(All)", "every port is reached by TCP")
	case op.Address.Form == profile.FormUDP && r.host.Landlock < landlockUDP:
		r.newer(op, landlockUDP, "7.2", "NetworkOutbound(All)", "every port is reached by UDP")
	}
}

// inbound: what lets a program bind lets it listen, too, without a port, and no mechanism sees the one that it gets then.
func (r *resolver) inbound(op profile.Operation) {
	switch {
	case op.Address.Form == profile.FormTCP && r.host.Landlock < landlockTCP:
		r.newer(op, landlockTCP, "6.7", "NetworkInbound(All)", "every port can be listened on")
		return
	case op.Address.Form == profile.FormUDP && r.host.Landlock < landlockUDP:
		r.newer(op, landlockUDP, "7.2", "NetworkInbound(All)", "every port can be listened on")
		return
	case op.Address.Form != profile.FormTCP && op.Address.Form != profile.FormUDP:
		return
	}
	gap := "a TCP socket that listens without a port gets one that the kernel chooses"
	if r.policy.Outbound {
		gap += "; datagrams are received on every port"
	}
	r.inexact(op, "a mechanism that keeps a socket from listening on a port that the kernel chooses", "listen without bind takes one, and Landlock sees the bind alone", "NetworkInbound(All)", gap)
}

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
	}
	if p.Inbound || len(p.TCPBind)+len(p.UDPBind) > 0 {
		r.inexact(op, "a mechanism that tells bind to a Unix socket from bind to a port", "NetworkInbound opens both", "a profile without NetworkInbound of a port",
			"a Unix socket of any name can be listened on")
	}
	if p.Network() && r.host.Landlock < landlockScope {
		r.newer(op, landlockScope, "6.12", "a profile that reaches no port", "every abstract Unix socket of the host is reached")
	}
	if r.host.Landlock < landlockSocket {
		if tree := r.foreign(); tree != nil {
			r.newer(op, landlockSocket, "7.1", fmt.Sprintf("no directory besides System's (%s shows one)", tree.op), "every Unix socket below "+tree.Path+" is reached")
		}
	}
	return nil
}

// foreign is a directory of the host in the view that may hold sockets: System's hold none.
func (r *resolver) foreign() *node {
	var found *node
	for _, n := range r.entries {
		if n.Kind != Bind || !n.Dir || n.unasked || n.asked == nil || r.systems(n) || found != nil && ByPath(found.Path, n.Path) <= 0 {
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
