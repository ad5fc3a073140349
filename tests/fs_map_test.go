//go:build linux && cgo

// These tests attack the views that are not the host's: maps show a tree elsewhere with exactly their mode, and private directories are
// each command's own, empty at first and gone at its end. What is granted in, above and below them must come out as it says.

package tests

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Map", func() {
	It("shows a tree to be read at another path, and not at its own", func() {
		c := newCanaries()
		own := tempDir()
		writeFile("own", own, "own")
		s := sandbox(gaol.Map("/data/in", c.Dir, gaol.ReadOnly), gaol.FileRead(gaol.Subpath(own)), gaol.FileWrite(gaol.Subpath(own)))
		try(s, append([]attempt{want("ok secret", "read", "/data/in/secret"), want("ok secret", "read", "/data/in/link"), want("ok secret too", "read", "/data/in/sub/secret"),
			want("ENOENT", "lstat", c.Dir), want("ENOENT", "read", "/data/in/../../"+c.Secret), want("EROFS|EACCES", "mkdir", "/data/new"), want("EACCES", "exec", "/data/in/secret")},
			changes(refused+"|ENOENT", "/data/in", own)...)...)
	})

	It("shows a tree to be written, and reads it, too", func() {
		dir := tempDir()
		writeFile("content", dir, "file")
		try(sandbox(gaol.Map("/data", dir, gaol.ReadWrite)), want("ok content", "read", "/data/file"), want("ok", "write", "/data/file", "C"), want("ok", "mkdir", "/data/new"),
			want("ok", "rename", "/data/file", "/data/new/file"), want("ENOENT", "lstat", dir), want("EBUSY|EXDEV|EROFS|EACCES", "rmdir", "/data"),
			want("ok", "copy", victimPath, "/data/program"), want("EACCES", "exec", "/data/program", "getpid"))
		Expect(os.ReadFile(dir + "/new/file")).To(BeEquivalentTo("Content"))
	})

	It("shows a single file, and what a link of the host leads to", func() {
		c := newCanaries()
		try(sandbox(gaol.Map("/a/b/file", c.Secret, gaol.ReadOnly), gaol.Map("/linked", c.Link, gaol.ReadOnly)), want("ok secret", "read", "/a/b/file"),
			want("ok file 644", "lstat", "/linked"), want("ok secret", "read", "/linked"), want(refused, "write", "/a/b/file", "x"), want("ENOENT", "lstat", "/a/b/sub"))
	})

	It("takes more grants at the path inside", func() {
		dir := tempDir()
		writeFile("content", makeDir(dir, "out"), "file")
		writeFile("content", dir, "file")
		program(makeDir(dir, "bin"), "program")
		s := sandbox(gaol.Map("/data", dir, gaol.ReadOnly), gaol.FileWrite(gaol.Subpath("/data/out")), gaol.FileExecute(gaol.Subpath("/data/bin")))
		try(s, want("ok", "write", "/data/out/file", "C"), want("ok Content", "read", "/data/out/file"), want(refused, "write", "/data/file", "x"),
			want(refused, "write", "/data/bin/program", "x"), want("ok", "copy", victimPath, "/data/out/program"), want("EACCES", "exec", "/data/out/program", "getpid"))
		runs(s, "/data/bin/program")
	})

	It("lies in a private directory, in another map, and under a granted tree", func() {
		a, b := newCanaries(), tempDir()
		makeDir(b, "place")
		s := sandbox(gaol.Private("/job"), gaol.BestEffort(gaol.Map("/job/in/a", a.Dir, gaol.ReadOnly)), gaol.Map("/b", b, gaol.ReadWrite), gaol.BestEffort(gaol.Map("/b/place", a.Sub, gaol.ReadOnly)))
		try(s, want("ok secret", "read", "/job/in/a/secret"), want(refused, "write", "/job/in/a/secret", "x"), want("ok", "mkdir", "/job/new"),
			want("ok secret too", "read", "/b/place/secret"), want(refused, "write", "/b/place/secret", "x"), want("ok", "mkdir", "/b/new"),
			want("EBUSY|EXDEV|EACCES", "rename", "/job/in/a", "/job/moved"), want("EBUSY|EXDEV|EACCES", "rename", "/b/place", "/b/moved"))
		Expect(filepath.Join(b, "place", "secret")).NotTo(BeAnExistingFile())
	})

	It("hides what the host has at the path inside", func() {
		c, dir := newCanaries(), tempDir()
		writeFile("instead", dir, "file")
		try(sandbox(gaol.FileRead(gaol.Subpath(c.Dir)), gaol.Map(c.Sub, dir, gaol.ReadOnly)), want("ok instead", "read", c.Sub+"/file"), want("ENOENT", "lstat", c.SubSecret),
			want("ok secret", "read", c.Secret))
	})

	It("that conflicts or would show the host's own /proc, /dev or root is refused", func() {
		c := newCanaries()
		file := writeFile("", tempDir(), "file")
		for name, options := range map[string][]gaol.Option{
			"twice":             {gaol.Map("/a", c.Dir, gaol.ReadOnly), gaol.Map("/a", c.Sub, gaol.ReadOnly)},
			"over a private":    {gaol.Private("/a"), gaol.Map("/a", c.Dir, gaol.ReadOnly)},
			"under a private":   {gaol.Map("/a", c.Dir, gaol.ReadOnly), gaol.Private("/a")},
			"the root":          {gaol.Map("/", c.Dir, gaol.ReadOnly)},
			"on /proc":          {gaol.Map("/proc", c.Dir, gaol.ReadOnly)},
			"below /proc":       {gaol.Map("/proc/x", c.Dir, gaol.ReadOnly)},
			"on /dev":           {gaol.Map("/dev", c.Dir, gaol.ReadOnly)},
			"below /dev":        {gaol.Map("/dev/x", c.Dir, gaol.ReadOnly)},
			"of the root":       {gaol.Map("/a", "/", gaol.ReadOnly)},
			"of /proc":          {gaol.Map("/a", "/proc", gaol.ReadOnly)},
			"of /proc/self":     {gaol.Map("/a", "/proc/self", gaol.ReadOnly)},
			"of /dev":           {gaol.Map("/a", "/dev", gaol.ReadOnly)},
			"of a device":       {gaol.Map("/a", "/dev/null", gaol.ReadOnly)},
			"of nothing":        {gaol.Map("/a", c.Dir+"/none", gaol.ReadOnly)},
			"file over a dir":   {gaol.FileRead(gaol.Subpath(c.Dir)), gaol.Map(c.Sub, file, gaol.ReadOnly)},
			"dir over a file":   {gaol.FileRead(gaol.Subpath(c.Dir)), gaol.Map(c.Secret, c.Sub, gaol.ReadOnly)},
			"without a place":   {gaol.FileRead(gaol.Subpath(c.Dir)), gaol.Map(c.Dir+"/none", c.Sub, gaol.ReadOnly)},
			"without a mode":    {gaol.Map("/a", c.Dir, 0)},
			"with another mode": {gaol.Map("/a", c.Dir, 9)},
			"a relative one":    {gaol.Map("a", c.Dir, gaol.ReadOnly)},
		} {
			_, err := trySandbox(options...)
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), name)
		}
	})
})

var _ = Describe("Private", func() {
	It("is empty, writable, each command's own, and gone afterwards", func() {
		before := mounts()
		s := sandbox(gaol.Private("/private"))
		for range 3 {
			try(s, want("ok|ok . ..", "list", "/private"), want("ok", "open", "/private/file", "w,create,excl"), want("ok", "write", "/private/file", "x"),
				want("ok x", "read", "/private/file"), want("ok", "mkdir", "/private/dir"), want("ok", "rename", "/private/file", "/private/dir/file"),
				want("ok dir 1777", "lstat", "/private"), want("EBUSY|EXDEV|EROFS|EACCES", "rmdir", "/private"))
		}
		Expect(mounts()).To(Equal(before))
	})

	It("is not shared by two commands at the same time", func() {
		s := sandbox(gaol.Private("/private"))
		first := launch(s, "open", "/private/file", "w,create", "--", "readfd", "0", "--", "list", "/private")
		Expect(first.Line()).To(Equal("ok"))
		try(s, want("ok|ok . ..", "list", "/private"), want("ok", "open", "/private/other", "w,create,excl"))
		Expect(first.Stdin.Close()).To(Succeed())
		Expect([]string{first.Line(), first.Line()}).To(ConsistOf("ok", HaveSuffix("file")))
		Expect(first.Wait()).To(Succeed())
	})

	It("hides what the host has there, and touches none of it", func() {
		c := newCanaries()
		try(sandbox(gaol.FileRead(gaol.Subpath(c.Dir)), gaol.FileWrite(gaol.Subpath(c.Dir)), gaol.Private(c.Sub)), want("ok|ok . ..", "list", c.Sub),
			want("ENOENT", "lstat", c.SubSecret), want("ok", "open", c.Sub+"/new", "w,create"), want("ok", "copy", victimPath, c.Sub+"/program"),
			want("EBUSY|EXDEV|EACCES", "rename", c.Sub, c.Dir+"/moved"), want("EXDEV|EACCES", "rename", c.Sub+"/new", c.Dir+"/new"),
			want("EXDEV|EACCES", "link", c.Secret, c.Sub+"/secret"), want("ok secret", "read", c.Secret))
	})

	It("shows what is granted below it, with these rights and no others", func() {
		c, out := newCanaries(), tempDir()
		p := program(makeDir(out, "bin"), "program")
		private := filepath.Dir(c.Dir)
		s := sandbox(gaol.Private(private), gaol.BestEffort(gaol.FileRead(gaol.Subpath(c.Dir))), gaol.FileRead(gaol.Subpath(out)), gaol.FileWrite(gaol.Subpath(out)), gaol.FileExecute(gaol.Literal(p)))
		try(s, want("ok secret", "read", c.Secret), want(refused, "write", c.Secret, "x"), want(refused, "mkdir", c.Dir+"/new"), want("ok", "mkdir", out+"/new"),
			want("ok", "mkdir", private+"/new"), want("EBUSY|EXDEV|EACCES", "rename", c.Dir, private+"/moved"), want("EBUSY|EXDEV|EACCES", "rmdir", out),
			want("EXDEV|EACCES", "rename", out+"/new", private+"/new2"), want("ok", "copy", victimPath, private+"/program"), want("EACCES", "exec", private+"/program", "getpid"))
		runs(s, p)
		Expect(private + "/program").NotTo(BeAnExistingFile())
	})

	It("lies in another one", func() {
		try(sandbox(gaol.Private("/a"), gaol.Private("/a/b/c")), want("ok", "mkdir", "/a/new"), want("ok", "mkdir", "/a/b/c/new"), want("EBUSY|EXDEV|EACCES", "rmdir", "/a/b/c"))
	})

	It("is refused where it would hide what makes a sandbox", func() {
		for _, path := range []string{"/", "/proc", "/proc/self", "/dev", "/dev/null", "relative", "/a/../b", ""} {
			_, err := trySandbox(gaol.Private(path))
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), path)
		}
	})

	It("that is full fails with ENOSPC and harms nobody", func() {
		s := sandbox(gaol.Private("/private"))
		r := try(s, want("ok …", "statfs", "/private"))
		size, err := strconv.Atoi(strings.TrimSpace(r.Said(0)))
		Expect(err).NotTo(HaveOccurred())
		if size > 512 {
			Skip("a bound on the size of Private is missing: filling it takes " + r.Said(0) + " MiB of memory")
		}
		try(s, want("ENOSPC", "fill", "/private/file"), want("ENOSPC|ok", "mkdir", "/private/dir"), want("ok", "unlink", "/private/file"), want("ok", "open", "/private/file", "w,create"))
		try(s, want("ok|ok . ..", "list", "/private"))
	})
})
