# SPDX-License-Identifier: MIT
# xpip: `make` builds ./xpip, `make help` lists the rest.

# --- knobs -----------------------------------------------------------------------------------
PREFIX    ?= /usr/local
CC        ?= gcc
CXX       ?= g++
CFLAGS    ?= -O2 -g
CXXFLAGS  ?= $(CFLAGS)
SAN       ?=
V         ?= 0
# The default index is pip's own; its address is asked of the build machine's pip, never written here.
ifeq ($(origin INDEX_URL),undefined)
INDEX_URL := $(shell python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)' 2>/dev/null)
endif
VERSION   := 0.1.0
CI        ?=

# --- packages --------------------------------------------------------------------------------
# Linked. libcurl, libarchive and libcrypto are loaded at first use (lib/load.c): only headers here.
PKGS      := glib-2.0 sqlite3 libdeflate simdjson
PKGS_HEAD := libcurl libarchive libcrypto tomlplusplus
DEBIAN    := gcc g++ make pkg-config libglib2.0-dev libsqlite3-dev libdeflate-dev libsimdjson-dev \
	libcurl4-openssl-dev libarchive-dev libisal-dev libssl-dev libtomlplusplus-dev zlib1g-dev \
	python3 python3-venv python3-pip ca-certificates git
DEBIAN_TEST := bats clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck mandoc openssl strace

# --- sources ---------------------------------------------------------------------------------
comma   := ,
BUILD   := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
FOLDERS := lib verify wheel resolver p2p
SRC     := $(foreach d,$(FOLDERS),$(wildcard $d/*.c $d/*.cc))
CMD     := $(wildcard cmd/*.c)
OBJ     := $(patsubst %,$(BUILD)/%.o,$(SRC))
CMDOBJ  := $(patsubst %,$(BUILD)/%.o,$(filter-out cmd/main.c,$(CMD)))
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*_test.c))
FUZZ    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
CONF    := $(patsubst tests/conformance/%.c,$(BUILD)/conformance/%,$(wildcard tests/conformance/*_vectors.c))
XPIP    := $(if $(SAN),$(BUILD)/xpip,xpip)

# --- rules -----------------------------------------------------------------------------------
WARN   := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla -Wundef -Werror
CWARN  := -Wstrict-prototypes -Wmissing-prototypes
HARDEN := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=3) -fstack-protector-strong -fPIE
DEFS   := -D_GNU_SOURCE -DG_LOG_DOMAIN='"xpip"' -DXPIP_VERSION='"$(VERSION)"' -DXPIP_INDEX_URL='"$(INDEX_URL)"'
SYSTEM := $(shell pkg-config --cflags $(PKGS) $(PKGS_HEAD) 2>/dev/null | sed 's/-I/-isystem /g')
override CPPFLAGS += -I. $(DEFS) $(SYSTEM)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SAN),-fsanitize=$(SAN))
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lz -ldl -lpthread
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' $(1) $(2))

.DEFAULT_GOAL := all
.PHONY: all deps deps-test index fuzz-libs test test-run conformance lint fuzz bench parity demo install clean help
all: $(XPIP)
index:
	@[ -n "$(INDEX_URL)" ] || { echo "python3 -m pip is needed to tell the default index: run 'make deps', or give INDEX_URL=" >&2; exit 1; }
$(OBJ) $(CMDOBJ) $(BUILD)/cmd/main.c.o: | index

$(XPIP): $(BUILD)/cmd/main.c.o $(CMDOBJ) $(BUILD)/libxpip.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/libxpip.a: $(OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/libcmd.a: $(CMDOBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/%.c.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 $(CPPFLAGS) $(WARN) $(CWARN) $(HARDEN) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.cc.o: %.cc
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D) && $(CXX) -std=c++17 $(CPPFLAGS) $(WARN) $(HARDEN) $(CXXFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.c.o $(BUILD)/libcmd.a $(BUILD)/libxpip.a
	$(Q)mkdir -p $(@D) && $(CXX) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/conformance/%: $(BUILD)/tests/conformance/%.c.o $(BUILD)/tests/conformance/conformance.c.o $(BUILD)/libcmd.a $(BUILD)/libxpip.a
	$(Q)mkdir -p $(@D) && $(CXX) $(LDFLAGS) -o $@ $^ $(LIBS)
# Fuzz targets have objects of their own: clang with coverage and the sanitizers.
FUZZFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined
FUZZLIBS  := $(BUILD)/clang/libcmd.a $(BUILD)/clang/libxpip.a
fuzz-libs:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang CXX=clang++ CFLAGS="$(FUZZFLAGS)" WARN=-w $(FUZZLIBS)
ifeq ($(findstring clang,$(BUILD)),)
$(FUZZLIBS): fuzz-libs
	@:
endif
$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZLIBS)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D) && clang -std=c11 $(CPPFLAGS) $(FUZZFLAGS) -c -o $@.o $<
	$(Q)clang++ -fsanitize=fuzzer,address,undefined -o $@ $@.o $(FUZZLIBS) $(LIBS)
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --- checks ----------------------------------------------------------------------------------
deps: ## install what the build needs (Debian, root)
	@tests/deps $(DEBIAN)
deps-test: ## install what the tests need
	@tests/deps $(DEBIAN) $(DEBIAN_TEST)
test: deps-test ## every hermetic test; closes with `N passed, N failed`
	@$(MAKE) --no-print-directory SAN=$(SAN) test-run
test-run: $(XPIP) $(UNIT)
	@XPIP=$(abspath $(XPIP)) BUILD=$(BUILD) tests/run $(UNIT)
conformance: $(XPIP) $(CONF) ## DATA=DIR: the vectors of a conformance folder
	@XPIP=$(abspath $(XPIP)) tests/conformance/run $(DATA) $(CONF)
lint: deps-test $(XPIP) ## formatter, analysers, layering, manual pages, banned calls
	@tests/lint
fuzz: deps-test ## SECONDS=60: every fuzz target for so long
	@$(MAKE) --no-print-directory $(FUZZ) && tests/fuzz/run $(or $(SECONDS),60) $(FUZZ)
bench: $(XPIP) ## side-by-side timings with uv and pip (see README)
	@XPIP=$(abspath $(XPIP)) tests/bench/run
parity: $(XPIP) ## REQ=FILE: install with pip and with xpip, compare the trees; without REQ 200 popular wheels
	@XPIP=$(abspath $(XPIP)) tests/parity $(or $(REQ),--batch 20 tests/data/popular.txt)
demo: deps ## build, make a virtual environment, install a sample requirements file
	@$(MAKE) --no-print-directory all && tests/demo

# --- install ---------------------------------------------------------------------------------
install: $(XPIP) ## PREFIX= DESTDIR=
	install -Dm755 $(XPIP) $(DESTDIR)$(PREFIX)/bin/xpip
	for page in man/*.[1-7]; do install -Dm644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
clean: ## remove what was built
	rm -rf build build-* xpip .demo
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
