//go:build unix

package main

// These tests run programs without a terminal: what they may do, their exit status, their signals and their end.

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestFlagsAndTheProfileFileAddUp(t *testing.T) {
	needSandbox(t)
	d := t.TempDir()
	write(t, d+"/a", "from the file\n", 0o644)
	write(t, d+"/b", "from the flag\n", 0o644)
	write(t, d+"/p.toml", "schema = 1\nsystem = true\nread = [\""+d+"/a\"]\n[env]\nX = \"x\"\n", 0o644)
	gaolRun(t, "-p", d+"/p.toml", "--read", d+"/b", "--", "cat", d+"/a", d+"/b").mustBe(t, 0, "from the file\nfrom the flag\n")
	o := gaolRun(t, "-p", d+"/p.toml", "--", "cat", d+"/b")
	o.mustBe(t, 1, "")
	mustContain(t, o.stderr, "No such file")
	gaolRun(t, "-p", d+"/p.toml", "--env", "Y=y", "printenv", "X", "Y").mustBe(t, 0, "x\ny\n")
}

func TestEveryFlagReachesTheProfile(t *testing.T) {
	d := t.TempDir()
	c := command("explain", "--toml", "--system", "--read", "r", "--metadata", "../m?", "--write", "/w/../w2", "--exec", "./x",
		"--connect", "all", "--listen", "all", "--sysinfo", "--process", "--private", "/p", "--map", "/in=host:rw", "--map", "/ro=.",
		"--connect", "tcp:443", "--connect", "unix:run/s", "--connect", "api.example.com:443", "--connect", "10.0.0.0/8:1", "--listen", "udp:5",
		"--listen", "loopback:80", "--signal", "--trace", "--ipc", "system-v", "--device", "kvm", "--syscall", "bpf",
		"--deny", "read=r/keys?", "--deny", "exec=/w2", "--best-effort", "system", "--best-effort", "write=out", "--best-effort", "deny=metadata=/x=y",
		"--best-effort", "connect=udp:53", "--best-effort", "map=/mm=m:rw",
		"--env", "A=b=c", "--pass-env", "HOME", "--dir", "/d", "--on-denied", "kill", "--", "ls", "--nonsense")
	c.Dir = d
	o := finish(t, c)
	if o.code != 0 {
		t.Fatal(o)
	}
	for _, line := range []string{
		"system = true", `read = ["` + d + `/r"]`, `metadata = ["` + filepath.Dir(d) + `/m?"]`, `write = ["/w2"]`, `exec = ["` + d + `/x"]`,
		"connect = [\n\t\"all\",\n\t\"tcp:443\",\n\t\"unix:" + d + "/run/s\",\n\t\"api.example.com:443\",\n\t\"10.0.0.0/8:1\",\n]",
		"listen = [\n\t\"all\",\n\t\"udp:5\",\n\t\"loopback:80\",\n]", "signal = true", "trace = true", `ipc = ["system-v"]`, `device = ["` + d + `/kvm"]`,
		`syscall = ["bpf"]`, "deny = [\n\t{ read = \"" + d + "/r/keys?\" },\n\t{ exec = \"/w2\" },\n]", "{ system = true }", `{ write = "` + d + `/out" }`,
		`{ deny = { metadata = "/x=y" } }`, `{ connect = "udp:53" }`, `{ map = "/mm=` + d + `/m:rw" }`, "sysinfo = true", "process = true", `private = ["/p"]`, `"/in=` + d + `/host:rw"`,
		`"/ro=` + d + `"`, `A = "b=c"`, `pass-env = ["HOME"]`, `dir = "/d"`, `on-denied = "kill"`,
	} {
		mustContain(t, o.stdout, line)
	}
	write(t, d+"/again.toml", o.stdout, 0o644)
	if again := finish(t, command("explain", "--toml", "-p", d+"/again.toml")); again.stdout != o.stdout {
		t.Fatalf("read back as %s", again.stdout)
	}
}

func TestAPathMayBeRelativeOptionalAndMapped(t *testing.T) {
	needSandbox(t)
	d := t.TempDir()
	write(t, d+"/a", "here\n", 0o644)
	c := command("run", "--system", "--read", ".", "--read", "none?", "cat", "a")
	c.Dir = d
	finish(t, c).mustBe(t, 0, "here\n")
	c = command("run", "--system", "--map", "/there="+d+":rw", "--process", "--dir", "/there", "sh", "-c", "cat a; echo new > b")
	finish(t, c).mustBe(t, 0, "here\n")
	if b, err := os.ReadFile(d + "/b"); string(b) != "new\n" {
		t.Fatal(string(b), err)
	}
	o := gaolRun(t, "--system", "--map", "/there="+d, "sh", "-c", "echo new > /there/c")
	if o.code == 0 {
		t.Fatal("a map without :rw was written to")
	}
}

func TestTheExitStatusIsTheProgramsOwn(t *testing.T) {
	needSandbox(t)
	for _, code := range []int{0, 1, 7, 124, 125, 255} {
		o := gaolRun(t, "--system", "sh", "-c", "exit "+strconv.Itoa(code))
		o.mustBe(t, code, "")
		if o.stderr != "" {
			t.Error(o.stderr)
		}
	}
}

func TestTheExitStatusOfAProgramKilledBySignalNIs128PlusN(t *testing.T) {
	needSandbox(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, syscall.SIGSEGV} {
		o := gaolRun(t, "--system", "sh", "-c", "kill -"+strconv.Itoa(int(sig))+" $$")
		o.mustBe(t, 128+int(sig), "")
		if o.stderr != "" {
			t.Error(o.stderr)
		}
	}
}

func TestTheExitStatusIs125IfGaolFails(t *testing.T) {
	d := t.TempDir()
	write(t, d+"/bad.toml", "schema = 1\nsistem = true\n", 0o644)
	write(t, d+"/empty.toml", "schema = 1\n", 0o644)
	for _, row := range []struct {
		args, words string
	}{
		{"run", "there is no command"},
		{"run --system", "there is no command"},
		{"run -- true", "gaol run --system --read . -- ls"},
		{"run -p " + d + "/empty.toml true", "allows nothing"},
		{"run --nonsense true", "unknown flag: --nonsense"},
		{"run --read", "needs an argument"},
		{"run --system=false true", "takes no value"},
		{"run --read= true", "the path is empty"},
		{"run --read=~/x true", "the shell does not replace"},
		{"run --map /x true", "INSIDE=HOST"},
		{"run --env X true", "--pass-env"},
		{"run --connect example.com true", "HOST:PORT"},
		{"run --connect tcp:70000 true", "port 70000 is not one of 1 to 65535"},
		{"run --connect Example.com:443 true", `"example.com:443"`},
		{"run --listen example.com:443 true", `"tcp:443"`},
		{"run --connect unix: true", "the path is empty"},
		{"run --ipc smoke true", "named-pipes, system-v"},
		{"run --syscall BPF true", "lower-case"},
		{"run --deny /a true", "write read=PATH, metadata=PATH"},
		{"run --deny system true", "write read=PATH"},
		{"run --deny deny=read=/a true", "write read=PATH"},
		{"run --deny read= true", "the path is empty"},
		{"run --best-effort system=true true", "system takes no value"},
		{"run --best-effort write true", "write=VALUE"},
		{"run --best-effort write= true", "the path is empty"},
		{"run --best-effort env=A=b true", "the flags are system, read"},
		{"run --best-effort deny=/a true", "write read=PATH"},
		{"run --map /m=/usr --map /m=/etc true", "--map /m=/etc: "},
		{"run --on-denied panic true", "errno or kill"},
		{"run -p " + d + "/none.toml true", "no such file"},
		{"run -p " + d + "/bad.toml true", "bad.toml:2: sistem"},
		{"run -p a.toml -p b.toml true", "one profile file"},
		{"run --system --read /none/at/all true", "--read /none/at/all: no such file or directory (a ? at the end"},
		{"run --system --metadata / --dir /none true", "change directory /none"},
		{"run --system --status-fd 2 true", "from 3 on"},
		{"run --system --status-fd 0 true", "from 3 on"},
		{"run --system --status-fd 77 true", "not open"},
		{"run --system --status-fd 4 true", "not open"},
		{"walk", "unknown command"},
		{"doctor now", "unknown command"},
		{"explain", "allows nothing"},
	} {
		o := finish(t, command(strings.Fields(row.args)...))
		if o.code != 125 || o.stdout != "" || !strings.Contains(o.stderr, row.words) || !strings.HasPrefix(o.stderr, "gaol: ") {
			t.Errorf("gaol %s: %+v", row.args, o)
		}
	}
}

func TestTheExitStatusIs126IfTheProgramCannotBeExecutedAnd127IfItIsNotFound(t *testing.T) {
	onLinux(t, "what is not granted is not there in a view of its own alone")
	needSandbox(t)
	d := t.TempDir()
	write(t, d+"/data", "data", 0o644)
	write(t, d+"/junk", "\x01\x02\x03", 0o755)
	write(t, d+"/script", "#!/bin/sh\nexit 3\n", 0o755)
	for _, row := range []struct {
		code        int
		args, words string
	}{
		{126, "--system --read D --exec D D/data", "not executable"},
		{126, "--system --read D --exec D D/junk", "exec format"},
		{126, "--system --read D D/script", "--exec D/script"},
		{3, "--system --read D --exec D D/script", ""},
		{126, "--system --read D --exec D D", "directory"},
		{127, "--system D/script", "--read D/script"},
		{127, "--system no-such-program", "no-such-program"},
		{127, "--read D sleep", "--system"},
	} {
		o := gaolRun(t, strings.Fields(strings.ReplaceAll(row.args, "D", d))...)
		if words := strings.ReplaceAll(row.words, "D", d); o.code != row.code || !strings.Contains(o.stderr, words) {
			t.Errorf("%s: %+v, want %d, %q", row.args, o, row.code, words)
		}
	}
}

func TestOptionsStopAtTheCommand(t *testing.T) {
	needSandbox(t)
	gaolRun(t, "--system", "echo", "--read", "-q", "--", "x").mustBe(t, 0, "--read -q -- x\n")
	gaolRun(t, "--system", "--", "echo", "-h").mustBe(t, 0, "-h\n")
}

// statusOfRun returns what came out of --status-fd 3, and the exit status.
func statusOfRun(t *testing.T, args ...string) (map[string]any, int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := command(append([]string{"run", "--status-fd", "3"}, args...)...)
	c.ExtraFiles = []*os.File{w}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil || !strings.HasSuffix(string(b), "}\n") || strings.Count(string(b), "\n") != 1 {
		t.Fatalf("not one line of JSON: %q: %v", b, err)
	}
	return m, c.ProcessState.ExitCode()
}

func TestStatusFDGivesTheReportAsJSON(t *testing.T) {
	onLinux(t, "the engine and the filter are named")
	needSandbox(t)
	m, code := statusOfRun(t, "--system", "--", "sh", "-c", "exit 9")
	exit := m["exit"].(map[string]any)
	if code != 9 || exit["code"] != 9.0 || exit["signal"] != 0.0 || exit["core"] != false || m["pid"].(float64) < 2 || m["error"] != nil {
		t.Fatal(code, m)
	}
	if m["engine"] != "namespace" || len(m["enforced"].([]any)) != 1 || m["usage"].(map[string]any)["wall_ns"].(float64) <= 0 {
		t.Fatal(m)
	}
	m, code = statusOfRun(t, "--system", "--on-denied", "kill", "--", "unshare", "-U", "true")
	if call, ok := m["syscall"].(map[string]any); code != 128+31 || !ok || call["name"] != "unshare" || call["number"] == 0.0 {
		t.Fatal(code, m)
	}
	m, code = statusOfRun(t, "--system", "--", "sh", "-c", "kill -TERM $$")
	if exit = m["exit"].(map[string]any); code != 143 || exit["code"] != -1.0 || exit["signal"] != 15.0 {
		t.Fatal(code, m)
	}
}

func TestStatusFDTellsWhyAProgramNeverRan(t *testing.T) {
	needSandbox(t)
	for _, row := range []struct {
		code       int
		step, path string
		args       []string
	}{
		{127, "execute", "nope", []string{"--system", "nope"}},
		{125, "profile", "", []string{"--system", "--read", "/none/at/all", "true"}},
		{125, "profile", "", []string{"true"}},
		{125, "usage", "", []string{"--nonsense"}},
		{125, "usage", "", []string{"--system"}},
		{125, "change directory", "/none", []string{"--system", "--dir", "/none", "true"}},
	} {
		m, code := statusOfRun(t, row.args...)
		e, _ := m["error"].(map[string]any)
		if code != row.code || m["exit"] != nil || e == nil || e["step"] != row.step || e["path"] != row.path || e["error"] == "" || m["denials"] == nil {
			t.Errorf("%v: %d %v", row.args, code, m)
		}
	}
}

func TestTheProgramDoesNotGetTheStatusDescriptor(t *testing.T) {
	onLinux(t, "/proc shows the descriptors")
	needSandbox(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	c := command("run", "--status-fd", "5", "--system", "ls", "/proc/self/fd")
	c.ExtraFiles = []*os.File{w, w, w}
	finish(t, c).mustBe(t, 0, "0\n1\n2\n3\n") // 3 is what ls reads the directory through
}

func TestAReportForPeopleGoesToStandardError(t *testing.T) {
	onLinux(t, "the filter is named")
	needSandbox(t)
	o := gaolRun(t, "--system", "--process", "--report", "sh", "-c", "sleep 100 & sleep 0.1; exit 4")
	o.mustBe(t, 4, "")
	mustContain(t, o.stderr, "exit status 4", "System()", "killed", "seccomp")
}

func TestAKillByTheFilterIsRemarkedUnlessQuiet(t *testing.T) {
	onLinux(t, "only a filter of system calls kills")
	needSandbox(t)
	o := gaolRun(t, "--system", "--on-denied", "kill", "unshare", "-U", "true")
	o.mustBe(t, 128+31, "")
	mustContain(t, o.stderr, "gaol: denied: unshare (", "); no profile allows it", "--on-denied errno lets the program go on")
	o = gaolRun(t, "--system", "--on-denied", "kill", "sh", "-c", "true; true | true")
	o.mustBe(t, 128+31, "")
	mustContain(t, o.stderr, "gaol: denied: ", "; --process allows it")
	if o = gaolRun(t, "--system", "--on-denied", "kill", "-q", "unshare", "-U", "true"); o.stderr != "" {
		t.Fatal(o)
	}
}

func TestAReaderThatStopsEndsTheProgramQuietly(t *testing.T) {
	needSandbox(t)
	o := finish(t, exec.Command("sh", "-c", "{ gaol run --system yes; echo $? >&2; } | head -1"))
	o.mustBe(t, 0, "y\n")
	if o.stderr != "141\n" {
		t.Fatal(o.stderr)
	}
}

func TestInputIsReadByTheProgramAlone(t *testing.T) {
	needSandbox(t)
	c := exec.Command("sh", "-c", "printf 'one\ntwo\n' | (gaol run --system sh -c 'read x; echo $x'; cat)")
	finish(t, c).mustBe(t, 0, "one\ntwo\n")
}

func TestClosedStandardStreamsAreTheNullDevice(t *testing.T) {
	needSandbox(t)
	finish(t, exec.Command("sh", "-c", "gaol run --system cat <&- 2>&-")).mustBe(t, 0, "")
}
