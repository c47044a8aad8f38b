# The field kit. The two commands: make run, make test.
#
# make             check: formatting, vet, static analysis, all quick tests
# make run         build all and open a kit with an exercise at http://127.0.0.1:8080
# make test        all of check, the race detector and the browser tests
# make build       bin/fieldkit, the one binary
# make web         the page and the world outline that are built into it
# make e2e         the browser tests alone
# make screenshots the pictures of the README, made anew
# make gdal        reads the kit's vector tiles with GDAL
# make race        Go tests under the race detector
# make fuzz        each fuzzer for FUZZTIME (default 20s)
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
DATA ?= fieldkit-data
LISTEN ?= 127.0.0.1:8080

PAGE_SOURCES := $(shell find dashboard/src dashboard/public dashboard/tools -type f 2>/dev/null) \
	dashboard/index.html dashboard/package-lock.json dashboard/vite.config.ts dashboard/svelte.config.js dashboard/tsconfig.json
GO_SOURCES := $(shell find . -name '*.go' -not -path './dashboard/node_modules/*') go.mod go.sum
EMBEDDED := $(shell find kit maps -type f -not -name '*.go' -not -path '*/testdata/*')

.PHONY: check run test build web e2e screenshots race fuzz bench clean lint page gotest gdal compiler browser reader

compiler:
	@.ci/need gcc:gcc

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

build: bin/fieldkit

run: bin/fieldkit
	bin/fieldkit demo --data $(DATA) --listen $(LISTEN)

lint: web | compiler
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(TAGS) ./...
	$(GO) tool staticcheck $(TAGS) ./...

page: dashboard/node_modules/.package-lock.json
	cd dashboard && npm run check && npm test

gotest: web | compiler
	$(GO) test $(TAGS) ./...

check: lint page gotest

gdal: web | compiler reader
	$(GO) vet $(TAGS),gdal ./kit/api
	$(GO) test $(TAGS),gdal -run GDAL ./kit/api

race: web | compiler
	$(GO) test $(TAGS) -race ./...

e2e: bin/fieldkit | browser
	cd dashboard && FIELDKIT_BIN=$(CURDIR)/bin/fieldkit npm run e2e

test: lint page race gdal e2e

screenshots: bin/fieldkit | browser
	cd dashboard && FIELDKIT_BIN=$(CURDIR)/bin/fieldkit npm run screenshots

fuzz: web | compiler
	@set -e; for pkg in $$($(GO) list $(TAGS) ./...); do \
		for f in $$($(GO) test $(TAGS) -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "== $$pkg $$f"; $(GO) test $(TAGS) -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
		done; \
	done

bench: web | compiler
	@$(GO) run $(TAGS) ./kit/cmd/bench

clean:
	rm -rf bin dashboard/node_modules maps/pack/data/world.mbtiles
	find dashboard/dist -mindepth 1 -not -name .gitkeep -delete
