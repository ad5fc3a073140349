package gaol

import (
	"errors"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/policy"
)

func TestWhatThePolicyWouldTakeForMoreIsRefused(t *testing.T) {
	for _, o := range []Option{
		NetworkOutbound(TCP(443)), NetworkOutbound(Host("example.com", 443)), NetworkInbound(Loopback(80)), Deny(FileRead(Subpath("/srv"))),
		BestEffort(NetworkOutbound(UDP(53))), WithEngine(EngineLandlock),
	} {
		p, err := NewProfile(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resolve(p, policy.Host{}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%v: %v", o, err)
		}
	}
}
