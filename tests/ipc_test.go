//go:build linux && cgo

// These tests grant the ways for a command's processes to talk, one by one: what is granted works, what is not stays denied, and two
// commands of one Sandbox, or one and the host, do not meet.

package tests

import (
	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("IPC", func() {
	systemV := []string{"shmget 77 4096 0x3b6", "semget 77 1 0x3b6", "msgget 77 0x3b6"}
	queue := "mq_open s:queue 0x42 0600 0"

	It("that is not granted is denied", func() {
		dir := tempDir()
		attempts := []attempt{call("EPERM", queue), want("EPERM", "mknod", dir+"/fifo", "fifo"), want("ok", "mknod", dir+"/file", "file")}
		for _, c := range systemV {
			attempts = append(attempts, call("EPERM", c))
		}
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))), attempts...)
	})

	It("of System V is the command's own", func() {
		s := sandbox(gaol.System(), gaol.IPC(gaol.SystemV))
		for range 2 {
			for _, c := range systemV {
				try(s, call("ok", c), call("EPERM", queue))
			}
		}
		// IPC_EXCL: what another command of the same Sandbox has made is not there
		first := launch(s, "syscall", "shmget", "78", "4096", "0x7b6", "--", "readfd", "0")
		Expect(first.Line()).To(HavePrefix("ok"))
		try(s, call("ok", "shmget 78 4096 0x7b6"), call("EEXIST", "shmget 78 4096 0x7b6"), call("ENOENT", "shmget 79 4096 0"))
		Expect(first.Stdin.Close()).To(Succeed())
		Expect(first.Line()).To(Equal("ok"))
		Expect(first.Wait()).To(Succeed())
		Expect(s.Explain()).To(ContainSubstring("fresh namespaces: mount pid ipc"))
	})

	It("of POSIX queues is the command's own", func() {
		s := sandbox(gaol.System(), gaol.IPC(gaol.POSIXQueues))
		first := launch(s, "syscall", "mq_open", "s:queue", "0xc2", "0600", "0", "--", "readfd", "0")
		Expect(first.Line()).To(HavePrefix("ok"))
		try(s, call("ENOENT", "mq_open s:queue 2 0 0"), call("ok", "mq_open s:queue 0xc2 0600 0"), call("ok", "mq_open s:queue 2 0 0"), call("EPERM", systemV[0]),
			want("ok queue|ok . .. queue", "list", "/dev/mqueue"), call("ok", "mq_unlink s:queue"), call("ENOENT", "mq_open s:queue 2 0 0"), want("ENOENT", "lstat", "/dev/mqueue/queue"))
		Expect(first.Stdin.Close()).To(Succeed())
		Expect(first.Wait()).To(Succeed())
	})

	It("of shared memory is a /dev/shm of the command's own", func() {
		s := sandbox(gaol.System(), gaol.IPC(gaol.POSIXSharedMemory))
		for range 2 {
			try(s, want("ENOENT", "lstat", "/dev/shm/x"), want("ok", "open", "/dev/shm/x", "rw,create"), want("ok file 644", "lstat", "/dev/shm/x"))
		}
		try(sandbox(gaol.System()), want("ENOENT|EROFS|EACCES", "open", "/dev/shm/x", "rw,create"))
		sandbox(gaol.IPC(gaol.POSIXSharedMemory), gaol.Private("/dev/shm")) // twice the same
		try(sandbox(gaol.IPC(gaol.POSIXQueues), gaol.Private("/dev/mqueue")), call("ok", "mq_open s:queue 0xc2 0600 0"))
	})

	It("of named pipes makes them where files can be made", func() {
		needLandlock(2)
		dir, other := tempDir(), tempDir()
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(other)), gaol.IPC(gaol.NamedPipes))
		try(s, want("ok", "mknod", dir+"/fifo", "fifo"), want("ok fifo 644", "lstat", dir+"/fifo"), want("EROFS|EACCES", "mknod", other+"/fifo", "fifo"), want("EPERM|EACCES", "mknod", dir+"/node", "char"),
			want("EPERM|EACCES", "mknod", dir+"/socket", "socket"))
	})
})
