package gaol

// This file is the addresses of network operations. It must never judge one: a port out of range, or a name that is none, is kept as it
// is, for NewProfile to refuse.

import "github.com/gaol-sandbox/gaol/internal/profile"

// Address says which peers a network operation reaches. The zero value is refused.
type Address struct{ a profile.Address }

// String is the address as it is written in Go.
func (a Address) String() string { return a.a.String() }

// All is every internet address, over IPv4 and IPv6, by TCP and UDP.
func All() Address { return Address{profile.All} }

// TCP is a TCP port: of any peer to connect to, or the host's own to listen on.
func TCP(port int) Address { return Address{profile.Address{Form: profile.FormTCP, Port: port}} }

// UDP is a UDP port: of any peer to send to, or the host's own to receive at.
func UDP(port int) Address { return Address{profile.Address{Form: profile.FormUDP, Port: port}} }

// LocalSocket is the Unix socket at a path, inside. It has at most 107 bytes. To be reached it must be there when [New] is called, and one
// that a restarted server has made in its place since is not reached.
func LocalSocket(path string) Address {
	return Address{profile.Address{Form: profile.FormLocalSocket, Name: path}}
}

// Loopback is a TCP port to listen on that only this host reaches.
func Loopback(port int) Address {
	return Address{profile.Address{Form: profile.FormLoopback, Port: port}}
}

// Host is a port of the one host that the name stands for when the program asks, such as "api.example.com". An IP address is no name:
// see [CIDR].
func Host(name string, port int) Address {
	return Address{profile.Address{Form: profile.FormHost, Name: name, Port: port}}
}

// CIDR is a port of all addresses with the prefix, such as "10.0.0.0/8", "192.0.2.1/32" or "2001:db8::/32".
func CIDR(prefix string, port int) Address {
	return Address{profile.Address{Form: profile.FormCIDR, Name: prefix, Port: port}}
}

// NetworkOutbound allows reaching the address from the host's network, and reading the files that looking up names and checking
// certificates need; a LocalSocket brings neither. Looking up a name asks a server by UDP, which only All and UDP(53) allow, or by TCP(53).
// The host's own loopback services are reachable, too. Loopback is no address to reach: see [CIDR].
func NetworkOutbound(address Address) Operation {
	return operation(profile.Operation{Kind: profile.NetworkOutbound, Address: address.a})
}

// NetworkInbound allows listening on the host's network: on TCP ports and, where NetworkOutbound(All()) is granted too (an answer to a
// datagram is an outbound one), UDP ports. Host and CIDR are no addresses to listen on.
func NetworkInbound(address Address) Operation {
	return operation(profile.Operation{Kind: profile.NetworkInbound, Address: address.a})
}
