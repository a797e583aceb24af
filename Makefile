# `make` alone prints what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
DATA ?= data
WORKERS ?= 1

VENV := .venv
BIN := $(VENV)/bin
PIP_OPTIONS := --quiet --disable-pip-version-check --require-virtualenv

# --- what a newcomer does -----------------------------------------------------------------------------------------

.PHONY: help
help: ## print this
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2} /^# ---/ {gsub(/^# -+ | -+$$/, ""); printf "\n%s\n", $$0}' $(MAKEFILE_LIST)

.PHONY: serve
serve: $(VENV)/.serve ## start the server on a real MongoDB: PORT=8000 DATA=data WORKERS=1 HOST=127.0.0.1
	@exec $(BIN)/traya-gql serve --host "$(HOST)" --port "$(PORT)" --data "$(DATA)" --workers "$(WORKERS)"

.PHONY: test
test: $(VENV)/.dev ## pass the fast tests, on a real MongoDB
	@# by file, in order: what the tests of a file share is made once; three on two cores: a third of the time is waiting
	@$(BIN)/pytest -m "not slow" --numprocesses 3 --dist loadfile --no-loadscope-reorder --quiet $(TESTS)

# --- before a commit ----------------------------------------------------------------------------------------------

.PHONY: check
check: lint types stairs schema-check graphiql-verify lock-check ## all fast checks but the tests

.PHONY: lint
lint: $(VENV)/.dev ## style and common mistakes
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .

.PHONY: types
types: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy --no-error-summary

.PHONY: stairs
stairs: $(VENV)/.dev ## imports only go down (import-linter)
	@$(BIN)/lint-imports --no-logo > .make.stairs 2>&1 || { cat .make.stairs; rm -f .make.stairs; exit 1; }; rm -f .make.stairs

.PHONY: schema
schema: $(VENV)/.dev ## write schema.graphql anew
	@$(BIN)/traya-gql schema export schema.graphql

.PHONY: schema-check
schema-check: $(VENV)/.dev ## schema.graphql is what the code says
	@$(BIN)/traya-gql schema export --check schema.graphql

.PHONY: format
format: $(VENV)/.dev ## put the code into the house's style
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: coverage
coverage: $(VENV)/.dev ## branch coverage; domain/ must have all of it
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -m "not slow" --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include 'src/traya_gql/domain/*' --fail-under 100 > /dev/null

# --- slower proofs ------------------------------------------------------------------------------------------------

.PHONY: faults
faults: $(VENV)/.dev ## kill -9 of every part of the embedded MongoDB, of servers, of workers at every step; older folders, broken data files, secrets in the output; about 8 minutes
	@timeout 1200 $(BIN)/pytest -m slow --ignore tests/browser --quiet

.PHONY: browser
browser: $(VENV)/.dev ## GraphiQL, and a front end that sends a photo, in headless Chromium without internet (Debian package chromium)
	@timeout 300 $(BIN)/pytest tests/browser --quiet

.PHONY: bench
bench: $(VENV)/.dev ## figures side by side with a plain Strawberry + Beanie app; assessments, photos and jobs a second; about 10 minutes
	@timeout 1200 $(BIN)/python -m bench

.PHONY: mutants
mutants: $(VENV)/.dev ## change the code and rules of the assessment and of prices one place at a time: the tests must notice; about 4 minutes
	@timeout 1500 $(BIN)/python -m tools.mutants

.PHONY: ready
ready: $(VENV)/.dev ## measure the embedded MongoDB: seconds to ready, disk, memory, recovery
	@timeout 300 $(BIN)/pytest -m slow -s -q -k figures tests/integrations/test_embedded_mongodb_faults.py

# --- upkeep -------------------------------------------------------------------------------------------------------

.PHONY: graphiql-verify
graphiql-verify: $(VENV)/.dev ## GraphiQL's files are the pinned ones, whole, with their licences
	@$(BIN)/python tools/graphiql_assets.py verify

.PHONY: graphiql-refresh
graphiql-refresh: $(VENV)/.dev ## fetch GraphiQL's pinned files anew (needs npm)
	@$(BIN)/python tools/graphiql_assets.py refresh

.PHONY: lock
lock: $(VENV)/.dev ## write requirements/*.lock anew from pyproject.toml
	@$(BIN)/python tools/lock.py write

.PHONY: lock-check
lock-check: $(VENV)/.dev ## the locks hold what pyproject.toml asks for, with hashes and without addresses
	@$(BIN)/python tools/lock.py check

.PHONY: clean
clean: ## remove the virtual environment and caches; data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

# --- set-up: pinned packages with hashes, then the project itself -------------------------------------------------

$(VENV)/.serve: requirements/serve.lock pyproject.toml
	@$(PYTHON) tools/preflight.py
	@echo "Setting up $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -e $(VENV)/.dev || $(BIN)/pip install $(PIP_OPTIONS) --require-hashes -r requirements/serve.lock
	@$(BIN)/pip install $(PIP_OPTIONS) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml
	@$(PYTHON) tools/preflight.py
	@echo "Setting up $(VENV) for development (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install $(PIP_OPTIONS) --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install $(PIP_OPTIONS) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.serve
