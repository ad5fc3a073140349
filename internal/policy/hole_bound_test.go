package policy

import (
	"strings"
	"testing"
)

// Beside what the extended file allows stands what it denies: a link may lead back into it, and a denial may have nothing left to take.
func TestALinkLeadsIntoNoHoleOfTheExtendedFile(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "read = ['/d/back/g']"}, "leads to /d/in/sub/g, which the extended file denies"},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "read = ['/d/back']"}, "leads to /d/in/sub, which the extended file denies"},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/back' }]", "read = ['/d/in/sub/g']"}, "leads to /d/in/sub/g, which the extended file denies"},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "", "read = ['/d']", "read = ['/d/back/g']"}, "leads to /d/in/sub/g, which the extended file denies"},
		{[]string{"read = ['/d']\ndeny = [{ metadata = '/d/in/sub' }]", "read = ['/d/back/g']"}, "leads to /d/in/sub/g, which the extended file denies"},
		{[]string{"read = ['/d', '/d/in/sub/g']\ndeny = [{ read = '/d/in/sub' }]", "read = ['/d/back/g']"}, ""},
		{[]string{"read = ['/d']\nwrite = ['/d']\ndeny = [{ write = '/d/in/sub' }]", "read = ['/d/back/g']\nwrite = []"}, ""},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "read = ['/d/in/f']"}, ""},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "read = []"}, ""},
		{[]string{"read = ['/d']\ndeny = [{ read = '/d/in/sub' }]", "read = ['/d/in']"}, ""},
		{[]string{"read = ['/d']\nprivate = ['/d/in/sub']", "read = ['/d/back/g']"}, "leads to /d/in/sub/g, where the extended file shows something else than the host"},
		{[]string{"read = ['/d', '/d/in/sub/g']\nprivate = ['/d/in/sub']", "read = ['/d/back/g']"}, ""},
		{[]string{"exec = ['/d']\nread = ['/d']\nmap = ['/d/in/sub=/d/in']", "exec = ['/d/back/f']"}, "leads to /d/in/sub/f, where the extended file shows"},
		{[]string{"read = ['/d']\nmap = ['/x=/d/in']\nprivate = ['/y']", "read = ['/d/in/f']"}, ""},
		{[]string{"read = ['/d']", "read = []\ndeny = [{ read = '/d/in/sub' }]"}, "nothing above this path allows it"},
	} {
		p, err := Resolve(chain(t, c.files...), host(newFS(t, merged, boundLines)))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s\n%s", c.files, err, c.want, p)
		}
		if c.want == "" && strings.Contains(p.String(), "/d/in/sub: read") {
			t.Errorf("%q:\n%s", c.files, p)
		}
	}
}
