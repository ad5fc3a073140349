//go:build !linux && !darwin && !freebsd

package gaol

import "syscall"

// fromSysProcAttr carries nothing over here, where no sandbox is made.
func fromSysProcAttr(a *syscall.SysProcAttr) (*Credential, []Refused) {
	if a == nil {
		return nil, nil
	}
	return nil, []Refused{{"SysProcAttr", "it is not known on this platform"}}
}
