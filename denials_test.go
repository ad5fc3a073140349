package gaol

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestTheLogIsReadUntilItIsSilent(t *testing.T) {
	r, w := io.Pipe()
	closed := false
	l := readLog(r, "gaolT", func() { closed = true; _ = w.Close() })
	say := func(text string) {
		b, _ := json.Marshal(map[string]string{"eventMessage": text})
		_, _ = fmt.Fprintf(w, "%s\n", b)
	}
	_, _ = io.WriteString(w, "Filtering the log data\n")
	say("Sandbox: cat(1) deny(1) file-read-data /etc/passwd\ngaolT")
	say("Sandbox: cat(1) deny(1) file-read-data /etc/passwd\ngaolT")
	say("Sandbox: cat(1) deny(1) file-read-data /other\ngaolU")
	go func() {
		time.Sleep(20 * time.Millisecond)
		say("Sandbox: sh(2) deny(1) process-fork\ngaolT")
	}()
	got := l.settled(500*time.Millisecond, 10*time.Second)
	want := []Denial{{Operation: "FileRead", Path: "/etc/passwd", Suggestion: `FileRead(Literal("/etc/passwd")) allows it`},
		{Operation: "ProcessCreate", Suggestion: "ProcessCreate() allows it"}}
	if fmt.Sprint(got) != fmt.Sprint(want) || !closed {
		t.Errorf("%+v, %v", got, closed)
	}
}

func TestAnEndlessLogIsLeft(t *testing.T) {
	r, w := io.Pipe()
	done := make(chan struct{})
	l := readLog(r, "gaolT", func() { _ = r.Close() })
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(w, "{\"eventMessage\":\"Sandbox: a(1) deny(1) file-read-data /%d\\ngaolT\"}\n", i); err != nil {
				return
			}
		}
	}()
	got := l.settled(time.Second, 100*time.Millisecond)
	if len(got) == 0 || len(got) > maxDenials {
		t.Errorf("%d denials", len(got))
	}
	<-done
}

func TestDenialsNameWhatWouldAllowThem(t *testing.T) {
	for operation, want := range map[string]string{
		"file-read-metadata": "FileReadMetadata", "file-read-data": "FileRead", "file-read-xattr": "FileRead", "file-write-create": "FileWrite", "file-write-setugid": "FileWrite",
		"process-exec-interpreter": "FileExecute", "file-map-executable": "FileExecute", "network-outbound": "NetworkOutbound", "mach-lookup": "MachLookup", "nvram-get": "nvram-get",
	} {
		d := readOne(t, operation, "/x")
		if d.Operation != want || d.Path != "/x" {
			t.Errorf("%s: %+v", operation, d)
		}
	}
	if d := readOne(t, "file-write-setugid", "/x"); d.Suggestion != "" {
		t.Errorf("%+v", d)
	}
	if d := readOne(t, "network-outbound", "/x"); d.Suggestion != `NetworkOutbound(LocalSocket("/x")) allows it` {
		t.Errorf("%+v", d)
	}
	if d := readOne(t, "network-outbound", "10.0.0.1:80"); d.Suggestion != "" {
		t.Errorf("%+v", d)
	}
}

func readOne(t *testing.T, operation, target string) Denial {
	r, w := io.Pipe()
	l := readLog(r, "gaolT", func() {})
	b, _ := json.Marshal(map[string]string{"eventMessage": "Sandbox: a(1) deny(1) " + operation + " " + target + "\ngaolT"})
	_, _ = w.Write(append(b, '\n'))
	_ = w.Close()
	got := l.settled(time.Second, 10*time.Second)
	if len(got) != 1 {
		t.Fatalf("%s: %v", operation, got)
	}
	return got[0]
}
