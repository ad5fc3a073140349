//go:build linux && cgo

package gaol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// explain adds to a failed exec what the errno does not say: an interpreter or a loader that the view lacks, a file that is there
// but was not granted. It looks at the host after the fact, so it only ever adds words.
func (s *Sandbox) explain(err error) error {
	var e *SetupError
	if !errors.As(err, &e) || e.Step != stepExecute || !strings.HasPrefix(e.Path, "/") {
		return err
	}
	host, granted := s.policy.HostPath(e.Path)
	switch {
	case errors.Is(e.Err, unix.ENOENT) && granted:
		if i := interpreter(host); i != "" {
			if at, ok := s.policy.HostPath(i); !ok || !exists(at) {
				e.Hint = fmt.Sprintf("its interpreter %s is missing inside; System() grants those of the system", i)
			}
		}
	case errors.Is(e.Err, unix.ENOENT) && exists(e.Path):
		e.Hint = fmt.Sprintf("the host has it, but the profile does not show it: add FileRead and FileExecute of Literal(%q)", e.Path)
	case errors.Is(e.Err, unix.EACCES) && granted:
		if st, serr := os.Stat(host); serr == nil && st.IsDir() {
			e.Hint = "it is a directory"
		} else if serr == nil && st.Mode()&0o111 == 0 {
			e.Hint = "the file is not executable"
		} else {
			e.Hint = fmt.Sprintf("the profile, or the mount on the host, does not allow executing it or its interpreter: FileExecute(Literal(%q))", e.Path)
		}
	case errors.Is(e.Err, unix.ENOEXEC):
		e.Hint = "it is neither a program of this machine nor a script that begins with #!"
	case errors.Is(e.Err, unix.E2BIG):
		e.Hint = "the arguments and the environment are too long (man 2 execve)"
	}
	return e
}

func exists(p string) bool {
	_, err := os.Lstat(p)
	return err == nil
}

// interpreter is what the kernel would start for the file: the #! line's program or the ELF loader. The program may have written the
// file, so that it is opened without following, waiting or believing anything.
func interpreter(file string) string {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return ""
	}
	head := make([]byte, 4096)
	n, err := unix.Pread(fd, head, 0)
	if err != nil {
		return ""
	}
	head = head[:n]
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if fields := bytes.Fields(line); len(fields) > 0 {
			return string(fields[0])
		}
		return ""
	}
	return loader(head)
}

// loader finds PT_INTERP in the first page of a 64-bit ELF file (man 5 elf); that is where linkers put it.
func loader(page []byte) string {
	const header, phdr, ptInterp = 64, 56, 3
	ne := binary.NativeEndian
	if len(page) < header || !bytes.HasPrefix(page, []byte("\x7fELF\x02")) || ne.Uint16(page[54:]) != phdr {
		return ""
	}
	at, count := ne.Uint64(page[32:]), uint64(ne.Uint16(page[56:]))
	size := uint64(len(page))
	if at > size || count > (size-at)/phdr {
		return ""
	}
	for i := range count {
		p := page[at+i*phdr:]
		offset, length := ne.Uint64(p[8:]), ne.Uint64(p[32:])
		if ne.Uint32(p) == ptInterp && offset <= size && length <= size-offset {
			return string(bytes.TrimRight(page[offset:offset+length], "\x00"))
		}
	}
	return ""
}
