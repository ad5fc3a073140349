package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// maxLinks is how many links Linux follows in one lookup (man 7 path_resolution).
const maxLinks = 40

type status struct {
	mode fs.FileMode
	err  error
}

func (s status) device() bool { return s.mode&(fs.ModeDevice|fs.ModeCharDevice) != 0 }

// kindProblem refuses what a bind would turn into a way out.
func kindProblem(s status) error {
	switch {
	case s.mode&fs.ModeSocket != 0:
		return errors.New("is a socket; reaching one is a network operation, not a file operation")
	case s.device():
		return errors.New("is a device")
	}
	return nil
}

// pathCache asks the file system once for each path.
type pathCache struct {
	fs   FS
	seen map[string]status
}

func (c pathCache) lstat(p string) (status, error) {
	st, ok := c.seen[p]
	if !ok {
		st.mode, st.err = c.fs.Lstat(p)
		c.seen[p] = st
	}
	return st, st.err
}

// follow resolves p: each element is looked up at at(its path), each link is told to link, and what the host lacks is a directory if
// made says so.
func (c pathCache) follow(p string, at func(string) string, made func(string) bool, link func(p, target string)) (string, status, error) {
	rest := strings.Split(p[1:], "/")
	here, links := "/", 0
	st, err := c.lstat(at("/"))
	if err != nil {
		return "", st, err
	}
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".", "..":
			if !made(here) && !c.dir(at(here)) {
				return "", st, syscall.ENOTDIR // as the kernel has it, for "file/" too
			}
			if name == ".." {
				here = path.Dir(here)
			}
			continue
		}
		next := path.Join(here, name)
		if st, err = c.lstat(at(next)); err != nil {
			if missing(err) && made(next) {
				here = next
				continue
			}
			return "", st, bare(err)
		}
		if st.mode&fs.ModeSymlink == 0 {
			here = next
			continue
		}
		if links++; links > maxLinks {
			return "", st, syscall.ELOOP
		}
		if below(next, procPath) {
			return "", st, errors.New("leads through a link of /proc, which is another one for each process")
		}
		target, err := c.fs.Readlink(at(next))
		if err != nil {
			return "", st, bare(err)
		}
		link(next, target)
		if path.IsAbs(target) {
			here = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	// a ".." may have left st behind
	st, err = c.lstat(at(here))
	return here, st, bare(err)
}

func (c pathCache) dir(p string) bool {
	st, err := c.lstat(p)
	return err == nil && st.mode.IsDir()
}

// real is where a path of the host leads.
func (c pathCache) real(p string, link func(p, target string)) (string, status, error) {
	return c.follow(p, func(p string) string { return p }, func(string) bool { return false }, link)
}

// bare drops the path from an error, since it is named anyway.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// walk resolves a path inside, and adds the links on the way to the view.
func (r *resolver) walk(op profile.Operation, p string) (string, status, error) {
	var found []Entry
	to, st, err := r.paths.follow(p, r.hostPath, func(p string) bool { return r.ways[p] }, func(at, target string) {
		found = append(found, Entry{Path: at, Kind: Link, Host: target})
	})
	if err != nil {
		return "", st, err
	}
	for _, e := range found {
		if n := r.entries[e.Path]; n != nil && n.Kind != Link {
			return "", st, fmt.Errorf("%s, on the way, is a link; %s has taken its place", e.Path, n.Why)
		}
		r.add(op, e)
		r.links = append(r.links, linkAt{r.hostPath(e.Path), op})
	}
	return to, st, nil
}

// hostPath is where a path inside is found on the host.
func (r *resolver) hostPath(p string) string {
	if len(r.maps) == 0 {
		return p
	}
	for at := p; ; at = path.Dir(at) {
		if host, ok := r.maps[at]; ok {
			return path.Join(host, strings.TrimPrefix(p, at))
		}
		if at == "/" {
			return p
		}
	}
}
