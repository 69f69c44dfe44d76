# Everything a person types here. Each target makes what it needs: `make demo` on a fresh clone is enough.
#   PYTHON=…           the interpreter to build .venv with (3.11)
#   TORCH_INDEX_URL=…  an index to take PyTorch from, such as its CPU-only one (a far smaller download)
#   ARGS="…"           more arguments for `test`, `bench` and `up`

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep "^torch==" constraints.txt)
# A database that lives for one command, for Alembic to compare the tables with.
SCRATCH = scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && export HARMONY_DATA_DIR="$$scratch"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test check fix bench openapi migration clean
SHELL := /bin/bash

help: ## Show this list
	@echo "Harmony Speech Engine"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## Hear it work: install, fetch the default models, run every kind of job
	@$(BIN)/python -m harmony.demo

up: $(VENV)/.demo ## Start the one-machine stack and keep it up (Ctrl-C stops it)
	@$(BIN)/harmony up $(ARGS)

test: check ## Run every check and every test, with real services
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/.dev ## Lint, format, types, import contracts, tables against migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(SCRATCH) && $(BIN)/alembic --raiseerr upgrade head && $(BIN)/alembic check

fix: $(VENV)/.dev ## Mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m harmony.settings > .env.example

bench: $(VENV)/.dev ## Measure: a table, and bench-output/results.json
	@$(BIN)/python -m benchmarks $(ARGS)

openapi: $(VENV)/.dev ## Write the API's description to docs/openapi.json
	@$(BIN)/python -m harmony.openapi docs/openapi.json

migration: $(VENV)/.dev ## Write a migration from the tables: make migration m="what changes"
	@test -n '$(m)' || { echo 'Say what changes: make migration m="add a column to jobs"' >&2; exit 2; }
	@$(SCRATCH) && $(BIN)/alembic --raiseerr upgrade head && $(BIN)/alembic revision --autogenerate -m '$(m)'

clean: ## Remove what runs have left here, but not .venv nor ./data
	@rm -rf demo-output bench-output test-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

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
