package policy

// Ports, sockets, devices, IPC and named calls on the namespace engine: what is granted of each, what is refused, and what another operation
// in the same profile makes of it.

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func tcp(port int) profile.Operation {
	return address(profile.NetworkOutbound, profile.FormTCP, port, "")
}

func local(k profile.Kind, p string) profile.Operation {
	return address(k, profile.FormLocalSocket, 0, p)
}

func device(p string) profile.Operation {
	return profile.Operation{Kind: profile.Device, Pattern: profile.Pattern{Path: p, Match: profile.Literal}}
}

const sockets = `
	/run/server.sock socket
	/run/link -> server.sock
	/srv/out/own.sock socket
	/dev/kvm char
	/dev/kvm-link -> kvm
`

func TestNetworkOperationsResolveToGrants(t *testing.T) {
	for _, c := range []struct {
		name     string
		landlock int
		ops      list
		network  bool
		rights   uint64 // of ports
		local    bool
	}{
		{"a port", 4, list{tcp(443)}, true, landlock.ConnectTCP, false},
		{"a port that All holds", 2, list{tcp(443), outbound}, true, 0, false},
		{"the same, the other way round", 2, list{outbound, tcp(443)}, true, 0, false},
		{"a port of UDP", 10, list{address(profile.NetworkOutbound, profile.FormUDP, 53, "")}, true, landlock.ConnectUDP, false},
		{"a socket", 2, list{local(profile.NetworkOutbound, "/run/server.sock")}, false, 0, true},
		{"a socket behind a link", 2, list{local(profile.NetworkOutbound, "/run/link")}, false, 0, true},
		{"a socket beside System and files", 2, list{system, local(profile.NetworkOutbound, "/run/server.sock"), literal(read("/srv/in/a")), private("/tmp")}, false, 0, true},
		{"a socket beside a part of System", 2, list{read("/usr/share"), system, local(profile.NetworkOutbound, "/run/server.sock")}, false, 0, true},
		{"a socket beside a directory", 9, list{local(profile.NetworkOutbound, "/run/server.sock"), read("/srv")}, false, 0, true},
		{"a socket beside a port", 6, list{local(profile.NetworkOutbound, "/run/server.sock"), tcp(443)}, true, landlock.ConnectTCP, true},
		{"a socket in a writable tree", 9, list{local(profile.NetworkOutbound, "/srv/out/own.sock"), write("/srv/out"), read("/srv/out")}, false, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, sockets))
			h.Landlock = c.landlock
			p, err := Resolve(of(c.ops...), h)
			if err != nil {
				t.Fatal(err)
			}
			var rights uint64
			for _, port := range p.Ports {
				if port.Number != 0 {
					rights |= port.Rights
				}
			}
			if p.Network() != c.network || rights != c.rights && !p.Outbound || p.Local != c.local || len(p.Gaps) > 0 {
				t.Errorf("network %v, rights %#x, local %v, gaps %v", p.Network(), rights, p.Local, p.Gaps)
			}
			reached := false
			for _, e := range p.Entries {
				reached = reached || e.Rights&Connect != 0 && e.Mount && !e.Dir
			}
			if reached != c.local {
				t.Errorf("no socket in\n%s", &p)
			}
		})
	}
}

func TestNetworkOperationsThatCannotBeExact(t *testing.T) {
	sock := local(profile.NetworkOutbound, "/run/server.sock")
	serve := local(profile.NetworkInbound, "/srv/out/s")
	for _, c := range []struct {
		name     string
		landlock int
		ops      list
		want     string
	}{
		{"a port before ABI 4", 3, list{tcp(443)}, "Landlock ABI 4"},
		{"a socket beside a directory before ABI 9", 8, list{sock, read("/srv")}, "Landlock ABI 9"},
		{"a socket beside a mapped one", 8, list{sock, mapRO("/x", "/srv")}, "Landlock ABI 9"},
		{"a socket beside a writable part of System", 8, list{system, sock, read("/usr/share"), write("/usr/share")}, "Landlock ABI 9"},
		{"a socket beside the internet before ABI 6", 5, list{sock, outbound}, "Landlock ABI 6"},
		{"serving one", 9, list{serve, write("/srv/out")}, "tells the names"},
		{"a port to listen on", 7, list{address(profile.NetworkInbound, profile.FormTCP, 80, "")}, "listen"},
		{"a host", 11, list{address(profile.NetworkOutbound, profile.FormHost, 443, "example.com")}, "the broker"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, sockets))
			h.Landlock = c.landlock
			_, err := Resolve(of(c.ops...), h)
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// A filter sees neither the family nor the name of what is bound and connected: what one operation opens for another must be refused or told.
func TestWhatOneKindOfSocketOpensForAnotherIsTold(t *testing.T) {
	const any, chosen, datagrams = "a TCP socket can listen on any port", "a TCP socket can listen on a port that the kernel chooses", ", and datagrams can be received on any"
	sock, serve := best(local(profile.NetworkOutbound, "/run/server.sock")), best(local(profile.NetworkInbound, "/srv/out/s"))
	for _, c := range []struct {
		name   string
		abis   []int
		ops    list
		gap    string // of sock and serve, besides those of the one alone
		refuse bool
	}{
		{"connect of a server of the internet", []int{0, 2, 3}, list{sock, inbound}, "", true},
		{"the same where ports are known", []int{4, 5, 11}, list{sock, inbound}, "", false},
		{"the same where all is granted", []int{0, 2, 3}, list{sock, inbound, outbound}, "", false},
		{"connect of none", []int{0, 2, 3}, list{sock}, "", false},
		{"bind of a client of the internet", []int{0, 2, 3}, list{serve, outbound}, any + datagrams, false},
		{"the same where ports of TCP are known", []int{4, 9}, list{serve, outbound}, chosen + datagrams, false},
		{"the same where ports of both are known", []int{10, 11}, list{serve, outbound}, chosen, false},
		{"bind of a client of one port", []int{4, 9, 10}, list{serve, tcp(443)}, chosen, false},
		{"bind of a server of the internet", []int{4, 11}, list{serve, inbound}, "a Unix socket of any name can be listened on", false},
	} {
		for _, abi := range c.abis {
			h := host(newFS(t, merged, sockets))
			h.Landlock = abi
			p, err := Resolve(of(append(list{write("/srv/out"), read("/srv/out")}, c.ops...)...), h)
			var lacks *UnsupportedError
			if c.refuse != errors.As(err, &lacks) || err != nil && !c.refuse {
				t.Errorf("%s, ABI %d: %v", c.name, abi, err)
			}
			if c.gap != "" && !slices.Contains(p.Gaps, Gap{serve.String(), c.gap}) {
				t.Errorf("%s, ABI %d: no gap %q in %v", c.name, abi, c.gap, p.Gaps)
			}
			if squat := slices.Contains(p.Gaps, Gap{serve.String(), abstractGap}); squat != (p.Network() && p.LocalListen) {
				t.Errorf("%s, ABI %d: abstract names are told: %v", c.name, abi, squat)
			}
		}
	}
	h := host(newFS(t, merged, sockets))
	h.Landlock = 9
	if p, err := Resolve(of(serve, write("/srv/out"), read("/srv/out")), h); err != nil || len(p.Gaps) != 1 {
		t.Errorf("without the network: %v, %v", p.Gaps, err)
	}
	h.Force, h.Landlock = profile.EngineLandlock, 9
	if p, err := Resolve(of(serve, best(write("/srv/out")), best(meta("/"))), h); err != nil || !slices.Contains(p.Gaps, Gap{serve.String(), abstractGap}) {
		t.Errorf("by rules: %v, %v", p.Gaps, err)
	}
}

func TestSocketsDevicesAndCallsThatMeanNothing(t *testing.T) {
	call := func(names string) profile.Operation { return profile.Operation{Kind: profile.Syscall, Names: names} }
	for _, c := range []struct {
		want string
		ops  list
	}{
		{"no such file", list{local(profile.NetworkOutbound, "/run/none")}},
		{"is not a socket", list{local(profile.NetworkOutbound, "/srv/in/a")}},
		{"no operation lets the program make it", list{local(profile.NetworkInbound, "/srv/out/s"), read("/srv/out")}},
		{"no such file", list{device("/dev/none")}},
		{"is not a device", list{device("/srv/in/a")}},
		{"is a terminal of the host's", list{device("/dev/ptmx")}},
		{"bpf cannot be added: always forbidden", list{call("bpf")}},
		{"ptrace cannot be added: only with Trace", list{call("personality ptrace")}},
		{"nosuchcall cannot be added", list{call("nosuchcall")}},
	} {
		_, err := Resolve(of(c.ops...), host(newFS(t, merged, sockets)))
		var bad *profile.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %s", c.ops, err, c.want)
		}
	}
	p, err := Resolve(of(call("personality"), call("io_setup read")), host(newFS(t, merged)))
	if err != nil || p.Names != "io_setup personality read" {
		t.Errorf("%q, %v", p.Names, err)
	}
}

func TestADeviceIsItsNodeWithItsCommands(t *testing.T) {
	for _, ops := range []list{{device("/dev/kvm")}, {device("/dev/kvm-link")}, {system, device("/dev/null")}, {device("/dev/null"), system}, {read("/"), device("/dev/kvm")}} {
		p, err := Resolve(of(ops...), host(newFS(t, merged, sockets)))
		if err != nil {
			t.Errorf("%v: %v", ops, err)
			continue
		}
		n := 0
		for _, e := range p.Entries {
			if e.Rights&Ioctl != 0 && e.Rights&(Read|Write|Device) == Read|Write|Device && e.Mount {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%v: %d devices with commands\n%s", ops, n, &p)
		}
	}
}

func TestIPCIsOfTheCommandsOwn(t *testing.T) {
	p, err := Resolve(of(ipcKind(profile.NamedPipes), ipcKind(profile.SystemV), ipcKind(profile.POSIXQueues), ipcKind(profile.POSIXSharedMemory)), host(newFS(t, merged)))
	if err != nil || !p.Pipes || !p.SystemV || !p.Queues {
		t.Fatalf("%+v, %v", p.Calls, err)
	}
	kinds := map[string]Kind{}
	for _, e := range p.Entries {
		kinds[e.Path] = e.Kind
	}
	if kinds["/dev/shm"] != Private || kinds["/dev/mqueue"] != Mqueue {
		t.Errorf("%v", kinds)
	}
	if p, err := Resolve(of(system), host(newFS(t, merged))); err != nil || p.Pipes || p.SystemV || p.Queues || p.Trace || p.Names != "" {
		t.Errorf("nothing of it is there by itself: %+v, %v", p.Calls, err)
	}
}
