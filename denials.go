package gaol

// This file collects what a program was denied, where a system keeps a log of that and the caller asks. A log is best effort: what is not in it may
// have been denied all the same, so that nothing is decided by it.

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/sbpl"
)

// newMark is a word that tells one command from all others: letters and digits.
func newMark() string { return "gaol" + rand.Text() }

const (
	maxDenials = 1000 // a program can be denied without end
	// The log is behind the program: how long it may be silent, and how long it is read in all, once the program has ended.
	logSilence  = 300 * time.Millisecond
	logPatience = 3 * time.Second
)

// logReader reads lines of denials until it is closed.
type logReader struct {
	close func()
	lines chan struct{} // one for each line; closed at the end

	mu    sync.Mutex
	found []Denial
}

// readLog reads r, whose end close brings about.
func readLog(r io.Reader, tag string, close func()) *logReader {
	l := &logReader{close: close, lines: make(chan struct{}, 1)}
	go func() {
		defer func() { closeChannel(l.lines) }()
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if d, ok := sbpl.ParseLog(s.Bytes(), tag); ok {
				l.add(denialOf(d))
			}
			select {
			case l.lines <- struct{}{}:
			default:
			}
		}
	}()
	return l
}

func closeChannel(c chan struct{}) { close(c) }

func (l *logReader) add(d Denial) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found) < maxDenials && !slices.Contains(l.found, d) {
		l.found = append(l.found, d)
	}
}

// settled waits until the log has nothing more to say, ends it, and returns what there was.
func (l *logReader) settled(silence, patience time.Duration) []Denial {
	over := time.After(patience)
	for quiet := false; !quiet; {
		select {
		case _, more := <-l.lines:
			quiet = !more
		case <-time.After(silence):
			quiet = true
		case <-over:
			quiet = true
		}
	}
	l.close()
	for range l.lines { // to its end: nothing of it is left behind
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

// remedies are what in a profile allows an operation of Seatbelt, by the beginning of its name.
var remedies = []struct {
	prefix, operation string
	allow             func(target string) string
}{
	{"file-read-metadata", "FileReadMetadata", onPath("FileReadMetadata")},
	{"file-test-existence", "FileReadMetadata", onPath("FileReadMetadata")},
	{"file-read", "FileRead", onPath("FileRead")},
	{"file-write-setugid", "FileWrite", nil},
	{"file-write", "FileWrite", onPath("FileWrite")},
	{"file-ioctl", "Device", func(t string) string { return fmt.Sprintf("Device(%q)", t) }},
	{"file-map-executable", "FileExecute", onPath("FileExecute")},
	{"process-exec", "FileExecute", onPath("FileExecute")},
	{"process-fork", "ProcessCreate", func(string) string { return "ProcessCreate()" }},
	{"mach-lookup", "MachLookup", func(t string) string { return fmt.Sprintf("MachLookup(%q)", t) }},
	{"network-outbound", "NetworkOutbound", outbound},
	{"network-bind", "NetworkInbound", nil},
	{"network-inbound", "NetworkInbound", nil},
	{"sysctl-read", "SystemInfoRead", func(string) string { return "SystemInfoRead()" }},
	{"signal", "Signal", func(string) string { return "Signal(), for processes of the sandbox" }},
}

func onPath(operation string) func(string) string {
	return func(t string) string {
		if !strings.HasPrefix(t, "/") {
			return ""
		}
		return fmt.Sprintf("%s(Literal(%q))", operation, t)
	}
}

func outbound(t string) string {
	if strings.HasPrefix(t, "/") {
		return fmt.Sprintf("NetworkOutbound(LocalSocket(%q))", t)
	}
	return ""
}

func denialOf(d sbpl.Logged) Denial {
	out := Denial{Operation: d.Operation, Path: d.Target}
	for _, r := range remedies {
		if !strings.HasPrefix(d.Operation, r.prefix) {
			continue
		}
		out.Operation = r.operation
		if r.allow != nil {
			if allow := r.allow(d.Target); allow != "" {
				out.Suggestion = allow + " allows it"
			}
		}
		break
	}
	return out
}

// openLog begins to read the log for this command, if the caller wants that.
func (c *Cmd) openLog(p *plan.Command) (err error) {
	if !c.Denials {
		return nil
	}
	p.Mark = newMark()
	c.log, err = denialLog(p.Mark)
	return err
}

// closeLog ends it, and returns what was denied.
func (c *Cmd) closeLog() []Denial {
	if c.log == nil {
		return nil
	}
	defer func() { c.log = nil }()
	return c.log.settled(logSilence, logPatience)
}
