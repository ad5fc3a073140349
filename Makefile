# Two commands do everything on a new Debian machine with Go: make demo, make test. They install what is missing first.
GO ?= go
PREFIX ?= /usr/local
BUILD := build
SOURCES := $(shell find . -path ./$(BUILD) -prune -o \( -name '*.go' -o -name '*.[ch]' -o -name go.mod \) -print)

.PHONY: all deps demo test test-race soak fuzz bench wheel test-kernels install clean
all: $(BUILD)/gaol

$(BUILD)/gaol: $(SOURCES) | deps
	$(GO) build -trimpath -tags netgo,osusergo -ldflags "-s -w -linkmode external -extldflags -static" -o $@ ./cmd/gaol

deps:
	@tests/deps

demo: $(BUILD)/gaol
	@examples/demo/run $(BUILD)/gaol

test: deps
	@tests/run

# the whole once more under the race detector
test-race: deps
	@tests/run -race

# load and failures, the whole of it: 64 goroutines with 2,000 commands each, in every variant
soak: deps
	@tests/soak/run 2000

fuzz: deps
	@tests/fuzz 60s

bench: $(BUILD)/gaol
	@tests/bench/run $(BUILD)/gaol

# for each Python from 3.9 on: build/python/dist/gaol-*.whl
wheel: deps
	@tests/deps python
	@bindings/python/wheel sdist

test-kernels: deps
	@tests/vm/test-kernels

install: $(BUILD)/gaol
	install -D -m 755 $(BUILD)/gaol $(DESTDIR)$(PREFIX)/bin/gaol
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/gaol man >$(DESTDIR)$(PREFIX)/share/man/man1/gaol.1
	$(BUILD)/gaol completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gaol

clean:
	rm -rf $(BUILD)
