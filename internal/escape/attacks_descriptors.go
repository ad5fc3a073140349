//go:build linux

// This file has the attacks by what the caller hands over or leaves open, and on the caller's own descriptors and environment.

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

func descriptors() []Attack {
	return []Attack{
		{
			Name: "inherited-directory", About: "is handed a descriptor of a directory, and one by O_PATH, from which every path leads on; the twin a file's", Want: "start:EISDIR|start:EBADF",
			Prepare: func(w *World) {
				file := w.Secret()
				if w.Twin {
					f, err := os.Open(file)
					w.must(err)
					w.Hand(f)
					return
				}
				dir, err := os.Open(filepath.Dir(file))
				w.must(err)
				w.Hand(dir)
			},
			Inside: func(in *In) {
				_, err := unix.Read(3, make([]byte, 64))
				in.Try("read", err)
				if !in.Twin {
					in.Try("openat", openingAt(3, "secret"))
					in.Try("openat ..", openingAt(3, "../outside/secret"))
				}
			},
		},
		{
			Name: "inherited-path", About: "is handed a file that was opened by O_PATH, to open it anew; the twin reads one that was opened for reading", Want: "start:EBADF",
			Prepare: func(w *World) {
				file, flags := w.Secret(), unix.O_PATH
				if w.Twin {
					flags = unix.O_RDONLY
				}
				fd, err := unix.Open(file, flags|unix.O_CLOEXEC, 0)
				w.must(err)
				w.Grant(gaol.System())
				w.Hand(os.NewFile(uintptr(fd), file))
			},
			Inside: func(in *In) {
				if in.Twin {
					_, err := unix.Read(3, make([]byte, 64))
					in.Try("read", err)
					return
				}
				in.Read("/proc/self/fd/3")
			},
		},
		{
			Name: "open-descriptors", About: "uses descriptors that the caller left open on purpose, of files, directories and sockets; the twin is handed one", Want: "EBADF",
			Prepare: func(w *World) {
				file := w.Secret()
				var pair [2]int
				w.must(unix.Pipe2(pair[:], 0)) // without O_CLOEXEC: every program that is executed would have them
				w.onClose(func() { _ = unix.Close(pair[0]); _ = unix.Close(pair[1]) })
				for _, path := range []string{file, filepath.Dir(file), "/"} {
					fd, err := unix.Open(path, unix.O_RDONLY, 0)
					w.must(err)
					w.onClose(func() { _ = unix.Close(fd) })
				}
				if w.Twin {
					f, err := os.Open(file)
					w.must(err)
					w.Hand(f)
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					_, err := unix.FcntlInt(3, unix.F_GETFD, 0)
					in.Try("fcntl 3", err)
					return
				}
				for fd := 3; fd < 1024; fd++ {
					if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && runtimes(fd) {
						continue
					} else {
						in.Try(fmt.Sprintf("fcntl %d", fd), err)
					}
				}
			},
		},
		{
			Name: "environment-of-caller", About: "reads the variables of its caller; the twin is passed one", Want: "not found",
			Prepare: func(w *World) {
				w.Setenv("GAOL_VERIFY_SECRET", "secret")
				if w.Twin {
					w.GrantExactly(gaol.PassEnv("GAOL_VERIFY_SECRET"))
				}
			},
			Inside: func(in *In) {
				if strings.Contains(strings.Join(os.Environ(), "\n"), "SECRET") {
					in.Is("ok", "GAOL_VERIFY_SECRET")
				} else {
					in.Is("not found", "")
				}
			},
		},
		{
			Name: "exhaust-descriptors", About: "sends its descriptors to the caller by SCM_RIGHTS until no more go, to use up the caller's; the twin sends data",
			Want: "untouched",
			Prepare: func(w *World) {
				mine := w.SocketPair()
				before := openFDs()
				w.Check(func() error {
					buf := make([]byte, 1<<16)
					for n := range 10000 { // until the end, which comes when the World's own copy is closed, or until nothing more is there
						if k, _, err := unix.Recvfrom(int(mine.Fd()), buf, unix.MSG_DONTWAIT); err != nil || k == 0 {
							break
						} else if w.Twin && n == 0 && string(buf[:k]) != "data" {
							return fmt.Errorf("the twin sent %q", buf[:k])
						}
					}
					if now := openFDs(); now > before {
						return fmt.Errorf("the caller has %d descriptors, and had %d", now, before)
					}
					f, err := os.Open(os.DevNull)
					if err != nil {
						return err
					}
					defer f.Close()
					fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
					if err != nil {
						return err
					}
					defer unix.Close(fds[0])
					defer unix.Close(fds[1])
					return unix.Sendmsg(fds[0], []byte("x"), unix.UnixRights(int(f.Fd())), nil, 0)
				})
			},
			Inside: func(in *In) {
				if in.Twin {
					_, err := unix.Write(3, []byte("data"))
					in.Try("write", err)
					return
				}
				var pipe [2]int // not of the descriptors that the caller waits for the end of: that would be its own doing
				err := unix.Pipe2(pipe[:], unix.O_CLOEXEC)
				var many []int
				for range 250 { // SCM_MAX_FD is 253
					many = append(many, pipe[0])
				}
				for n := 0; n < 1000 && err == nil; n++ {
					err = unix.Sendmsg(3, []byte("x"), unix.UnixRights(many...), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
				}
				in.Tried("sendmsg", err)
				in.Tried("sendmsg to a pipe", unix.Sendmsg(1, []byte("x"), unix.UnixRights(many...), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL))
			},
		},
	}
}

// runtimes says whether a descriptor is one that the Go runtime inside has made.
func runtimes(fd int) bool {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil {
		return false
	}
	return st.Mode&syscall.S_IFMT == 0 // an anonymous inode: epoll, eventfd
}

func splitLines(text string) []string { return strings.Split(text, "\n") }
