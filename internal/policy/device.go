package policy

import (
	"errors"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// ptmxPath opens the pseudo-terminals of the devpts beside it, which would be the host's.
const ptmxPath = "/dev/ptmx"

// node grants a device, with all that its driver offers.
func (r *resolver) node(op profile.Operation) error {
	asked := op.Pattern.Path
	at, st, err := r.walk(op, asked)
	switch {
	case err != nil && missing(err) && op.Pattern.Optional:
		return nil
	case err != nil:
		return problem(op, asked, err)
	case at == ptmxPath || below(at, ptsPath):
		return problem(op, asked, errors.New(`is a terminal of the host's; Private("/dev/pts") brings pseudo-terminals`))
	case !st.device():
		return problem(op, asked, errors.New("is not a device"))
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: r.hostPath(at)})
	n.Rights |= Read | Write | Device | Ioctl
	return r.within(op, at)
}
