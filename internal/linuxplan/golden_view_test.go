package linuxplan

// The golden plans of what the namespace engine does beside showing files: what is denied is covered, sockets and devices are bound, ports
// have rules, queues have an ipc namespace of each command's own.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func denied(ops ...profile.Operation) []profile.Operation {
	for i := range ops {
		ops[i].Deny = true
	}
	return ops
}

func with(ops []profile.Operation, more ...profile.Operation) []profile.Operation {
	return append(append([]profile.Operation{}, ops...), more...)
}

func TestAProfileCompilesToItsGoldenPlanOfAView(t *testing.T) {
	out := func(form profile.Form, port int) profile.Operation {
		return profile.Operation{Kind: profile.NetworkOutbound, Address: profile.Address{Form: form, Port: port}}
	}
	ipc := func(k profile.IPCKind) profile.Operation { return profile.Operation{Kind: profile.IPC, IPC: k} }
	in := best(profile.Operation{Kind: profile.NetworkInbound, Address: profile.Address{Form: profile.FormTCP, Port: 80}})
	writable := []profile.Operation{read("/srv"), write("/srv"), execute("/srv")}
	for _, c := range []struct {
		name     string
		landlock int
		ops      []profile.Operation
	}{
		{"deny-in-a-readable-tree", 7, with([]profile.Operation{read("/srv")}, denied(read("/srv/in/sub"), read("/srv/in/a"))...)},
		{"deny-in-a-writable-tree", 7, with(writable, denied(read("/srv/in/sub"), write("/srv/in/sub"), execute("/srv/in/sub"), best(write("/srv/bin")), execute("/srv/out"))...)},
		{"deny-with-something-shown-in-it", 7, with([]profile.Operation{read("/tmp"), read("/tmp/in/deep/y"), private("/tmp/in/deep/own")}, denied(read("/tmp/in"))...)},
		{"deny-in-what-lies-in-a-private-directory", 7, with([]profile.Operation{private("/tmp"), best(read("/tmp/in"))}, denied(read("/tmp/in/deep"))...)},
		{"deny-below-the-root", 0, with([]profile.Operation{read("/"), write("/")}, denied(read("/home"), write("/home"))...)},
		{"ports", 7, []profile.Operation{out(profile.FormTCP, 443), out(profile.FormTCP, 80), in}},
		{"ports-of-udp", 10, []profile.Operation{out(profile.FormUDP, 53)}},
		{"sockets-and-devices", 9, []profile.Operation{local(profile.NetworkOutbound, "/run/server.sock"), {Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/kvm", Match: profile.Literal}}, read("/srv")}},
		{"a-socket-before-scopes", 5, []profile.Operation{local(profile.NetworkOutbound, "/run/server.sock")}},
		{"sockets-to-serve-beside-the-internet", 10, []profile.Operation{write("/srv"), best(local(profile.NetworkInbound, "/srv/s")), {Kind: profile.NetworkOutbound, Address: profile.All}}},
		{"ipc", 7, []profile.Operation{ipc(profile.SystemV), ipc(profile.POSIXQueues), ipc(profile.POSIXSharedMemory), ipc(profile.NamedPipes)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFS(hostLines + socketLines)
			h := host(f, c.landlock)
			var b strings.Builder
			for _, o := range c.ops {
				fmt.Fprintf(&b, "%s\n", o)
			}
			fmt.Fprintf(&b, "Landlock ABI %d\n\n", c.landlock)
			p := resolve(t, h, c.ops...)
			out := compile(t, p, h)
			golden(t, "view-"+c.name+".txt", b.String()+out.String())
			m := &machine{fs: f}
			if err := m.run(out); err != nil {
				t.Fatal(err)
			}
			if err := m.compare(&p); err != nil {
				t.Error(err)
			}
		})
	}
}
