package gaol

// Each system's SysProcAttr is known, field by field, wherever the tests run: it is read from the sources of Go and of this package.

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// parsedFor are the files of a directory that are compiled for a system, without its tests.
func parsedFor(t *testing.T, system, dir string) (files []*ast.File) {
	t.Helper()
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled = system, "amd64", true
	p, err := c.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestWrapKnowsTheSysProcAttrOfEachSystem(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "freebsd"} {
		var fields, known []string
		for _, f := range parsedFor(t, system, filepath.Join(build.Default.GOROOT, "src", "syscall")) {
			ast.Inspect(f, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == "SysProcAttr" {
					for _, field := range spec.Type.(*ast.StructType).Fields.List {
						for _, name := range field.Names {
							fields = append(fields, name.Name)
						}
					}
				}
				return true
			})
		}
		for _, f := range parsedFor(t, system, ".") {
			ast.Inspect(f, func(n ast.Node) bool {
				list, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				if array, ok := list.Type.(*ast.ArrayType); ok {
					if of, ok := array.Elt.(*ast.Ident); ok && of.Name == "attribute" {
						for _, row := range list.Elts {
							name, err := strconv.Unquote(row.(*ast.CompositeLit).Elts[0].(*ast.BasicLit).Value)
							if err != nil {
								t.Fatal(err)
							}
							known = append(known, name)
						}
					}
				}
				return true
			})
		}
		slices.Sort(fields)
		slices.Sort(known)
		if len(fields) < 10 || !slices.Equal(fields, known) {
			t.Errorf("%s: Go has %q, and %q are known", system, fields, known)
		}
	}
}
