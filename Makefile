# Everything a developer or a user of this tree runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help system setup run fix check test unit acceptance bench versus clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/.requirements: requirements/dev.txt
	@scripts/system build
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

setup: $(VENV)/.requirements ## build a release of AMP into .venv (bin/amp, bin/alertmanager, bin/amtool)
	@scripts/system build
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --locked --quiet
	@$(BIN)/python -m compileall -q python/amp

run: setup ## start AMP on :9093 with SQLite and the example configuration
	$(BIN)/alertmanager --config.file=examples/alertmanager.yml --storage.path=data/

fix: ## format, and repair what the linters can
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: setup ## linters, types, contracts, and the fast tests
	scripts/check

test: ## set everything up and run every test
	@scripts/system test
	$(MAKE) setup
	scripts/test

bench: setup ## criterion and pytest-benchmark
	scripts/bench

versus: setup ## measure AMP and Alertmanager side by side; prints the README's table
	benches/versus/run

clean: ## remove everything that was built
	rm -rf target $(VENV) build dist wheels
