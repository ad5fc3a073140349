package main

import (
	"strings"
	"testing"
)

func TestWhatGoesWrongOrIsSkippedIsSaidAndCounted(t *testing.T) {
	for _, row := range []struct {
		name, in, out string
		good          bool
	}{
		{"nothing ran", "", "0 passed, 0 failed, 0 skipped\n", false},
		{"all passed", "=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n", "1 passed, 0 failed, 0 skipped\n", true},
		{"a failure", "=== RUN   TestA\n    a_test.go:1: why\n--- FAIL: TestA (0.00s)\n--- PASS: TestB (0.00s)\nFAIL\n",
			"    a_test.go:1: why\n--- FAIL: TestA (0.00s)\nFAIL\n1 passed, 1 failed, 0 skipped\n", false},
		{"a skip inside another test, told of at its end", "=== RUN   TestA\n=== RUN   TestA/x\n    a_test.go:1: a cgroup is missing\n=== RUN   TestA/y\n    a_test.go:2: done\n" +
			"--- PASS: TestA (0.00s)\n    --- SKIP: TestA/x (0.00s)\n    --- PASS: TestA/y (0.00s)\n",
			"    a_test.go:1: a cgroup is missing\n    a_test.go:2: done\n--- SKIP: TestA/x (0.00s) a_test.go:1: a cgroup is missing\n2 passed, 0 failed, 1 skipped\n", true},
		{"tests that take turns", "=== RUN   TestA\n=== RUN   TestB\n    a_test.go:1: b is missing\n=== NAME  TestA\n    a_test.go:2: said\n--- SKIP: TestB (0.00s)\n--- PASS: TestA (0.00s)\n",
			"    a_test.go:1: b is missing\n    a_test.go:2: said\n--- SKIP: TestB (0.00s) a_test.go:1: b is missing\n1 passed, 0 failed, 1 skipped\n", true},
		{"another tool's", "gcc is missing\n--- SKIP: c_test\n--- PASS: d_test\n", "gcc is missing\n--- SKIP: c_test gcc is missing\n1 passed, 0 failed, 1 skipped\n", true},
		{"a package that does not build", "--- PASS: TestA (0.00s)\nFAIL\tx [build failed]\n", "FAIL\tx [build failed]\n1 passed, 1 failed, 0 skipped\n", false},
		{"a process that died", "--- PASS: TestA (0.00s)\npanic: no\n", "panic: no\n1 passed, 1 failed, 0 skipped\n", false},
		{"Ginkgo's", "\x1b[1mSUCCESS! -- 3 Passed | 0 Failed | 1 Pending | 2 Skipped\x1b[0m\n", "SUCCESS! -- 3 Passed | 0 Failed | 1 Pending | 2 Skipped\n3 passed, 0 failed, 3 skipped\n", true},
	} {
		var out strings.Builder
		if good := count(strings.NewReader(row.in), &out); good != row.good || out.String() != row.out {
			t.Errorf("%s: %v\n%s", row.name, good, &out)
		}
	}
}
