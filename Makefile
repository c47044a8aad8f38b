# The field kit. The two commands: make run, make test.
#
# make             check: formatting, vet, static analysis, all quick tests
# make run         build all and open a kit with an exercise at http://127.0.0.1:8080
# make test        all of check, the race detector, the browser tests and determinism
# make build       bin/fieldkit, the one binary
# make web         the page and the world outline that are built into it
# make e2e         the browser tests alone
# make screenshots the pictures of the README, made anew
# make gdal        reads the kit's vector tiles with GDAL
# make race        Go tests under the race detector
# make fuzz        each fuzzer for FUZZTIME (default 20s)
# make crash       KILLS kills of the program under load (default 1000), CUTS power cuts beneath SQLite (default 5000)
# make determinism the same bytes on amd64 and on arm64, which is emulated
# make bench       JSON lines: ratios against a limit measured in the same run
# make clean       take away what was built

SHELL := /bin/bash
.DEFAULT_GOAL := check
.DELETE_ON_ERROR:

# The kit never loads SQLite extensions; a build without them cannot be talked into it.
TAGS := -tags=sqlite_omit_load_extension
GO := go
GOBUILD := $(GO) build $(TAGS) -trimpath
FUZZTIME ?= 20s
KILLS ?= 1000
CUTS ?= 5000
DATA ?= fieldkit-data
LISTEN ?= 127.0.0.1:8080

PAGE_SOURCES := $(shell find dashboard/src dashboard/public dashboard/tools -type f 2>/dev/null) \
	dashboard/index.html dashboard/package-lock.json dashboard/vite.config.ts dashboard/svelte.config.js dashboard/tsconfig.json
GO_SOURCES := $(shell find . -name '*.go' -not -path './dashboard/node_modules/*') go.mod go.sum
EMBEDDED := $(shell find kit maps -type f -not -name '*.go' -not -path '*/testdata/*')

.PHONY: check run test build web e2e screenshots race fuzz crash determinism bench clean lint page gotest gdal compiler tools crosscompiler browser reader

compiler:
	@.ci/need gcc:gcc

tools:
	@.ci/need jq:jq

crosscompiler:
	@.ci/need aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross \
		qemu-aarch64-static:qemu-user-static

browser:
	@.ci/need chromium:chromium fc-match:fontconfig DejaVuSans.ttf:fonts-dejavu-core

reader:
	@.ci/need ogr2ogr:gdal-bin

dashboard/node_modules/.package-lock.json: dashboard/package-lock.json
	cd dashboard && npm ci --no-audit --no-fund
	@touch $@

dashboard/dist/index.html: $(PAGE_SOURCES) dashboard/node_modules/.package-lock.json
	cd dashboard && npm run build
	@touch $@

maps/pack/data/world.mbtiles: dashboard/node_modules/.package-lock.json $(wildcard maps/cmd/worldpack/*.go maps/outline/*.go maps/topojson/*.go) | compiler
	$(GO) run $(TAGS) ./maps/cmd/worldpack -in dashboard/node_modules/world-atlas -out $@

web: dashboard/dist/index.html maps/pack/data/world.mbtiles

bin/fieldkit: $(GO_SOURCES) $(EMBEDDED) dashboard/dist/index.html maps/pack/data/world.mbtiles | compiler
	$(GOBUILD) -o $@ ./kit/cmd/fieldkit

# For a Raspberry Pi; static, so that it needs nothing there.
bin/fieldkit-arm64: $(GO_SOURCES) $(EMBEDDED) dashboard/dist/index.html maps/pack/data/world.mbtiles | crosscompiler
	CGO_ENABLED=1 GOARCH=arm64 CC=aarch64-linux-gnu-gcc $(GO) build $(TAGS),netgo,osusergo -trimpath \
		-ldflags "-s -w -linkmode external -extldflags -static" -o $@ ./kit/cmd/fieldkit

build: bin/fieldkit

run: bin/fieldkit
	bin/fieldkit demo --data $(DATA) --listen $(LISTEN)

lint: web | compiler
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(TAGS) ./...
	$(GO) tool staticcheck $(TAGS) ./...

page: dashboard/node_modules/.package-lock.json
	cd dashboard && npm run check && npm test

gotest: web | compiler tools
	$(GO) test $(TAGS) ./...

check: lint page gotest

gdal: web | compiler reader
	$(GO) vet $(TAGS),gdal ./kit/api
	$(GO) test $(TAGS),gdal -run GDAL ./kit/api

race: web | compiler tools
	$(GO) test $(TAGS) -race ./...

e2e: bin/fieldkit | browser
	cd dashboard && FIELDKIT_BIN=$(CURDIR)/bin/fieldkit npm run e2e

test: lint page race gdal e2e determinism

screenshots: bin/fieldkit | browser
	cd dashboard && FIELDKIT_BIN=$(CURDIR)/bin/fieldkit npm run screenshots

fuzz: web | compiler
	@set -e; for pkg in $$($(GO) list $(TAGS) ./...); do \
		for f in $$($(GO) test $(TAGS) -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$f"; $(GO) test $(TAGS) -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
		done; \
	done

crash: bin/fieldkit
	FIELDKIT_CRASH_CUTS=$(CUTS) $(GO) test $(TAGS) -count=1 -timeout 60m -v -run '^TestPowerCuts' ./kit/store
	FIELDKIT_CRASH_KILLS=$(KILLS) FIELDKIT_BIN=$(CURDIR)/bin/fieldkit $(GO) test $(TAGS) -count=1 -timeout 60m -v -run '^TestKilledUnderLoad$$' ./kit/cmd/fieldkit

# What is hashed and folded is tried on the other machine by its own tests too; signatures in batches, which are slow
# there, by the traces.
PURE := ./kit/event ./kit/canvas ./kit/digest ./kit/segment ./kit/scope ./maps/tile ./kit/projector/geojson
determinism: bin/fieldkit-arm64 | compiler
	CGO_ENABLED=0 GOARCH=arm64 RAPID_CHECKS=10 $(GO) test -exec qemu-aarch64-static -skip 'InBatches$$' $(PURE)
	FIELDKIT_OTHER="qemu-aarch64-static $(CURDIR)/bin/fieldkit-arm64" \
		$(GO) test $(TAGS) -count=1 -timeout 30m -v -run '^TestTwoMachinesAgree$$' ./kit/cmd/fieldkit

bench: web | compiler
	@$(GO) run $(TAGS) ./kit/cmd/bench

clean:
	rm -rf bin dashboard/node_modules maps/pack/data/world.mbtiles
	find dashboard/dist -mindepth 1 -not -name .gitkeep -delete
