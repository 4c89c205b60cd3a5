# make run    install and start the API on the built-in market
# make stack  the same beside a real Collector, Jaeger and Prometheus, built and run here
# make test   everything that must hold, real programs included
# make test-windows  on Windows' Python under Wine, and against the vendor's own package
# make check  format, lint, types, import layers, docs
# make bench  what the telemetry costs and how fast it is
.DEFAULT_GOAL := help
.PHONY: help run stack test test-windows check format bench soak install clean page browser

PYTHON ?= python3
UV_VERSION := 0.13.9
# uv: the one on PATH, else a private copy in .uv/ (Debian's own pip refuses to install outside a venv).
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# Programs are started some hundred times by the tests: nothing is compiled anew for each.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE
RUN := .venv/bin/
ARGS ?=
# Tests that run at the same time. Half of them wait for something most of the time, so there may be more than cores.
WORKERS ?= 3

help: ## this list
	@echo 'mt5-otel: every MetaTrader 5 order is one trace'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: install page ## install and start the API on the built-in market (ARGS='--port 5002')
	@exec $(RUN)mt5-otel run $(ARGS)

stack: install page ## the same with the real Collector, Jaeger and Prometheus (built once)
	@exec $(RUN)mt5-otel stack run $(ARGS)

test: check page browser ## make check and all tests, the real stack included
	$(RUN)mt5-otel stack build
	$(RUN)coverage erase
	$(RUN)coverage run -m pytest -q --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)
	$(RUN)coverage combine --quiet
	$(RUN)coverage report

test-windows: install page ## the vendor's own package and our suite on CPython for Windows, under Wine
	@UV="$(UV)" $(RUN)python -m tests.windows.install
	MT5_OTEL_TEST_WINDOWS=1 $(RUN)python -m pytest tests/windows $(ARGS)

# The build of the package makes the page; where npm could not be reached then, it is tried again here.
page: install
	@[ -f app/dashboard/static/index.html ] || $(RUN)mt5-otel page build || echo 'Going on without the page.'

# Debian's own Chromium for the tests of the page, where it may be installed; elsewhere they use what they find.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || [ "$$(id -u)" != 0 ] \
	  || ! command -v apt-get >/dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends chromium; } || true

check: install ## format, lint, types (also for win32), import layers, docs
	$(RUN)ruff format --check .
	$(RUN)ruff check .
	$(RUN)mypy
	$(RUN)mypy --platform win32 --cache-dir .mypy_cache/win32 app otel
	$(RUN)lint-imports
	$(RUN)python -m pytest -q tests/test_architecture.py tests/test_docs.py tests/test_dependencies.py \
		tests/docs/test_guide.py::test_the_site_builds_and_loads_nothing

format: install ## rewrite the files as ruff formats them
	$(RUN)ruff check --fix .
	$(RUN)ruff format .

bench: install ## what the telemetry costs, as ratios from one run
	$(UV) sync --locked --quiet --group bench
	$(RUN)python -m bench $(ARGS)

soak: install ## look long for inputs that break something (not part of make test)
	$(RUN)python -m pytest -q --hypothesis-profile soak -k "$(or $(WHAT),whatever)" --timeout 3600

install: .venv/.installed

.venv/.installed: pyproject.toml uv.lock | $(UV)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"mt5-otel needs Python 3.11 or newer; $(PYTHON) is {v.major}.{v.minor}. Name another: make PYTHON=python3.12 …")'
	$(UV) sync --locked --python $(PYTHON)
	@touch $@

.uv/bin/uv:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'Python cannot make virtual environments here. Install its venv package once: sudo apt-get install python3-venv'; exit 1; }
	@echo 'Installing uv $(UV_VERSION) into .uv/ …'
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

clean: ## remove what the build made (never ./data)
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist app/dashboard/static web/node_modules
