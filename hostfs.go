package gaol

import (
	"io/fs"
	"os"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// hostFS is the file system of this host, as resolve asks for it.
type hostFS struct{}

func (hostFS) Lstat(path string) (fs.FileMode, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return st.Mode(), nil
}

func (hostFS) Readlink(path string) (string, error) { return os.Readlink(path) }

func (hostFS) Links(path string) (uint64, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return links(st), nil
}

var stepExecute = plan.Exec.String()
