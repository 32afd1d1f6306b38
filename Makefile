# Two commands: `make run` and `make test`. Everything else helps those who change the code.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check screenshots pictures bench lock clean
.DELETE_ON_ERROR:

run: .venv/installed
	@$(BIN)/devcenter up --demo

test: .venv/installed-dev .venv/installed-clients
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal -q

check: .venv/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m migrations.check

# Pictures of every page: light, dark and narrow.
screenshots: .venv/installed-dev .venv/installed-clients
	@DEVCENTER_SCREENSHOTS=$(or $(FOLDER),.screenshots) $(BIN)/python -m pytest -q -n auto tests/browser/test_every_page.py

# The pictures in the guides, of the pages that tests/browser/guide_pictures.py names.
pictures: .venv/installed-dev .venv/installed-clients
	@DEVCENTER_SCREENSHOTS=.screenshots $(BIN)/python -m pytest -q tests/browser/test_every_page.py \
		-k "$$($(BIN)/python -m tests.browser.guide_pictures)"
	@$(BIN)/python -m tests.browser.guide_pictures .screenshots

bench: .venv/installed-bench
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(NAME)

# The lock files carry hashes and no index address; run this after editing the dependencies in pyproject.toml.
lock: .venv/installed-dev .venv/installed-clients
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra embedded --extra install -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra embedded --extra install --extra dev -c requirements.lock \
		-o requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra install -c requirements.lock \
		-o deploy/requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra bench -c requirements-dev.lock -o requirements-bench.lock \
		pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -o tests/clients/requirements.lock tests/clients/requirements.in
	@.venv/clients/bin/npm --prefix tests/clients install --silent --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved

clean:
	rm -rf .venv .devcenter .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/installed: requirements.lock pyproject.toml | .venv/python
	@echo "Installing devcenter and its parts into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "Installing the development tools into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Generators of clients, linters and a browser, for tests. They bring their own node and npm.
.venv/installed-clients: tests/clients/requirements.lock tests/clients/package-lock.json | .venv/installed-dev
	@echo "Installing generators of clients into .venv/clients (once) ..."
	@$(BIN)/python -m venv --clear .venv/clients
	@.venv/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r tests/clients/requirements.lock
	@mkdir .venv/clients/npm
	@cp tests/clients/package.json tests/clients/package-lock.json .venv/clients/npm/
	@PATH="$(CURDIR)/.venv/clients/bin:$$PATH" .venv/clients/bin/npm --prefix .venv/clients/npm ci --loglevel=error --ignore-scripts \
		--no-audit --no-fund
	@$(BIN)/python -m tests.browser.chromium
	@touch $@

.venv/installed-bench: requirements-bench.lock .venv/installed-dev
	@echo "Installing what the benchmarks compare with into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "devcenter needs Python 3.11 or newer; this is %s. Say which to use: make PYTHON=python3.12 run" % sys.version.split()[0])'
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@
