package gaol

import "os"

// WithHandle calls f with a pidfd of the sandbox's init, as os.Process.WithHandle does. It becomes readable when everything in the sandbox has
// ended, and f may wait for that. f may duplicate it and must not close it; when f has returned, it is closed. After Wait and Release it
// returns os.ErrProcessDone; where there is no pidfd, os.ErrNoHandle.
func (p *Process) WithHandle(f func(handle uintptr)) error {
	if p.child == nil || p.state.Load() == released {
		return os.ErrProcessDone
	}
	return p.child.withHandle(f)
}
