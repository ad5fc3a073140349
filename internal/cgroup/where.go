// Package cgroup gives each command a cgroup of its own: it finds one of version 2 in which the caller may make children, makes a leaf
// there with the command's limits, tells what was used and who was killed, and removes the leaf. It works on plain files. It must never move
// a process that is there already, the calling one above all, and never change a file of a cgroup that it has not made, but for
// cgroup.subtree_control, to which it adds.
package cgroup

import (
	"errors"
	"path"
	"strings"
)

// Controllers are those that limits need.
var Controllers = []string{"memory", "pids", "cpu", "io"}

var errNoV2 = errors.New("no cgroup v2 is mounted")

// where returns the directory of this process's cgroup and that of the mount's root, out of /proc/self/cgroup and /proc/self/mountinfo
// (man 7 cgroups, man 5 proc). What is mounted may be a part of the hierarchy, and in a cgroup namespace both are seen from its root.
func where(self, mountinfo string) (own, root string, err error) {
	at := ""
	for line := range strings.Lines(self) {
		if p, ok := strings.CutPrefix(line, "0::"); ok {
			at = strings.TrimSuffix(p, "\n")
		}
	}
	if at == "" {
		return "", "", errors.New("this process is in no cgroup v2: the kernel has version 1 alone")
	}
	if strings.HasSuffix(at, " (deleted)") {
		return "", "", errors.New("the cgroup of this process has been removed")
	}
	err = errNoV2
	for line := range strings.Lines(mountinfo) {
		head, tail, _ := strings.Cut(line, " - ")
		f := strings.Split(head, " ")
		if !strings.HasPrefix(tail, "cgroup2 ") || len(f) < 6 {
			continue
		}
		from, to := unescape(f[3]), unescape(f[4])
		if strings.Contains(at+"/", "/../") || strings.Contains(from+"/", "/../") {
			err = errors.New("this process's cgroup lies outside of its cgroup namespace")
			continue
		}
		rest, ok := strings.CutPrefix(at, strings.TrimSuffix(from, "/"))
		if !ok || rest != "" && rest[0] != '/' {
			err = errors.New("what is mounted does not show the cgroup of this process, " + at)
			continue
		}
		return path.Join(to, rest), to, nil // of several, the first: they show the same
	}
	return "", "", err
}

// unescape reads \ooo, as which the kernel writes blanks and backslashes.
func unescape(s string) string {
	for _, c := range []string{" ", "\t", "\n", `\`} {
		s = strings.ReplaceAll(s, escape[c], c)
	}
	return s
}

var escape = map[string]string{" ": `\040`, "\t": `\011`, "\n": `\012`, `\`: `\134`}

// up lists own and the directories above it, up to root.
func up(own, root string) []string {
	list := []string{own}
	for own != root {
		own = path.Dir(own)
		list = append(list, own)
	}
	return list
}

// within says that own lies in a unit's cgroup, which is dir, and not in that of another unit below it: somebody has made a cgroup for this
// process there, and that is for whom the unit is delegated to. A slice is never delegated.
func within(own, dir string) bool {
	rest, ok := strings.CutPrefix(own, dir+"/")
	first, _, _ := strings.Cut(rest, "/")
	return ok && first != "" && !unit(first) && path.Ext(dir) != ".slice"
}

// unit says that a directory's name is of a unit of systemd, which manages what is in there unless it is delegated.
func unit(dir string) bool {
	switch path.Ext(dir) {
	case ".slice", ".scope", ".service", ".mount", ".socket", ".swap":
		return true
	}
	return false
}
