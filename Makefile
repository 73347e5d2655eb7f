# Each target makes what it needs first: a virtual environment in .venv, with every package pinned by its hash.
# Only Python 3.11 or newer and make have to be there.

PORT ?= 8000
ALL ?=
VENV := .venv
BIN := $(VENV)/bin
ICAL_JS := tests/calendars/icaljs
PIP := $(BIN)/pip --quiet --disable-pip-version-check --require-virtualenv

.DEFAULT_GOAL := help
.PHONY: help demo serve test check soak bench screenshots catalogs calendar-reader lock

help:
	@echo "make demo          look around with fictional people at http://127.0.0.1:8000 (PORT=8000)"
	@echo "make serve         run the service as config.toml says (PORT=8000)"
	@echo "make test          the tests on this machine, some 4 minutes; ALL=1 runs everything and measures coverage, about 20"
	@echo "make check         lint, format, types, floors and templates"
	@echo "make soak          the long races and kill loops"
	@echo "make bench         the benchmarks, each beside its bar: an hour and a half"
	@echo "make screenshots   every page for every person into screenshots/"
	@echo "make catalogs      list what the Spanish catalogs lack"
	@echo "make calendar-reader  ical.js, which reads our calendar files in the tests (needs npm)"
	@echo "make lock          pin all dependencies again (needs uv)"

demo: $(VENV)/runtime
	@echo "Starting the demo: fictional people, nothing leaves this machine. Stop it with Ctrl-C."
	@$(BIN)/outreach demo --port $(PORT)

serve: $(VENV)/runtime
	@echo "Starting the service on port $(PORT). Stop it with Ctrl-C."
	@$(BIN)/outreach serve --port $(PORT)

# Coverage doubles the time on Python 3.11, so it is measured with ALL=1 only, and there in the plain run:
# the rest runs the same lines. Both runs are made even where the first one fails.
test: $(VENV)/dev
ifeq ($(ALL),)
	@echo "Running the tests."
	@$(BIN)/python -m $(PYTEST)
else
	@echo "Running the tests, with what they cover."
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m $(PYTEST) || touch .coverage.failed
	@echo "Running the rest of them: the other database engine, every page, language and theme."
	@$(BIN)/python -m $(PYTEST) --rest || touch .coverage.failed
	@! rm .coverage.failed 2>/dev/null
	@$(BIN)/coverage combine --quiet
	@echo "Coverage: at least 90 % of all, and every line and branch of the rules."
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include='*/rules.py' --fail-under=100
endif

PYTEST := pytest -q -rs --numprocesses auto --maxprocesses 4 --dist worksteal --durations=10

check: $(VENV)/dev
	@echo "ruff: names, errors, docstrings, imports"
	@$(BIN)/ruff check .
	@echo "ruff format: layout"
	@$(BIN)/ruff format --check --quiet .
	@echo "mypy: types"
	@$(BIN)/mypy
	@echo "import-linter: floors"
	@$(BIN)/lint-imports --no-logo
	@echo "djlint: templates"
	@$(BIN)/djlint --lint --quiet templates

soak: $(VENV)/dev
	@echo "Running the long races and kill loops. This takes a while."
	@$(BIN)/pytest -q tests/soak --soak -o faulthandler_timeout=0

bench: $(VENV)/dev calendar-reader
	@for bench in bench/*.py; do echo "$$bench"; $(BIN)/python $$bench || exit 1; done

screenshots: $(VENV)/dev
	@echo "Taking a picture of every page for every person into screenshots/."
	@$(BIN)/python -m tests.browser.screenshots screenshots

catalogs: $(VENV)/dev
	@$(BIN)/python -m tests.catalogs

calendar-reader: $(ICAL_JS)/node_modules

$(ICAL_JS)/node_modules: $(ICAL_JS)/package-lock.json
	@command -v npm >/dev/null || { echo "ical.js needs node and npm: install them first."; exit 1; }
	@echo "Installing ical.js for the tests."
	@cd $(ICAL_JS) && npm ci --silent
	@touch $@

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: install it first (pip install uv)."; exit 1; }
	uv pip compile pyproject.toml --extra production $(PINS) -o requirements.lock
	uv pip compile pyproject.toml --extra production --group dev $(PINS) -o requirements-dev.lock
	uv pip compile --group build $(PINS) -o requirements-build.lock
	@echo "ical.js, in $(ICAL_JS), has a lock of its own: npm update --package-lock-only there."

PINS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
  --custom-compile-command "make lock"

# The newest interpreter that really starts: a name on the path may be only a shim.
$(BIN)/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making a virtual environment in $(VENV) with $$($$python --version)."; \
	  $$python -m venv $(VENV) && exit 0; \
	done; echo "Python 3.11 or newer with venv is needed, and none was found."; exit 1

# A stamp says that the environment holds what the lock file names.
$(VENV)/runtime: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the service needs (about 40 seconds the first time)."
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-build.lock -r requirements.lock
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	@echo "Installing what the tests and checks need besides."
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.lock
	@touch $@
