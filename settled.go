package gaol

// This file refuses a process that keeps another user or group in reserve: one that was root until it called seteuid(2), or a set-user-ID
// program. The program could become that other one again, and where no_new_privs keeps an exec from what the effective user would give, the
// kernel makes it the real user by itself (Linux, security/commoncap.c).

import (
	"fmt"
	"syscall"
)

// settled is a *SetupError where the real, the effective and the saved user or group of this process differ.
func settled() error {
	uids, gids := ids()
	for _, row := range []struct {
		what string
		ids  [3]int
	}{{"user", uids}, {"group", gids}} {
		if real, effective, saved := row.ids[0], row.ids[1], row.ids[2]; real != effective || saved != effective {
			return &SetupError{Step: stepCredential, Path: row.what, Err: syscall.EPERM,
				Hint: fmt.Sprintf("the real, effective and saved %s of this process are %d, %d and %d: give them one number, as setresuid and setresgid do", row.what, real, effective, saved)}
		}
	}
	return nil
}
