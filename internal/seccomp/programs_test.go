//go:build linux && cgo

// This file starts ordinary programs under filters: what they need must not be missing. Each gets the smallest grants it should
// need, and must not be given more to make it pass.

package seccomp

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const pools = `
import multiprocessing as m, threading, asyncio, subprocess
def f(x): return x * x
if __name__ == "__main__":
    t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()
    for how in ("fork", "spawn", "forkserver"):
        if how == "forkserver": continue  # a named socket of AF_UNIX
        with m.get_context(how).Pool(2) as p: assert p.map(f, [1, 2]) == [1, 4]
    asyncio.run(asyncio.sleep(0.01))
    subprocess.run(["ls"], check=True)
`

const server = `
import socket, threading
s = socket.create_server(("127.0.0.1", 0))
t = threading.Thread(target=lambda: s.accept()[0].sendall(b"hello")); t.start()
assert socket.create_connection(s.getsockname()).recv(9) == b"hello"
`

const onlyServer = `
import socket, sys
def denied(f, *a):
    try: f(*a)
    except PermissionError: return
    raise SystemExit(f"{f} {a} passed")
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
denied(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
out = socket.socket()
denied(out.connect, s.getsockname())
denied(out.sendto, b"x", 0x20000000, s.getsockname())
denied(out.sendmsg, [b"x"], [], 0x20000000, s.getsockname())
c, _ = s.accept()
c.sendall(b"hello " + c.recv(9))
`

// setID tries what the programs of coreutils have to make set-ID files; whoever is outside must find none.
const setID = `
set -eu
cp /bin/sh out
mkdir d
chmod 755 out
chmod 1777 d
install -m 755 /bin/sh twin
install -d -m 1777 e
denied() { if "$@" 2>err; then echo "passed: $*"; exit 1; fi; grep -q 'not permitted' err || { cat err; exit 1; }; }
denied chmod 4755 out
denied chmod 2755 out
denied chmod u+s out
denied chmod g+s d
denied install -m 6755 /bin/sh two
denied mkdir -m 2755 f
test -z "$(find . -perm /6000)"
test "$(stat -c %a out d twin e | tr '\n' ' ')" = "755 1777 755 1777 "
`

func TestNoProgramMakesASetIDFile(t *testing.T) {
	native(t)
	if out, err := (order{Grants: processes, Argv: []string{"sh", "-c", setID}}).run(t); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAServerWithoutInternetIsConnectedToAndCannotConnect(t *testing.T) {
	native(t)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	answer := make(chan string, 1)
	go func() {
		for t.Context().Err() == nil {
			if c, err := net.Dial("tcp", address); err == nil {
				fmt.Fprint(c, "client")
				text, _ := io.ReadAll(c)
				answer <- string(text)
				c.Close()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	out, err := order{Grants: listen, Argv: []string{interpreter(t), "-c", onlyServer, port}}.run(t)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := <-answer; got != "hello client" {
		t.Errorf("the client got %q", got)
	}
}

// interpreter is python3 itself: pyenv puts a shell script, which forks, in its place.
func interpreter(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skipf("python3 does not run: %v", err)
	}
	return strings.TrimSpace(string(out))
}

func TestOrdinaryProgramsWork(t *testing.T) {
	if testing.Short() {
		t.Skip("starts compilers")
	}
	native(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }))
	t.Cleanup(web.Close)
	address := web.URL
	for _, c := range []struct {
		name   string
		grants Grants
		argv   []string
		also   []string
	}{
		{"a builtin of dash", none, []string{"dash", "-c", "cd /; echo *; ulimit -n; read x </dev/null || :"}, nil},
		{"a pipeline of dash", processes, []string{"dash", "-c", "set -e; ls | sort | cat; mkfifo p; echo a >p & cat p; wait"}, nil},
		{"a pipeline of bash, when killing", Grants{Processes: true, Kill: true},
			[]string{"bash", "--norc", "-c", "set -e -o pipefail; seq 9 | tac | head -n 3; cat <(echo a) <<<b; sleep 0.01 & wait $!"}, nil},
		{"coreutils", processes, []string{"bash", "-c", `set -e; echo a >f; cp -a f g; mv g h; ln h i; ln -s h j; touch -d yesterday f; chmod 600 f
			stat f; df .; dd if=/dev/zero of=q bs=1k count=9; truncate -s 5 q; sync q; nproc; shred -u q; tar cf t f h; gzip t; du -s .; nice true
			timeout 5 true; install -m 644 f z; find . -newer f; seq 3 | xargs -P2 -n1 echo; rm -r h i j; mkdir d; rmdir d; ps || :; id -u`}, nil},
		{"perl", processes, []string{"perl", "-e", "my $x = `echo a`; die if $x ne qq(a\\n); fork || exit; wait"}, nil},
		{"python alone, with threads", none, []string{"python3", "-c",
			"import threading as t, tempfile, sqlite3, ssl; x = t.Thread(target=print); x.start(); x.join(); tempfile.mkdtemp()"}, nil},
		{"python with processes", processes, []string{"sh", "-c", `cat >p.py <<'P'` + pools + "P\nexec python3 p.py"}, []string{"python3"}},
		{"node alone, with workers", none, []string{"node", "-e",
			`const {Worker} = require("worker_threads"); new Worker("1", {eval: true}); require("fs").promises.readdir("/").then(console.log)`}, nil},
		{"node with processes", processes, []string{"node", "-e",
			`const p = require("child_process"); if (p.spawnSync("ls").status !== 0) process.exit(1); p.exec("ls", e => process.exit(e ? 1 : 0))`}, nil},
		{"git", processes, []string{"sh", "-c", `set -e; git init -q r; cd r; echo a >a; git add .
			git -c user.name=a -c user.email=a@b commit -qm x; git log --stat; git gc -q; git clone -q . ../s; git grep a; git status`}, []string{"git"}},
		{"gcc", processes, []string{"sh", "-c", `set -e; echo 'int main(void) { return 0; }' >a.c; gcc -O2 -flto a.c; ./a.out`}, []string{"gcc"}},
		{"go build", processes, []string{"sh", "-c", `set -e; printf 'module x\ngo 1.24\n' >go.mod
			printf 'package main\nfunc main() { println(1) }\n' >m.go; go build -o x .; ./x`}, []string{"go"}},
		{"java", processes, []string{"sh", "-c", `set -e; cat >A.java <<'J'
public class A { public static void main(String[] a) throws Exception {
	Thread t = new Thread(() -> System.out.println("t")); t.start(); t.join();
	if (new ProcessBuilder("ls").start().waitFor() != 0) System.exit(1); } }
J
			javac A.java; java A`}, []string{"javac", "java"}},
		{"curl", internet, []string{"curl", "-sSf", address}, nil},
		{"curl with a name", internet, []string{"curl", "-sSf", strings.Replace(address, "127.0.0.1", "localhost", 1)}, nil},
		{"a server and its client", Grants{Internet: true, Listen: true}, []string{"python3", "-c", server}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, program := range append(c.also, c.argv[0]) {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("%s is not installed", program)
				}
			}
			if c.argv[0] == "python3" {
				c.argv[0] = interpreter(t)
			}
			if out, err := (order{Grants: c.grants, Argv: c.argv}).run(t); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
