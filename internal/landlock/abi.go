// Package landlock is what Landlock can do, as data: the rights of each ABI and the kernel that brought it. It must never ask the kernel;
// the ABI comes in as a number.
package landlock

// The file system rights (linux/landlock.h).
const (
	Execute uint64 = 1 << iota
	WriteFile
	ReadFile
	ReadDir
	RemoveDir
	RemoveFile
	MakeChar
	MakeDir
	MakeReg
	MakeSock
	MakeFifo
	MakeBlock
	MakeSym
	Refer       // link and rename between directories
	Truncate    // truncate, and open with O_TRUNC
	IoctlDev    // ioctl on devices
	ResolveUnix // connect and send to a socket by its path
)

// The network rights.
const (
	BindTCP uint64 = 1 << iota
	ConnectTCP
	BindUDP    // port 0: what the kernel does for a socket that sends before it has a port
	ConnectUDP // connect, and each datagram that is sent
)

// The scopes: what of it lies outside is out of reach.
const (
	ScopeAbstractUnix uint64 = 1 << iota // sockets with an abstract name
	ScopeSignal
)

// FileRights are those that a rule for a file may carry; the others are a directory's (man 2 landlock_add_rule).
const FileRights = Execute | WriteFile | ReadFile | Truncate | IoctlDev | ResolveUnix

// ABI is what one version of the interface added.
type ABI struct {
	Number          int
	Kernel          string // the first with it
	FS, Net, Scopes uint64
	Adds            string // for people
}

// ABIs are all that gaol knows of, in order. A kernel with a later one is used as if it had the last.
var ABIs = []ABI{
	{1, "5.13", 1<<13 - 1, 0, 0, "files and directories: execute, write, read, list, remove, make"},
	{2, "5.19", Refer, 0, 0, "rename and link between directories; before, every one of them is denied"},
	{3, "6.2", Truncate, 0, 0, "truncate; before, it is denied to nobody"},
	{4, "6.7", 0, BindTCP | ConnectTCP, 0, "ports of TCP: bind, connect"},
	{5, "6.10", IoctlDev, 0, 0, "ioctl on devices"},
	{6, "6.12", 0, 0, ScopeAbstractUnix | ScopeSignal, "scopes: abstract sockets, signals"},
	{7, "6.15", 0, 0, 0, "what the audit log is told"},
	{8, "7.0", 0, 0, 0, "rules for all threads at once"},
	{9, "7.1", ResolveUnix, 0, 0, "sockets by their path: connect, send"},
	{10, "7.2", 0, BindUDP | ConnectUDP, 0, "ports of UDP: bind, connect, send; rules that are not logged"},
	{11, "7.3", 0, 0, 0, "no_new_privs along with the rules"},
}

// Kernel is the first kernel with an ABI.
func Kernel(abi int) string {
	for _, a := range ABIs {
		if a.Number == abi {
			return a.Kernel
		}
	}
	return ""
}

// Known is everything that a kernel with this ABI can handle.
func Known(abi int) (fs, net, scopes uint64) {
	for _, a := range ABIs {
		if a.Number <= abi {
			fs, net, scopes = fs|a.FS, net|a.Net, scopes|a.Scopes
		}
	}
	return fs, net, scopes
}

// Size is how much of struct landlock_ruleset_attr a kernel with this ABI knows, as far as gaol uses it.
func Size(abi int) uint64 {
	switch _, net, scopes := Known(abi); {
	case scopes != 0:
		return 24
	case net != 0:
		return 16
	}
	return 8
}

// NetNames are the network rights in words.
func NetNames(bits uint64) (out []string) {
	for i, name := range []string{"bind-tcp", "connect-tcp", "bind-udp", "connect-udp"} {
		if bits>>i&1 != 0 {
			out = append(out, name)
		}
	}
	return out
}
