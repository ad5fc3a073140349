package profile

// This file finds profile files and follows their extends. It must never read more than a bounded number of bounded files,
// nor follow a cycle, whatever the files say.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxFile  = 1 << 20 // bytes
	maxDepth = 8       // files above a file, through extends
	maxFiles = 64      // files read for one profile; without it, depth 8 could still mean thousands
)

var (
	errEnding    = errors.New("the name of a profile file ends in .toml or .json")
	errLargeFile = fmt.Errorf("the file is larger than %d bytes", maxFile)
	errIrregular = errors.New("not a regular file")
	errDeep      = fmt.Errorf("more than %d files deep", maxDepth)
	errMany      = fmt.Errorf("more than %d files in one profile", maxFiles)
)

// Load reads the profile file at path and the files it extends. An error is an *Error, or wraps one;
// a missing file satisfies errors.Is(err, fs.ErrNotExist).
func Load(path string, vars Vars) (Profile, error) {
	data, err := readFile(path)
	if err != nil {
		return Profile{}, &Error{File: path, Err: err}
	}
	return Parse(path, data, vars)
}

// Parse reads a profile from data. The ending of name, .toml or .json, tells the language; errors carry the name, and
// a relative extends is taken from the name's directory. Those are the only files that Parse reads.
func Parse(name string, data []byte, vars Vars) (Profile, error) {
	l := loader{vars: vars, known: map[string]resolved{}}
	r, err := l.resolve(name, data)
	if err != nil {
		return Profile{}, err
	}
	if err := r.profile.Validate(); err != nil {
		var at *Error
		if errors.As(err, &at) {
			at.File = name
		}
		return Profile{}, err
	}
	return r.profile, nil
}

func ending(name string) string {
	for e := range languages {
		if strings.HasSuffix(name, e) {
			return e
		}
	}
	return ""
}

// readFile returns what is wrong without the path, which its callers name. A FIFO is refused: opening one blocks.
func readFile(path string) ([]byte, error) {
	if languages[ending(path)] == nil {
		return nil, errEnding
	}
	if strings.IndexByte(path, 0) >= 0 {
		return nil, errNUL
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(data) > maxFile {
		return nil, errLargeFile
	}
	return data, nil
}

func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// resolved is a profile with its bases applied; height counts the files above it.
type resolved struct {
	profile Profile
	height  int
}

type loader struct {
	vars  Vars
	stack []string // the files being read, as they were named
	known map[string]resolved
}

// identity is what cycles are found by. A cycle through directory links can escape it; maxDepth ends that one.
func identity(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return filepath.Clean(name)
}

func (l *loader) resolve(name string, data []byte) (resolved, error) {
	d, err := readDocument(name, data, l.vars)
	if err != nil {
		return resolved{}, err
	}
	if len(d.extends) == 0 {
		return resolved{profile: d.own}, d.perProcess(d.own.Limits)
	}
	l.stack = append(l.stack, name)
	defer func() { l.stack = l.stack[:len(l.stack)-1] }()
	var r resolved
	var names []string
	for i, w := range d.extends {
		baseName, err := d.baseName(w)
		if err != nil {
			return r, d.fault(w.key, w.line, err)
		}
		if slices.Contains(names, baseName) {
			return r, d.fault(w.key, w.line, &Error{Path: w.text, Err: errors.New("named twice")})
		}
		names = append(names, baseName)
		base, err := l.base(d, w, baseName)
		if err != nil {
			return r, err
		}
		r.height = max(r.height, base.height+1)
		if i == 0 {
			r.profile = base.profile
		} else {
			r.profile = union(r.profile, base.profile)
		}
	}
	if !d.widen {
		if err := d.checkWithin(r.profile, names); err != nil {
			return r, err
		}
	}
	r.profile = d.over(r.profile)
	return r, d.perProcess(r.profile.Limits)
}

func (d *document) baseName(w word) (string, error) {
	if w.text == "" {
		return "", errors.New("the file's name is empty")
	}
	p, err := d.vars.path(w.text)
	if err != nil {
		return "", &Error{Path: w.text, Err: err}
	}
	p = filepath.FromSlash(p)
	if !filepath.IsAbs(p) {
		p = filepath.Join(filepath.Dir(d.name), p)
	}
	return p, nil
}

func (l *loader) base(d *document, w word, name string) (resolved, error) {
	fail := func(err error) (resolved, error) {
		return resolved{}, d.fault(w.key, w.line, &Error{Path: w.text, Err: err})
	}
	id := identity(name)
	for i, above := range l.stack {
		if identity(above) == id {
			return fail(fmt.Errorf("a cycle: %s", strings.Join(append(slices.Clone(l.stack[i:]), name), " -> ")))
		}
	}
	r, ok := l.known[id]
	if len(l.stack)+r.height > maxDepth {
		return fail(errDeep)
	}
	if ok {
		return r, nil
	}
	if len(l.known) >= maxFiles {
		return fail(errMany)
	}
	data, err := readFile(name)
	if err != nil {
		return fail(err)
	}
	if r, err = l.resolve(name, data); err == nil {
		l.known[id] = r
	}
	return r, err
}
