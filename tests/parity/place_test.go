//go:build linux && cgo

package parity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// kinds are what errors.Is and errors.As find in an error. Of a program that is nowhere gaol says both that it was not found and that it
// does not exist, where os/exec says the one of a name and the other of a path.
func kinds(err error) string {
	var text []string
	for name, is := range map[string]bool{
		"not found": errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist), "permission": errors.Is(err, fs.ErrPermission), "E2BIG": errors.Is(err, syscall.E2BIG),
		"ENOEXEC": errors.Is(err, syscall.ENOEXEC), "ENOTDIR": errors.Is(err, syscall.ENOTDIR), "ELOOP": errors.Is(err, syscall.ELOOP), "EINVAL": errors.Is(err, syscall.EINVAL), "ErrDot": errors.Is(err, exec.ErrDot),
	} {
		if is {
			text = append(text, name)
		}
	}
	slices.Sort(text)
	var path *fs.PathError
	var lookup *exec.Error
	if errors.As(err, &path) {
		text = append(text, fmt.Sprintf("PathError %s %s", path.Op, path.Path))
	}
	if errors.As(err, &lookup) {
		text = append(text, fmt.Sprintf("exec.Error %q", lookup.Name))
	}
	return strings.Join(text, ", ")
}

// never sees a program that does not start.
func never(x *run) string { err := x.Run(); return x.Saw(err, kinds(err), x.Process() == nil) }

const environ = "/usr/bin/env"

// placeRows are about the directory and the environment.
var placeRows = []row{
	{name: "Dir", cmd: []string{"/bin/pwd"}, see: with(at("DIR"), output)},
	{name: "Dir with slashes and dots", cmd: []string{"/bin/pwd", "-P"}, see: with(at("DIR/./sub//../"), output)},
	{name: "Dir that is not there", cmd: []string{"/bin/pwd"}, see: with(at("DIR/missing"), never)},
	{name: "Dir below a file", cmd: []string{"/bin/pwd"}, see: with(at("DIR/text/x"), never)},
	{name: "Dir that is none", cmd: []string{"/bin/pwd"}, see: with(at("DIR/text"), never),
		differs: "An error of the working directory names the directory.",
		outside: `error gaol: execute /bin/pwd: not a directory; no state; ENOTDIR, PathError fork/exec /bin/pwd; true`,
		inside:  `error gaol: change directory DIR/text: not a directory; no state; ENOTDIR, PathError chdir DIR/text; true`},
	{name: "Dir that is relative", cmd: []string{"/bin/pwd"}, see: with(at("."), func(x *run) string { return fmt.Sprint(x.Run() == nil) }),
		differs: "Dir is a path inside, and absolute.",
		outside: `true`, inside: `false`},
	{name: "no Dir is the caller's, where it is shown", cmd: []string{"/bin/pwd", "-P"}, see: with(at(""), func(x *run) string {
		here, _ := os.Getwd()
		out, err := x.Output()
		return x.Saw(err, strings.TrimSpace(string(out)) == here)
	})},
	{name: "Path is relative to Dir", cmd: []string{"./script", "arg"}, see: with(at("DIR/sub"), output)},
	{name: "Env", cmd: []string{environ}, see: with(env("A=1", "B=2"), output)},
	{name: "Env that is empty", cmd: []string{environ}, see: with(env([]string{}...), with(func(x *run) { *x.Env = []string{} }, output))},
	{name: "Env with duplicates has the last", cmd: []string{environ}, see: with(env("A=1", "B=2", "A=3", "a=4", "A="), output)},
	{name: "Env with empty entries", cmd: []string{environ}, see: with(env("", "A=1", ""), output)},
	{name: "Env with entries that are no variables", cmd: []string{environ}, see: with(env("A", "A", "A=1", "B"), output)},
	{name: "Env with names that begin with =", cmd: []string{environ}, see: with(env("=C:=x", "=D:=y", "=C:=z", "=e", "=f", "="), output)},
	{name: "Env with strange values", cmd: []string{environ}, see: with(env("A=1\n2", "B=\xff", "C= = ", "Ü=ü"), output)},
	{name: "Env with a NUL does not start", cmd: []string{environ}, see: with(env("A=1\x00", "B=2"), func(x *run) string { return fmt.Sprint(x.Run() == nil, x.Process() == nil) })},
	{name: "Env with a NUL is an error of its own type", cmd: []string{environ}, see: with(env("A=1\x00"), never),
		differs: "What keeps a program from starting is a *SetupError.",
		outside: `error gaol: environment variable contains NUL; no state; ; true`,
		inside:  `error gaol: execute /usr/bin/env: invalid argument; no state; EINVAL, PathError fork/exec /usr/bin/env; true`},
	{name: "Environ is what the program sees", cmd: []string{environ}, see: with(env("A=1", "=x", "A=2", "", "B", "C=\x00", "=y=1"), func(x *run) string { return fmt.Sprintf("%q", x.Environ()) })},
	{name: "Environ is a copy", cmd: []string{environ}, see: with(env("A=1"), func(x *run) string { x.Environ()[0] = "B=2"; return output(x) })},
	{name: "no Env has PWD where there is a Dir", cmd: []string{environ}, see: with(at("DIR"), with(func(x *run) { *x.Env = nil }, func(x *run) string {
		out, err := x.Output()
		return x.Saw(err, slices.Contains(strings.Split(string(out), "\n"), "PWD="+x.dir), slices.Contains(x.Environ(), "PWD="+x.dir))
	}))},
	{name: "no Env is not the caller's", cmd: []string{environ}, see: func(x *run) string {
		x.t.Setenv("GAOL_SECRET", "secret")
		*x.Env = nil
		out, err := x.Output()
		return fmt.Sprint(err, strings.Contains(string(out), "GAOL_SECRET"), strings.Contains(strings.Join(x.Environ(), " "), "GAOL_SECRET"))
	},
		differs: "Env nil is a minimal environment, and what the profile adds; never the caller's.",
		outside: `<nil> true true`, inside: `<nil> false false`},
}

// path sets the caller's PATH and the command's, for a command that is made afterwards.
func path(x *run, dirs string, name string) string {
	dirs = strings.ReplaceAll(dirs, "DIR", x.dir)
	x.t.Setenv("PATH", dirs)
	here, _ := os.Getwd()
	if err := os.Chdir(x.dir); err != nil {
		return err.Error()
	}
	defer func() { _ = os.Chdir(here) }()
	c := x.another(name)
	*c.Env, *c.Dir = []string{"PATH=" + dirs}, x.dir
	out, err := c.Output()
	return c.Saw(err, out, kinds(err))
}

// lookupRows are about which program is executed, and which is none.
var lookupRows = []row{
	{name: "a name is looked up", cmd: []string{"env"}, see: output},
	{name: "a name that is nowhere", cmd: []string{"no-such-program"}, see: never},
	{name: "a path that is nowhere", cmd: []string{"/no/such/program"}, see: never},
	{name: "a relative path that is nowhere", cmd: []string{"./no-such-program"}, see: never},
	{name: "a path below a file", cmd: []string{"DIR/text/x"}, see: never,
		differs: "A program that is nowhere is both exec.ErrNotFound and fs.ErrNotExist; below a file, it is not found.",
		outside: `error gaol: execute DIR/text/x: not a directory; no state; ENOTDIR, PathError fork/exec DIR/text/x; true`,
		inside:  `error gaol: execute DIR/text/x: not a directory; no state; ENOTDIR, not found, PathError fork/exec DIR/text/x; true`},
	{name: "a path is not found, either", cmd: []string{"/no/such/program"}, see: func(x *run) string {
		err := x.Run()
		return fmt.Sprint(errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist))
	},
		differs: "A program that is nowhere is both exec.ErrNotFound and fs.ErrNotExist; below a file, it is not found.",
		outside: `false true`, inside: `true true`},
	{name: "a name does not exist, either", cmd: []string{"no-such-program"}, see: func(x *run) string {
		err := x.Run()
		return fmt.Sprint(errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist))
	},
		differs: "A program that is nowhere is both exec.ErrNotFound and fs.ErrNotExist; below a file, it is not found.",
		outside: `true false`, inside: `true true`},
	{name: "a name that is nowhere has the name that was looked up", cmd: []string{"no-such-program"}, see: with(func(x *run) { (*x.Args)[0] = "another" }, never)},
	{name: "no name", cmd: []string{""}, see: never,
		differs: "What keeps a program from starting is a *SetupError.",
		outside: `error gaol: no command; no state; ; true`,
		inside:  `error gaol: execute: no such file or directory; no state; not found, exec.Error ""; true`},
	{name: "no Path", cmd: sh("exit 0"), see: with(func(x *run) { *x.Path = "" }, func(x *run) string { return fmt.Sprint(x.Run() == nil, x.Process() == nil) })},
	{name: "the name .", cmd: []string{"."}, see: never},
	{name: "the name ..", cmd: []string{".."}, see: never},
	{name: "a file that is not executable", cmd: []string{"DIR/text"}, see: never},
	{name: "a directory", cmd: []string{"DIR"}, see: never},
	{name: "a script", cmd: []string{"DIR/script", "a", "", "b c"}, see: output},
	{name: "a script without #!", cmd: []string{"DIR/bare"}, see: never},
	{name: "a script whose interpreter is missing", cmd: []string{"DIR/orphan"}, see: never},
	{name: "a loop of links", cmd: []string{"DIR/loop"}, see: never},
	{name: "more arguments than the kernel takes", cmd: []string{"/bin/true"}, see: with(func(x *run) { *x.Args = slices.Repeat([]string{strings.Repeat("x", 100<<10)}, 30) }, never)},
	{name: "an argument that is too long", cmd: []string{"/bin/true", strings.Repeat("x", 128<<10)}, see: never},
	{name: "many arguments", cmd: sh(`echo $#`), see: with(func(x *run) { *x.Args = append(*x.Args, strings.Fields(strings.Repeat("x ", 50000))...) }, output)},
	{name: "an environment that is too long", cmd: []string{"/bin/true"}, see: with(env("A="+strings.Repeat("x", 128<<10)), never)},
	{name: "a NUL in an argument", cmd: []string{"/bin/true", "a\x00b"}, see: never},
	{name: "a NUL in the path", cmd: []string{"/bin/tr\x00ue"}, see: never},
	{name: "arguments are not changed", cmd: []string{"/bin/sh", "-c", `printf '<%s>' "$@"`, "sh", "", " ", "ü\n\xff", "$x", "*", `"'`}, see: output},
	{name: "Args[0] is another name", cmd: []string{"/bin/sh"}, see: with(func(x *run) { *x.Args = []string{"other", "-c", "echo $0"} }, output)},
	{name: "no Args is the Path", cmd: []string{environ}, see: with(func(x *run) { *x.Args = nil }, output)},
	{name: "empty Args is the Path", cmd: []string{environ}, see: with(func(x *run) { *x.Args = []string{} }, output)},
	{name: "a name that only a relative directory of PATH has is not executed", cmd: []string{"x"}, see: func(x *run) string { return path(x, ".", "script") },
		differs: "A name is looked up by Start, inside, in the PATH of the command's environment; relative directories of PATH are left out.",
		outside: `error gaol: "script": cannot run executable found relative to current directory; no state; ""; ErrDot, exec.Error "script"`,
		inside:  `error gaol: execute script: no such file or directory; no state; ""; not found, exec.Error "script"`},
	{name: "a name that an empty directory of PATH has is not executed", cmd: []string{"x"}, see: func(x *run) string { return path(x, ":/nowhere", "script") },
		differs: "A name is looked up by Start, inside, in the PATH of the command's environment; relative directories of PATH are left out.",
		outside: `error gaol: "script": cannot run executable found relative to current directory; no state; ""; ErrDot, exec.Error "script"`,
		inside:  `error gaol: execute script: no such file or directory; no state; ""; not found, exec.Error "script"`},
	{name: "a relative directory of PATH hides no absolute one", cmd: []string{"x"}, see: func(x *run) string { return path(x, ".:DIR/sub", "script") },
		differs: "A name is looked up by Start, inside, in the PATH of the command's environment; relative directories of PATH are left out.",
		outside: `error gaol: "script": cannot run executable found relative to current directory; no state; ""; ErrDot, exec.Error "script"`,
		inside:  `error nil; exit status 0, code 0, exited true, success true; "sub\n"; `},
	{name: "a directory of PATH in which the file is not executable is passed over", cmd: []string{"x"}, see: func(x *run) string { return path(x, "DIR/plain:DIR/sub", "script") }},
	{name: "a name that is nowhere executable", cmd: []string{"x"}, see: func(x *run) string { return path(x, "DIR/plain", "script") },
		differs: "A name that PATH only has where it may not be executed is refused with that permission.",
		outside: `error gaol: execute script: no such file or directory; no state; ""; not found, exec.Error "script"`,
		inside:  `error gaol: execute DIR/plain/script: permission denied; no state; ""; permission, PathError fork/exec DIR/plain/script`},
	{name: "the PATH is the command's", cmd: []string{"x"}, see: func(x *run) string {
		x.t.Setenv("PATH", "/nowhere")
		c := x.another("script")
		*c.Env = []string{"PATH=" + x.dir + "/sub"}
		return fmt.Sprint(c.Run() == nil)
	},
		differs: "A name is looked up by Start, inside, in the PATH of the command's environment; relative directories of PATH are left out.",
		outside: `false`, inside: `true`},
	{name: "Err is returned", cmd: sh("exit 0"), see: with(func(x *run) { *x.Err = errors.New("no") }, never)},
	{name: "Err can be taken away", cmd: sh("exit 3"), see: with(func(x *run) { *x.Err = nil }, ran)},
	{name: "String is the path and the arguments", cmd: []string{"/bin/sh", "-c", "exit 0"}, see: func(x *run) string {
		before := x.String()
		_ = x.Run()
		return before + "; " + x.String()
	}},
	{name: "String of what has an Err is the arguments", cmd: []string{"/bin/sh", "-c", "exit 0"}, see: with(func(x *run) { *x.Err, (*x.Args)[0] = errors.New("no"), "sh" }, func(x *run) string { return x.String() })},
	{name: "String of a name", cmd: []string{"env"}, see: func(x *run) string { return fmt.Sprint(strings.HasPrefix(x.String(), "/")) },
		differs: "A name is looked up by Start, inside, in the PATH of the command's environment; relative directories of PATH are left out.",
		outside: `true`, inside: `false`},
}
