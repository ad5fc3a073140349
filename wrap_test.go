//go:build linux || darwin || freebsd

package gaol

// Wrap knows every field that an exec.Cmd and a SysProcAttr have: what it does not carry over it refuses by name. A version of Go with one
// more fails here first.

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// some is a value of the type that is not zero.
func some(t *testing.T, of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Int:
		v.SetInt(77)
	case reflect.Uintptr:
		v.SetUint(77)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(of, 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
	default:
		t.Fatalf("a new kind of field: %v", of)
	}
	return v
}

func refusedBy(t *testing.T, err error) (fields []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	var w *WrapError
	if !errors.As(err, &w) || !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("%T %v", err, err)
	}
	for _, r := range w.Refused {
		fields = append(fields, r.Field)
		if r.Reason == "" || !strings.Contains(err.Error(), r.Field+": "+r.Reason) {
			t.Errorf("%v does not say why %s is refused", err, r.Field)
		}
	}
	return fields
}

func TestWrapKnowsEachFieldOfSysProcAttr(t *testing.T) {
	carried := []string{"Credential", "Setsid", "Setpgid", "Noctty"}
	of := reflect.TypeFor[syscall.SysProcAttr]()
	if of.NumField() != len(attributes) {
		t.Errorf("%d fields, and %d are known", of.NumField(), len(attributes))
	}
	for i := range of.NumField() {
		name := of.Field(i).Name
		var a syscall.SysProcAttr
		reflect.ValueOf(&a).Elem().Field(i).Set(some(t, of.Field(i).Type))
		c := exec.Command("/usr/bin/true")
		c.SysProcAttr = &a
		_, err := Wrap(nil, &Sandbox{}, c)
		var want []string
		if !slices.Contains(carried, name) {
			want = []string{"SysProcAttr." + name}
		}
		if got := refusedBy(t, err); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestWrapRefusesAllAtOnceAndLeavesTheCommand(t *testing.T) {
	c := exec.CommandContext(context.Background(), "/usr/bin/true")
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: "/", Pgid: 1, Setsid: true, Credential: &syscall.Credential{NoSetGroups: true}}
	c.Cancel = func() error { return nil }
	if _, err := c.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	_, err := Wrap(nil, &Sandbox{}, c)
	want := []string{"Context", "Cancel", "StdinPipe, StdoutPipe, StderrPipe", "SysProcAttr.Chroot", "SysProcAttr.Credential", "SysProcAttr.Pgid"}
	if got := refusedBy(t, err); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if c.Err != nil {
		t.Errorf("the command was spoiled: %v", c.Err)
	}
}

func TestWrapCarriesOver(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var in, out, errs bytes.Buffer
	c := exec.CommandContext(ctx, "/usr/bin/true", "a")
	c.Env, c.Dir, c.Stdin, c.Stdout, c.Stderr, c.ExtraFiles, c.WaitDelay = []string{"A=1"}, "sub", &in, &out, &errs, []*os.File{os.Stdin}, time.Second
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setpgid: true, Credential: &syscall.Credential{Uid: 1, Gid: 2, Groups: []uint32{3}}}
	s := &Sandbox{}
	w, err := Wrap(ctx, s, c)
	if err != nil {
		t.Fatal(err)
	}
	if w.Path != "/usr/bin/true" || !slices.Equal(w.Args, []string{"/usr/bin/true", "a"}) || !slices.Equal(w.Env, []string{"A=1"}) || w.Dir != filepath.Join(here, "sub") ||
		w.Stdin != &in || w.Stdout != &out || w.Stderr != &errs || !slices.Equal(w.ExtraFiles, []*os.File{os.Stdin}) || w.WaitDelay != time.Second ||
		w.sandbox != s || w.ctx != ctx || w.Cancel == nil || !reflect.DeepEqual(w.Credential, &Credential{Uid: 1, Gid: 2, Groups: []uint32{3}}) {
		t.Errorf("%+v", w)
	}
	c.Args[1], c.Env[0], c.ExtraFiles[0] = "b", "A=2", nil
	if w.Args[1] != "a" || w.Env[0] != "A=1" || w.ExtraFiles[0] == nil {
		t.Error("what is changed afterwards changes what was made")
	}
	if err := c.Start(); err != errWrapped {
		t.Errorf("the command can still run outside: %v", err)
	}
	if _, err := Wrap(ctx, s, exec.Command("/usr/bin/true")); err != nil {
		t.Errorf("a command without a context cannot be given one: %v", err)
	}
}

func TestWrapKeepsWhatNilMeans(t *testing.T) {
	for path, want := range map[string]string{"": "", "name": "./name", "./name": "./name", "/name": "/name", "a/name": "a/name"} {
		w, err := Wrap(nil, &Sandbox{}, &exec.Cmd{Path: path})
		if err != nil || w.Path != want || w.Args != nil || w.Env != nil || w.Dir != "" || w.Cancel != nil || w.ctx != nil {
			t.Errorf("%q: %+v, %v", path, w, err)
		}
	}
	c := exec.CommandContext(context.Background(), "/usr/bin/true")
	c.Cancel, c.Env, c.Err = nil, []string{}, errors.New("no")
	w, err := Wrap(context.Background(), &Sandbox{}, c)
	if err != nil || w.Cancel != nil || w.Env == nil || w.Err == nil || w.Err.Error() != "no" {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestWrapRefusesWhatWasUsed(t *testing.T) {
	ran, failed, wrapped := exec.Command("/usr/bin/true"), exec.Command("/no/such/program"), exec.Command("/usr/bin/true")
	_, _ = ran.Run(), failed.Run()
	for _, c := range []*exec.Cmd{ran, failed} {
		_, err := Wrap(nil, &Sandbox{}, c)
		if got := refusedBy(t, err); !slices.Equal(got, []string{"Process"}) {
			t.Errorf("%v", got)
		}
	}
	if _, err := Wrap(nil, &Sandbox{}, wrapped); err != nil {
		t.Error(err)
	}
	for _, f := range []func() (*Cmd, error){
		func() (*Cmd, error) { return Wrap(nil, &Sandbox{}, wrapped) }, func() (*Cmd, error) { return Wrap(nil, nil, exec.Command("/usr/bin/true")) }, func() (*Cmd, error) { return Wrap(nil, &Sandbox{}, nil) },
	} {
		if w, err := f(); err == nil || w != nil {
			t.Errorf("%v, %v", w, err)
		}
	}
}

// TestExecCmdHasNoFieldThatWrapDoesNotKnow is about Go's version: new fields are to be carried over or refused, and those that are read though
// they are not exported must still be there.
func TestExecCmdHasNoFieldThatWrapDoesNotKnow(t *testing.T) {
	known := []string{"Path", "Args", "Env", "Dir", "Stdin", "Stdout", "Stderr", "ExtraFiles", "SysProcAttr", "Process", "ProcessState", "Err", "Cancel", "WaitDelay"}
	of := reflect.TypeFor[exec.Cmd]()
	for i := range of.NumField() {
		if f := of.Field(i); f.IsExported() && !slices.Contains(known, f.Name) {
			t.Errorf("exec.Cmd has a new field, %s", f.Name)
		}
	}
	for _, name := range []string{"ctx", "parentIOPipes", "startCalled"} {
		if _, ok := of.FieldByName(name); !ok {
			t.Errorf("exec.Cmd has no %s any more", name)
		}
	}
}
