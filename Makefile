# One entry per chore. Needs make, Python 3.11 or newer and a package index; everything else is installed below this folder.
#   make run [PORT=8000] [STATE=.state] [DEMO=0]   all of Throughline, until Ctrl-C
#   make test                                      everything that is needed, the checks, then every test
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check chromium screenshots bench bench-lists bench-queue chaos fuzz clean lock environment

SUITABLE := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$each -c '$(SUITABLE)' 2>/dev/null && echo $$each && break; done)
BIN := .venv/bin

# Where Python may keep no compiled modules beside their sources, they are kept in the virtual environment
# (hub/bytecode.py says the same to programs that are not started from here).
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.venv/bytecode
endif

help:
	@sed -n 's/^## //p' Makefile

## make run     start everything and keep it running until Ctrl-C   (PORT=8000 STATE=.state)
run: environment
	@exec $(BIN)/python -m hub.supervisor

## make test    install what is needed, run every check and every test
test: check chromium
	$(BIN)/pytest -n 5

## make chromium  see to a Chromium for the tests of the pages   (CHROMIUM=/path/to/it)
chromium: environment
	@$(BIN)/python -m tests.bring_chromium

## make screenshots  take the pictures of the pages in docs/screenshots anew, of the demonstration firm
screenshots: environment chromium
	$(BIN)/python -m tests.screenshots

## make check   style, types, imports and templates
check: environment
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target check-types check-style check-imports check-templates

.PHONY: check-types check-style check-imports check-templates
check-types:
	$(BIN)/mypy .

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-imports:
	$(BIN)/lint-imports

check-templates:
	$(BIN)/djlint --quiet --lint --check --extend-exclude .state .

## make bench   measure, and write docs/benchmarks.md
bench: environment
	$(BIN)/python -m bench

## make bench-lists   fill a million transactions, ask every list for its time, and write that section of the page
bench-lists: environment
	$(BIN)/python -m bench.lists

## make bench-queue   fill five million transactions, ask the exception queue for its times, write that section
bench-queue: environment
	$(BIN)/python -m bench.queue

## make chaos   kill everything while it works; nothing may be lost or doubled
chaos: environment
	$(BIN)/python -m chaos

## make fuzz    call the whole API as its document says, and as it does not, by every role   (EXAMPLES=25)
EXAMPLES ?= 25
fuzz: environment
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=1 $(BIN)/pytest -n 2 tests/api/test_fuzz.py

## make lock    renew requirements.lock from pyproject.toml, and the part of it that a container runs with
lock: environment
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --upgrade --no-header \
		--no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --constraint requirements.lock --universal --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --no-annotate --quiet --output-file requirements-run.lock

## make clean   remove what was installed and cached; the data in STATE stay
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

environment:
	@test -n "$(PYTHON)" || { printf '%s\n' \
		'Throughline cannot start: no Python 3.11 or newer was found.' \
		'  Cause:  none of python3, python3.11 to python3.14 on this PATH is new enough.' \
		'  Remedy: install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name it: make run PYTHON=/path/to/python3.12' \
		>&2; exit 1; }
	@$(PYTHON) -I hub/supervisor/environment.py
