package policy

import (
	"fmt"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// The ABIs of Landlock that operations need.
const (
	abiTruncate = 3
	abiTCP      = 4
	abiScope    = 6
	abiUnix     = 9
	abiUDP      = 10
)

// internet decides about an operation on Internet addresses, in the same way for both engines: the filter says which sockets there are, and
// Landlock which ports they reach.
func (f *findings) internet(p *Policy, h Host, op profile.Operation) {
	in := op.Kind == profile.NetworkInbound
	rule := func(port uint16, rights uint64) { p.Ports = append(p.Ports, Port{port, rights, op.String()}) }
	needs := func(abi int) bool {
		if h.Landlock < abi {
			f.lack(op, fmt.Sprintf("Landlock ABI %d", abi), h.landlockDetail(), h.landlockFrom(abi))
		}
		return h.Landlock >= abi
	}
	switch a := op.Address; {
	case a.Form == profile.FormAll && in:
		p.Inbound = true
	case a.Form == profile.FormAll:
		p.Outbound = true
	case in && (a.Form == profile.FormTCP || a.Form == profile.FormUDP):
		abi, right := abiTCP, landlock.BindTCP
		if a.Form == profile.FormUDP {
			abi, right = abiUDP, landlock.BindUDP
		}
		// listen without bind takes a port that the kernel chooses, and Landlock is not asked (up to ABI 11). For a filter, bind is bind.
		gap := "a TCP socket can listen on a port that the kernel chooses"
		if p.Outbound && h.Landlock < abiUDP {
			gap += ", and datagrams can be received on any"
		}
		if needs(abi) && f.inexact(op, "a mechanism that bounds listen", "Landlock has a right for bind alone", "", gap) {
			rule(uint16(a.Port), right)
		}
	case a.Form == profile.FormTCP:
		if needs(abiTCP) {
			rule(uint16(a.Port), landlock.ConnectTCP)
		}
	case a.Form == profile.FormUDP:
		if needs(abiUDP) {
			rule(uint16(a.Port), landlock.ConnectUDP)
			rule(0, landlock.BindUDP) // what the kernel does for a socket that has no port yet
		}
	default:
		f.lack(op, "the broker", "no mechanism of the kernel tells addresses apart", "")
	}
}

// addresses decides about the ports, where not All is granted, which holds every one; others are the sockets with a path. What is granted
// besides counts for those, so that they come last.
func (f *findings) addresses(p *Policy, h Host, ops []profile.Operation) (local []profile.Operation) {
	for _, op := range ops {
		in, out := op.Kind == profile.NetworkInbound, op.Kind == profile.NetworkOutbound
		switch {
		case !in && !out || op.Address == profile.All:
		case op.Address.Form == profile.FormLocalSocket:
			local = append(local, op)
		case in && !p.Inbound, out && !p.Outbound:
			f.internet(p, h, op)
		}
	}
	return local
}

// binds finds what bind of a Unix socket and of a port open for each other.
func (f *findings) binds(p *Policy, h Host, op profile.Operation) {
	if p.Inbound || p.Has(landlock.BindTCP|landlock.BindUDP) {
		f.inexact(op, "a mechanism that tells bind to a Unix socket from bind to a port", "NetworkInbound opens both", "a profile without NetworkInbound of a port",
			"a Unix socket of any name can be listened on")
	}
	if op.Kind == profile.NetworkInbound && !p.Inbound && p.Network() {
		gap := "a TCP socket can listen on a port that the kernel chooses"
		if h.Landlock < abiTCP {
			gap = "a TCP socket can listen on any port"
		}
		if p.Outbound && h.Landlock < abiUDP {
			gap += ", and datagrams can be received on any"
		}
		f.inexact(op, "a mechanism that bounds bind and listen", "NetworkInbound opens them for sockets of the internet, too", "a profile without the internet", gap)
	}
}

// connects refuses what connect of a Unix socket opens for the TCP sockets of a profile that listens: each of their peers, where Landlock knows
// no ports. That is no gap but another operation, so that the profile has to name it.
func (f *findings) connects(p *Policy, h Host, op profile.Operation) {
	if op.Kind == profile.NetworkOutbound && p.Inbound && !p.Outbound && h.Landlock < abiTCP {
		f.lack(op, fmt.Sprintf("Landlock ABI %d, which tells connect to a Unix socket from connect to a port", abiTCP), h.landlockDetail(),
			h.landlockFrom(abiTCP)+", or a profile without NetworkInbound(All), or NetworkOutbound(All) beside it")
	}
}

// landlockDetail says what there is of Landlock.
func (h Host) landlockDetail() string {
	if h.Landlock == 0 {
		return h.LandlockReason
	}
	return fmt.Sprintf("this kernel has ABI %d", h.Landlock)
}
