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
			f.lack(op, fmt.Sprintf("Landlock ABI %d", abi), h.landlockDetail(), landlockFrom(abi))
		}
		return h.Landlock >= abi
	}
	switch a := op.Address; {
	case a.Form == profile.FormAll && in:
		p.Inbound = true
	case a.Form == profile.FormAll:
		p.Outbound = true
	case a.Form == profile.FormTCP && in:
		// listen without bind takes a port that the kernel chooses, and Landlock is not asked (up to ABI 11)
		if needs(abiTCP) && f.inexact(op, "a mechanism that bounds listen", "Landlock has a right for bind alone", "", "it can listen on a port that the kernel chooses, too") {
			rule(uint16(a.Port), landlock.BindTCP)
		}
	case a.Form == profile.FormTCP:
		if needs(abiTCP) {
			rule(uint16(a.Port), landlock.ConnectTCP)
		}
	case a.Form == profile.FormUDP && in:
		if needs(abiUDP) {
			rule(uint16(a.Port), landlock.BindUDP)
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

// landlockDetail says what there is of Landlock.
func (h Host) landlockDetail() string {
	if h.Landlock == 0 {
		return h.LandlockReason
	}
	return fmt.Sprintf("this kernel has ABI %d", h.Landlock)
}
