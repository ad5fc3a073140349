package profile

// This file reads and writes limits as text. It must never guess: a size without a known unit, a duration without one, and a number
// that does not fit are errors, and what is written reads back as the same value.

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// units of sizes: those with an i are powers of 1024, the others of 1000.
var units = []struct {
	word  string
	bytes int64
}{
	{"B", 1},
	{"kB", 1e3}, {"KiB", 1 << 10},
	{"MB", 1e6}, {"MiB", 1 << 20},
	{"GB", 1e9}, {"GiB", 1 << 30},
	{"TB", 1e12}, {"TiB", 1 << 40},
}

// UnitWords are the units of sizes.
func UnitWords() string {
	words := make([]string, len(units))
	for i, u := range units {
		words[i] = u.word
	}
	return strings.Join(words, ", ")
}

// What is wrong with a text, as words that follow it.
var (
	errZero     = errors.New("is zero, which is no limit; leave it out")
	errNoUnit   = errors.New(`needs a unit: write "30s", "1m30s" or "500ms"`)
	errNoSize   = errors.New(`is not a size; write a whole number of bytes, or one with a unit such as "512 MiB"`)
	errNoWhole  = errors.New("is not a whole number")
	errNoTime   = errors.New(`is not a duration; write "30s", "1m30s" or "500ms"`)
	errNoFactor = errors.New("is not a number such as 1.5")
)

// ParseLimit sets the limit of that key to what text says, as a flag has it.
func (l *Limits) ParseLimit(key, text string) error {
	f := limitOf(key)
	if f == nil {
		return fmt.Errorf("no limit is called %q", key)
	}
	if err := f.parse(l, text); err != nil {
		return &Error{Operation: "Limits." + f.name, Err: err}
	}
	return nil
}

func limitOf(key string) *limitForm {
	for i := range limitForms {
		if limitForms[i].key == key {
			return &limitForms[i]
		}
	}
	return nil
}

// parse sets the limit, which is then as it is in l even if it cannot be meant.
func (f *limitForm) parse(l *Limits, text string) (err error) {
	switch {
	case f.time != nil:
		*f.time(l), err = parseDuration(text)
	case f.number != nil:
		*f.number(l), err = parseNumber(text)
	case f.bytes != nil:
		*f.bytes(l), err = parseSize(text)
	default:
		*f.count(l), err = parseCount(text)
	}
	if err != nil {
		return fmt.Errorf("%q %w", text, err)
	}
	if !f.set(l) {
		return fmt.Errorf("%q %w", text, errZero)
	}
	return f.check(l)
}

// parseSize reads "512 MiB", "10MB" and "4096".
func parseSize(text string) (int64, error) {
	if strings.HasPrefix(text, "-") {
		return 0, errNegative
	}
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	digits, unit := text, ""
	if end >= 0 {
		digits, unit = text[:end], strings.TrimPrefix(text[end:], " ")
	}
	if digits == "" || end >= 0 && unit == "" || unit != "" && strings.ContainsAny(unit, " .,0123456789") {
		return 0, errNoSize
	}
	factor := int64(1)
	if unit != "" {
		factor = 0
		for _, u := range units {
			if u.word == unit {
				factor = u.bytes
			}
		}
		if factor == 0 {
			return 0, fmt.Errorf("has an unknown unit, %q; the units are %s", unit, UnitWords())
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, errHuge
	}
	high, low := bits.Mul64(n, uint64(factor))
	if high != 0 || low > maxLimit {
		return 0, errHuge
	}
	return int64(low), nil
}

func parseCount(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, errHuge
	case err != nil || strconv.FormatInt(n, 10) != text:
		return 0, errNoWhole
	}
	return n, nil
}

// durationForm is the form of a duration, whatever it comes to.
const durationForm = `^[-+]?(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err == nil:
		return d, nil
	case text != "" && strings.Trim(text, "+-.0123456789") == "":
		return 0, errNoUnit
	case regexp.MustCompile(durationForm).MatchString(text):
		return 0, errHuge
	}
	return 0, errNoTime
}

func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xXpP_") || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, errNoFactor
	}
	return n, nil
}

// text is the value as a file has it.
func (f *limitForm) text(l *Limits) string {
	switch {
	case f.time != nil:
		return f.time(l).String()
	case f.number != nil:
		return strconv.FormatFloat(*f.number(l), 'g', -1, 64)
	case f.bytes != nil:
		return formatSize(*f.bytes(l))
	}
	return strconv.FormatInt(*f.count(l), 10)
}

// formatSize takes the unit that leaves the shortest whole number.
func formatSize(n int64) string {
	best := strconv.FormatInt(n, 10)
	shortest := len(best)
	for _, u := range units[1:] {
		if s := strconv.FormatInt(n/u.bytes, 10); n%u.bytes == 0 && len(s) < shortest {
			best, shortest = s+" "+u.word, len(s)
		}
	}
	return best
}
