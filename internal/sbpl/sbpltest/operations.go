package sbpltest

// This file is what the compiler knows of the operations that gaol's profiles use: which filters each takes, and what (deny default) leaves it.
// The names and the defaults are those of the libsandbox of macOS 10.14 and 14.4, as others have read them out of it.

import "strings"

type operation struct {
	filters string // the kinds that it takes, each by a letter of kinds; empty: none
	open    bool   // allowed, unless a rule says otherwise
	newer   bool   // not every release has it: to be asked for with defined?
}

// kinds of filters, by their first word.
var kinds = map[string]byte{
	"literal": 'p', "subpath": 'p', "global-name": 'm', "target": 't', "sysctl-name": 's', "sysctl-name-prefix": 's',
	"socket-domain": 'd', "socket-protocol": 'd', "local": 'n', "remote": 'n',
}

var operations = func() map[string]operation {
	m := map[string]operation{}
	for _, row := range []struct {
		operation
		names string
	}{
		{operation{}, "default process-fork ipc-sysv-msg ipc-sysv-sem ipc-sysv-shm ipc-posix-shm* ipc-posix-sem*"},
		{operation{filters: "p"}, `file-read-data file-read-metadata file-read-xattr file-write-acl file-write-create file-write-data file-write-finderinfo
			file-write-flags file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink file-write-xattr
			file-mknod file-mount file-unmount file-ioctl process-exec*`},
		{operation{filters: "p", open: true}, "file-clone file-link file-map-executable file-test-existence"},
		{operation{filters: "t"}, "signal"},
		{operation{filters: "t", open: true}, "process-info* process-info-codesignature"},
		{operation{open: true}, "process-info-listpids iokit-get-properties nvram* system-privilege"},
		{operation{filters: "s"}, "sysctl-read"},
		{operation{filters: "m"}, "mach-lookup"},
		{operation{filters: "pnd"}, "network-outbound network-bind network-inbound"},
		{operation{filters: "d"}, "system-socket"},
		{operation{open: true, newer: true}, "fs-quota* fs-snapshot-mount necp-client-open system-necp-client-action"},
	} {
		for _, n := range strings.Fields(row.names) {
			m[n] = row.operation
		}
	}
	return m
}()

// open says what an operation is without a rule: what it itself is, or the nearest that stands for it.
func open(name string) bool {
	if o, ok := operations[name]; ok {
		return o.open
	}
	best, is := 0, false
	for n, o := range operations {
		if covers(n, name) && len(n) > best {
			best, is = len(n), o.open
		}
	}
	return is
}

// covers says that a rule for one operation is about another, too.
func covers(rule, name string) bool {
	prefix, wild := strings.CutSuffix(rule, "*")
	return rule == name || wild && strings.HasPrefix(name, prefix)
}

// fits says that a filter, and all that it is made of, is of a kind that the operation takes: else the compiler refuses the rule.
func fits(n node, o operation) bool {
	switch n.head() {
	case "require-all", "require-any", "require-not":
		for _, c := range n.list[1:] {
			if !fits(c, o) {
				return false
			}
		}
		return true
	}
	return strings.IndexByte(o.filters, kinds[n.head()]) >= 0
}
