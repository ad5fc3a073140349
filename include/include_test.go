package include

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What can read the header takes the version from it (the command, CMake and all that it makes); the others say it once more.
func TestThereIsOneVersion(t *testing.T) {
	version := Version()
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		t.Fatalf("GAOL_VERSION is %q", version)
	}
	number := strings.Split(version, ".")
	for i, part := range []string{"MAJOR", "MINOR", "PATCH"} {
		if line := fmt.Sprintf("\n#define GAOL_VERSION_%s %s\n", part, number[i]); !strings.Contains(Header, line) {
			t.Errorf("gaol.h lacks %q", line)
		}
	}
	python, err := os.ReadFile("../bindings/python/gaol/__init__.py")
	if err != nil {
		t.Fatal(err)
	}
	if line := "\n__version__ = \"" + version + "\"\n"; !strings.Contains(string(python), line) {
		t.Errorf("the Python package lacks %q", line)
	}
}
