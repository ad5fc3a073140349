package sbpl

// This file reads the system's log of denials. A program chooses the paths that stand in it, so that nothing in a line is believed but what is
// where it belongs.

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Logged is one denial of the system's log.
type Logged struct {
	Process   string // its name
	Pid       int
	Operation string // as profiles call it, such as "file-read-data"
	Target    string // a path, an address, a name; may be empty
}

// LogPredicate is what the system's log is asked for.
func LogPredicate(tag string) string {
	return `sender == "Sandbox" AND eventMessage CONTAINS "` + tag + `"`
}

// duplicate begins a message that the kernel writes for several of one kind.
var duplicate = regexp.MustCompile(`^[0-9]+ duplicate reports? for `)

// ParseLog reads a line of `log stream --style ndjson`; false, if it is not of a denial with the tag. The message is
// "Sandbox: NAME(PID) deny(N) OPERATION TARGET", and the tag on a line of its own behind it.
func ParseLog(line []byte, tag string) (Logged, bool) {
	var event struct {
		Message string `json:"eventMessage"`
		Sender  string `json:"senderImagePath"`
	}
	if tag == "" || json.Unmarshal(line, &event) != nil || event.Sender != "" && !strings.HasSuffix(event.Sender, "/Sandbox") {
		return Logged{}, false
	}
	text := strings.TrimPrefix(duplicate.ReplaceAllString(event.Message, ""), "Sandbox: ")
	body, behind, found := cutLast(text, tag)
	if !found || strings.TrimSpace(behind) != "" {
		return Logged{}, false
	}
	body = strings.TrimRight(body, "\n ")
	const mark = ") deny("
	at := strings.Index(body, mark) // the first: what is behind it the program can choose
	if at < 0 {
		return Logged{}, false
	}
	who, rest := body[:at], body[at+len(mark):]
	open := strings.LastIndexByte(who, '(')
	if open < 0 {
		return Logged{}, false
	}
	pid, err := strconv.Atoi(who[open+1:])
	if err != nil || pid <= 0 {
		return Logged{}, false
	}
	_, rest, found = strings.Cut(rest, ") ")
	if !found {
		return Logged{}, false
	}
	operation, target, _ := strings.Cut(rest, " ")
	if operation == "" || strings.Trim(operation, "abcdefghijklmnopqrstuvwxyz-*") != "" {
		return Logged{}, false
	}
	return Logged{who[:open], pid, operation, target}, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
