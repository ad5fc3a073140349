package policy

// The matrix: which level each form of an operation has, by engine and Landlock ABI. The table is the promise, and Resolve must agree.

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// abis are the columns of the table: the ABIs from which something changes. ABI 1 counts as none.
var abis = []int{0, 2, 3, 4, 6, 9, 10}

// The signs: + CanBeAllowed, * AlwaysAllowed, ~ CannotBeAllowedPrecisely, - NeverAllowed. The columns are ABIs of Landlock, up to the
// next; on the left the namespace engine, on the right a host without namespaces.
const matrix = `
                                               0 2 3 4 6 9 10  | 0 2 3 4 6 9 10
System()                                       + + + + + + +   | - + + + + + +
FileRead(Subpath(/srv/in))                     ~ + + + + + +   | - ~ ~ ~ ~ ~ ~
FileRead(Literal(/srv/in/a))                   + + + + + + +   | - ~ ~ ~ ~ ~ ~
FileRead(Literal(/srv/in))                     ~ ~ ~ ~ ~ ~ ~   | - ~ ~ ~ ~ ~ ~
FileReadMetadata(Subpath(/))                   ~ + + + + + +   | - * * * * * *
FileReadMetadata(Subpath(/srv/in))             ~ + + + + + +   | - ~ ~ ~ ~ ~ ~
FileWrite(Subpath(/srv/out))                   ~ + + + + + +   | - ~ ~ ~ ~ ~ ~
FileExecute(Subpath(/srv/bin))                 ~ + + + + + +   | - + + + + + +
Deny(FileRead(Subpath(/srv/in/sub)))           + + + + + + +   | - - - - - - -
Deny(FileWrite(Subpath(/srv/in/sub)))          ~ ~ ~ ~ ~ ~ ~   | - - - - - - -
Deny(FileWrite(Literal(/srv/in/a)))            + + + + + + +   | - - - - - - -
Deny(FileReadMetadata(Subpath(/srv/in/sub)))   ~ ~ ~ ~ ~ ~ ~   | - - - - - - -
NetworkOutbound(All)                           + + + + + + +   | - + + + + + +
NetworkOutbound(TCP(443))                      - - - + + + +   | - - - + + + +
NetworkOutbound(UDP(53))                       - - - - - - +   | - - - - - - +
NetworkOutbound(LocalSocket(/run/server.sock)) + + + + + + +   | - - - - ~ + +
NetworkOutbound(Host(example.com, 443))        - - - - - - -   | - - - - - - -
NetworkOutbound(CIDR(10.0.0.0/8, 443))         - - - - - - -   | - - - - - - -
NetworkInbound(All)                            + + + + + + +   | - + + + + + +
NetworkInbound(TCP(80))                        - - - ~ ~ ~ ~   | - - - ~ ~ ~ ~
NetworkInbound(UDP(53))                        - - - - - - ~   | - - - - - - ~
NetworkInbound(Loopback(80))                   - - - - - - -   | - - - - - - -
NetworkInbound(LocalSocket(/srv/out/s))        ~ ~ ~ ~ ~ ~ ~   | - - - - ~ ~ ~
SystemInfoRead()                               + + + + + + +   | - + + + + + +
ProcessCreate()                                + + + + + + +   | - - - - + + +
Signal()                                       * * * * * * *   | - * * * * * *
Trace()                                        + + + + + + +   | - + + + + + +
IPC(NamedPipes)                                + + + + + + +   | - + + + + + +
IPC(SystemV)                                   + + + + + + +   | - - - - - - -
IPC(POSIXSharedMemory)                         + + + + + + +   | - - - - - - -
IPC(POSIXQueues)                               + + + + + + +   | - - - - - - -
Device(/dev/tty)                               + + + + + + +   | - + + + + + +
Syscall(personality)                           + + + + + + +   | - + + + + + +
MachLookup(com.apple.trustd)                   - - - - - - -   | - - - - - - -
Private(/tmp)                                  + + + + + + +   | - - - - - - -
Map(/data, /srv/in, ReadOnly)                  ~ + + + + + +   | - - - - - - -
`

func best(o profile.Operation) profile.Operation {
	o.BestEffort = true
	return o
}

func deny(o profile.Operation) profile.Operation {
	o.Deny = true
	return o
}

func address(k profile.Kind, form profile.Form, port int, name string) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: form, Port: port, Name: name}}
}

func ipcKind(k profile.IPCKind) profile.Operation {
	return profile.Operation{Kind: profile.IPC, IPC: k}
}

// forms are the rows.
var forms = []profile.Operation{
	system,
	read("/srv/in"), literal(read("/srv/in/a")), literal(read("/srv/in")),
	meta("/"), meta("/srv/in"),
	write("/srv/out"), execute("/srv/bin"),
	deny(read("/srv/in/sub")), deny(write("/srv/in/sub")), deny(literal(write("/srv/in/a"))), deny(meta("/srv/in/sub")),
	outbound,
	address(profile.NetworkOutbound, profile.FormTCP, 443, ""), address(profile.NetworkOutbound, profile.FormUDP, 53, ""),
	address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/run/server.sock"),
	address(profile.NetworkOutbound, profile.FormHost, 443, "example.com"), address(profile.NetworkOutbound, profile.FormCIDR, 443, "10.0.0.0/8"),
	inbound,
	address(profile.NetworkInbound, profile.FormTCP, 80, ""), address(profile.NetworkInbound, profile.FormUDP, 53, ""),
	address(profile.NetworkInbound, profile.FormLoopback, 80, ""), address(profile.NetworkInbound, profile.FormLocalSocket, 0, "/srv/out/s"),
	sysinfo, process, op(profile.Signal), op(profile.Trace),
	ipcKind(profile.NamedPipes), ipcKind(profile.SystemV), ipcKind(profile.POSIXSharedMemory), ipcKind(profile.POSIXQueues),
	{Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/tty", Match: profile.Literal}},
	{Kind: profile.Syscall, Names: "personality"},
	{Kind: profile.MachLookup, Names: "com.apple.trustd"},
	private("/tmp"), mapRO("/data", "/srv/in"),
}

func matrixHost(t *testing.T, namespaces bool, abi int) Host {
	h := host(newFS(t, merged, "/run/server.sock socket\n/proc/sys/\nmount proc /proc\nmount sysfs /sys\nmount devtmpfs /dev"))
	h.Landlock = abi
	if abi < MinLandlock {
		h.LandlockReason = "too old"
	}
	if !namespaces {
		h.Namespaces, h.Proc = Check{Reason: "clone: EPERM", Fix: "sysctl"}, Check{Reason: "clone: EPERM"}
	}
	return h
}

// column is that of an ABI.
func column(abi int) int {
	c := 0
	for i, from := range abis {
		if abi >= from {
			c = i
		}
	}
	return c
}

// levels reads the table: by operation, for namespaces and without.
func levels(t *testing.T) map[string][2][]Level {
	out := map[string][2][]Level{}
	for _, line := range strings.Split(strings.TrimSpace(matrix), "\n")[1:] {
		name, signs := strings.TrimSpace(line[:46]), line[46:]
		if _, twice := out[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		var row [2][]Level
		for i, half := range strings.Split(signs, "|") {
			for _, sign := range strings.Fields(half) {
				row[i] = append(row[i], Level(strings.Index("-~+*", sign)))
			}
			if len(row[i]) != len(abis) {
				t.Fatalf("%s: %d columns", name, len(row[i]))
			}
		}
		out[name] = row
	}
	return out
}

func TestTheMatrixOfLevelsHolds(t *testing.T) {
	table := levels(t)
	if len(table) != len(forms) {
		t.Errorf("%d rows for %d forms", len(table), len(forms))
	}
	for _, o := range forms {
		name := strings.ReplaceAll(o.String(), `"`, "")
		row, ok := table[name]
		if !ok {
			t.Errorf("no row for %s", name)
			continue
		}
		for abi := range 12 {
			for i, namespaces := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/namespaces %v/ABI %d", name, namespaces, abi), func(t *testing.T) {
					agrees(t, o, matrixHost(t, namespaces, abi), row[i][column(abi)])
				})
			}
			t.Run(fmt.Sprintf("%s/forced to rules/ABI %d", name, abi), func(t *testing.T) {
				h := matrixHost(t, true, abi)
				h.Force = profile.EngineLandlock
				agrees(t, o, h, row[1][column(abi)])
			})
			t.Run(fmt.Sprintf("%s/forced to namespaces/ABI %d", name, abi), func(t *testing.T) {
				h := matrixHost(t, false, abi)
				h.Force = profile.EngineNamespace
				agrees(t, o, h, NeverAllowed)
			})
		}
	}
}

// agrees holds Support and Resolve against what the table says.
func agrees(t *testing.T, o profile.Operation, h Host, want Level) {
	t.Helper()
	level, mechanism := Support(o, h)
	if level != want || mechanism == "" {
		t.Fatalf("%s by %q, want %s", level, mechanism, want)
	}
	p, err := resolveAlone(o, h)
	q, bestErr := resolveAlone(best(o), h)
	var lacks *UnsupportedError
	switch want {
	case CanBeAllowed, AlwaysAllowed:
		if err != nil || len(p.Gaps) > 0 && !o.Deny && o.Kind != profile.NetworkInbound {
			t.Errorf("%v, gaps %v", err, p.Gaps)
		}
	case CannotBeAllowedPrecisely:
		if !errors.As(err, &lacks) || lacks.Operations[0].Operation != o.String() || lacks.Operations[0].Gap == "" {
			t.Errorf("not refused: %v", err)
		}
		found := false
		for _, g := range q.Gaps {
			found = found || g.Operation == best(o).String() && g.Detail == lacks.Operations[0].Gap
		}
		if bestErr != nil || !found {
			t.Errorf("with best effort: %v, gaps %v", bestErr, q.Gaps)
		}
	case NeverAllowed:
		if !errors.As(err, &lacks) {
			t.Errorf("not refused: %v", err)
		}
		if !errors.As(bestErr, &lacks) {
			t.Errorf("with best effort not refused: %v", bestErr)
		}
	}
}

func TestEveryKindHasARow(t *testing.T) {
	seen := map[profile.Kind]bool{}
	for _, o := range forms {
		seen[o.Kind] = true
	}
	for _, k := range profile.Kinds() {
		if !seen[k] {
			t.Errorf("no row for %s", k)
		}
	}
}

// Support asks about an operation, not about what lies at its path.
func TestSupportNeedsNoPathToBeThere(t *testing.T) {
	h := matrixHost(t, true, 11)
	for _, o := range []profile.Operation{read("/not/there"), literal(write("/not/there")), address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/not/there"),
		{Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/none", Match: profile.Literal}}, mapRO("/data", "/not/there"), private("/not/there")} {
		if level, mechanism := Support(o, h); level != CanBeAllowed {
			t.Errorf("%s: %s, %s", o, level, mechanism)
		}
	}
	if level, why := Support(profile.Operation{Kind: profile.Syscall, Names: "bpf"}, h); level != NeverAllowed || !strings.Contains(why, "cannot be added") {
		t.Errorf("bpf: %s, %s", level, why)
	}
}
