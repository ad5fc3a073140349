package policy

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// BSD is a file system for what a profile comes to on a FreeBSD that is not at hand. Every path is there: a device below /dev, a socket by a name
// that ends so, a file where the name has an ending, else a directory.
type BSD struct{}

var bsdLinks = map[string]string{"/dev/urandom": "random", "/sys": "usr/src/sys"}

// bsdFiles are those of System whose names do not say it.
var bsdFiles = []string{"/etc/localtime", "/etc/os-release"}

// Lstat judges by the name.
func (BSD) Lstat(p string) (fs.FileMode, error) {
	name := path.Base(p)
	switch {
	case bsdLinks[p] != "":
		return fs.ModeSymlink | 0o777, nil
	case p != devPath && below(p, devPath):
		return fs.ModeDevice | fs.ModeCharDevice | 0o666, nil
	case strings.HasSuffix(name, ".sock"), strings.HasSuffix(name, "socket"):
		return fs.ModeSocket | 0o755, nil
	case slices.Contains(bsdFiles, p), strings.LastIndexByte(name, '.') > 0:
		return 0o644, nil
	}
	return fs.ModeDir | 0o755, nil
}

// Readlink knows the links of every FreeBSD.
func (BSD) Readlink(p string) (string, error) {
	if to, ok := bsdLinks[p]; ok {
		return to, nil
	}
	return "", fs.ErrInvalid
}

// Links is 1.
func (BSD) Links(string) (uint64, error) { return 1, nil }
