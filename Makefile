# Tallystick: `make demo` shows the hub, `make test` proves it. Everything lives in .venv.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
PYTEST_ARGS ?=
LOCK_ARGS ?=
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header $(LOCK_ARGS)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Tallystick needs Python 3.11 or newer and found none as '$(PYTHON)': install it (Debian: apt-get install python3), or name another with 'make PYTHON=/path/to/python3.11'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing, so no virtual environment can be made: run 'apt-get install python3-venv' as root, then try again." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: requirements/uv.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# --no-build-isolation: setuptools comes from the lock file, nothing unlocked is fetched
$(STAMP): requirements/dev.txt requirements/runtime.in pyproject.toml $(BIN)/uv
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP)  ## make .venv with everything that runs and tests the product

# Debian packages that some tests start servers from; without them those tests are skipped, in CI they are a must.
# The -core packages hold the server without a service that would start by itself.
DEBIAN_PACKAGES := mariadb-server-core mariadb-client-core chromium

.PHONY: deps-system
deps-system:  ## install the Debian packages that some tests use
	@have=$$(dpkg-query -W -f '$${db:Status-Status}\n' $(DEBIAN_PACKAGES) 2>/dev/null | grep -cx installed); \
	if [ "$$have" = $(words $(DEBIAN_PACKAGES)) ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBIAN_PACKAGES) >/dev/null; \
	elif [ -n "$$CI" ]; then \
	  echo "CI must run every test but cannot install $(DEBIAN_PACKAGES): run it as root on Debian, or install them before." >&2; exit 1; \
	else \
	  echo "Not installed: $(DEBIAN_PACKAGES). The tests that need them will be skipped; to run them, install the packages as root."; \
	fi

# The hub's tests have a process of their own: Django takes its settings once per process (tests/hub.py).
HUB_TESTS := tests/server tests/web

.PHONY: test
test: setup  ## the tests a change must pass
	$(BIN)/pytest -q -n 2 -m "not slow and not soak" $(PYTEST_ARGS)
	$(BIN)/pytest -q -n 2 -m "not slow and not soak" $(PYTEST_ARGS) $(HUB_TESTS)

.PHONY: test-slow
test-slow: setup  ## the tests that take longer
	$(BIN)/pytest -q -n 2 -m "slow and not soak and not agents and not request_tracker" $(PYTEST_ARGS)
	$(BIN)/pytest -q -n 2 -m "slow and not soak and not agents and not request_tracker" $(PYTEST_ARGS) $(HUB_TESTS)

# Inventory agents that report to a hub; their packages bring services that stay off without a server configured.
AGENT_PACKAGES := fusioninventory-agent ocsinventory-agent

.PHONY: test-agents
test-agents: setup  ## real inventory agents from Debian against the hub
	@for package in $(AGENT_PACKAGES); do \
	  command -v $$package >/dev/null || echo "Not installed: $$package. Its tests are skipped; to run them: apt-get install $(AGENT_PACKAGES)."; \
	done
	$(BIN)/pytest -q -n 0 -m agents --timeout 600 $(PYTEST_ARGS) tests/server/discovery

# A help desk of others. The server is started by the tests; what the packages bring starts nothing by itself:
# no database is made (dbconfig-no-thanks), and the mail program has no service (msmtp-mta).
TRACKER_PACKAGES := request-tracker5 rt5-db-sqlite rt5-standalone dbconfig-no-thanks msmtp-mta

.PHONY: deps-request-tracker
deps-request-tracker:
	@have=$$(dpkg-query -W -f '$${db:Status-Status}\n' $(TRACKER_PACKAGES) 2>/dev/null | grep -cx installed); \
	if [ "$$have" = $(words $(TRACKER_PACKAGES)) ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TRACKER_PACKAGES) >/dev/null; \
	elif [ -n "$$CI" ]; then \
	  echo "CI must run every test but cannot install $(TRACKER_PACKAGES): run it as root on Debian, or install them before." >&2; exit 1; \
	else \
	  echo "Not installed: $(TRACKER_PACKAGES). The tests that need them will be skipped; to run them, install the packages as root."; \
	fi

.PHONY: test-request-tracker
test-request-tracker: setup deps-request-tracker  ## a real Request Tracker from Debian as a help desk of the hub
	$(BIN)/pytest -q -n 2 -m request_tracker --timeout 300 $(PYTEST_ARGS) tests/server/request_tracker

.PHONY: soak
soak: setup  ## the tests that run for minutes to hours
	$(BIN)/pytest -q -m soak --timeout 0 $(PYTEST_ARGS)
	$(BIN)/pytest -q -m soak --timeout 0 $(PYTEST_ARGS) $(HUB_TESTS)

.PHONY: lint
lint: setup  ## style, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: messages
messages: setup  ## collect the hub's texts into the .po files and compile them (needs the Debian package gettext)
	@for folder in src/tallystick/server/*/locale; do \
	  (cd $$(dirname $$folder) && PATH=$(CURDIR)/$(BIN):$$PATH && \
	   django-admin makemessages --locale ru --no-location --no-wrap --no-obsolete --verbosity 0 && \
	   sed -i '/^"POT-Creation-Date/d' locale/ru/LC_MESSAGES/django.po && \
	   django-admin compilemessages --locale ru --verbosity 0) || exit 1; \
	done

.PHONY: bench
bench: setup  ## measure; prints numbers, judges nothing
	$(BIN)/pytest -q -s --timeout 0 -o python_files="bench_*.py" tests/bench $(PYTEST_ARGS)

.PHONY: demo
demo: setup  ## the hub at work, with sample systems beside it (PORT=8000)
	$(BIN)/tallystick demo --port $(PORT)

.PHONY: docs
docs: setup  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: status
status: setup  ## write docs/status.md from docs/rows.toml and the tests
	$(BIN)/python scripts/status.py

.PHONY: lock
lock: | $(BIN)/uv  ## lock requirements/*.in again (LOCK_ARGS=--upgrade for newer versions)
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) --constraint requirements/runtime.txt requirements/dev.in -o requirements/dev.txt

.PHONY: clean
clean:  ## remove what was built, and .venv
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
