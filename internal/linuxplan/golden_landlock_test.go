package linuxplan

// The plans of the landlock engine, as golden_test.go has those of the namespace engine.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// socketLines are what the landlock engine alone looks at.
const socketLines = `
	/run/server.sock socket
	/dev/kvm
	/proc/meminfo
	/proc/sys/
	/proc/kcore
`

// rulesHost is a host without namespaces.
func rulesHost(f policy.FS, landlock int) policy.Host {
	h := host(f, landlock)
	h.Namespaces, h.Proc = policy.Check{Reason: "none"}, policy.Check{Reason: "none"}
	return h
}

func best(o profile.Operation) profile.Operation {
	o.BestEffort = true
	return o
}

func tcp(k profile.Kind, port int) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormTCP, Port: port}}
}

func udp(k profile.Kind, port int) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormUDP, Port: port}}
}

func local(k profile.Kind, name string) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormLocalSocket, Name: name}}
}

var (
	process    = op(profile.ProcessCreate)
	everywhere = meta("/")
)

func TestAProfileCompilesToItsGoldenPlanOfRules(t *testing.T) {
	usual := []profile.Operation{system, everywhere, read("/srv/in"), execute("/srv/in"), best(write("/srv/out")), best(read("/srv/out"))}
	for _, c := range []struct {
		name     string
		landlock []int
		ops      []profile.Operation
	}{
		{"nothing", []int{2, 6}, []profile.Operation{everywhere}},
		{"usual", []int{2, 3, 5, 6, 9}, usual},
		{"processes", []int{6, 11}, append([]profile.Operation{process, best(system)}, usual[1:]...)},
		{"network-all", []int{3, 6, 10}, []profile.Operation{everywhere, outbound, inbound}},
		{"network-ports", []int{4, 9}, []profile.Operation{everywhere, tcp(profile.NetworkOutbound, 443), tcp(profile.NetworkOutbound, 80), best(tcp(profile.NetworkInbound, 80))}},
		{"network-udp", []int{10}, []profile.Operation{everywhere, tcp(profile.NetworkOutbound, 53), udp(profile.NetworkOutbound, 53), best(udp(profile.NetworkInbound, 5353))}},
		{"network-all-out-and-a-port-in", []int{9, 10}, []profile.Operation{everywhere, outbound, best(tcp(profile.NetworkInbound, 80))}},
		{"sysinfo", []int{6}, []profile.Operation{everywhere, sysinfo}},
		{"a-device-and-a-socket", []int{9}, []profile.Operation{everywhere, {Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/kvm", Match: profile.Literal}}, local(profile.NetworkOutbound, "/run/server.sock")}},
	} {
		for _, abi := range c.landlock {
			t.Run(fmt.Sprintf("%s/%d", c.name, abi), func(t *testing.T) {
				h := rulesHost(newFS(hostLines+socketLines), abi)
				var b strings.Builder
				for _, o := range c.ops {
					fmt.Fprintf(&b, "%s\n", o)
				}
				fmt.Fprintf(&b, "Landlock ABI %d\n\n", abi)
				p := resolve(t, h, c.ops...)
				for _, g := range p.Gaps {
					fmt.Fprintf(&b, "gap: %s: %s\n", g.Operation, g.Detail)
				}
				golden(t, fmt.Sprintf("rules-%s-%d.txt", c.name, abi), b.String()+compile(t, p, h).String())
			})
		}
	}
}

func TestEachRuleNamesTheOperation(t *testing.T) {
	h := rulesHost(newFS(hostLines+socketLines), 11)
	ops := []profile.Operation{everywhere, best(system), process, execute("/srv"), best(sysinfo), tcp(profile.NetworkOutbound, 1)}
	for _, s := range compile(t, resolve(t, h, ops...), h).Steps {
		switch s.Op {
		case plan.KeepPath, plan.KeepPort, plan.LandlockPath, plan.Scope:
			if s.Why == "" {
				t.Errorf("%s does not say why", s)
			}
		}
	}
}
