package cgroup

import (
	"reflect"
	"testing"
)

// Lines as kernels write them.
const (
	plainMount  = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	hybridMount = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
	hybridSelf  = "9:name=systemd:/\n8:pids:/user.slice\n0::/user.slice/a\n"
)

func TestTheOwnCgroupIsFoundAmongTheMounts(t *testing.T) {
	for _, c := range []struct{ name, self, mounts, own, root, err string }{
		{"v2 alone", "0::/user.slice/a.scope/b\n", plainMount, "/sys/fs/cgroup/user.slice/a.scope/b", "/sys/fs/cgroup", ""},
		{"at the root", "0::/\n", plainMount, "/sys/fs/cgroup", "/sys/fs/cgroup", ""},
		{"hybrid", hybridSelf, hybridMount, "/sys/fs/cgroup/unified/user.slice/a", "/sys/fs/cgroup/unified", ""},
		{"v1 alone", "8:pids:/\n1:cpu:/\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", "", "", "this process is in no cgroup v2: the kernel has version 1 alone"},
		{"not mounted", "0::/a\n", "23 1 0:2 / / rw - ext4 /dev/sda rw\n", "", "", errNoV2.Error()},
		{"removed", "0::/a (deleted)\n", plainMount, "", "", "the cgroup of this process has been removed"},
		{"a part of it is mounted", "0::/pod/c/main\n", "30 23 0:26 /pod/c /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "/sys/fs/cgroup/main", "/sys/fs/cgroup", ""},
		{"that part itself", "0::/pod/c\n", "30 23 0:26 /pod/c /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "/sys/fs/cgroup", "/sys/fs/cgroup", ""},
		{"another part", "0::/pod/cd\n", "30 23 0:26 /pod/c /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "", "", "what is mounted does not show the cgroup of this process, /pod/cd"},
		{"the second mount", "0::/b\n", "30 23 0:26 /a /x rw - cgroup2 cgroup rw\n31 23 0:26 / /y rw - cgroup2 cgroup rw\n", "/y/b", "/y", ""},
		{"outside of the namespace", "0::/../b\n", plainMount, "", "", "this process's cgroup lies outside of its cgroup namespace"},
		{"mounted from outside of the namespace", "0::/\n", "30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "", "", "this process's cgroup lies outside of its cgroup namespace"},
		{"escapes", "0::/a\n", `30 23 0:26 / /sys/fs/c\040group\134x rw - cgroup2 cgroup rw` + "\n", `/sys/fs/c group\x/a`, `/sys/fs/c group\x`, ""},
		{"nothing", "", "", "", "", "this process is in no cgroup v2: the kernel has version 1 alone"},
	} {
		own, root, err := where(c.self, c.mounts)
		if text := message(err); own != c.own || root != c.root || text != c.err {
			t.Errorf("%s: %q, %q, %q", c.name, own, root, text)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTheWayUpEndsAtTheMount(t *testing.T) {
	if got := up("/m/a/b", "/m"); !reflect.DeepEqual(got, []string{"/m/a/b", "/m/a", "/m"}) {
		t.Error(got)
	}
	if got := up("/m", "/m"); !reflect.DeepEqual(got, []string{"/m"}) {
		t.Error(got)
	}
}

func TestAChildInAUnitIsToldFromAnotherUnit(t *testing.T) {
	for _, c := range []struct {
		own, dir string
		want     bool
	}{{"/m/x.scope/main", "/m/x.scope", true}, {"/m/x.scope/a/b", "/m/x.scope", true}, {"/m/x.scope", "/m/x.scope", false}, {"/m/a.slice/main", "/m/a.slice", false},
		{"/m/u.service/app.slice/x.scope/main", "/m/u.service", false}, {"/m/u.service/init.scope", "/m/u.service", false}} {
		if within(c.own, c.dir) != c.want {
			t.Error(c)
		}
	}
}

func TestUnitsAreToldByTheirNames(t *testing.T) {
	for name, want := range map[string]bool{"/a/user-1000.slice": true, "/a/x.scope": true, "/a/x.service": true, "/a/x.mount": true,
		"/sys/fs/cgroup": false, "/a/main": false, "/a.slice/main": false, "/a/x.scopes": false} {
		if unit(name) != want {
			t.Error(name)
		}
	}
}
