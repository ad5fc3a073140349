// This file holds the operations on sockets that only Linux has, and the families of sockets that it has beside those of all.

package main

import (
	"maps"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	maps.Copy(families, map[string]int{"netlink": unix.AF_NETLINK,
		"packet": unix.AF_PACKET, "vsock": unix.AF_VSOCK, "alg": unix.AF_ALG, "bluetooth": unix.AF_BLUETOOTH, "can": unix.AF_CAN,
		"key": unix.AF_KEY, "xdp": unix.AF_XDP, "tipc": unix.AF_TIPC, "kcm": unix.AF_KCM, "rds": unix.AF_RDS, "smc": unix.AF_SMC,
		"ax25": unix.AF_AX25, "appletalk": unix.AF_APPLETALK, "rxrpc": unix.AF_RXRPC, "qipcrtr": unix.AF_QIPCRTR})
	maps.Copy(kinds, map[string]int{"dccp": unix.SOCK_DCCP, "packet": unix.SOCK_PACKET})
	register(map[string]func([]string) error{
		"fastopen":   func(a []string) error { return opened(a, unix.SOCK_STREAM, fastOpen) }, // ADDRESS: sendto that connects
		"fastopenfd": func(a []string) error { return onSocket(a, fastOpen) },                 // FD ADDRESS
		"named":      named,                                                                   // notes the abstract name that the kernel gives, waits for one datagram
		"interfaces": interfaces,
		"ifconf":     func(a []string) error { return withFD(a, ifConf) }, // FD: is SIOCGIFCONF answered?
	})
}

func fastOpen(fd int, to unix.Sockaddr) error {
	return unix.Sendto(fd, []byte("ping"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, to)
}

// named needs no bind: with SO_PASSCRED a connect gives the socket a name, even one that fails.
func named([]string) error {
	return opened([]string{"@nobody"}, unix.SOCK_DGRAM, func(fd int, sa unix.Sockaddr) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			return err
		}
		_ = unix.Connect(fd, sa)
		name, err := unix.Getsockname(fd)
		if err != nil {
			return err
		}
		note("at %s", name.(*unix.SockaddrUnix).Name)
		return reply(fd)
	})
}

// interfaces lists those of the network namespace that the program is in.
func interfaces([]string) error {
	b, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return err
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	say("%s", strings.Join(names, " "))
	return nil
}

// ifConf asks for the length of the list of interfaces.
func ifConf(fd int, _ []string) error {
	var conf [2]uint64 // struct ifconf
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFCONF, uintptr(unsafe.Pointer(&conf)))
	if errno != 0 {
		return errno
	}
	say("%d", uint32(conf[0]))
	return nil
}
