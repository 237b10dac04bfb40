# Two commands do all set-up: `make demo` and `make test`. Python 3.11 or newer; another one: make PYTHON=python3.13 test

PYTHON ?= python3
RUN := .venv/bin/python
# Where venv could not finish (Debian without python3-venv), it leaves a Python without pip behind: then it is made again.
MADE := $(RUN) -m pip --version >/dev/null 2>&1
OLD := Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Another one: make PYTHON=python3.13 $(MAKECMDGOALS)
NEW_ENOUGH := $(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit("$(OLD)" % v if v < (3, 11) else 0)'

.PHONY: demo replay test coverage asks lint types format check lock clean

demo: .venv/runtime  ## trade on the embedded paper exchange until Ctrl-C
	$(RUN) -m supervisor config/demo.toml

replay: .venv/runtime  ## replay the price file named in config/replay.toml
	$(RUN) -m supervisor config/replay.toml

test: .venv/development  ## all tests
	$(RUN) -m pytest -n auto

coverage: .venv/development  ## all tests, and which lines they reach; fails below the floor in pyproject.toml
	COVERAGE_CORE=sysmon $(RUN) -m pytest -n auto --cov

asks: .venv/asks  ## the alternative HTTP client, in a folder of its own, for its test

lint: .venv/development  ## ruff: rules and format
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: .venv/development  ## mypy, strict, source and tests
	$(RUN) -m mypy

format: .venv/development
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

check: lint types test  ## what .ci/run does

lock:  ## newest versions with hashes; needs uv on the PATH
	uv pip compile pyproject.toml -U --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml -U --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-dev.lock
	echo asks | uv pip compile - -U --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-asks.lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A changed lock renews the environment; the stamp is written only when everything is installed.
.venv/runtime: requirements.lock
	@$(MADE) || { $(NEW_ENOUGH) && $(PYTHON) -m venv .venv; }
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

.venv/development: requirements-dev.lock
	@$(MADE) || { $(NEW_ENOUGH) && $(PYTHON) -m venv .venv; }
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Without its dependencies: it pins an anyio that nothing else here can use.
.venv/asks: requirements-asks.lock .venv/development
	rm -rf $@
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $@ -r requirements-asks.lock
	touch $@
