package landlock

import "testing"

// The facts are those of linux/landlock.h and of what each kernel accepted.
func TestTheABIsAddUpToWhatKernelsAccept(t *testing.T) {
	for _, c := range []struct {
		abi             int
		fs, net, scopes uint64
		size            uint64
		kernel          string
	}{
		{0, 0, 0, 0, 8, ""}, {1, 0x1fff, 0, 0, 8, "5.13"}, {2, 0x3fff, 0, 0, 8, "5.19"}, {3, 0x7fff, 0, 0, 8, "6.2"}, {4, 0x7fff, 3, 0, 16, "6.7"},
		{5, 0xffff, 3, 0, 16, "6.10"}, {6, 0xffff, 3, 3, 24, "6.12"}, {7, 0xffff, 3, 3, 24, "6.15"}, {8, 0xffff, 3, 3, 24, "7.0"},
		{9, 0x1ffff, 3, 3, 24, "7.1"}, {10, 0x1ffff, 0xf, 3, 24, "7.2"}, {11, 0x1ffff, 0xf, 3, 24, "7.3"}, {99, 0x1ffff, 0xf, 3, 24, ""},
	} {
		if fs, net, scopes := Known(c.abi); fs != c.fs || net != c.net || scopes != c.scopes || Size(c.abi) != c.size || Kernel(c.abi) != c.kernel {
			t.Errorf("ABI %d: fs %#x net %#x scopes %#x, %d bytes, Linux %s", c.abi, fs, net, scopes, Size(c.abi), Kernel(c.abi))
		}
	}
}

func TestEachABIIsThereOnceAndInOrder(t *testing.T) {
	var fs, net, scopes uint64
	for i, a := range ABIs {
		if a.Number != i+1 || a.Adds == "" || a.FS&fs|a.Net&net|a.Scopes&scopes != 0 {
			t.Errorf("%+v", a)
		}
		fs, net, scopes = fs|a.FS, net|a.Net, scopes|a.Scopes
	}
}

func TestAFileMayHaveTheRightsThatTheKernelTakesForOne(t *testing.T) {
	if FileRights != 0x1c007 {
		t.Errorf("%#x", FileRights)
	}
}
