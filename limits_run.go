package gaol

// This file holds a command to its limits: what of them the child carries, what this process watches, and what the end tells of them. It must
// never let a command start with less than what was asked for.

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/internal/perf"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// guard watches from outside over what no resource limit holds. It calls Cmd.over when the limit is passed.
type guard interface {
	// ended is called once, when the program has: the guard stops, holds nothing any more, and may say more exactly how it ended.
	ended(s *ProcessState)
}

// limit finds out what holds for this command.
func (c *Cmd) limit() error {
	if c.Limits != nil {
		host := c.sandbox.host
		limitFacts(*c.Limits, &host)
		p, err := c.sandbox.policy.WithLimits(*c.Limits, host)
		if err != nil {
			return refused(err)
		}
		c.narrowed = &p
	}
	c.limits = c.policy().Limits
	c.streams.meter = meter{limit: c.limits.Output, over: func() { c.over(EndOutput) }}
	return nil
}

// policy is the sandbox's, or what the command's own limits have made of it.
func (c *Cmd) policy() *policy.Policy {
	if c.narrowed != nil {
		return c.narrowed
	}
	return &c.sandbox.policy
}

// over ends everything in the sandbox because of a limit. It may be called at any time after the start, and more than once: what came first
// is how it ended, if the program had not ended by itself.
func (c *Cmd) over(why End) { _ = c.Process.child.end(why) }

// guard starts the guards.
func (c *Cmd) guard() {
	if w := c.limits.Wall; w > 0 {
		c.guards = append(c.guards, wall{time.AfterFunc(w-time.Since(c.started), func() { c.over(EndWall) })})
	}
	if c.counter != nil {
		limit := c.limits.Instructions
		watch := perf.NewWatch(c.counter, uint64(limit), int(online()), func() { c.over(EndInstructions) })
		c.guards = append(c.guards, counted{watch, limit})
	}
	c.guards = append(c.guards, c.systemGuards()...)
}

// counted is the watch of Limits.Instructions.
type counted struct {
	watch *perf.Watch
	limit int64
}

// ended looks a last time: how many there were does not depend on when the watch looked, and so whether it was too many does not either.
func (w counted) ended(s *ProcessState) {
	n, err := w.watch.End()
	s.usage.Instructions = int64(n)
	if s.by == byOthers && (err != nil || s.usage.Instructions > w.limit) {
		s.end = EndInstructions
	}
}

// run starts what was encoded.
func (c *Cmd) run(command plan.Command) (started *child, err error) {
	if c.limits.Instructions == 0 {
		return c.sandbox.run(command, c.limits)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and no unlock: the thread ends with the goroutine, since what it starts is counted
		if c.counter, err = openCounter(); err != nil {
			err = &SetupError{Step: stepCount, Operation: "Limits.Instructions", Err: err}
			return
		}
		if started, err = c.sandbox.run(command, c.limits); err != nil {
			_ = c.counter.Close()
		}
	}()
	<-done
	return started, err
}

const stepCount = "count instructions"

// wall is the timer of Limits.Wall.
type wall struct{ timer *time.Timer }

func (w wall) ended(*ProcessState) { w.timer.Stop() }

// settle says how the program ended, as far as that is more than what its init knows.
func (c *Cmd) settle(s *ProcessState) {
	for _, g := range c.guards {
		g.ended(s)
	}
	c.guards = nil
	l := &c.limits
	switch {
	case s.end != EndSignaled:
	case l.Seconds > 0 && (s.sig == syscall.SIGKILL || s.sig == sigxcpu) && s.usage.User+s.usage.System >= l.CPU:
		s.end = EndCPU
	case l.AddressSpace > 0 && s.sig == syscall.SIGSEGV && s.usage.MinorFaults+s.usage.MajorFaults < unborn:
		s.end = EndMemory
	}
	c.name(s)
}

// unborn is fewer page faults than a program has that comes to execute anything: execve was past the point where it can fail when the address
// space ran out, and the kernel then ends the process with SIGSEGV.
const unborn = 8

// delivered is settle for what takes until all output is copied.
func (c *Cmd) delivered(s *ProcessState) {
	s.usage.Output = c.streams.meter.bytes()
	if c.streams.meter.passed() && s.by == byOthers { // what it wrote is not whole, even if it ended by itself
		s.end = EndOutput
	}
	c.name(s)
}

// name says which limit it was.
func (c *Cmd) name(s *ProcessState) {
	l := &c.limits
	switch s.end {
	case EndWall:
		s.limit = fmt.Sprint(s.end, " ", l.Wall)
	case EndCPU:
		s.limit = fmt.Sprint(s.end, " ", l.CPU)
	case EndMemory:
		s.limit = fmt.Sprint(s.end, " ", bytesText(l.Memory))
	case EndOutput:
		s.limit = fmt.Sprint(s.end, " ", bytesText(l.Output))
	case EndInstructions:
		s.limit = fmt.Sprint(s.end, " ", l.Instructions)
	case EndSignaled:
		if s.sig == sigxfsz && l.FileSize > 0 {
			s.limit = "file-size limit " + bytesText(l.FileSize)
		}
	}
}

// The numbers of Linux (man 7 signal), which package syscall of other systems lacks.
const (
	sigxcpu = syscall.Signal(24)
	sigxfsz = syscall.Signal(25)
)

// bytesText is a number of bytes in the largest unit that it is a multiple of.
func bytesText(n int64) string {
	for _, u := range []struct {
		shift int
		name  string
	}{{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}} {
		if n != 0 && n&(1<<u.shift-1) == 0 {
			return fmt.Sprint(n>>u.shift, " ", u.name)
		}
	}
	return fmt.Sprint(n, " B")
}

// bring adds to a command what its child has to know of the limits.
func (c *Cmd) bring(p *plan.Command) error {
	l := &c.limits
	if l.Seconds > 0 {
		p.CPU, p.Processors = uint64(l.CPU), online()
	}
	for _, r := range c.resources() {
		if r.value == 0 {
			continue
		}
		now := held(r.resource)
		limit := plan.Limit{Soft: min(r.value, now.Soft), Hard: min(r.value, now.Hard)}
		if r.resource == rlimitCore {
			limit.Soft = limit.Hard // it is asked for, and the soft one is mostly zero
		}
		p.Limits = append(p.Limits, plan.ResourceLimit{Resource: r.resource, Limit: limit})
	}
	if l.Disk > 0 {
		page := int64(os.Getpagesize())
		if l.Disk < page {
			return &SetupError{Step: plan.Tmpfs.String(), Operation: "Limits.Disk", Err: syscall.EINVAL, Hint: fmt.Sprintf("less than the %d bytes of a page", page)}
		}
		pages := l.Disk / page // what is left of a page the kernel would round up
		// a file without content takes memory, too: as many as the kernel's own default, half of memory in files for half of it in bytes
		p.Disk = fmt.Sprintf(",size=%d,nr_inodes=%d", pages*page, min(pages+64, 64<<10))
	}
	return nil
}

type resource struct {
	resource uint32
	value    uint64 // 0: no limit
}

func (c *Cmd) resources() []resource {
	l := &c.limits
	out := []resource{{rlimitFileSize, uint64(l.FileSize)}, {rlimitStack, uint64(l.Stack)}, {rlimitFiles, uint64(l.Files)}, {rlimitMemory, uint64(l.AddressSpace)}}
	if l.Seconds > 0 {
		out = append(out, resource{rlimitCPU, uint64(l.Seconds)})
	}
	if c.sandbox.policy.Limits.Core > 0 { // else there is none, which is less than any
		out = append(out, resource{rlimitCore, uint64(l.Core)})
	}
	return out
}
