package main

import "testing"

func TestAdviceIsInTheWordsOfTheCommandLine(t *testing.T) {
	for advice, want := range map[string]string{
		`add FileRead(Subpath("/a b")), or FileWrite(Literal("/c"))`: `add --read /a b, or --write /c`,
		`FileRead and FileExecute of Subpath("/a") are needed`:       `--read /a --exec /a are needed`,
		`FileExecute(Optional(Subpath("/a")))`:                       `--exec /a`,
		`Deny(FileWrite(Subpath("/a"))) too`:                         `--deny write=/a too`,
		`BestEffort(FileWrite(Subpath("/a"))) accepts it`:            `--best-effort write=/a accepts it`,
		`BestEffort(Deny(FileReadMetadata(Literal("/a"))))`:          `--best-effort deny=metadata=/a`,
		`BestEffort(System()), Signal(), Trace(), ProcessCreate()`:   `--best-effort system, --signal, --trace, --process`,
		`SystemInfoRead()`: `--sysinfo`,
		`Private("/dev/shm") or IPC(POSIXSharedMemory)`:                                        `--private /dev/shm or --ipc posix-shared-memory`,
		`Device("/dev/kvm"), Syscall("bpf")`:                                                   `--device /dev/kvm, --syscall bpf`,
		`NetworkOutbound(All), NetworkOutbound(All()), NetworkInbound(Loopback(80))`:           `--connect all, --connect all, --listen loopback:80`,
		`BestEffort(NetworkInbound(TCP(80))), NetworkOutbound(UDP(53))`:                        `--best-effort listen=tcp:80, --connect udp:53`,
		`NetworkOutbound(LocalSocket("/run/a"))`:                                               `--connect unix:/run/a`,
		`NetworkOutbound(Host("example.com", 443)), NetworkOutbound(CIDR("2001:db8::/32", 1))`: `--connect example.com:443, --connect 2001:db8::/32:1`,
		`Limits.FileSize, which counts; or PerProcess, or Limits.Nothing`:                      `--file-size, which counts; or --per-process, or Limits.Nothing`,
		`OnDenied(Errno) lets the program go on`:                                               `--on-denied errno lets the program go on`,
		`Map("/a", "/b", ReadOnly), Map("/a", "/b c", ReadWrite)`:                              `--map /a=/b, --map /a=/b c:rw`,
		`Map("/a", "/b"), Foo("/x"), IPC(Smoke), Network.`:                                     `Map("/a", "/b"), Foo("/x"), IPC(Smoke), Network.`,
	} {
		if got := flagWords(advice); got != want {
			t.Errorf("%s\n got %s\nwant %s", advice, got, want)
		}
	}
}
