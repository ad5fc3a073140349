//go:build cgo

package gaol

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol/internal/sbpl"
)

const stepLog = "read the system's log"

// denialLog starts the reader of the unified log, and returns when that reads: it says so with its first line. Who may not read the log is told.
func denialLog(tag string) (*logReader, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "/usr/bin/log", "stream", "--style", "ndjson", "--level", "default", "--predicate", sbpl.LogPredicate(tag))
	var said bytes.Buffer
	cmd.Stderr = &said
	r, w := io.Pipe()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, &SetupError{Step: stepLog, Path: cmd.Path, Err: err}
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		_ = w.Close()
		close(ended)
	}()
	l := readLog(r, tag, func() {
		cancel()
		<-ended
	})
	select {
	case _, reads := <-l.lines:
		if reads {
			return l, nil
		}
		<-ended
	case <-time.After(logStart):
		return l, nil // a system whose reader has no such line
	}
	cancel()
	return nil, &SetupError{Step: stepLog, Path: cmd.Path, Err: errors.New("it has ended at once"), Hint: strings.TrimSpace(said.String())}
}

const logStart = 2 * time.Second
