//go:build linux && cgo

// These tests grant devices by their nodes: what is named works, with its commands, and what lies beside it does not.

package tests

import (
	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	"golang.org/x/sys/unix"
)

var _ = Describe("Device", func() {
	It("is read, written and commanded, and no other is there", func() {
		s := sandbox(gaol.Device("/dev/zero"))
		try(s, want("ok", "open", "/dev/zero", "rw"), want("ENOTTY", "ioctl", "/dev/zero"), want("ENOENT", "open", "/dev/null", "r"), want("ENOENT", "open", "/dev/full", "r"),
			want("EROFS|EPERM", "chmod", "/dev/zero", "600"), want("EBUSY|EROFS|EACCES", "unlink", "/dev/zero"), want("EROFS|EPERM|EACCES", "mknod", "/dev/mine", "char"), want("ok . .. zero|ok zero|EACCES", "list", "/dev"))
	})

	It("beside System's takes commands, and System's do not", func() {
		needLandlock(5)
		try(sandbox(gaol.System(), gaol.Device("/dev/zero")), want("ENOTTY", "ioctl", "/dev/zero"), want("EACCES", "ioctl", "/dev/null"), want("ok", "open", "/dev/null", "rw"))
		try(sandbox(gaol.Device("/dev/zero"), gaol.System()), want("ENOTTY", "ioctl", "/dev/zero"))
		try(sandbox(gaol.System()), want("EACCES", "ioctl", "/dev/zero"))
	})

	It("works in a tree whose other nodes do not", func() {
		needLandlock(2)
		s := sandbox(gaol.FileRead(gaol.Subpath("/")), gaol.Device("/dev/zero"))
		try(s, want("ok", "open", "/dev/zero", "rw"), want("EACCES", "open", "/dev/full", "r"), want("ok char 666", "lstat", "/dev/full"))
	})

	It("is found through a link, and may lie anywhere", func() {
		needLandlock(2)
		l := link("/dev/zero", tempDir(), "link")
		try(sandbox(gaol.Device(l)), want("ok", "open", l, "rw"), want("ok", "open", "/dev/zero", "rw"))
		dir := tempDir()
		if err := unix.Mknod(dir+"/zero", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))); err != nil {
			Skip("mknod of a device is missing: " + err.Error())
		}
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.Device(dir+"/zero")), want("ok", "open", dir+"/zero", "rw"), want("EBUSY|EACCES", "rename", dir+"/zero", dir+"/other"))
		try(sandbox(gaol.FileRead(gaol.Subpath(dir))), want("EACCES", "open", dir+"/zero", "r"))
	})

	It("is refused where there is none", func() {
		refusedAs("no such file", gaol.Device("/dev/no-such-device"))
		refusedAs("is not a device", gaol.Device(writeFile("", tempDir(), "file")))
		refusedAs("is not a device", gaol.Device("/dev"))
		refusedAs("terminal", gaol.Device("/dev/ptmx"))
	})
})
