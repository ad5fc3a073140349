// This file is the part of the table about sockets: which can be made. It must never be the only bound on where an Internet socket
// leads: addresses lie behind pointers, so the network namespace, Landlock and the broker decide about those.

package seccomp

import "strings"

const (
	afUnix  = 1
	afInet  = 2
	afInet6 = 10

	sockStream    = 1
	sockDgram     = 2
	sockSeqpacket = 5
	// The rest are SOCK_CLOEXEC and SOCK_NONBLOCK (linux/net.h: SOCK_TYPE_MASK).
	sockTypeMask = 0xf

	ipprotoTCP = 6
	ipprotoUDP = 17

	fastOpen = 0x20000000 // linux/socket.h: MSG_FASTOPEN
)

func network() []Group {
	return []Group{
		{
			Name: "sockets held",
			Why: "input and output on sockets that the program has: what it was handed is its caller's grant, and which others it can make " +
				"the next groups say. accept is among these for a listening socket that the caller hands over",
			Calls: strings.Fields(`accept accept4 recvfrom recvmsg recvmmsg getsockopt setsockopt getsockname getpeername shutdown`),
		},
		{
			Name:      "send",
			Why:       "on a connected socket. MSG_FASTOPEN is a connect by another name (tcp(7)); a message's own msg_flags are not read",
			Calls:     []string{"sendto", "sendmmsg"},
			Condition: "flags have no MSG_FASTOPEN",
			any:       []checks{{masked(3, fastOpen, 0)}},
		},
		{
			Name:      "send a message",
			Why:       "as send",
			Calls:     []string{"sendmsg"},
			Condition: "flags have no MSG_FASTOPEN",
			any:       []checks{{masked(2, fastOpen, 0)}},
		},
		{
			Name: "connect",
			Why: "without it not even a socket that was handed over is connected: a socket is the caller's grant of the peer that it has. " +
				"Landlock sees it, and names in the file system are looked up in the view. The option TCP_FASTOPEN_CONNECT only puts it off",
			Calls: []string{"connect"},
			Need:  NeedInternet | NeedTCP | NeedUDP | NeedLocal,
		},
		{
			Name:  "fast open",
			Why:   "a connect that Landlock's port rules do not see, so not with TCP, whose ports are theirs to check",
			Calls: strings.Fields(`sendto sendmsg sendmmsg`),
			Need:  NeedInternet,
		},
		{
			Name: "socket pairs",
			Why: "a connected pair cannot be connected anew. Not SOCK_DGRAM, nor SOCK_RAW, which AF_UNIX takes for it: connect and sendto " +
				"lead an end of such a pair to any socket with a name, of the file system or abstract (unix(7))",
			Calls:     []string{"socketpair"},
			Condition: "AF_UNIX with SOCK_STREAM or SOCK_SEQPACKET",
			any:       unixChecks(sockStream, sockSeqpacket),
		},
		{
			Name:      "datagram pairs",
			Why:       "as local datagrams",
			Calls:     []string{"socketpair"},
			Condition: "AF_UNIX with SOCK_DGRAM",
			Need:      NeedLocal,
			any:       unixChecks(sockDgram),
		},
		{
			Name: "local sockets",
			Why: "to connect or to listen. A read-only bind does not keep a program from connecting to a socket, so that this is for profiles " +
				"that grant it. The protocol is not looked at: the kernel takes 0 and 1 for the same (unix_create of net/unix/af_unix.c). A " +
				"socket with SO_PASSCRED gets an abstract name when it connects, without a bind",
			Calls:     []string{"socket"},
			Condition: "AF_UNIX with SOCK_STREAM or SOCK_SEQPACKET",
			Need:      NeedLocal | NeedLocalListen,
			any:       unixChecks(sockStream, sockSeqpacket),
		},
		{
			Name: "local datagrams",
			Why: "sendto is a connect by another name: Landlock covers both where it has a right for named sockets (ABI 9) and scopes for " +
				"abstract ones (ABI 6); otherwise they reach what the view shows and the network namespace holds. LocalListen alone has none, " +
				"as Listen has no UDP",
			Calls:     []string{"socket"},
			Condition: "AF_UNIX with SOCK_DGRAM",
			Need:      NeedLocal,
			any:       unixChecks(sockDgram),
		},
		{
			Name: "TCP sockets",
			Why: "Not MPTCP and SCTP, which Landlock's port rules do not cover, nor raw, packet, netlink and vsock sockets, nor AF_ALG and " +
				"the other families, whose modules the kernel loads on demand",
			Calls:     []string{"socket"},
			Condition: "AF_INET or AF_INET6; SOCK_STREAM with protocol 0 or TCP",
			Need:      NeedInternet | NeedListen | NeedTCP,
			any:       inetChecks(sockStream, ipprotoTCP),
		},
		{
			Name: "UDP sockets",
			Why: "Listen and TCP alone have none: any datagram socket sends wherever sendto says, without a connect. Not UDP-Lite, nor " +
				"ICMP, which is SOCK_DGRAM too",
			Calls:     []string{"socket"},
			Condition: "AF_INET or AF_INET6; SOCK_DGRAM with protocol 0 or UDP",
			Need:      NeedInternet | NeedUDP,
			any:       inetChecks(sockDgram, ipprotoUDP),
		},
		{
			Name: "serve",
			Why: "choosing a port or name and being connected to; a filter sees neither nor the family, and listen without bind takes any " +
				"port. Internet alone has no bind: a bound UDP socket receives from anyone, and resolvers and clients need none, because " +
				"connect and sendto choose a port by themselves (ip(7))",
			Calls: []string{"bind", "listen"},
			Need:  NeedListen | NeedLocalListen,
		},
	}
}

func inetChecks(kind, protocol uint32) []checks {
	var out []checks
	for _, family := range []uint32{afInet, afInet6} {
		for _, p := range []uint32{0, protocol} {
			out = append(out, checks{is(0, family), masked(1, sockTypeMask, kind), is(2, p)})
		}
	}
	return out
}

func unixChecks(kinds ...uint32) []checks {
	var out []checks
	for _, kind := range kinds {
		out = append(out, checks{is(0, afUnix), masked(1, sockTypeMask, kind)})
	}
	return out
}
