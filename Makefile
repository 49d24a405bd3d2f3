# Everything that a person or the CI runs. Only Go is needed, and Debian for the
# tests with MySQL: tests start real Vitess, which `go run ./lab build` compiles
# once into the user's cache folder, beside the MySQL that it fetches.

GOLANGCI_LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 3s

.PHONY: build test test-fast fuzz lab demo bench parity lint clean

build:
	go build -o bin/ ./cmd/vtsync

# All tests, those against real Vitess included, and each fuzz target for a
# moment.
test: build
	go vet ./...
	cd lab/v24 && go vet ./...
	go run ./lab build
	go test -timeout 45m ./...
	$(MAKE) fuzz

# Without the tests that start processes.
test-fast:
	go test -short ./...

fuzz:
	.ci/fuzz $(FUZZTIME)

# A Vitess cluster to try things on; `go run ./lab down` stops it. FULL=1 adds
# a MySQL and a vttablet per shard.
lab:
	go run ./lab up $(if $(FULL),--full)

# The main story with real output. KEEP=1 leaves the cluster up.
demo:
	go run ./lab/demo $(if $(KEEP),--keep)

# Compares with vtctldclient, measures how vtsync grows, and writes
# docs/performance.md.
bench:
	go run ./bench

# Holds lint to Vitess itself, and writes the counts into docs/rules.md.
parity:
	go run ./parity -write docs/rules.md

lint:
	$(GOLANGCI_LINT) run ./...

clean:
	-go run ./lab down
	rm -rf bin .lab
