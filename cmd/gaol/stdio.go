package main

// This file decides which files the program is given as 0, 1 and 2: gaol's own, as they are.

import (
	"os"

	"golang.org/x/term"
)

type stdio struct {
	files    [3]*os.File
	terminal *terminal // the one that the program is a job of; nil: none
}

func newStdio() *stdio {
	files := [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	return &stdio{files, findTerminal(files)}
}

func (s *stdio) isTerminal() bool {
	for _, f := range s.files {
		if term.IsTerminal(int(f.Fd())) {
			return true
		}
	}
	return false
}
