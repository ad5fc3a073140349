//go:build linux && cgo

package csrc

// The init's executable: sealed, executable and nothing else, an ELF file with one segment that is never writable, and code that needs
// nothing outside of its own section, since it is copied out of this binary without being linked again.

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func image(t *testing.T) *os.File {
	t.Helper()
	fd, err := InitImage()
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "gaol-init")
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestTheInitImageIsSealed(t *testing.T) {
	f := image(t)
	seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	want := unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if err != nil || seals&want != want {
		t.Errorf("seals %#x, %v", seals, err)
	}
	if _, err := f.WriteAt([]byte{0}, 0); err == nil {
		t.Error("it can be written")
	}
	if err := f.Truncate(0); err == nil {
		t.Error("it can be cut short")
	}
	if _, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		t.Error("it can be mapped for writing")
	}
	st, err := f.Stat()
	if err != nil || st.Mode() != 0o111 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v", flags, err)
	}
}

func TestEachInitImageIsTheSame(t *testing.T) {
	var all [2][]byte
	for i := range all {
		var err error
		if all[i], err = io.ReadAll(io.NewSectionReader(image(t), 0, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(all[0], all[1]) || len(all[0]) < 200 || len(all[0]) > 8192 {
		t.Errorf("%d and %d bytes", len(all[0]), len(all[1]))
	}
}

func TestTheInitImageIsAnExecutable(t *testing.T) {
	f := image(t)
	e, err := elf.NewFile(f)
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if e.Type != elf.ET_EXEC || e.Machine != self.Machine || e.Class != elf.ELFCLASS64 || len(e.Sections) != 0 || len(e.Progs) != 2 {
		t.Errorf("%+v with %d segments", e.FileHeader, len(e.Progs))
	}
	load, stack := e.Progs[0], e.Progs[1]
	if load.Type != elf.PT_LOAD || load.Flags != elf.PF_R|elf.PF_X || load.Off != 0 || load.Filesz != uint64(st.Size()) || load.Memsz != load.Filesz {
		t.Errorf("%+v of %d bytes", load.ProgHeader, st.Size())
	}
	if stack.Type != elf.PT_GNU_STACK || stack.Flags != elf.PF_R|elf.PF_W {
		t.Errorf("%+v: the stack must not be executable", stack.ProgHeader)
	}
	if e.Entry < load.Vaddr+176 || e.Entry >= load.Vaddr+load.Filesz {
		t.Errorf("entry %#x in %+v", e.Entry, load.ProgHeader)
	}
}

// object compiles init_linux.c with the flags of the package and more.
func object(t *testing.T, more ...string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is missing")
	}
	o := filepath.Join(t.TempDir(), "init.o")
	args := append([]string{"-std=gnu11", "-Wall", "-Wextra", "-c", "-o", o, "init_linux.c"}, more...)
	out, err := exec.Command(gcc, args...).CombinedOutput()
	if bytes.Contains(out, []byte("internal compiler error")) {
		t.Skipf("this gcc crashes: %.200s", out) // gcc 12 with -fsanitize=address
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return o
}

func TestTheInitNeedsNothingOutsideOfItsSection(t *testing.T) {
	for _, flags := range [][]string{
		{"-O2"}, {"-O2", "-fPIC"}, {"-O3"}, {"-O1"}, {"-Os"}, {"-O2", "-g"}, {"-O2", "-fstack-protector-all"}, {"-O2", "-D_FORTIFY_SOURCE=2"},
		{"-O2", "-fcf-protection"}, {"-O2", "-ftrivial-auto-var-init=zero"}, {"-O2", "-fsanitize=undefined"}, {"-O2", "-fsanitize=address"}, {"-O2", "-DGAOL_FAULT"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			e, err := elf.Open(object(t, flags...))
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			section := e.Section("gaol_init")
			if section == nil || section.Size == 0 {
				t.Fatal("no section gaol_init")
			}
			if section.Flags&(elf.SHF_WRITE|elf.SHF_EXECINSTR) != elf.SHF_EXECINSTR {
				t.Errorf("flags %v", section.Flags)
			}
			symbols, err := e.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range e.Sections {
				if (s.Type != elf.SHT_RELA && s.Type != elf.SHT_REL) || e.Sections[s.Info] != section {
					continue
				}
				data, err := s.Data()
				if err != nil {
					t.Fatal(err)
				}
				for at := 0; at+24 <= len(data); at += 24 {
					n := e.ByteOrder.Uint64(data[at+8:]) >> 32
					to := symbols[n-1]
					if int(to.Section) >= len(e.Sections) || to.Section == elf.SHN_UNDEF || e.Sections[to.Section] != section {
						t.Errorf("the code at %#x refers to %q, outside of the section", e.ByteOrder.Uint64(data[at:]), to.Name)
					}
				}
			}
		})
	}
}

// What is linked into a Go binary is what counts: there the section's bytes are those of the image, so no relocation was left to the loader.
func TestTheImageIsTheSectionOfThisBinary(t *testing.T) {
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	section := self.Section("gaol_init")
	if section == nil {
		t.Skip("the linker has merged the section gaol_init")
	}
	code, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(io.NewSectionReader(image(t), 0, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 176+len(code) || !bytes.Equal(all[176:], code) {
		t.Errorf("an image of %d bytes from a section of %d", len(all), len(code))
	}
	if _, err := exec.LookPath("objdump"); err != nil {
		t.Log("no objdump")
		return
	}
	o := object(t, "-O2")
	out, err := exec.Command("objdump", "-d", "--no-show-raw-insn", "-j", "gaol_init", o).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		for _, bad := range []string{"(%rip)", "%fs:", "@plt", "@GOTPCREL"} {
			if strings.Contains(line, bad) && !strings.Contains(line, "<listening>") { // a function of the section's own
				t.Errorf("the code uses %s: %s", bad, line)
			}
		}
	}
}
