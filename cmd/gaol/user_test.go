//go:build unix

package main

// These tests run programs as another user, by name and by number.

import (
	"os"
	"os/user"
	"testing"
)

func needRoot(t *testing.T) {
	t.Helper()
	needSandbox(t)
	if os.Geteuid() != 0 {
		t.Skip("root is missing: only that may choose another user")
	}
}

func TestAProgramIsTheUserThatTheFlagNames(t *testing.T) {
	onLinux(t, "a number that nobody has takes a user namespace")
	needRoot(t)
	gaolRun(t, "--system", "--user", "4001:4002", "id").mustBe(t, 0, "uid=4001 gid=4002 groups=4002\n")
	o := gaolRun(t, "--system", "--process", "--private", "/tmp", "--user", "dynamic", "sh", "-c", `test "$(id -u)" = "$(id -g)" && test "$(id -u)" -gt 61183 && echo x >/tmp/x && cat /tmp/x`)
	o.mustBe(t, 0, "x\n")
	account, err := user.Lookup("daemon")
	if err != nil {
		t.Skipf("the account daemon is missing: %v", err)
	}
	for _, who := range []string{"daemon", account.Uid} {
		gaolRun(t, "--system", "--user", who, "--read", "/etc/passwd", "id", "-un").mustBe(t, 0, "daemon\n")
	}
	gaolRun(t, "--system", "--user", "daemon:4002", "id", "-G").mustBe(t, 0, "4002\n")
}

func TestAUserThatCannotBeHadIsAnError(t *testing.T) {
	needSandbox(t)
	for who, words := range map[string]string{"": "write NAME", ":5": "write NAME", "5:": "write NAME", "no-such-user": "there is no user no-such-user",
		"4123456789": "say its group, too: 4123456789:GID", "4001:no-such-group": "there is no group no-such-group", "0:5": "credential", "4001:0": "credential",
		"-1:5": "there is no user -1", "4294967295:5": "credential", "root": "credential"} {
		o := gaolRun(t, "--system", "--user", who, "id")
		o.mustBe(t, 125, "")
		mustContain(t, o.stderr, words)
	}
	if os.Geteuid() != 0 {
		o := gaolRun(t, "--system", "--user", "4001:4002", "id")
		o.mustBe(t, 125, "")
		mustContain(t, o.stderr, "credential: operation not permitted; only root may choose another user")
	}
}

func TestADynamicUserWritesNothingOfTheHost(t *testing.T) {
	onLinux(t, "a number that nobody has takes a user namespace")
	needRoot(t)
	o := gaolRun(t, "--system", "--write", t.TempDir(), "--user", "dynamic", "id")
	o.mustBe(t, 125, "")
	mustContain(t, o.stderr, "--write", "grant")
}

func TestTheGroupsOfAnAccountComeAlong(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skipf("an account of this test's own user is missing: %v", err)
	}
	want, err := me.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	var u userFlag
	if err := u.Set(me.Username); err != nil {
		t.Fatal(err)
	}
	if len(u.credential.Groups) != len(want) {
		t.Errorf("%v, not %v", u.credential.Groups, want)
	}
	var named userFlag
	if err := named.Set(me.Uid + ":" + me.Gid); err != nil {
		t.Fatal(err)
	}
	if len(named.credential.Groups) != 0 || named.credential.Uid != u.credential.Uid || named.credential.Gid != u.credential.Gid {
		t.Errorf("%+v", named.credential)
	}
	if err := named.Set(dynamicUser); err != nil || !named.credential.Dynamic {
		t.Error(err, named.credential)
	}
}
