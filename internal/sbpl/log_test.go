package sbpl

import (
	"encoding/json"
	"strings"
	"testing"
)

func event(message string) []byte {
	b, _ := json.Marshal(map[string]any{"eventMessage": message, "senderImagePath": "/System/Library/Extensions/Sandbox.kext/Contents/MacOS/Sandbox", "processID": 0})
	return b
}

func TestTheLogOfDenialsIsRead(t *testing.T) {
	const tag = "gaolABC"
	for _, c := range []struct {
		line []byte
		want Logged
		ok   bool
	}{
		{event("Sandbox: cat(123) deny(1) file-read-data /private/etc/passwd\n" + tag), Logged{"cat", 123, "file-read-data", "/private/etc/passwd"}, true},
		{event("Sandbox: cat(123) deny(1) file-read-data /a b (c) deny(1) d\n" + tag), Logged{"cat", 123, "file-read-data", "/a b (c) deny(1) d"}, true},
		{event("Sandbox: a (b) c(7) deny(1) process-fork\n" + tag), Logged{"a (b) c", 7, "process-fork", ""}, true},
		{event("cat(123) deny(1) mach-lookup com.apple.x " + tag), Logged{"cat", 123, "mach-lookup", "com.apple.x"}, true},
		{event("Sandbox: cat(123) deny(1) file-read-data /x" + tag + "/y\n" + tag), Logged{"cat", 123, "file-read-data", "/x" + tag + "/y"}, true},
		{event("1 duplicate report for Sandbox: cat(123) deny(1) process-fork\n" + tag), Logged{"cat", 123, "process-fork", ""}, true},
		{event("27 duplicate reports for Sandbox: cat(123) deny(1) file-read-data /x\n" + tag), Logged{"cat", 123, "file-read-data", "/x"}, true},
		{event("Sandbox: cat(123) deny(1) file-read-data /private/etc/passwd"), Logged{}, false},
		{event("Sandbox: cat(123) deny(1) file-read-data /" + tag + "/x"), Logged{}, false}, // a name of the program's
		{event("Sandbox: cat(123) allow(1) file-read-data /x\n" + tag), Logged{}, false},
		{event("Sandbox: cat(x) deny(1) file-read-data /x\n" + tag), Logged{}, false},
		{event("Sandbox: cat(1) deny(1) File /x\n" + tag), Logged{}, false},
		{event("Sandbox: ) deny(1) file-read-data /x\n" + tag), Logged{}, false},
		{event(tag), Logged{}, false},
		{[]byte(strings.Replace(string(event("Sandbox: cat(123) deny(1) process-fork\n"+tag)), "MacOS/Sandbox", "MacOS/Fake", 1)), Logged{}, false},
		{[]byte("Filtering the log data using \"" + tag + "\""), Logged{}, false},
		{nil, Logged{}, false},
	} {
		got, ok := ParseLog(c.line, tag)
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v", c.line, got, ok)
		}
	}
	if _, ok := ParseLog(event("Sandbox: cat(123) deny(1) process-fork\n"), ""); ok {
		t.Error("without a tag")
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add([]byte(event("Sandbox: cat(123) deny(1) file-read-data /x\ngaolT")))
	f.Fuzz(func(t *testing.T, line []byte) {
		if d, ok := ParseLog(line, "gaolT"); ok && (d.Pid <= 0 || d.Operation == "") {
			t.Errorf("%+v", d)
		}
	})
}
