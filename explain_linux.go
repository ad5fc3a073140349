//go:build linux && cgo

package gaol

import (
	"bytes"
	"debug/elf"
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

// interpreter is what the kernel would start for the file: the #! line's program or the ELF loader.
func interpreter(file string) string {
	st, err := os.Stat(file)
	if err != nil || !st.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.ReadAt(head, 0)
	if line, ok := bytes.CutPrefix(head[:n], []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if fields := bytes.Fields(line); len(fields) > 0 {
			return string(fields[0])
		}
		return ""
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			b := make([]byte, p.Filesz)
			if _, err := p.ReadAt(b, 0); err == nil {
				return string(bytes.TrimRight(b, "\x00"))
			}
		}
	}
	return ""
}
