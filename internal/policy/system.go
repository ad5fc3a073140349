package policy

import "github.com/gaol-sandbox/gaol/internal/profile"

// base is what an operation brings along on Linux, as a table: path, rights, and for whom. A path that a host lacks is left out.
// No user's data is in here: not the accounts (/etc/passwd), not /home, not /var.
var base = []pathRights{
	{"/usr", Read | Execute},
	{"/bin", Read | Execute},
	{"/sbin", Read | Execute},
	{"/lib", Read | Execute},
	{"/lib32", Read | Execute},
	{"/lib64", Read | Execute},
	{"/libx32", Read | Execute},
	{"/etc/ld.so.cache", Read},
	{"/etc/ld.so.preload", Read},
	{"/etc/alternatives", Read},
	{"/etc/nsswitch.conf", Read},
	{"/etc/localtime", Read},
	{"/etc/os-release", Read},
	{"/etc/fonts", Read},
	{"/etc/java-17-openjdk", Read},
	{"/etc/java-21-openjdk", Read},
	{"/etc/java-25-openjdk", Read},
}

// network is what looking up names and checking certificates reads.
var network = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates"}

// devices are the nodes that hold no data and reach nothing.
var devices = []string{"/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"}

// deviceLinks are links of every /dev; they lead to the program's own descriptors.
var deviceLinks = []struct{ path, target string }{
	{"/dev/fd", "/proc/self/fd"}, {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
}

const (
	ptsPath  = "/dev/pts"
	procPath = "/proc"
	devPath  = "/dev"
)

// bring adds what the operation needs besides itself.
func (r *resolver) bring(op profile.Operation) error {
	optional := func(path string, rights Rights) error {
		return r.grant(op, profile.Pattern{Path: path, Match: profile.Subpath, Optional: true}, rights)
	}
	switch op.Kind {
	case profile.System:
		r.policy.Proc = max(r.policy.Proc, ProcPids)
		for _, b := range base {
			if err := optional(b.path, b.rights); err != nil {
				return err
			}
		}
		for _, d := range r.policy.devices() {
			if err := r.device(op, d, Read|Write); err != nil {
				return err
			}
		}
		for _, l := range deviceLinks {
			r.add(op, Entry{Path: l.path, Kind: Link, Host: l.target})
		}
	case profile.SystemInfoRead:
		r.policy.Proc = ProcFull
		return r.device(op, "/dev/null", Read) // the dangerous files of /proc are covered with it
	case profile.NetworkOutbound:
		if op.Address.Form == profile.FormLocalSocket {
			return nil
		}
		for _, p := range network {
			if err := optional(p, Read); err != nil {
				return err
			}
		}
	}
	return nil
}
