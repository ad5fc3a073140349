package profile

// What is no profile, with the exact text, line and key that its author is told. No row may be taken, and none may panic.

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	schemaLine  = "schema = 1\n"
	unknownKeys = "unknown key; the keys are schema, extends, widen, system, read, metadata, write, exec, connect, listen, " +
		"sysinfo, process, signal, trace, ipc, device, syscall, private, map, mach-lookup, deny, best-effort, env, pass-env, dir, on-denied, limits"
	reaches   = "; write all, tcp:PORT, udp:PORT, unix:PATH, HOST:PORT or CIDR:PORT"
	listens   = "; write all, tcp:PORT, udp:PORT, loopback:PORT or unix:PATH"
	variables = "; the variables are ${HOME}, ${CWD} and ${TMP}"
)

var longSocket = "/" + strings.Repeat("s", maxSocketPath)

// Each error text is exact: it is the interface that people meet most.
var badTOML = []struct{ data, want string }{
	{"", `p.toml: schema: missing; the file must say schema = 1`},
	{"system = true", `p.toml: schema: missing; the file must say schema = 1`},
	{"\nschema = 2\nnew = 1", `p.toml:2: schema: 2 is not known; this gaol knows schema 1`},
	{"schema = '1'", `p.toml:1: schema: the integer 1 is needed, not a string`},
	{"schema = 1.0", `p.toml:1: schema: the integer 1 is needed, not a float`},
	{"schema = 99999999999999999999", ``},
	{"schema = 1\nschema = 1", `p.toml:2: key schema is already defined`},
	{schemaLine + "reed = []", `p.toml:2: reed: ` + unknownKeys},
	{schemaLine + "\"a b\" = []", `p.toml:2: "a b": ` + unknownKeys},
	{schemaLine + "[limit]\nmemory = 1", `p.toml:2: limit: ` + unknownKeys},
	{schemaLine + "system = 1", `p.toml:2: system: true or false is needed, not an integer`},
	{schemaLine + "sysinfo = 'true'", `p.toml:2: sysinfo: true or false is needed, not a string`},
	{schemaLine + "process = []", `p.toml:2: process: true or false is needed, not a list`},
	{schemaLine + "widen = 1", `p.toml:2: widen: true or false is needed, not an integer`},
	{schemaLine + "widen = true", `p.toml:2: widen: there is nothing to widen without extends`},
	{schemaLine + "read = '/a'", `p.toml:2: read: a list of paths is needed, not a string`},
	{schemaLine + "metadata = true", `p.toml:2: metadata: a list of paths is needed, not true or false`},
	{schemaLine + "write = 1979-05-27", `p.toml:2: write: a list of paths is needed, not a date or time`},
	{schemaLine + "[exec]\n", `p.toml:2: exec: a list of paths is needed, not a table`},
	{schemaLine + "private = '/a'", `p.toml:2: private: a list of paths is needed, not a string`},
	{schemaLine + "map = { a = 1 }", `p.toml:2: map: a list of INSIDE=HOST is needed, not a table`},
	{schemaLine + "connect = 'all'", `p.toml:2: connect: a list of addresses is needed, not a string`},
	{schemaLine + "listen = true", `p.toml:2: listen: a list of addresses is needed, not true or false`},
	{schemaLine + "env = ['A=b']", `p.toml:2: env: a table of strings is needed, not a list`},
	{schemaLine + "pass-env = 'A'", `p.toml:2: pass-env: a list of names is needed, not a string`},
	{schemaLine + "dir = ['/a']", `p.toml:2: dir: a path is needed, not a list`},
	{schemaLine + "on-denied = true", `p.toml:2: on-denied: "errno" or "kill" is needed, not true or false`},
	{schemaLine + "on-denied = 'log'", `p.toml:2: on-denied: "log" is neither "errno" nor "kill"`},
	{schemaLine + "extends = 1", `p.toml:2: extends: a file's name or a list of them is needed, not an integer`},
	{schemaLine + "read = [\n  '/a',\n  1,\n]", `p.toml:4: read[1]: a path or a table is needed, not an integer`},
	{schemaLine + "private = [{}]", `p.toml:2: private[0]: a path is needed, not a table`},
	{schemaLine + "map = [1]", `p.toml:2: map[0]: INSIDE=HOST is needed, not an integer`},
	{schemaLine + "listen = [80]", `p.toml:2: listen[0]: an address is needed, not an integer`},
	{schemaLine + "pass-env = [\n'A', # [\n\n[]]", `p.toml:5: pass-env[1]: a string is needed, not a list`},
	{schemaLine + "[env]\nA = 1", `p.toml:3: env.A: a string is needed, not an integer`},
	{schemaLine + "[env]\nA.B = 'x'", `p.toml:3: env.A: a string is needed, not a table`},
	{schemaLine + "[env]\n'A=B' = 'x'", `p.toml:3: env."A=B": "A=B" is not a variable's name`},
	{schemaLine + "[env]\n'' = 'x'", `p.toml:3: env."": "" is not a variable's name`},
	{schemaLine + "[env]\nA = \"a\\u0000\"", `p.toml:3: env.A: "A=a\x00" contains a NUL byte`},
	{schemaLine + "[env]\nA = '1'\nA = '2'", `p.toml:4: key A is already defined`},
	{schemaLine + "[env]\nA = '$HOME'", `p.toml:3: env.A: a lone "$"; write "$$" for a dollar, "${NAME}" for a variable`},
	{schemaLine + "pass-env = ['A=b']", `p.toml:2: pass-env[0]: "A=b" is not a variable's name`},
	{schemaLine + "pass-env = ['']", `p.toml:2: pass-env[0]: "" is not a variable's name`},
	{schemaLine + "read = [\n'/a',\n'srv/in',\n]", `p.toml:4: read[1]: "srv/in": the path is relative; an absolute one is needed`},
	{schemaLine + "read = ['~/a']", `p.toml:2: read[0]: "~/a": the path is relative; an absolute one is needed`},
	{schemaLine + "metadata = ['']", `p.toml:2: metadata[0]: the path is empty`},
	{schemaLine + "metadata = ['?']", `p.toml:2: metadata[0]: the path is empty`},
	{schemaLine + "write = ['/a/../b']", `p.toml:2: write[0]: "/a/../b": the path is not clean: write "/b"`},
	{schemaLine + "exec = ['/a/']", `p.toml:2: exec[0]: "/a/": the path is not clean: write "/a"`},
	{schemaLine + `read = ["/a\u0000b"]`, `p.toml:2: read[0]: "/a\x00b": contains a NUL byte`},
	{schemaLine + `read = ["/a${0x00}b"]`, `p.toml:2: read[0]: "/a\x00b": contains a NUL byte`},
	{schemaLine + "read = ['${FOO}/a']", `p.toml:2: read[0]: "${FOO}/a": unknown variable "${FOO}"` + variables},
	{schemaLine + "read = ['/${home}']", `p.toml:2: read[0]: "/${home}": unknown variable "${home}"` + variables},
	{schemaLine + "read = ['/a${0x1}']", `p.toml:2: read[0]: "/a${0x1}": unknown variable "${0x1}"` + variables},
	{schemaLine + "read = ['/a${}']", `p.toml:2: read[0]: "/a${}": unknown variable "${}"` + variables},
	{schemaLine + "read = ['/a${HOME']", `p.toml:2: read[0]: "/a${HOME": "${" without its "}"`},
	{schemaLine + "read = ['/a$']", `p.toml:2: read[0]: "/a$": a lone "$"; write "$$" for a dollar, "${NAME}" for a variable`},
	{schemaLine + "read = ['${TMP}/a']", `p.toml:2: read[0]: "${TMP}/a": ${TMP} has no value here`},
	{schemaLine + "read = ['${CWD}/a']", `p.toml:2: read[0]: "${CWD}/a": ${CWD} is "work/", which is not an absolute, clean path`},
	{schemaLine + "read = ['/x${HOME}/']", `p.toml:2: read[0]: "/x/home/ann/": the path is not clean: write "/x/home/ann"`},
	{schemaLine + "dir = 'a'", `p.toml:2: dir: "a": the path is relative; an absolute one is needed`},
	{schemaLine + "dir = ''", `p.toml:2: dir: the path is empty`},
	{schemaLine + "private = ['/a?']", `p.toml:2: private[0]: "/a?": a trailing "?" has no meaning here; write "${0x3F}" for one that is part of the name`},
	{schemaLine + "private = ['a']", `p.toml:2: private[0]: "a": the path is relative; an absolute one is needed`},
	{schemaLine + "map = ['/a']", `p.toml:2: map[0]: "/a": not INSIDE=HOST, INSIDE=HOST:ro or INSIDE=HOST:rw`},
	{schemaLine + "map = ['=/a']", `p.toml:2: map[0]: the path is empty`},
	{schemaLine + "map = ['/a=:rw']", `p.toml:2: map[0]: the path is empty`},
	{schemaLine + "map = ['/a=b']", `p.toml:2: map[0]: "b": the path is relative; an absolute one is needed`},
	{schemaLine + `connect = ['All']`, `p.toml:2: connect[0]: "All": not an address with a port` + reaches},
	{schemaLine + `connect = ['443']`, `p.toml:2: connect[0]: "443": not an address with a port` + reaches},
	{schemaLine + `connect = ['tcp']`, `p.toml:2: connect[0]: "tcp": not an address with a port` + reaches},
	{schemaLine + `connect = ['example.com']`, `p.toml:2: connect[0]: "example.com": not an address with a port` + reaches},
	{schemaLine + `connect = ['https://example.com/']`, `p.toml:2: connect[0]: "https://example.com/": a URL is not an address` + reaches},
	{schemaLine + `connect = ['']`, `p.toml:2: connect[0]: the address is empty` + reaches},
	{schemaLine + `connect = ['/run/x.sock']`, `p.toml:2: connect[0]: "/run/x.sock": the path of a socket is written "unix:/run/x.sock"`},
	{schemaLine + `connect = ['tcp:0']`, `p.toml:2: connect[0]: "tcp:0": port 0 is not one of 1 to 65535`},
	{schemaLine + `connect = ['tcp:65536']`, `p.toml:2: connect[0]: "tcp:65536": port 65536 is not one of 1 to 65535`},
	{schemaLine + `connect = ['udp:-1']`, `p.toml:2: connect[0]: "udp:-1": port -1 is not one of 1 to 65535`},
	{schemaLine + `connect = ['tcp:']`, `p.toml:2: connect[0]: "tcp:": "" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:http']`, `p.toml:2: connect[0]: "tcp:http": "http" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:+80']`, `p.toml:2: connect[0]: "tcp:+80": "+80" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:080']`, `p.toml:2: connect[0]: "tcp:080": "080" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:1-2']`, `p.toml:2: connect[0]: "tcp:1-2": "1-2" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:80,443']`, `p.toml:2: connect[0]: "tcp:80,443": "80,443" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:99999999999999999999']`, `p.toml:2: connect[0]: "tcp:99999999999999999999": "99999999999999999999" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['tcp:8 0']`, `p.toml:2: connect[0]: "tcp:8 0": "8 0" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['unix:run/x']`, `p.toml:2: connect[0]: "unix:run/x": the path is relative; an absolute one is needed`},
	{schemaLine + `connect = ['unix:/run//x']`, `p.toml:2: connect[0]: "unix:/run//x": the path is not clean: write "/run/x"`},
	{schemaLine + `connect = ['unix:']`, `p.toml:2: connect[0]: "unix:": the path is empty`},
	{schemaLine + `connect = ['unix:/x?']`, `p.toml:2: connect[0]: "unix:/x?": a trailing "?" has no meaning here; write "${0x3F}" for one that is part of the name`},
	{schemaLine + `connect = ['unix:/${FOO}']`, `p.toml:2: connect[0]: "unix:/${FOO}": unknown variable "${FOO}"` + variables},
	{schemaLine + `listen = ['All']`, `p.toml:2: listen[0]: "All": not an address with a port` + listens},
	{schemaLine + `listen = ['443']`, `p.toml:2: listen[0]: "443": not an address with a port` + listens},
	{schemaLine + `listen = ['tcp']`, `p.toml:2: listen[0]: "tcp": not an address with a port` + listens},
	{schemaLine + `listen = ['example.com']`, `p.toml:2: listen[0]: "example.com": not an address with a port` + listens},
	{schemaLine + `listen = ['https://example.com/']`, `p.toml:2: listen[0]: "https://example.com/": a URL is not an address` + listens},
	{schemaLine + `listen = ['']`, `p.toml:2: listen[0]: the address is empty` + listens},
	{schemaLine + `listen = ['/run/x.sock']`, `p.toml:2: listen[0]: "/run/x.sock": the path of a socket is written "unix:/run/x.sock"`},
	{schemaLine + `listen = ['tcp:0']`, `p.toml:2: listen[0]: "tcp:0": port 0 is not one of 1 to 65535`},
	{schemaLine + `listen = ['tcp:65536']`, `p.toml:2: listen[0]: "tcp:65536": port 65536 is not one of 1 to 65535`},
	{schemaLine + `listen = ['udp:-1']`, `p.toml:2: listen[0]: "udp:-1": port -1 is not one of 1 to 65535`},
	{schemaLine + `listen = ['tcp:']`, `p.toml:2: listen[0]: "tcp:": "" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:http']`, `p.toml:2: listen[0]: "tcp:http": "http" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:+80']`, `p.toml:2: listen[0]: "tcp:+80": "+80" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:080']`, `p.toml:2: listen[0]: "tcp:080": "080" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:1-2']`, `p.toml:2: listen[0]: "tcp:1-2": "1-2" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:80,443']`, `p.toml:2: listen[0]: "tcp:80,443": "80,443" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:99999999999999999999']`, `p.toml:2: listen[0]: "tcp:99999999999999999999": "99999999999999999999" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['tcp:8 0']`, `p.toml:2: listen[0]: "tcp:8 0": "8 0" is not a port; write one number from 1 to 65535`},
	{schemaLine + `listen = ['unix:run/x']`, `p.toml:2: listen[0]: "unix:run/x": the path is relative; an absolute one is needed`},
	{schemaLine + `listen = ['unix:/run//x']`, `p.toml:2: listen[0]: "unix:/run//x": the path is not clean: write "/run/x"`},
	{schemaLine + `listen = ['unix:']`, `p.toml:2: listen[0]: "unix:": the path is empty`},
	{schemaLine + `listen = ['unix:/x?']`, `p.toml:2: listen[0]: "unix:/x?": a trailing "?" has no meaning here; write "${0x3F}" for one that is part of the name`},
	{schemaLine + `listen = ['unix:/${FOO}']`, `p.toml:2: listen[0]: "unix:/${FOO}": unknown variable "${FOO}"` + variables},
	{schemaLine + "connect = ['unix:" + longSocket + "']", `p.toml:2: connect[0]: "unix:` + longSocket + `": the path of a socket has at most 107 bytes, not 108; Map a directory of it to a shorter path`},
	{schemaLine + `connect = ['loopback:80']`, `p.toml:2: connect[0]: "loopback:80": a program listens on Loopback; to connect to a port of this host write "127.0.0.1/32:80"`},
	{schemaLine + `listen = ['0.0.0.0:80']`, `p.toml:2: listen[0]: "0.0.0.0:80": listening takes no peer's address; write "tcp:80", or "loopback:80" for this host alone`},
	{schemaLine + `listen = ['10.0.0.0/8:80']`, `p.toml:2: listen[0]: "10.0.0.0/8:80": listening takes no peer's address; write "tcp:80", or "loopback:80" for this host alone`},
	{schemaLine + `connect = ['*:443']`, `p.toml:2: connect[0]: "*:443": the host has no name; write "tcp:443" to reach every host by TCP`},
	{schemaLine + `connect = [':443']`, `p.toml:2: connect[0]: ":443": the host has no name; write "tcp:443" to reach every host by TCP`},
	{schemaLine + `connect = ['192.0.2.1:443']`, `p.toml:2: connect[0]: "192.0.2.1:443": an address is no host's name; write "192.0.2.1/32:443"`},
	{schemaLine + `connect = ['[2001:db8::1]:443']`, `p.toml:2: connect[0]: "[2001:db8::1]:443": an address is no host's name; write "2001:db8::1/128:443"`},
	{schemaLine + `connect = ['2001:db8::1:443']`, `p.toml:2: connect[0]: "2001:db8::1:443": an address is no host's name; write "2001:db8::1/128:443"`},
	{schemaLine + `connect = ['::ffff:192.0.2.1:443']`, `p.toml:2: connect[0]: "::ffff:192.0.2.1:443": an address is no host's name; write "192.0.2.1/32:443"`},
	{schemaLine + `connect = ['fe80::1%eth0:443']`, `p.toml:2: connect[0]: "fe80::1%eth0:443": an address with a zone is not supported`},
	{schemaLine + `connect = ['Example.COM:443']`, `p.toml:2: connect[0]: "Example.COM:443": a host's name is written in lower case: "example.com:443"`},
	{schemaLine + `connect = ['example.com.:443']`, `p.toml:2: connect[0]: "example.com.:443": a host's name is written without the last dot: "example.com:443"`},
	{schemaLine + `connect = ['café.example:443']`, `p.toml:2: connect[0]: "café.example:443": a host's name is ASCII; write the form of it that begins with xn--`},
	{schemaLine + `connect = ['a..b:443']`, `p.toml:2: connect[0]: "a..b:443": not a host's name: a part between its dots is empty`},
	{schemaLine + `connect = ['-a.b:443']`, `p.toml:2: connect[0]: "-a.b:443": not a host's name: "-a" begins or ends with a hyphen`},
	{schemaLine + `connect = ['a b:443']`, `p.toml:2: connect[0]: "a b:443": not a host's name: it has a ' '`},
	{schemaLine + `connect = ['a@b:443']`, `p.toml:2: connect[0]: "a@b:443": not a host's name: it has a '@'`},
	{schemaLine + `connect = ['a:b:443']`, `p.toml:2: connect[0]: "a:b:443": not a host's name: it has a ':'`},
	{schemaLine + `connect = ['*.example.com:443']`, `p.toml:2: connect[0]: "*.example.com:443": a name stands for one host; list each`},
	{schemaLine + `connect = ['unix.tcp:99999']`, `p.toml:2: connect[0]: "unix.tcp:99999": port 99999 is not one of 1 to 65535`},
	{schemaLine + `connect = ['all:443']`, `p.toml:2: connect[0]: "all:443": "all" is a word of addresses; write the host's full name`},
	{schemaLine + `connect = ['127.1:443']`, `p.toml:2: connect[0]: "127.1:443": no host's name ends in a number, and C libraries read this one as an address; write "ADDRESS/32:443" with the whole address`},
	{schemaLine + `connect = ['0x7f000001:443']`, `p.toml:2: connect[0]: "0x7f000001:443": no host's name ends in a number, and C libraries read this one as an address; write "ADDRESS/32:443" with the whole address`},
	{schemaLine + `connect = ['example.com:https']`, `p.toml:2: connect[0]: "example.com:https": "https" is not a port; write one number from 1 to 65535`},
	{schemaLine + `connect = ['10.0.0.1/8:80']`, `p.toml:2: connect[0]: "10.0.0.1/8:80": not the plainest form of the prefix; write "10.0.0.0/8:80"`},
	{schemaLine + `connect = ['2001:DB8::/32:80']`, `p.toml:2: connect[0]: "2001:DB8::/32:80": not the plainest form of the prefix; write "2001:db8::/32:80"`},
	{schemaLine + `connect = ['::ffff:10.0.0.0/104:80']`, `p.toml:2: connect[0]: "::ffff:10.0.0.0/104:80": IPv4 addresses are written as such: "10.0.0.0/8:80"`},
	{schemaLine + `connect = ['10.0.0.0/33:80']`, `p.toml:2: connect[0]: "10.0.0.0/33:80": "10.0.0.0/33" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`},
	{schemaLine + `connect = ['a/b:80']`, `p.toml:2: connect[0]: "a/b:80": "a/b" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32`},
	{schemaLine + `connect = ['10.0.0.0/8']`, `p.toml:2: connect[0]: "10.0.0.0/8": not an address with a port` + reaches},
	{schemaLine + `connect = ['2001:db8::/32']`, `p.toml:2: connect[0]: "2001:db8::/32": not an address with a port` + reaches},
	{schemaLine + `ipc = ['shm']`, `p.toml:2: ipc[0]: "shm": not a kind of IPC; the kinds are named-pipes, system-v, posix-shared-memory, posix-queues`},
	{schemaLine + `ipc = 'system-v'`, `p.toml:2: ipc: a list of kinds is needed, not a string`},
	{schemaLine + `ipc = [1]`, `p.toml:2: ipc[0]: a kind of IPC is needed, not an integer`},
	{schemaLine + `signal = []`, `p.toml:2: signal: true or false is needed, not a list`},
	{schemaLine + `trace = 'true'`, `p.toml:2: trace: true or false is needed, not a string`},
	{schemaLine + `device = ['dev/kvm']`, `p.toml:2: device[0]: "dev/kvm": the path is relative; an absolute one is needed`},
	{schemaLine + `device = ['/dev/kvm?']`, `p.toml:2: device[0]: "/dev/kvm?": a trailing "?" has no meaning here; write "${0x3F}" for one that is part of the name`},
	{schemaLine + `device = [{ literal = '/dev/kvm' }]`, `p.toml:2: device[0]: a path is needed, not a table`},
	{schemaLine + `device = '/dev/kvm'`, `p.toml:2: device: a list of paths is needed, not a string`},
	{schemaLine + `syscall = ['BPF']`, `p.toml:2: syscall[0]: "BPF": BPF is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`},
	{schemaLine + `syscall = ['']`, `p.toml:2: syscall[0]: "" is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`},
	{schemaLine + `syscall = ['bpf', 'a b']`, `p.toml:2: syscall[1]: "a b": "a\x20b" is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`},
	{schemaLine + `syscall = [321]`, `p.toml:2: syscall[0]: a system call's name is needed, not an integer`},
	{schemaLine + `deny = { read = '/a' }`, `p.toml:2: deny: a list of tables is needed, not a table`},
	{schemaLine + `deny = ['/a']`, `p.toml:2: deny[0]: a table such as { read = "/path" } is needed, not a string`},
	{schemaLine + `deny = [{}]`, `p.toml:2: deny[0]: exactly one operation is needed; write a table for each`},
	{schemaLine + `deny = [{ read = '/a', write = '/a' }]`, `p.toml:2: deny[0]: exactly one operation is needed; write a table for each`},
	{schemaLine + `deny = [{ read = ['/a'] }]`, `p.toml:2: deny[0].read: a path or a table is needed, not a list`},
	{schemaLine + `deny = [{ read = 'a' }]`, `p.toml:2: deny[0].read: "a": the path is relative; an absolute one is needed`},
	{schemaLine + `deny = [{ write = { literal = '/a', x = 1 } }]`, `p.toml:2: deny[0].write.x: unknown key; the keys are literal, subpath, optional`},
	{schemaLine + `deny = [{ connect = 'all' }]`, `p.toml:2: deny[0].connect: unknown key; the keys are read, metadata, write, exec`},
	{schemaLine + `deny = [{ deny = { read = '/a' } }]`, `p.toml:2: deny[0].deny: unknown key; the keys are read, metadata, write, exec`},
	{schemaLine + `best-effort = true`, `p.toml:2: best-effort: a list of tables is needed, not true or false`},
	{schemaLine + `best-effort = [{ write = ['/a'] }]`, `p.toml:2: best-effort[0].write: a path or a table is needed, not a list`},
	{schemaLine + `best-effort = [{ system = 'yes' }]`, `p.toml:2: best-effort[0].system: true or false is needed, not a string`},
	{schemaLine + `best-effort = [{ system = false }]`, `p.toml:2: best-effort[0].system: nothing is meant by false here; leave the table out`},
	{schemaLine + `best-effort = [{ connect = 'tcp:0' }]`, `p.toml:2: best-effort[0].connect: "tcp:0": port 0 is not one of 1 to 65535`},
	{schemaLine + `best-effort = [{ deny = '/a' }]`, `p.toml:2: best-effort[0].deny: a table such as { read = "/path" } is needed, not a string`},
	{schemaLine + `best-effort = [{ deny = { exec = '/a/' } }]`, `p.toml:2: best-effort[0].deny.exec: "/a/": the path is not clean: write "/a"`},
	{schemaLine + `best-effort = [{ env = { A = 'x' } }]`, `p.toml:2: best-effort[0].env: unknown key; the keys are system, read, metadata, write, exec, connect, listen, sysinfo, process, signal, trace, ipc, device, syscall, private, map, mach-lookup, deny`},
	{schemaLine + `engine = 'landlock'`, `p.toml:2: engine: ` + unknownKeys},
	{schemaLine + "map = [\n'/m=/a',\n'/n=/a',\n'/m=/b:rw']", `p.toml:5: map[2]: Map("/m", "/a", ReadOnly) has taken this place; a path inside shows one thing`},
	{schemaLine + "map = ['/m=/a']\nbest-effort = [{ map = '/m=/a' }]", `p.toml:3: best-effort[0]: Map("/m", "/a", ReadOnly) has taken this place; a path inside shows one thing`},
	{schemaLine + "read = [{}]", `p.toml:2: read[0]: exactly one of literal and subpath is needed`},
	{schemaLine + "read = [{ literal = '/a', subpath = '/a' }]", `p.toml:2: read[0].subpath: exactly one of literal and subpath is needed`},
	{schemaLine + "read = [{ literal = 1 }]", `p.toml:2: read[0].literal: a path is needed, not an integer`},
	{schemaLine + "read = [{ literal = '/a', optional = 'yes' }]", `p.toml:2: read[0].optional: true or false is needed, not a string`},
	{schemaLine + "read = [{ literal = '/a', mode = 'rw' }]", `p.toml:2: read[0].mode: unknown key; the keys are literal, subpath, optional`},
	{schemaLine + "[[read]]\nliteral = '/a'\n[[read]]\nliteral = 'b'", `p.toml:5: read[1].literal: "b": the path is relative; an absolute one is needed`},
	{schemaLine + "\"\\n\" = 1", `p.toml:2: "\n": ` + unknownKeys},
	{schemaLine + "read = ['/a\xff']", `p.toml:2: byte 0xFF is not UTF-8`},
	{schemaLine + "read = ['/a'", `p.toml:2: array is incomplete`},
	{schemaLine + "a\x00 = 1", ``},
	{schemaLine + "a = " + strings.Repeat("[", 1<<19), ``},
	{schemaLine + "a = " + strings.Repeat("{a=", 1<<18), ``},
	{schemaLine + "[" + strings.Repeat("a.", 1<<18) + "a]", `p.toml:2: a key of more than 8 parts`},
	{schemaLine + "[env]\n" + manyKeys(), `p.toml:2049: more than 2048 different keys`},
	{schemaLine + "[x]\na.b = 1\n[x.a]", `p.toml:4: table a already exists as defined by a dotted key`},
	{schemaLine + "extends = 'p.yaml'", `p.toml:2: extends: "p.yaml": the name of a profile file ends in .toml or .json`},
	{schemaLine + "extends = ''", `p.toml:2: extends: the file's name is empty`},
	{schemaLine + "extends = [1]", `p.toml:2: extends[0]: a string is needed, not an integer`},
	{schemaLine + "extends = ['${A}/p.toml']", `p.toml:2: extends[0]: "${A}/p.toml": unknown variable "${A}"` + variables},
	{schemaLine + `extends = ["\u0000.toml"]`, `p.toml:2: extends[0]: "\x00.toml": contains a NUL byte`},
}

var badJSON = []struct{ data, want string }{
	{"", `p.json:1: unexpected end of JSON input`},
	{"[]", `p.json:1: a table of keys is needed, not a list`},
	{"null", `p.json:1: a table of keys is needed, not null`},
	{"{}", `p.json: schema: missing; the file must say schema = 1`},
	{`{"schema": 1.0}`, `p.json:1: schema: the integer 1 is needed, not a float`},
	{`{"schema": 1e400}`, `p.json:1: schema: the integer 1 is needed, not a float`},
	{`{"schema": 123456789012345678901234567890}`, `p.json:1: schema: 123456789012345678901234567890 is not known; this gaol knows schema 1`},
	{`{"Schema": 1}`, `p.json: schema: missing; the file must say schema = 1`},
	{"{\"schema\": 1,\n \"Read\": []}", `p.json:2: Read: ` + unknownKeys},
	{"{\"schema\": 1,\n \"schema\": 2}", `p.json:2: schema: this key is there twice`},
	{"{\"schema\": 1,\n \"read\": [],\n\"read\": []}", `p.json:3: read: this key is there twice`},
	{"{\"schema\": 1,\n \"env\": {\"A\": \"1\",\n\"A\": \"2\"}}", `p.json:3: env.A: this key is there twice`},
	{"{\"schema\": 1, \"read\": [{\"literal\": \"/a\",\n\"literal\": \"/b\"}]}", `p.json:2: read[0].literal: this key is there twice`},
	{"{\"schema\": 1, \"read\": [{\"literal\": \"/a\", \"optional\": false,\n\"optional\": true}]}", `p.json:2: read[0].optional: this key is there twice`},
	{"{\"schema\": 1}\n{}", `p.json:2: invalid character '{' after top-level value`},
	{"{\"schema\": 1,\n}", `p.json:2: invalid character '}' looking for beginning of object key string`},
	{"{\"schema\": 1,\n\"read\": [\n\"/a\",\n\"b\"]}", `p.json:4: read[1]: "b": the path is relative; an absolute one is needed`},
	{"{\"schema\": 1, \"read\": [null]}", `p.json:1: read[0]: a path or a table is needed, not null`},
	{"{\"schema\": 1, \"dir\": null}", `p.json:1: dir: a path is needed, not null`},
	{"{\"schema\": 1, \"dir\": \"/\\u0000\"}", `p.json:1: dir: "/\x00": contains a NUL byte`},
	{"{\"schema\": 1,\n\"dir\": \"/\\ud800\"}", `p.json:2: \ud800 is half a surrogate pair`},
	{"{\"schema\": 1,\n\"dir\": \"/\\ud800\\u0041\"}", `p.json:2: \ud800 is half a surrogate pair`},
	{"{\"schema\": 1,\n\"dir\": \"/\\uDC00\"}", `p.json:2: \udc00 is half a surrogate pair`},
	{"{\"schema\": 1, \n\"dir\": \"/\xc3\"}", `p.json:2: byte 0xC3 is not UTF-8`},
	{`{"schema": 1, "env": {` + strings.Repeat(`"A": "",`, maxEnv) + `"B": ""}}`, `p.json:1: env: more than 1024 variables`},
	{strings.Repeat("[", 1<<19), `p.json:1: invalid character '[' exceeded max depth`},
	{strings.Repeat(`{"a":`, 1<<17), `p.json:1: invalid character '{' exceeded max depth`},
}

func manyKeys() string {
	var b strings.Builder
	for i := 0; b.Len() < maxFile/2; i++ {
		fmt.Fprintf(&b, "A%d = ''\n", i)
	}
	return b.String()
}

func checkError(t *testing.T, name, data string, err error, want string) {
	t.Helper()
	if len(data) > 200 {
		data = data[:200]
	}
	var at *Error
	switch {
	case err == nil:
		t.Errorf("%q is taken", data)
	case !errors.As(err, &at) || at.File != name:
		t.Errorf("%q: not an *Error of %s: %v", data, name, err)
	case want != "" && err.Error() != want:
		t.Errorf("%q:\n got %v\nwant %s", data, err, want)
	}
}

func TestABadFileIsRefusedWithItsLineAndKey(t *testing.T) {
	vars := Vars{Home: "/home/ann", CWD: "work/"}
	for _, c := range badTOML {
		_, err := Parse("p.toml", []byte(c.data), vars)
		checkError(t, "p.toml", c.data, err, c.want)
	}
	for _, c := range badJSON {
		_, err := Parse("p.json", []byte(c.data), vars)
		checkError(t, "p.json", c.data, err, c.want)
	}
}

func TestFlagFormsAreCheckedAsFileEntriesAre(t *testing.T) {
	if p, err := ParsePattern("/a$b?"); err != nil || p != optional(sub("/a$b")) {
		t.Errorf("ParsePattern: %v, %v", p, err)
	}
	if op, err := ParseMap("/a=/b$c:rw"); err != nil || op != (Operation{Kind: Map, Path: "/a", Host: "/b$c", Mode: ReadWrite}) {
		t.Errorf("ParseMap: %v, %v", op, err)
	}
	if op, err := ParseAddress(NetworkOutbound, "unix:/a$b?"); err != nil || op.Address != (Address{Form: FormLocalSocket, Name: "/a$b?"}) {
		t.Errorf("ParseAddress: %v, %v", op, err)
	}
	if op, err := ParseDevice("/dev/$x"); err != nil || op != (Operation{Kind: Device, Pattern: literal("/dev/$x")}) {
		t.Errorf("ParseDevice: %v, %v", op, err)
	}
	if op, err := ParseAddress(NetworkInbound, "all"); err != nil || op != (Operation{Kind: NetworkInbound, Address: All}) {
		t.Errorf("ParseAddress: %v, %v", op, err)
	}
	for want, got := range map[string]func() error{
		`"a": the path is relative; an absolute one is needed`:    func() error { _, err := ParsePattern("a"); return err },
		`"/a": not INSIDE=HOST, INSIDE=HOST:ro or INSIDE=HOST:rw`: func() error { _, err := ParseMap("/a"); return err },
		`"a:0": port 0 is not one of 1 to 65535`:                  func() error { _, err := ParseAddress(NetworkOutbound, "a:0"); return err },
		`"x": not a kind of IPC; the kinds are named-pipes, system-v, posix-shared-memory, posix-queues`: func() error {
			_, err := ParseIPC("x")
			return err
		},
		`"X": X is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup`: func() error {
			_, err := ParseSyscall("X")
			return err
		},
		`FileRead: "all": takes no address`: func() error { _, err := ParseAddress(FileRead, "all"); return err },
	} {
		var at *Error
		if err := got(); err == nil || err.Error() != want || !errors.As(err, &at) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
