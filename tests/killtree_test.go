//go:build linux && cgo

// These tests make trees of processes that are hard to end, end them in every way that there is, and then look for what is left: by a word in
// arguments or environment, and by the pid namespace where there is one. A process in an uninterruptible wait is tried as one that waits
// for its vfork; a file system that never answers (FUSE) is not, since it takes a mount on the host.

package tests

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/outside"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// shapes are those of tests/victim/tree.go, and how many processes each makes that stay.
var shapes = map[string]int{"daemon": 1, "stopped": 1, "loop": 1, "blocked": 1, "vfork": 2, "traced": 1, "tracers": 2, "subreaper": 2, "pdeathsig": 1, "renamed": 1, "breeding": 4}

// selves are what the program itself can be.
var selves = []string{"self-loop", "self-stopped", "self-blocked", "self-pdeathsig", "self-renamed", "self-leaderless"}

// keepers are the kinds of sandbox, by what ends everything in them.
var keepers = []struct {
	name, mechanism string
	labels          Labels
	processes       bool
	options         []gaol.Option
}{
	{"a pid namespace", "pid", nil, true, []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.Trace(), gaol.WithEngine(gaol.EngineNamespace)}},
	{"a signal scope", "kill(-1) in Landlock's signal scope", Labels{withoutNamespaces}, true, append(slices.Clone(ruleOptions), gaol.ProcessCreate(), gaol.Trace())},
	{"one process", "one process, which ends with process 1", Labels{withoutNamespaces}, false, ruleOptions},
}

var ruleOptions = []gaol.Option{gaol.BestEffort(gaol.System()), gaol.WithEngine(gaol.EngineLandlock), gaol.FileReadMetadata(gaol.Subpath("/"))}

// grown is a tree that is there.
type grown struct {
	*gaol.Cmd
	word, namespace string
	inside          []int // the program, and what process 1 has adopted, when the tree was there
}

// grow starts the victim and waits until all processes of the shapes are there.
func grow(s *gaol.Sandbox, ctx context.Context, change func(*gaol.Cmd), shapes ...string) (*grown, error) {
	g := &grown{word: unique()}
	g.Cmd = treeCommand(s, ctx, victimPath, g.word, shapes)
	if change != nil {
		change(g.Cmd)
	}
	out, err := g.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.Start(); err != nil {
		return nil, err
	}
	if err := ready(out, len(shapes) > 0 && shapes[len(shapes)-1] == "self-ended", g.word, shapes); err != nil {
		_ = g.Process.Kill()
		_ = g.Wait()
		return g, err
	}
	if g.inside = childrenOf(g.Process.Pid); len(g.inside) > 0 {
		g.namespace = outside.PidNamespace(g.inside[0])
	}
	return g, nil
}

func treeCommand(s *gaol.Sandbox, ctx context.Context, victim, word string, shapes []string) *gaol.Cmd {
	c := s.Command(ctx, victim, append([]string{"tree", word}, shapes...)...)
	c.Env, c.Dir = []string{"WORD=" + word}, "/"
	return c
}

// ready waits for the word of a tree, and for its processes if they stay.
func ready(out io.Reader, passing bool, word string, of []string) error {
	if f, ok := out.(*os.File); ok {
		_ = f.SetReadDeadline(time.Now().Add(patience))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		return fmt.Errorf("the tree %v says %q: %w", of, line, errors.Join(err, errors.New("no tree")))
	}
	want := 1
	if slices.Contains(of, "self-leaderless") { // whose arguments are gone with its first thread; grown.inside has it
		want = 0
	}
	for _, s := range of {
		want += shapes[s]
	}
	for end := time.Now().Add(patience); !passing; time.Sleep(5 * time.Millisecond) {
		if n := len(outside.Marked(word)); n >= want {
			return nil
		} else if time.Now().After(end) {
			return fmt.Errorf("%d of %d processes of %v", n, want, of)
		}
	}
	return nil
}

// gone holds that nothing is left: at once, since Wait has returned.
func (g *grown) gone(s *gaol.Sandbox) {
	GinkgoHelper()
	var left []string
	for _, pid := range outside.Marked(g.word) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		left = append(left, string(b))
	}
	Expect(left).To(BeEmpty())
	for _, pid := range g.inside {
		Expect(state(pid)).To(BeEmpty(), "process %d", pid)
	}
	Expect(childrenOf(g.Process.Pid)).To(BeEmpty())
	Expect(s.Close()).To(Succeed(), "which waits for process 1")
	if own, _ := os.Readlink("/proc/self/ns/pid"); g.namespace != "" && g.namespace != own {
		Expect(outside.In(g.namespace)).To(BeEmpty())
	}
	Expect(g.Process.Kill()).To(MatchError(os.ErrProcessDone))
}

// ways end a tree that can be waited for.
var ways = map[string]func(s *gaol.Sandbox, shapes ...string){
	"Kill": func(s *gaol.Sandbox, shapes ...string) {
		g, err := grow(s, context.Background(), nil, shapes...)
		Expect(err).NotTo(HaveOccurred())
		Expect(g.Process.Kill()).To(Succeed())
		Expect(g.Wait()).To(MatchError("signal: killed"))
		g.gone(s)
	},
	"the end of its context": func(s *gaol.Sandbox, shapes ...string) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		g, err := grow(s, ctx, nil, shapes...)
		Expect(err).NotTo(HaveOccurred())
		cancel()
		Expect(g.Wait()).To(HaveOccurred())
		g.gone(s)
	},
	"the deadline of its context": func(s *gaol.Sandbox, shapes ...string) {
		inTime(func(d time.Duration) (*grown, error) {
			ctx, cancel := context.WithTimeout(context.Background(), d)
			DeferCleanup(cancel)
			return grow(s, ctx, nil, shapes...)
		}).gone(s)
	},
	"its limit of time": func(s *gaol.Sandbox, shapes ...string) {
		g := inTime(func(d time.Duration) (*grown, error) {
			return grow(s, context.Background(), func(c *gaol.Cmd) { c.Limits = &gaol.Limits{Wall: d} }, shapes...)
		})
		Expect(g.ProcessState.End()).To(Equal(gaol.EndWall))
		g.gone(s)
	},
	"Kill after Close, which leaves it alone": func(s *gaol.Sandbox, shapes ...string) {
		g, err := grow(s, context.Background(), nil, shapes...)
		Expect(err).NotTo(HaveOccurred())
		before := len(outside.Marked(g.word))
		Expect(s.Close()).To(Succeed())
		Expect(len(outside.Marked(g.word))).To(BeNumerically(">=", before-4), "those that end and begin all the time may be missed")
		Expect(s.Command(context.Background(), "/bin/true").Run()).To(MatchError(gaol.ErrClosed))
		Expect(g.Process.Kill()).To(Succeed())
		Expect(g.Wait()).To(MatchError("signal: killed"))
		g.gone(s)
	},
}

// inTime tries ever longer times until one is enough for a tree to be there, and waits for its end.
func inTime(f func(time.Duration) (*grown, error)) *grown {
	GinkgoHelper()
	for d := 500 * time.Millisecond; d < patience; d *= 2 {
		if g, err := f(d); err == nil {
			Expect(g.Wait()).To(HaveOccurred())
			return g
		}
	}
	Fail("no time is enough")
	return nil
}

var _ = Describe("a tree of processes", func() {
	for _, k := range keepers {
		Context("in "+k.name, k.labels, func() {
			var s *gaol.Sandbox
			BeforeEach(func() {
				if k.labels != nil {
					needLandlock(2)
				}
				if k.labels != nil && k.processes {
					needLandlock(6)
				}
				s = sandbox(k.options...)
				Expect(s.Report().Mechanisms).To(ContainElement(ContainSubstring(k.mechanism)), "what ends it is named")
			})
			var all []string
			for shape := range shapes {
				if k.processes {
					all = append(all, shape)
					It("is ended with a process that is "+shape, func() { ways["Kill"](s, shape) })
				}
			}
			for _, self := range selves {
				It("is ended with a program that is "+self, func() { ways["Kill"](s, append(slices.Clone(all), self)...) })
			}
			for way, end := range ways {
				It("is ended by "+way, func() { end(s, append(slices.Clone(all), "self-blocked")...) })
			}
			It("is ended by the end of its program", func() {
				g, err := grow(s, context.Background(), nil, append(slices.Clone(all), "self-ended")...)
				Expect(err).NotTo(HaveOccurred())
				Expect(g.Wait()).To(Succeed())
				if k.processes { // some may end of the SIGHUP for a job with a stopped process that has lost its parent (man 3 exit)
					Expect(g.Report().Killed).To(BeNumerically(">=", 1))
				}
				g.gone(s)
			})
			if k.processes {
				It("is ended where it is a bomb", func() {
					word := unique()
					r := launch(s, "proc.bomb", "200", "0", word)
					Expect(r.Line()).To(Equal("ok"))
					Eventually(func() int { return len(having(word)) }).WithTimeout(patience).Should(Equal(201))
					Expect(r.Process.Kill()).To(Succeed())
					Expect(r.Wait()).To(MatchError("signal: killed"))
					Expect(having(word)).To(BeEmpty())
				})
			}
			if k.labels == nil || !k.processes { // for a scope see SECURITY.md, "Process 1 is a process of the host"
				It("is ended by a SIGKILL for process 1", func() {
					g, err := grow(s, context.Background(), nil, append(slices.Clone(all), "self-blocked")...)
					Expect(err).NotTo(HaveOccurred())
					Expect(unix.Kill(g.Process.Pid, unix.SIGKILL)).To(Succeed())
					Expect(g.Wait()).To(MatchError("signal: killed"))
					Eventually(func() []int { return outside.Marked(g.word) }).WithTimeout(10 * time.Second).Should(BeEmpty())
					for _, pid := range g.inside { // of one without a namespace, whoever adopts orphans on this host reaps the program
						Eventually(func() string { return state(pid) }).WithTimeout(10 * time.Second).Should(BeElementOf("", "Z"))
					}
					g.inside = nil
					g.gone(s)
				})
			}
			for how, stays := range holders {
				It("is ended by the end of its caller: "+how, func() {
					word := unique()
					h := helper("hold-tree " + strings.Join(append([]string{how, k.name, victimPath, word}, append(slices.Clone(all), "self-blocked")...), ","))
					out, err := h.StdoutPipe()
					Expect(err).NotTo(HaveOccurred())
					in, err := h.StdinPipe()
					Expect(err).NotTo(HaveOccurred())
					h.Stderr = GinkgoWriter
					Expect(h.Start()).To(Succeed())
					DeferCleanup(func() { _ = h.Process.Kill(); _ = h.Wait() })
					Expect(ready(out, false, word, append(slices.Clone(all), "self-blocked"))).To(Succeed())
					if stays {
						count := len(outside.Marked(word)) // of which the helper is one
						Consistently(func() int { return len(outside.Marked(word)) }, 300*time.Millisecond).Should(BeNumerically(">=", count-4), "the end of a thread is not that of its process")
						Expect(h.Process.Kill()).To(Succeed())
					}
					_ = in.Close()
					err = h.Wait()
					var exit *exec.ExitError
					Expect(err == nil || errors.As(err, &exit)).To(BeTrue())
					Eventually(func() []int { return outside.Marked(word) }).WithTimeout(10 * time.Second).Should(BeEmpty())
				})
			}
		})
	}
})

// ---- callers that end ----

var _ = helpersAre(map[string]func(string) error{"hold-tree": holdTree})

// holders are ways in which a caller ends, and whether it has to be killed for that.
var holders = map[string]bool{"killed": true, "its thread ends": true, "its first thread ends": true, "exits": false, "panics": false}

// holdTree starts a tree and ends in one of the ways.
func holdTree(arg string) error {
	words := strings.Split(arg, ",")
	how, keeper, victim, word, shapes := words[0], words[1], words[2], words[3], words[4:]
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // and no unlock: where the goroutine returns, the thread ends
		failed <- func() error {
			for _, k := range keepers {
				if k.name != keeper {
					continue
				}
				s, err := compiled(append([]gaol.Option{gaol.BestEffort(gaol.FileRead(gaol.Literal(victim))), gaol.FileExecute(gaol.Literal(victim))}, k.options...)...)
				if err != nil {
					return err
				}
				c := treeCommand(s, context.Background(), victim, word, shapes)
				c.Stdout = os.Stdout
				return c.Start()
			}
			return errors.New("no keeper " + keeper)
		}()
		if how != "its thread ends" {
			time.Sleep(patience)
		}
	}()
	if err := <-failed; err != nil {
		return err
	}
	switch how {
	case "its first thread ends": // this is the first, in init
		for {
			_, _, _ = syscall.Syscall(unix.SYS_EXIT, 0, 0, 0)
		}
	case "exits", "panics":
		_, _ = io.ReadAll(os.Stdin)
		if how == "panics" {
			panic("as it was told")
		}
		return nil
	}
	time.Sleep(patience)
	return nil
}
