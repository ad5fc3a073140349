package gaol

// What the constructors make, as text and as a file, and that nothing out of range becomes something else on its way to the error.

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestAnOperationIsWrittenAsInGoAndAsInFiles(t *testing.T) {
	for _, c := range []struct {
		op       Operation
		goText   string
		fileText string
	}{
		{NetworkOutbound(All()), `NetworkOutbound(All)`, `connect = ["all"]`},
		{NetworkOutbound(TCP(443)), `NetworkOutbound(TCP(443))`, `connect = ["tcp:443"]`},
		{NetworkInbound(UDP(53)), `NetworkInbound(UDP(53))`, `listen = ["udp:53"]`},
		{NetworkInbound(Loopback(8080)), `NetworkInbound(Loopback(8080))`, `listen = ["loopback:8080"]`},
		{NetworkInbound(LocalSocket("/run/a")), `NetworkInbound(LocalSocket("/run/a"))`, `listen = ["unix:/run/a"]`},
		{NetworkOutbound(Host("api.example.com", 443)), `NetworkOutbound(Host("api.example.com", 443))`, `connect = ["api.example.com:443"]`},
		{NetworkOutbound(CIDR("2001:db8::/32", 80)), `NetworkOutbound(CIDR("2001:db8::/32", 80))`, `connect = ["2001:db8::/32:80"]`},
		{Signal(), `Signal()`, `signal = true`},
		{Trace(), `Trace()`, `trace = true`},
		{IPC(NamedPipes), `IPC(NamedPipes)`, `ipc = ["named-pipes"]`},
		{IPC(SystemV), `IPC(SystemV)`, `ipc = ["system-v"]`},
		{IPC(POSIXSharedMemory), `IPC(POSIXSharedMemory)`, `ipc = ["posix-shared-memory"]`},
		{IPC(POSIXQueues), `IPC(POSIXQueues)`, `ipc = ["posix-queues"]`},
		{Device("/dev/kvm"), `Device("/dev/kvm")`, `device = ["/dev/kvm"]`},
		{Syscall("bpf"), `Syscall("bpf")`, `syscall = ["bpf"]`},
		{Syscall("bpf", "add_key", "bpf"), `Syscall("add_key", "bpf")`, "syscall = [\n\t\"add_key\",\n\t\"bpf\",\n]"},
		{Deny(FileRead(Subpath("/a"))), `Deny(FileRead(Subpath("/a")))`, `deny = [{ read = "/a" }]`},
		{Deny(FileWrite(Optional(Literal("/a")))), `Deny(FileWrite(Optional(Literal("/a"))))`, `deny = [{ write = { literal = "/a", optional = true } }]`},
		{BestEffort(FileWrite(Subpath("/a"))), `BestEffort(FileWrite(Subpath("/a")))`, `best-effort = [{ write = "/a" }]`},
		{BestEffort(BestEffort(System())), `BestEffort(System())`, `best-effort = [{ system = true }]`},
		{BestEffort(Deny(FileExecute(Subpath("/a")))), `BestEffort(Deny(FileExecute(Subpath("/a"))))`, `best-effort = [{ deny = { exec = "/a" } }]`},
	} {
		p, err := NewProfile(c.op)
		if err != nil {
			t.Errorf("%v: %v", c.op, err)
			continue
		}
		if got := c.op.String(); got != c.goText {
			t.Errorf("got %s, want %s", got, c.goText)
		}
		if got, want := p.TOML(), "schema = 1\n"+c.fileText+"\n"; got != want {
			t.Errorf("%v is in a file\n%swant\n%s", c.op, got, want)
		}
		if again, err := ParseProfile("p.toml", []byte(p.TOML())); err != nil || again.TOML() != p.TOML() {
			t.Errorf("%v: %v, %v", c.op, again, err)
		}
	}
}

func TestAProfileIsAnOptionOfAnother(t *testing.T) {
	file, err := ParseProfile("p.toml", []byte("schema = 1\nread = [\"/a\"]\non-denied = \"kill\"\nmap = [\"/in=/srv\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	both, err := NewProfile(System(), file, FileRead(Subpath("/b")), file)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(both.Operations()); got != `[System() FileRead(Subpath("/a")) Map("/in", "/srv", ReadOnly) FileRead(Subpath("/b"))]` {
		t.Error(got)
	}
	if !strings.Contains(both.TOML(), `on-denied = "kill"`) {
		t.Error(both.TOML())
	}
	if n := len(file.Operations()); n != 2 {
		t.Error("it has changed:", n)
	}
	other, err := NewProfile(Map("/in", "/usr", ReadOnly))
	if err != nil {
		t.Fatal(err)
	}
	var bad *ProfileError
	if _, err := file.With(other); !errors.As(err, &bad) || bad.Path != "/in" || bad.Operation != `Map("/in", "/usr", ReadOnly)` {
		t.Error(err)
	}
}

func TestABadOperationIsAProfileErrorThatSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct {
		op   Option
		want string
	}{
		{NetworkOutbound(TCP(0)), `NetworkOutbound(TCP(0)): port 0 is not one of 1 to 65535`},
		{NetworkOutbound(TCP(-1)), `NetworkOutbound(TCP(-1)): port -1 is not one of 1 to 65535`},
		{NetworkOutbound(TCP(70000)), `NetworkOutbound(TCP(70000)): port 70000 is not one of 1 to 65535`},
		{NetworkInbound(UDP(65536 + 53)), `NetworkInbound(UDP(65589)): port 65589 is not one of 1 to 65535`},
		{NetworkInbound(Loopback(math.MinInt)), fmt.Sprintf(`NetworkInbound(Loopback(%d)): port %d is not one of 1 to 65535`, math.MinInt, math.MinInt)},
		{NetworkOutbound(Host("example.com", math.MaxInt)), fmt.Sprintf(`NetworkOutbound(Host("example.com", %d)): port %d is not one of 1 to 65535`, math.MaxInt, math.MaxInt)},
		{NetworkOutbound(Address{}), `NetworkOutbound(Address(0)): it has no address`},
		{NetworkOutbound(Loopback(80)), `NetworkOutbound(Loopback(80)): a program listens on Loopback; to connect to a port of this host write CIDR("127.0.0.1/32", 80)`},
		{NetworkInbound(Host("example.com", 80)), `NetworkInbound(Host("example.com", 80)): listening takes no peer's address; write TCP(80), or Loopback(80) for this host alone`},
		{NetworkInbound(CIDR("10.0.0.0/8", 80)), `NetworkInbound(CIDR("10.0.0.0/8", 80)): listening takes no peer's address; write TCP(80), or Loopback(80) for this host alone`},
		{NetworkOutbound(LocalSocket("run/x")), `NetworkOutbound(LocalSocket("run/x")): the path is relative; an absolute one is needed`},
		{NetworkOutbound(LocalSocket("/a\x00")), `NetworkOutbound(LocalSocket("/a\x00")): contains a NUL byte`},
		{NetworkOutbound(Host("192.0.2.1", 443)), `NetworkOutbound(Host("192.0.2.1", 443)): an address is no host's name; write CIDR("192.0.2.1/32", 443)`},
		{NetworkOutbound(Host("[::1]", 443)), `NetworkOutbound(Host("[::1]", 443)): an address is no host's name; write CIDR("::1/128", 443)`},
		{NetworkOutbound(Host("", 443)), `NetworkOutbound(Host("", 443)): the host has no name; write TCP(443) to reach every host by TCP`},
		{NetworkOutbound(Host("tcp", 443)), `NetworkOutbound(Host("tcp", 443)): "tcp" is a word of addresses; write the host's full name`},
		{NetworkOutbound(Host(strings.Repeat("a", 64)+".example", 443)), `NetworkOutbound(Host("` + strings.Repeat("a", 64) + `.example", 443)): not a host's name: a part between its dots has at most 63 bytes, not 64`},
		{NetworkOutbound(Host(strings.Repeat("a.", 126)+"aa", 443)), `NetworkOutbound(Host("` + strings.Repeat("a.", 126) + `aa", 443)): a host's name has at most 253 bytes, not 254`},
		{NetworkOutbound(CIDR("192.0.2.1", 443)), `NetworkOutbound(CIDR("192.0.2.1", 443)): the length of the prefix is missing; for this address alone write CIDR("192.0.2.1/32", 443)`},
		{NetworkOutbound(CIDR("10.1.2.3/8", 443)), `NetworkOutbound(CIDR("10.1.2.3/8", 443)): not the plainest form of the prefix; write CIDR("10.0.0.0/8", 443)`},
		{NetworkOutbound(CIDR("", 443)), `NetworkOutbound(CIDR("", 443)): "" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`},
		{IPC(0), `IPC(IPCKind(0)): the kind is none of NamedPipes, SystemV, POSIXSharedMemory, POSIXQueues`},
		{IPC(5), `IPC(IPCKind(5)): the kind is none of NamedPipes, SystemV, POSIXSharedMemory, POSIXQueues`},
		{Device("kvm"), `Device("kvm"): the path is relative; an absolute one is needed`},
		{Syscall(), `Syscall(): it names no system call`},
		{Syscall("bpf", ""), `Syscall("", "bpf"): "" is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`},
		{Syscall("__NR_bpf"), `Syscall("__NR_bpf"): __NR_bpf is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`},
		{Deny(System()), `Deny(System()): only FileRead, FileReadMetadata, FileWrite and FileExecute can be denied; leave out what is not to be allowed`},
		{Deny(NetworkOutbound(All())), `Deny(NetworkOutbound(All)): only FileRead, FileReadMetadata, FileWrite and FileExecute can be denied; leave out what is not to be allowed`},
		{Deny(Deny(FileRead(Subpath("/a")))), `Deny(FileRead(Subpath("/a"))): it is denied already; to allow something below what is denied, list that`},
		{BestEffort(Deny(Deny(FileRead(Subpath("/a"))))), `BestEffort(Deny(FileRead(Subpath("/a")))): it is denied already; to allow something below what is denied, list that`},
		{BestEffort(FileRead(Subpath("a"))), `BestEffort(FileRead(Subpath("a"))): the path is relative; an absolute one is needed`},
		{BestEffort(Operation{}), `Kind(0): unknown operation`},
		{Deny(Operation{}), `Kind(0): unknown operation`},
		{WithEngine(9), `WithEngine: unknown engine 9; write EngineNamespace, EngineLandlock, EngineSeatbelt, EngineCapsicum or EngineJail`},
	} {
		_, err := NewProfile(c.op)
		var bad *ProfileError
		if !errors.As(err, &bad) || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}

	long := "/" + strings.Repeat("s", 107)
	if _, err := NewProfile(NetworkOutbound(LocalSocket(long))); err == nil || !strings.Contains(err.Error(), "at most 107 bytes, not 108") {
		t.Errorf("a path of 108 bytes: %v", err)
	}
	if _, err := NewProfile(NetworkOutbound(LocalSocket(long[:107]))); err != nil {
		t.Errorf("a path of 107 bytes: %v", err)
	}
}

func TestTwoMapsOntoOnePlaceAreRefused(t *testing.T) {
	first, err := NewProfile(Map("/m", "/a", ReadOnly), Map("/n", "/a", ReadOnly))
	if err != nil {
		t.Fatal(err)
	}
	_, err = first.With(Map("/m", "/b", ReadWrite))
	const want = `Map("/m", "/b", ReadWrite): Map("/m", "/a", ReadOnly) has taken this place; a path inside shows one thing`
	var bad *ProfileError
	if !errors.As(err, &bad) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestAnEngineIsNoPartOfAFile(t *testing.T) {
	for _, engine := range []Engine{EngineNamespace, EngineLandlock} {
		p, err := NewProfile(System(), WithEngine(engine))
		if err != nil || p.TOML() != "schema = 1\nsystem = true\n" {
			t.Errorf("%v, %s", err, p.TOML())
		}
		if p, err = p.With(Trace()); err != nil || Engine(p.p.Engine) != engine {
			t.Errorf("With lost the engine: %v, %v", p.p.Engine, err)
		}
	}
}
