package gaol

import (
	"encoding/json"
	"testing"
)

func TestAReportIsOneObjectForMachines(t *testing.T) {
	const usage = `"usage":{"wall_ns":0,"user_ns":0,"system_ns":0,"max_rss_bytes":0,"minor_faults":0,"major_faults":0,"voluntary_switches":0,` +
		`"involuntary_switches":0,"block_read_bytes":0,"block_written_bytes":0,"output_bytes":0}}`
	const none = `"engine":"","mechanisms":[],"enforced":[],"gaps":[],"denials":[],"killed":0,` + usage
	for _, row := range []struct {
		name, want string
		report     Report
	}{
		{"of nothing", `{"exit":null,` + none, Report{}},
		{"exited", `{"exit":{"code":3,"signal":0,"core":false},"end":"exited","pid":77,` + none, Report{State: &ProcessState{pid: 77, code: 3, end: EndExited}}},
		{"killed", `{"exit":{"code":-1,"signal":9,"core":true},"end":"memory limit","pid":77,` + none,
			Report{State: &ProcessState{pid: 77, code: -1, sig: 9, core: true, end: EndMemory}}},
		{"denied", `{"exit":{"code":-1,"signal":31,"core":false},"end":"denied","syscall":{"name":"unshare","number":272},"pid":77,` + none,
			Report{State: &ProcessState{pid: 77, code: -1, sig: 31, end: EndDenied, call: deniedCall{name: "unshare", number: 272, known: true}}}},
	} {
		b, err := json.Marshal(row.report)
		if err != nil || string(b) != row.want {
			t.Errorf("%s: %v\n%s\n%s", row.name, err, b, row.want)
		}
		var back Report
		if err := json.Unmarshal(b, &back); err != nil || back.State != nil || back.Mechanisms == nil {
			t.Errorf("%s: read back: %v %+v", row.name, err, back)
		}
	}
}
