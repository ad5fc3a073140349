# Two commands do everything on a new Debian machine with Go: make demo, make test. They install what is missing first.
# On macOS it is make test, too; FreeBSD's own make reads BSDmakefile.
GO ?= go
PREFIX ?= /usr/local
BUILD := build
SYSTEM := $(shell uname -s)
RUN := $(if $(filter Linux,$(SYSTEM)),tests/run,tests/other)
SOURCES := $(shell find . -path ./$(BUILD) -prune -o \( -name '*.go' -o -name '*.[ch]' -o -name go.mod \) -print)

# one file for every Linux; other systems have no static C library
FLAGS_Linux := -tags netgo,osusergo -ldflags "-s -w -linkmode external -extldflags -static"

.PHONY: all deps demo test test-race soak fuzz bench wheel test-kernels install clean
all: $(BUILD)/gaol

# Copied, as an installed one is: what a linker has written page by page lies in the page cache so, and each start maps 2,000 small pages
# instead of a few large ones, which takes as long as all namespaces.
$(BUILD)/gaol: $(SOURCES) | deps
	$(GO) build -trimpath $(FLAGS_$(SYSTEM)) -o $@.linked ./cmd/gaol
	cp $@.linked $@
	rm $@.linked

deps:
	@tests/deps

demo: $(BUILD)/gaol
	@examples/demo/run $(BUILD)/gaol

test: deps
	@$(RUN)

# the whole once more under the race detector
test-race: deps
	@$(RUN) -race

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
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(BUILD)/gaol $(DESTDIR)$(PREFIX)/bin/gaol
	$(BUILD)/gaol man >$(DESTDIR)$(PREFIX)/share/man/man1/gaol.1
	$(BUILD)/gaol completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gaol

clean:
	rm -rf $(BUILD)
