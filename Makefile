# What a developer does here. Needed: Go, a C++ compiler (g++), make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help build demo test race test-clients test-clients-more differential tpch crash test-redshift check fmt golden fuzz faults bench clean

GO ?= go
TOOLS := $(CURDIR)/.tools
LINT_VERSION := v2.15.0
LINT := $(TOOLS)/golangci-lint-$(LINT_VERSION)
FUZZTIME ?= 20s

# Test binaries by what they are linked with: "x.test" lines of go list, whose dependencies do or do not name $(1).
with = $$($(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | awk '$$1 ~ /\.test$$/ && /$(1)/ {sub(/\.test$$/, "", $$1); print $$1}')
without = $$($(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' ./... | awk '$$1 ~ /\.test$$/ && !/$(1)/ {sub(/\.test$$/, "", $$1); print $$1}')
duckdb := duckdb-go-bindings

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the program, into bin/tidegate
	$(GO) build -o bin/tidegate ./cmd/tidegate

demo: build ## raw logs, pipelines, a server to connect psql to; Ctrl-C ends it. LAKE=s3 HOT=warehouse: on stand-ins
	$(if $(LAKE)$(HOT),LAKE="$(LAKE)" HOT="$(HOT)" HOT_URL="$(HOT_URL)" examples/demo.sh,bin/tidegate demo)

# The race detector sees Go only; where libduckdb is linked it would cost a large binary for each package. The sessions of the
# gateway are worth theirs.
raced := tidegate/gateway

test: ## every test; installs what it lacks as root, names what it leaves out otherwise (an error if CI=true)
	@left=$$(test/install.sh | tr '\n' ' '); \
	PATH="$$PATH:$(TOOLS)/moto/bin"; export PATH; \
	race="$(call without,$(duckdb)) $(raced)"; plain="$$(printf '%s\n' $(call with,$(duckdb)) | grep -vx $(raced))"; \
	$(GO) test -race -timeout 20m $$race; \
	if [ -n "$$plain" ]; then $(GO) test -timeout 10m $$plain; fi; \
	if [ -n "$$left" ]; then echo "left out:" $$left >&2; fi

CLIENTS ?= .

test-clients: ## real programs and drivers (CLIENTS='psql|pgjdbc'), installed as for test; REWRITE=1 writes docs/clients.md
	$(GO) test -count=1 -v -timeout 30m ./test/clients -clients '$(CLIENTS)' $(if $(REWRITE),-rewrite) | grep -v '^=== '

test-clients-more: ## the same with clients of PyPI and Maven, which take longer to install; not in CI
	$(GO) test -count=1 -v -timeout 60m ./test/clients -more -clients '$(CLIENTS)' $(if $(REWRITE),-rewrite) | grep -v '^=== '

N ?= 20000
SEED ?= 1

differential: ## N (20000) random queries, of SEED (1), answered as PostgreSQL 15 does; make test has a few
	$(GO) test -count=1 -v -timeout 120m -run '^TestRandom$$' ./test/differential -random $(N) -seed $(SEED) | grep -v '^=== '

SCALE ?= 0.1

tpch: ## the 22 queries of TPC-H at SCALE (0.1), answered as PostgreSQL 15 does; make test has a hundredth
	$(GO) test -count=1 -v -timeout 60m -run '^TestTPCH$$' ./test/differential -tpch $(SCALE) | grep -v '^=== '

crash: ## seeded: the ETL killed at 200 points; per server 100 loads killed, broken, delivered twice or at once; a catalog's messages lost
	TIDEGATE_TEST_CRASH_CASES=$${CASES:-200} $(GO) test -count=1 -v -timeout 30m -run 'TestKilled' ./etl | grep -v '^=== '
	TIDEGATE_TEST_CRASH_CASES=$${CASES:-100} $(GO) test -count=1 -v -timeout 30m -run 'TestLoadCampaign' ./etl/hotload
	TIDEGATE_TEST_CRASH_CASES=all $(GO) test -count=1 -timeout 30m -run 'TestEveryMessageLost' ./catalog/postgres

race: ## sessions, COPY FROM STDIN and temporary tables of a program that is built with the race detector; not in CI
	TIDEGATE_TEST_RACE=1 GORACE=halt_on_error=1 $(GO) test -count=1 -timeout 60m -run 'Copy|Session|Temporary|Write|Drain' ./test/e2e

test-redshift: ## the hot suites on your own cluster: TIDEGATE_TEST_REDSHIFT=postgres://… _STAGE=s3://… _ROLE=arn:…
	$(GO) test -tags redshift -count=1 -v -timeout 60m -run '^TestCluster$$' ./etl/hotload

check: $(LINT) ## what CI looks at beside the tests: formatting, vet, lint, go.mod
	$(GO) vet ./...
	$(GO) vet -tags redshift ./etl/hotload
	$(LINT) run ./...
	$(GO) mod tidy -diff

fmt: $(LINT) ## format every file as check wants it
	$(LINT) fmt ./...

golden: ## write the golden files anew from what the code does now; look at the diff
	@packages="$(call with,cockroachdb.datadriven)"; \
	if [ -n "$$packages" ]; then $(GO) test $$packages -rewrite; else echo 'no package has golden files'; fi
	$(GO) test -count=1 -run '^(TestSemantics|TestRefused)$$' ./test/differential -rewrite

fuzz: ## every fuzz target for FUZZTIME (20s) each
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' | while read -r file name; do \
		echo "$$name in $$(dirname "$$file")"; \
		$(GO) test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null; \
	done

QUERIES ?= 2000

faults: ## QUERIES (2000) seeded queries of each campaign over a lake whose requests fail; make test has 300
	TIDEGATE_TEST_FAULTS=$(QUERIES) $(GO) test ./internal/engine/cold -run 'Fault|FullDisk' -count 1 -v -timeout 60m | grep -v '^=== '

bench: ## SUITE=x: one line of JSON for each metric beside its baseline; QUICK=1 takes fewer samples. Without: the choices
	@if [ "$(SUITE)" = hot ]; then test/install.sh pgbouncer >/dev/null; fi; \
	if [ -n "$(SUITE)" ]; then \
		$(GO) build -o bin/bench ./bench && PATH="$$PATH:$(TOOLS)/moto/bin" bin/bench -suite "$(SUITE)" $(if $(QUICK),-quick); \
	else \
		echo 'make bench SUITE=x runs one of:'; $(GO) run ./bench -list | sed 's/^/  /'; \
		echo 'go test -run "^$$" -bench NAME -benchmem FOLDER runs one of:'; \
		grep -rHo --include='*_test.go' '^func Benchmark[A-Za-z0-9_]*' . | sed 's/:func / /' | while read -r file name; do \
			echo "  $$name $$(dirname "$$file")"; done; \
	fi

clean: ## remove what was built, not the data of the demo
	rm -rf bin cover.out

$(LINT):
	GOBIN=$(TOOLS)/build $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(TOOLS)/build/golangci-lint $@
	rmdir $(TOOLS)/build
