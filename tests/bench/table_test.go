//go:build linux && cgo

package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gaol "github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/bench/baseline"
	"golang.org/x/sys/unix"
)

const calls = 1_000_000

// TestMain is also the program that BenchmarkTable runs inside and outside to time a system call.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_GETPPID") != "" {
		start := time.Now()
		for range calls {
			unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		}
		fmt.Println(time.Since(start).Nanoseconds() * 1000 / calls)
		return
	}
	os.Exit(m.Run())
}

// BenchmarkTable prints what `make bench` and the README show. The numbers are medians; × is to posix_spawn in the same round.
func BenchmarkTable(b *testing.B) {
	if b.N > 1 {
		return
	}
	row := func(name string, format string, a ...any) {
		fmt.Printf("| %s | %s |\n", name, fmt.Sprintf(format, a...))
	}
	s := full(b)
	fmt.Printf("\n| spawn and wait of %s, with every namespace, an init, /proc, a private /tmp, Landlock and seccomp | × |\n|---|---|\n", program)
	// Apart, since the kernel takes a network namespace down for half a millisecond after its last process: those that make one anew
	// each time would be measured into whatever comes next.
	for i, contenders := range [][]contender{
		{
			{"Go os/exec, not confined", func() error { return exec.Command(program).Run() }},
			{"**gaol, from the second spawn of a Sandbox on**", spawn(s)},
			{"gaol's landlock engine: no namespaces; 10 rules", spawn(rules(b, 10))},
			{"the same with 1,000 rules", spawn(rules(b, 1000))},
		},
		append([]contender{{"gaol.New and the first spawn", func() error {
			s := again(b)
			defer s.Close()
			return spawn(s)()
		}}}, peers(b)...),
	} {
		base, ratios := rounds(b, 500, contenders)
		if i == 0 {
			row("posix_spawn and waitpid from C, not confined", "1.00 (%d µs)", base.Microseconds())
		}
		for i, c := range contenders {
			row(c.name, "%.2f", ratios[i])
		}
	}
	small := median(b, 500, spawn(s))
	memory := baseline.Touch(4 << 30)
	if memory == nil {
		b.Fatal("no 4 GiB of memory")
	}
	large := median(b, 500, spawn(s))
	baseline.Free(memory, 4<<30)
	row("gaol from a parent with 4 GiB of touched memory, × the same from a small one", "%.2f", float64(large)/float64(small))
	one, two := throughput(b, s, 1), throughput(b, s, 2)
	row("spawns a second, 1 and 2 workers", "%.0f and %.0f", one, two)
	in, out := getppid(b, s)
	row("getppid inside and outside", "%.0f and %.0f ns", in, out)
	fmt.Printf("\n%s, %d processors, %s\n", gaol.Probe().System(), runtime.NumCPU(), cpu())
}

// again makes the same sandbox as full, for every call anew.
func again(b *testing.B) *gaol.Sandbox {
	p, err := gaol.NewProfile(gaol.System(), gaol.FileRead(gaol.Subpath("/var/tmp")), gaol.FileWrite(gaol.Subpath("/var/tmp")), gaol.Private("/tmp"))
	if err != nil {
		b.Fatal(err)
	}
	s, err := gaol.New(p)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// peers are whole processes: `gaol run` where GAOL names it, and the other sandboxes on PATH with a view of the same kind.
func peers(b *testing.B) []contender {
	var list []contender
	add := func(name string, argv ...string) {
		path, err := exec.LookPath(argv[0])
		if err != nil {
			return
		}
		list = append(list, contender{name, func() error { return (&exec.Cmd{Path: path, Args: argv}).Run() }})
	}
	if g := os.Getenv("GAOL"); g != "" {
		add("`gaol run`, the whole process", g, "run", "--system", "--read", "/var/tmp", "--write", "/var/tmp", "--private", "/tmp", "--", program)
	}
	view := []string{"bwrap", "--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		"--symlink", "usr/bin", "/bin", "--symlink", "usr/sbin", "/sbin", "--symlink", "/usr/share/zoneinfo/Etc/UTC", "/etc/localtime",
		"--symlink", "../usr/lib/os-release", "/etc/os-release", "--ro-bind", "/usr", "/usr"}
	for _, p := range []string{"alternatives", "fonts", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk", "ld.so.cache", "ld.so.preload", "nsswitch.conf"} {
		view = append(view, "--ro-bind-try", "/etc/"+p, "/etc/"+p)
	}
	view = append(view, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", "/var/tmp", "/var/tmp", program)
	add("bwrap with the same view (no Landlock, no seccomp)", view...)
	add("minijail0 (namespaces, pivot_root, no seccomp)", "minijail0", "-v", "-p", "-r", "-l", "-N", "-e", "-n", program)
	return slices.DeleteFunc(list, func(c contender) bool {
		err := c.run()
		if err != nil {
			fmt.Printf("%s does not run here: %v\n", c.name, err)
		}
		return err != nil
	})
}

func median(b *testing.B, n int, run func() error) time.Duration {
	b.Helper()
	var all []time.Duration
	for range n {
		t := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(t))
	}
	slices.Sort(all)
	return all[n/2]
}

func throughput(b *testing.B, s *gaol.Sandbox, workers int) float64 {
	b.Helper()
	const each = 500
	var wg sync.WaitGroup
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for range each {
				if err := spawn(s)(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return float64(each*workers) / time.Since(start).Seconds()
}

// getppid times the call by this very program, inside and outside in turn.
func getppid(b *testing.B, s *gaol.Sandbox) (in, out float64) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p, err := gaol.NewProfile(gaol.System(), gaol.FileRead(gaol.Literal(self)), gaol.FileExecute(gaol.Literal(self)))
	if err != nil {
		b.Fatal(err)
	}
	box, err := gaol.New(p)
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	var ins, outs []float64
	parse := func(out []byte, err error) float64 {
		if err != nil {
			b.Fatal(err)
		}
		v, err := strconv.ParseFloat(string(bytes.TrimSpace(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		return v / 1000
	}
	for range 9 {
		c := box.Command(context.Background(), self)
		c.Env, c.Dir = []string{"BENCH_GETPPID=1"}, "/"
		ins = append(ins, parse(c.Output()))
		o := exec.Command(self)
		o.Env = c.Env
		outs = append(outs, parse(o.Output()))
	}
	slices.Sort(ins)
	slices.Sort(outs)
	return ins[4], outs[4]
}

func cpu() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for _, l := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(l, "model name"); ok {
			return strings.TrimLeft(v, "\t :")
		}
	}
	return runtime.GOARCH
}
