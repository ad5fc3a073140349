package profile

// This file is the table [limits] of a profile file: how it is read, what it may say beside the files that it extends, and how it is
// written. A limit that a file names must never end up as none.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const limitsKey = "limits"

// LimitKeys are the keys of the table.
func LimitKeys() []string {
	var keys []string
	for _, f := range limitForms {
		keys = append(keys, f.key)
	}
	return append(keys, perProcessKey)
}

func (d *document) limits(n *node) error {
	if n.shape != aTable {
		return d.wants(limitsKey, n, "a table of limits")
	}
	d.limitLines = map[string]int{}
	for _, field := range n.fields {
		key := limitsKey + "." + keyName(field.name)
		if _, twice := d.limitLines[field.name]; twice {
			return d.fault(key, field.line, errTwice)
		}
		d.limitLines[field.name] = field.line
		if err := d.limit(key, field); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) limit(key string, field field) error {
	n := field.value
	if field.name == perProcessKey {
		if n.shape != aBool {
			return d.wants(key, n, aBool.String())
		}
		d.own.Limits.PerProcess = n.truth
		return nil
	}
	f := limitOf(field.name)
	if f == nil {
		return d.fault(key, field.line, fmt.Errorf("unknown key; the keys are %s", strings.Join(LimitKeys(), ", ")))
	}
	text, err := f.fromNode(n)
	if errors.Is(err, errShape) {
		return d.wants(key, n, f.form())
	}
	if err == nil {
		err = f.parse(&d.own.Limits, text)
	}
	if err != nil {
		return d.fault(key, n.line, err)
	}
	return nil
}

var errShape = errors.New("the value has another type")

// form says what a file has to give.
func (f *limitForm) form() string {
	switch {
	case f.time != nil:
		return `a duration such as "30s"`
	case f.bytes != nil:
		return `a size such as "512 MiB", or a number of bytes,`
	case f.number != nil:
		return "a number"
	}
	return anInteger.String()
}

// fromNode is the value as a flag has it.
func (f *limitForm) fromNode(n *node) (string, error) {
	switch {
	case n.shape == aString && (f.time != nil || f.bytes != nil):
		return n.text, nil
	case n.shape == anInteger && f.time == nil, n.shape == aFloat && f.number != nil:
		return decimal(n.text)
	case f.time != nil && (n.shape == anInteger || n.shape == aFloat):
		return n.text, nil // the hint is parse's
	}
	return "", errShape
}

// decimal is a number of TOML without what only TOML knows: signs in front, underscores, other bases.
func decimal(text string) (string, error) {
	plain := strings.ReplaceAll(text, "_", "")
	if n, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(n, 10), nil
	} else if errors.Is(err, strconv.ErrRange) && !strings.ContainsAny(plain, ".eE") {
		return "", fmt.Errorf("%s %w", text, errHuge)
	}
	return plain, nil
}

// limitsWithin is checkWithin for the limits.
func (d *document) limitsWithin(base Limits, b *bound) error {
	for _, f := range d.own.Limits.Beyond(base) {
		key, line := limitsKey+"."+f.Key, d.limitLines[f.Key]
		if f.Key == perProcessKey {
			return d.fault(key, line, fmt.Errorf("beyond %s, where CPU and memory are those of all processes together; widen = true would allow it", b.name))
		}
		return d.fault(key, line, fmt.Errorf("%s is %w", limitOf(f.Key).text(&d.own.Limits), b.beyond([]string{f.Text}, "allows")))
	}
	return nil
}

// more compares two limits that are set.
func (f *limitForm) more(a, b *Limits) bool {
	switch {
	case f.time != nil:
		return *f.time(a) > *f.time(b)
	case f.number != nil:
		return *f.number(a) > *f.number(b)
	}
	return *f.whole()(a) > *f.whole()(b)
}

// limitsOver has the limits that the file names, and those of the base that it does not.
func (d *document) limitsOver(base Limits) Limits {
	l := d.own.Limits
	for _, f := range limitForms {
		if !f.set(&l) {
			f.copy(&l, &base)
		}
	}
	if _, named := d.limitLines[perProcessKey]; !named {
		l.PerProcess = base.PerProcess
	}
	return l
}

func (f *limitForm) copy(to, from *Limits) {
	switch {
	case f.time != nil:
		*f.time(to) = *f.time(from)
	case f.number != nil:
		*f.number(to) = *f.number(from)
	default:
		*f.whole()(to) = *f.whole()(from)
	}
}

// perProcess wants what it speaks of, in the file or in what it extends.
func (d *document) perProcess(l Limits) error {
	line, named := d.limitLines[perProcessKey]
	if named && l.PerProcess && l.CPU == 0 && l.Memory == 0 {
		return d.fault(limitsKey+"."+perProcessKey, line, errPerProcess)
	}
	return nil
}

func writeLimits(b *strings.Builder, l Limits) {
	if l == (Limits{}) {
		return
	}
	b.WriteString("\n[" + limitsKey + "]\n")
	for _, f := range limitForms {
		if !f.set(&l) {
			continue
		}
		text := f.text(&l)
		if f.time != nil || f.bytes != nil && strings.Contains(text, " ") {
			text = quote(text)
		}
		b.WriteString(f.key + " = " + text + "\n")
	}
	if l.PerProcess {
		b.WriteString(perProcessKey + " = true\n")
	}
}
