package plan

// The numbers, sizes and argument kinds of this package against those of the C core, read out of csrc/plan.h and csrc/plan.c. Nothing
// else ties the two together, so a step added on one side only must fail here.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func source(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../csrc/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(b), "")
}

// enum reads an enumeration; names in known can be values.
func enum(t *testing.T, header, name string) (names []string, values map[string]int) {
	t.Helper()
	m := regexp.MustCompile(`(?s)enum ` + name + ` \{(.*?)\}`).FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("no enum %s", name)
	}
	values = map[string]int{}
	next := 0
	for _, e := range strings.Split(m[1], ",") {
		if e = strings.TrimSpace(e); e == "" {
			continue
		}
		word, value, given := strings.Cut(e, "=")
		word, value = strings.TrimSpace(word), strings.TrimSpace(value)
		if n, err := strconv.Atoi(value); err == nil {
			next = n
		} else if given {
			n, ok := values[value]
			if !ok {
				t.Fatalf("%s = %s", word, value)
			}
			next = n
		}
		names, values[word] = append(names, word), next
		next++
	}
	return names, values
}

// constants reads the constants of type Op out of op.go, without evaluating anything but iota.
func constants(t *testing.T) map[string]Op {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "op.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Op{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		if id, ok := g.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident); !ok || id.Name != "Op" {
			continue
		}
		base, err := strconv.Atoi(g.Specs[0].(*ast.ValueSpec).Values[0].(*ast.BinaryExpr).Y.(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range g.Specs {
			if name := s.(*ast.ValueSpec).Names[0].Name; ast.IsExported(name) {
				out[strings.ToUpper(name)] = Op(base + i)
			}
		}
	}
	return out
}

func TestTheOpsAreThoseOfTheHeader(t *testing.T) {
	names, values := enum(t, source(t, "plan.h"), "gaol_op")
	ours := constants(t)
	count := 0
	for _, name := range names {
		if name == "GAOL_NONE" || name == "GAOL_OPS" || name == "GAOL_FIXED" {
			continue
		}
		count++
		op, ok := ours[strings.ReplaceAll(strings.TrimPrefix(name, "GAOL_"), "_", "")]
		if !ok || int(op) != values[name] {
			t.Errorf("%s is %d in C; in Go %v, %d", name, values[name], ok, op)
		}
		if values[name] >= 1000 {
			continue
		}
		want := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "GAOL_"), "_", "-"))
		if want == "drop-caps" {
			want = "drop-capabilities"
		}
		if op.String() != want {
			t.Errorf("%s is called %s", name, op)
		}
	}
	if count != len(ours) || count < 40 {
		t.Errorf("%d ops in C, %d in Go", count, len(ours))
	}
	if int(ops) != values["GAOL_OPS"] {
		t.Errorf("the first number past the steps: %d in Go, %d in C", ops, values["GAOL_OPS"])
	}
}

func TestTheStagesAreThoseOfTheHeader(t *testing.T) {
	names, values := enum(t, source(t, "plan.h"), "gaol_stage")
	for _, name := range names[:len(names)-1] {
		if got := Stage(values[name]).String(); "GAOL_STAGE_"+strings.ToUpper(got) != name {
			t.Errorf("%s is %s", name, got)
		}
	}
	if values["GAOL_STAGES"] != int(stages) {
		t.Errorf("%d stages in C, %d in Go", values["GAOL_STAGES"], stages)
	}
}

func TestTheDefinesAreThoseOfTheHeader(t *testing.T) {
	h := source(t, "plan.h")
	for name, want := range map[string]uint32{
		"GAOL_PLAN_MAGIC": magic, "GAOL_COMMAND_MAGIC": commandMagic, "GAOL_PLAN_VERSION": version,
		"GAOL_BIND_RDONLY": uint32(ReadOnly), "GAOL_BIND_NOEXEC": uint32(NoExec), "GAOL_BIND_DEV": uint32(Dev),
		"GAOL_BIND_DIR": uint32(IsDir), "GAOL_BIND_FILE": uint32(IsFile), "GAOL_BIND_NODE": uint32(IsNode), "GAOL_BIND_FIFO": uint32(IsFifo), "GAOL_BIND_SOCK": uint32(IsSock),
		"GAOL_BIND_ALL": uint32(ReadOnly | NoExec | Dev | IsDir | IsFile | IsNode | IsFifo | IsSock), "GAOL_RULE_MOUNT": uint32(MustBeMount), "GAOL_SLOTS": 64, "GAOL_FILTER_TOLD": uint32(Told),
	} {
		m := regexp.MustCompile(`#define ` + name + ` (0x[0-9a-f]+|[0-9]+)u`).FindStringSubmatch(h)
		if m == nil {
			t.Errorf("no %s", name)
			continue
		}
		if got, err := strconv.ParseUint(m[1], 0, 32); err != nil || uint32(got) != want {
			t.Errorf("%s is %s in C, %#x in Go", name, m[1], want)
		}
	}
	if !strings.Contains(h, "#define GAOL_PLAN_MAX (64u << 20)") || maxSize != 64<<20 {
		t.Error("the largest plan differs")
	}
}

// size computes what the compiler makes of a struct of integers.
func size(t *testing.T, header, name string) int {
	t.Helper()
	m := regexp.MustCompile(`(?s)struct ` + name + ` \{(.*?)\}`).FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("no struct %s", name)
	}
	total, largest := 0, 1
	for _, line := range strings.Split(m[1], ";") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		kind, fields, _ := strings.Cut(line, " ")
		n, ok := map[string]int{"uint16_t": 2, "uint32_t": 4, "int32_t": 4, "uint64_t": 8, "int64_t": 8}[kind]
		if !ok {
			t.Fatalf("%s: %q", name, line)
		}
		largest = max(largest, n)
		for _, f := range strings.Split(fields, ",") {
			count := 1
			if strings.Contains(f, "[GAOL_STAGES + 1]") {
				count = int(stages) + 1
			} else if strings.Contains(f, "[") {
				t.Fatalf("%s: %q", name, f)
			}
			total = (total + n - 1) / n * n
			total += n * count
		}
	}
	return (total + largest - 1) / largest * largest
}

func TestTheStructsHaveTheSizesOfTheHeader(t *testing.T) {
	h := source(t, "plan.h")
	for name, want := range map[string]int{
		"gaol_plan": headerSize, "gaol_step": stepSize, "gaol_command": commandSize, "gaol_credential": 24, "gaol_landlock": 32, "gaol_limit": 16, "gaol_rlimit": rlimitSize,
	} {
		if got := size(t, h, name); got != want {
			t.Errorf("struct %s takes %d bytes in C, %d in Go", name, got, want)
		}
	}
}

func TestTheArgumentsAreThoseThatTheCoreChecks(t *testing.T) {
	kinds := map[arg]string{none: "ZERO", path: "PATH", text: "STR", host: "PATH", target: "STR", mode: "ANY", slot: "SLOT", number: "ANY",
		rights: "ANY", port: "PORT", netRights: "ANY", ruleset: "LANDLOCK", resource: "ANY", limit: "LIMIT", filter: "FILTER", count: "ANY", parameters: "PARAMETERS", others: "PARAMETERS", capRights: "RIGHTS"}
	_, values := enum(t, source(t, "plan.h"), "gaol_op")
	rules := regexp.MustCompile(`\[(GAOL_\w+)\] = \{1, (\w+), (\w+), (\w+), (\w+)\}`).FindAllStringSubmatch(source(t, "plan.c"), -1)
	if len(rules) != int(ops)-1 {
		t.Errorf("%d rules for %d ops", len(rules), int(ops)-1)
	}
	for _, r := range rules {
		op := Op(values[r[1]])
		d := info[op]
		a := strings.Replace(r[3], "SELF", "FILTER", 1) // the same, but for a bound on its length
		got := fmt.Sprint(strings.ToLower(r[2]), " ", a, " ", r[4])
		if want := fmt.Sprint(d.stage, " ", kinds[d.a], " ", kinds[d.b]); got != want {
			t.Errorf("%s: %s in C, %s in Go", op, got, want)
		}
	}
}

func TestThePartsOfACredentialAreThoseOfTheHeader(t *testing.T) {
	_, values := enum(t, source(t, "plan.h"), "gaol_credential_part")
	for name, want := range map[string]uint32{"MAPS": CredentialMaps, "MEMORY": CredentialMemory, "GROUPS": CredentialGroups, "GID": CredentialGid,
		"UID": CredentialUid, "CAPS": CredentialCaps} {
		if got, ok := values["GAOL_CREDENTIAL_"+name]; !ok || uint32(got) != want {
			t.Errorf("%s is %d in C, %d in Go", name, got, want)
		}
	}
}
