package plan

// A command's bytes, read back field by field as csrc/plan.h says, and what is refused. The strings of argv, env and candidates must
// come in this order, since the child counts them off.

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// read is what the child makes of a command.
func read(b []byte) Command {
	word := func(at uint32) uint32 { return le.Uint32(b[at:]) }
	str := func(at uint32) string {
		s, _, _ := bytes.Cut(b[at:], []byte{0})
		return string(s)
	}
	var c Command
	at := word(24)
	list := func(n uint32) (out []string) {
		for range n {
			out = append(out, str(word(at)))
			at += 4
		}
		return out
	}
	c.Argv, c.Env, c.Candidates = list(word(8)), list(word(12)), list(word(16))
	for i := range word(20) {
		c.FDs = append(c.FDs, int(int32(word(word(28)+4*i))))
	}
	c.Dir, c.TTY, c.Foreground = str(word(32)), int(int32(word(36))), word(40) == 1
	if at := word(44); at != 0 {
		c.User = &User{Uid: word(at), Gid: word(at + 4), UIDMap: str(word(at + 16)), GIDMap: str(word(at + 20))}
		for i := range word(at + 8) {
			c.User.Groups = append(c.User.Groups, word(word(at+12)+4*i))
		}
	}
	long := func(at uint32) uint64 { return le.Uint64(b[at:]) }
	for i := range word(48) {
		at := word(52) + 24*i
		c.Limits = append(c.Limits, ResourceLimit{word(at), Limit{long(at + 8), long(at + 16)}})
		if at%8 != 0 || word(at+4) != 0 {
			panic("a limit that C does not read like this")
		}
	}
	c.Disk, c.Processors, c.CPU, c.Place = str(word(56)), word(60), long(64), str(word(76))
	if mask := word(72); mask != 0 {
		c.Umask = new(mask - 1)
	}
	return c
}

func TestACommandComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := func(name string, least int) []string {
			s := rapid.SliceOfN(oddString, least, 5).Draw(t, name)
			if len(s) == 0 {
				return nil
			}
			return s
		}
		c := Command{
			Argv: list("argv", 1), Env: list("env", 0), Candidates: list("candidates", 1),
			FDs: rapid.SliceOfN(rapid.IntRange(0, 1<<31-1), 3, 8).Draw(t, "fds"),
			Dir: oddString.Draw(t, "dir"), TTY: rapid.IntRange(-1, 2).Draw(t, "tty"), Foreground: rapid.Bool().Draw(t, "foreground"),
			Disk: oddString.Draw(t, "disk"), Place: oddString.Draw(t, "place"), CPU: rapid.Uint64().Draw(t, "cpu"), Processors: rapid.Uint32().Draw(t, "processors"),
		}
		for range rapid.IntRange(0, 16).Draw(t, "limits") {
			c.Limits = append(c.Limits, ResourceLimit{rapid.Uint32().Draw(t, "resource"), Limit{rapid.Uint64().Draw(t, "soft"), rapid.Uint64().Draw(t, "hard")}})
		}
		if rapid.Bool().Draw(t, "umask is its own") {
			c.Umask = new(rapid.Uint32Range(0, 0o777).Draw(t, "umask"))
		}
		if rapid.Bool().Draw(t, "user") {
			c.User = &User{Uid: rapid.Uint32().Draw(t, "uid"), Gid: rapid.Uint32().Draw(t, "gid"), UIDMap: oddString.Draw(t, "uid map"), GIDMap: oddString.Draw(t, "gid map")}
			if groups := rapid.SliceOfN(rapid.Uint32(), 0, 5).Draw(t, "groups"); len(groups) > 0 {
				c.User.Groups = groups
			}
		}
		b, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if le.Uint32(b) != commandMagic || int(le.Uint32(b[4:])) != len(b) {
			t.Fatalf("header % x", b[:commandSize])
		}
		if got := read(b); !reflect.DeepEqual(got, c) {
			t.Fatalf("got  %+v\nwant %+v", got, c)
		}
	})
}

func TestABadCommandIsRefused(t *testing.T) {
	good := func() Command {
		return Command{Argv: []string{"a"}, Env: []string{"A=b"}, Candidates: []string{"/a"}, FDs: []int{0, 1, 2}, Dir: "/", TTY: -1}
	}
	if _, err := good().Encode(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		change     func(*Command)
	}{
		{"no arguments", "a command needs arguments, a program and three descriptors", func(c *Command) { c.Argv = nil }},
		{"no program", "a command needs arguments, a program and three descriptors", func(c *Command) { c.Candidates = nil }},
		{"two descriptors", "a command needs arguments, a program and three descriptors", func(c *Command) { c.FDs = c.FDs[:2] }},
		{"a descriptor below zero", "descriptor -1", func(c *Command) { c.FDs = []int{0, 1, -1} }},
		{"a descriptor past 31 bits", "descriptor 2147483648", func(c *Command) { c.FDs = []int{0, 1, 1 << 31} }},
		{"a NUL in an argument", `"a\x00" contains a NUL byte`, func(c *Command) { c.Argv = slices.Concat(c.Argv, []string{"a\x00"}) }},
		{"a NUL in the environment", `"A=\x00" contains a NUL byte`, func(c *Command) { c.Env = []string{"A=\x00"} }},
		{"a NUL in a candidate", `"\x00" contains a NUL byte`, func(c *Command) { c.Candidates = []string{"\x00"} }},
		{"a NUL in the options", `",size=1\x00" contains a NUL byte`, func(c *Command) { c.Disk = ",size=1\x00" }},
		{"a NUL in a map", `"\x00" contains a NUL byte`, func(c *Command) { c.User = &User{UIDMap: "\x00"} }},
		{"a NUL in a map of groups", `"\x00" contains a NUL byte`, func(c *Command) { c.User = &User{GIDMap: "\x00"} }},
		{"a NUL in the directory", `"/\x00" contains a NUL byte`, func(c *Command) { c.Dir = "/\x00" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := good()
			c.change(&bad)
			if b, err := bad.Encode(); err == nil || err.Error() != c.want {
				t.Errorf("got %d bytes, %v; want %s", len(b), err, c.want)
			}
		})
	}
}
