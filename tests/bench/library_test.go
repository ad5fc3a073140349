//go:build linux && cgo

package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// library is a C program that spawns through libgaol.so when it is told to. It returns how long its loading took.
func library(b *testing.B) (loaded time.Duration, spawn func() time.Duration) {
	b.Helper()
	so := os.Getenv("LIBGAOL")
	if so == "" {
		b.Skip("LIBGAOL names no libgaol.so: cmake -B build && cmake --build build makes one")
	}
	driver := filepath.Join(b.TempDir(), "spawn")
	if out, err := exec.Command("gcc", "-O2", "-I../../include", "library/spawn.c", "-o", driver, "-ldl").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(driver, so, program, visible(b), visible(b))
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	r := bufio.NewReader(out)
	next := func() time.Duration {
		var ns int64
		if _, err := fmt.Fscanln(r, &ns); err != nil {
			b.Fatal(err)
		}
		return time.Duration(ns)
	}
	return next(), func() time.Duration {
		_, _ = io.WriteString(in, "\n")
		return next()
	}
}

// BenchmarkLibrary compares a spawn and wait through C with the same in Go, in turn, and times the loading.
func BenchmarkLibrary(b *testing.B) {
	var loads []time.Duration
	for range 15 {
		d, _ := library(b)
		loads = append(loads, d)
	}
	slices.Sort(loads)
	_, c := library(b)
	run := spawn(full(b))
	g := func() time.Duration {
		t := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(t)
	}
	c()
	g()
	var ratios []float64
	for range max(b.N, 500) {
		first := g()
		ratios = append(ratios, float64(c())/float64(first))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "C/Go")
	b.ReportMetric(float64(loads[len(loads)/2].Microseconds())/1000, "load-ms")
}
