//go:build linux && cgo

// These tests start programs that people use, unmodified, with the grants that they would be given: shells, interpreters, compilers,
// build tools, a network client. A program that this machine lacks is skipped by its name.

package tests

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// lookPath finds a program where System() shows it: not below a home directory.
func lookPath(name string) (string, error) {
	for _, dir := range []string{"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin", "/usr/local/go/bin", "/usr/lib/go/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

func installed(name string) string {
	GinkgoHelper()
	path, err := lookPath(name)
	if err != nil {
		Skip(name + " is missing")
	}
	return path
}

// says runs a command to success and returns what it wrote to its standard output.
func says(s *gaol.Sandbox, dir string, env []string, name string, arg ...string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := s.Command(ctx, name, arg...)
	cmd.Dir, cmd.Env = dir, append(cmd.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "%s %v\nstdout: %s\nstderr: %s", name, arg, out, stderr.String())
	return string(out)
}

// workspace is a directory that the sandbox may read and write.
func workspace() (dir string, grants []gaol.Option) {
	GinkgoHelper()
	dir = tempDir()
	return dir, []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.Private("/tmp"), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))}
}

var _ = Describe("shells and small programs", func() {
	It("work: dash pipelines", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Private("/tmp"))
		Expect(says(s, "/", nil, installed("dash"), "-c", "seq 1 1000 | sort -rn | head -n 3 | tr '\\n' ' ' >/tmp/x && cat /tmp/x; wc -l </tmp/x")).To(Equal("1000 999 998 0\n"))
	})

	It("work: bash pipelines, process substitution, here documents and job control", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Private("/tmp"))
		Expect(says(s, "/", nil, installed("bash"), "-c", `set -euo pipefail; paste -d+ <(seq 3) <(seq 3 -1 1); cat <<<here; sleep 0 & wait $!; a=$(cat <<EOT
doc
EOT
); echo "$a"; echo {1..3} | xargs -n1 -P3 echo | sort | tail -n1; exec 3<>/dev/null; trap 'echo bye' EXIT`)).To(Equal("1+3\n2+2\n3+1\nhere\ndoc\n3\nbye\n"))
	})

	It("work: coreutils, find, grep, sed, awk, tar", func() {
		dir, grants := workspace()
		s := sandbox(grants...)
		awk := installed("awk")
		Expect(says(s, dir, nil, installed("bash"), "-ec", `mkdir -p a/b; echo hello >a/b/f; ln -s b/f a/l; ln a/b/f a/h; cp -a a c; mv c d
			touch -d 2001-01-01 d/b/f; chmod 600 d/b/f; stat -c %a d/b/f; tar cf t.tar d; rm -r d; tar xf t.tar; find d -type f | sort
			grep -r hell d | wc -l; sed -i s/h/j/ d/b/f; cat d/b/f; `+awk+` 'BEGIN { print 6 * 7 }'; sha256sum t.tar | wc -c; date -d @0 -u +%Y
			dd if=/dev/zero bs=1k count=2 status=none | wc -c; timeout 5 true; mktemp -p /tmp | cut -c1-5; ls -l d | head -n 1 | cut -c1-5; nproc | wc -l`)).
			To(Equal("600\nd/b/f\nd/h\n2\njello\n42\n72\n1970\n2048\n/tmp/\ntotal\n1\n"))
	})

	It("work: perl", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		Expect(says(s, "/", nil, installed("perl"), "-MList::Util=sum", "-e", `my $x = qx(echo 2); print sum(1..4) + $x, "\n"`)).To(Equal("12\n"))
	})
})

var _ = Describe("interpreters", func() {
	It("work: python3 with threads, subprocesses and multiprocessing", func() {
		python := installed("python3")
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Private("/tmp"), gaol.Private("/dev/shm"))
		Expect(says(s, "/", nil, python, "-c", `
import threading, json, re, math, decimal, hashlib, tempfile, subprocess, os, sqlite3
seen = []
threads = [threading.Thread(target=seen.append, args=(i,)) for i in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(seen) == list(range(20)), hashlib.sha256(b"").hexdigest()[:4], subprocess.run(["echo", "sub"], capture_output=True, text=True).stdout.strip())
with tempfile.NamedTemporaryFile() as f: f.write(b"x"); f.flush(); print(os.path.getsize(f.name))
print(sqlite3.connect("/tmp/db").execute("select 6*7").fetchone()[0], os.cpu_count() > 0)
`)).To(Equal("True e3b0 sub\n1\n42 True\n"))
		for _, method := range []string{"fork", "spawn"} {
			script := "import multiprocessing as m, os\ndef f(x): return x * x\nif __name__ == '__main__':\n  m.set_start_method('" + method +
				"')\n  with m.Pool(3) as p: print(sum(p.map(f, range(100))))\n  q = m.Queue(); q.put(1); print(q.get()); v = m.Value('i', 5); print(v.value)\n"
			dir, grants := workspace()
			writeFile(script, dir, "multi.py")
			Expect(says(sandbox(append(grants, gaol.Private("/dev/shm"))...), dir, nil, python, dir+"/multi.py")).To(Equal("328350\n1\n5\n"), method)
		}
	})

	It("work: python3 without other processes", func() {
		Expect(says(sandbox(gaol.System()), "/", nil, installed("python3"), "-c",
			"import threading; t = threading.Thread(target=print, args=('x',)); t.start(); t.join()")).To(Equal("x\n"))
	})

	It("work: node with timers, workers and child processes", func() {
		node := installed("node")
		Expect(says(sandbox(gaol.System()), "/", nil, node, "-e", `setTimeout(() => console.log([1,2,3].map(x => x * 2).join()), 5)`)).To(Equal("2,4,6\n"))
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Private("/tmp"))
		Expect(says(s, "/", nil, node, "-e", `const {Worker} = require('worker_threads'), fs = require('fs'), cp = require('child_process')
fs.writeFileSync('/tmp/x', 'file')
console.log(fs.readFileSync('/tmp/x', 'utf8'), cp.execSync('echo child').toString().trim(), require('crypto').createHash('md5').update('').digest('hex').slice(0, 4))
new Worker("require('worker_threads').parentPort.postMessage(7)", {eval: true}).on('message', m => {
	console.log(m)
	fs.promises.readFile('/tmp/x').then(b => console.log(b.length))
})`)).To(Equal("file child d41d\n7\n4\n"))
	})
})

var _ = Describe("compilers and build tools", func() {
	It("work: gcc, and what it has made", func() {
		gcc := installed("gcc")
		dir, grants := workspace()
		s := sandbox(append(grants, gaol.FileExecute(gaol.Subpath(dir)))...)
		writeFile("#include <stdio.h>\nint main(void) { puts(\"hello world\"); return 0; }\n", dir, "hello.c")
		says(s, dir, nil, gcc, "-O2", "-Wall", "-o", "hello", "hello.c")
		Expect(says(s, dir, nil, dir+"/hello")).To(Equal("hello world\n"))
		failsToStart(command(sandbox(grants...), dir+"/hello"), "execute", dir+"/hello", os.ErrPermission)
	})

	It("work: go build, run and vet", func() {
		goTool := installed("go")
		dir, grants := workspace()
		writeFile("module example.com/hello\n\ngo 1.20\n", dir, "go.mod")
		writeFile("package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"HELLO\\n\") }\n", dir, "main.go")
		s := sandbox(append(grants, gaol.FileExecute(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath("/tmp")))...)
		env := []string{"GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off", "GOCACHE=" + makeDir(dir, "cache"), "GOTOOLCHAIN=local", "HOME=" + dir, "CGO_ENABLED=0"}
		says(s, dir, env, goTool, "build", "-o", "hello", ".")
		Expect(says(s, dir, nil, dir+"/hello")).To(Equal("HELLO\n"))
		Expect(says(s, dir, env, goTool, "run", ".")).To(Equal("HELLO\n"))
		says(s, dir, env, goTool, "vet", ".")
	})

	It("work: javac and java", func() {
		javac, java := installed("javac"), installed("java")
		dir, grants := workspace()
		writeFile("public class Hello { public static void main(String[] a) throws Exception { Thread t = new Thread(() -> System.out.println(\"hello\")); "+
			"t.start(); t.join(); } }\n", dir, "Hello.java")
		s := sandbox(grants...)
		says(s, dir, nil, javac, "-J-Xmx256m", "Hello.java")
		Expect(says(s, dir, nil, java, "-Xmx64m", "-cp", dir, "Hello")).To(HavePrefix("hello"))
	})

	It("work: git init, commit, log and clone", func() {
		git := installed("git")
		dir, grants := workspace()
		s := sandbox(grants...)
		env := []string{"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a",
			"GIT_COMMITTER_EMAIL=a@example.com"}
		says(s, dir, env, git, "init", "-q", "repo")
		writeFile("content\n", dir, "repo", "file")
		says(s, dir+"/repo", env, git, "add", ".")
		says(s, dir+"/repo", env, git, "commit", "-q", "-m", "the message")
		Expect(says(s, dir+"/repo", env, git, "log", "--format=%an %s")).To(Equal("a the message\n"))
		says(s, dir, env, git, "clone", "-q", dir+"/repo", "copy")
		Expect(says(s, dir, env, "cat", dir+"/copy/file")).To(Equal("content\n"))
	})
})

var _ = Describe("network clients", func() {
	serve := func() string {
		GinkgoHelper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("served " + r.URL.Path)) })}
		go func() { _ = server.Serve(l) }()
		DeferCleanup(server.Close)
		return "http://" + l.Addr().String() + "/path"
	}

	It("work with NetworkOutbound, and not without: curl", func() {
		curl, url := installed("curl"), serve()
		s := sandbox(gaol.System(), gaol.NetworkOutbound(gaol.All()))
		Expect(says(s, "/", nil, curl, "-sS", "--max-time", "20", url)).To(Equal("served /path"))
		Expect(says(s, "/", nil, curl, "-sS", "--max-time", "20", strings.Replace(url, "127.0.0.1", "localhost", 1))).To(Equal("served /path"))
		Expect(command(sandbox(gaol.System()), curl, "-sS", "--max-time", "5", url).Run()).To(BeAssignableToTypeOf(&gaol.ExitError{}))
	})

	It("work with NetworkOutbound: python3", func() {
		url := serve()
		s := sandbox(gaol.System(), gaol.NetworkOutbound(gaol.All()), gaol.ProcessCreate())
		Expect(says(s, "/", nil, installed("python3"), "-c", "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())",
			url)).To(Equal("served /path\n"))
	})

	It("work with NetworkOutbound: node", func() {
		url := serve()
		s := sandbox(gaol.System(), gaol.NetworkOutbound(gaol.All()))
		Expect(says(s, "/", nil, installed("node"), "-e", "fetch(process.argv[1]).then(r => r.text()).then(console.log)", url)).To(Equal("served /path\n"))
	})
})
