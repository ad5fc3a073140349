package linuxplan

import (
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// The network rights of Landlock (linux/landlock.h), by the ABI that brought them.
const (
	llBindTCP    = 1 << 0 // ABI 4
	llConnectTCP = 1 << 1 // ABI 4
	llBindUDP    = 1 << 2 // ABI 10; an unbound socket that sends is bound, too, to port 0
	llConnectUDP = 1 << 3 // ABI 10; connect and send
)

// handledNet is what the profile does not leave alone. UDP is left to the filter, unless it is granted by port.
func handledNet(abi int, p *policy.Policy) (bits uint64) {
	if !p.Inbound {
		bits |= llBindTCP
	}
	if !p.Outbound {
		bits |= llConnectTCP
	}
	if abi >= 10 && len(p.UDPConnect)+len(p.UDPBind) > 0 {
		bits |= bits << 2
	}
	return bits
}

// ports adds the rules for what is granted by port.
func (c *compiler) ports(p *policy.Policy, handled uint64) {
	rule := func(right uint64, ports ...uint16) {
		if handled&right == 0 {
			return
		}
		for _, port := range ports {
			c.step(plan.Step{Op: plan.LandlockPort, Port: port, N: uint32(right)})
		}
	}
	rule(llConnectTCP, p.TCPConnect...)
	rule(llBindTCP, p.TCPBind...)
	rule(llConnectUDP, p.UDPConnect...)
	rule(llBindUDP, p.UDPBind...)
	if p.Outbound || len(p.UDPConnect) > 0 {
		rule(llBindUDP, 0)
	}
}
