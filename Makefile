# One environment in .venv, made on first use and remade when requirements.txt changes.
# Works with a bare Python >= 3.11 (with its venv module) and GNU make.

PYTHON ?= python3
PORT ?= 8080
# Narrow a test run: make test TESTS=tests/inbox PYTEST_ARGS="-x -k unread"
TESTS ?=
PYTEST_ARGS ?=
# Full counts: make chaos LONG=1
LONG ?=
CHAOS_ARGS ?=
# Smaller, in about a minute: make bench QUICK=1
QUICK ?=
BENCH_ARGS ?=
export LONG

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.installed
DRIVER := $(VENV)/.mysqlclient
PLOT := $(VENV)/.plot
NODE_MODULES := node_modules/.package-lock.json
PYTEST = $(RUN) -m pytest $(PYTEST_ARGS)

# What production settings must be told. `check --deploy` reads them, nothing is contacted.
DEPLOY_ENV = DJANGO_SETTINGS_MODULE=project.production \
	DJANGO_SECRET_KEY=only-for-the-deployment-check-0123456789-abcdefghijklmnopqrstuvwxyz \
	DJANGO_ALLOWED_HOSTS=www.example.org \
	DATABASE_URL=postgres://site@db.example.org/site \
	REDIS_URL=redis://redis.example.org:6379/0

# Only what speaks SQL of its own needs a second database, and only the stream needs Redis; what knows neither is
# tested once. Faults are `make chaos`.
SQLITE_TESTS := $(or $(TESTS),tests --ignore=tests/browser)
DELIVERY := tests/delivery --ignore=tests/delivery/channels
PURE := commands connection fanout hints limits protocol repairs
SERVICES_TESTS := $(or $(TESTS),tests/inbox tests/models tests/live $(PURE:%=--ignore=tests/live/test_%.py) \
	tests/preferences $(DELIVERY))

# What speaks to the database in SQL of its own, or waits for its locks.
MARIADB_TESTS := $(or $(TESTS),tests/inbox tests/models tests/management tests/test_checks.py tests/preferences $(DELIVERY) \
	$(addprefix tests/live/test_,processes.py resume.py snapshots.py) $(addprefix tests/rest/test_,changes.py list.py))

.DEFAULT_GOAL := help
.PHONY: help demo client messages screenshots test test-browser test-sqlite test-services test-mariadb test-uuid mariadb-driver chaos bench check lint types floors migrations deploy lock clean

help: ## show this list
	@echo "Usage: make TARGET [PYTHON=python3.12] …"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(READY) ## run the demo site on http://127.0.0.1:8080 (PORT=… for another)
	SITE_URL=$${SITE_URL:-http://127.0.0.1:$(PORT)} $(RUN) manage.py demo --port $(PORT)

client: $(NODE_MODULES) ## build the one script that pages load from its modules (needs Node.js and npm)
	npm run --silent build

# Checks of the JavaScript need it, and nothing else does: without npm, those are skipped and say so.
$(NODE_MODULES): package.json package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent && touch $@; fi; true

messages: $(READY) ## collect the texts for translators, and compile the translations (needs gettext)
	$(RUN) manage.py makemessages --locale es --no-obsolete --add-location file \
		$(foreach folder,tests benchmarks docs build node_modules $(VENV),--ignore '$(folder)/*')
	for folder in notifications project; do \
		(cd $$folder && ../$(RUN) ../manage.py compilemessages --locale es --verbosity 0) || exit; done

screenshots: $(READY) ## draw docs/screenshots anew (needs Chromium)
	$(RUN) -m tests.browser.screenshots

# A missing PostgreSQL or Redis is a failure here, not a skip.
test-sqlite test-services test-uuid: export NOTIFICATIONS_REQUIRE_SERVICES = 1
# MariaDB comes from the system. Without one `make test` says so and goes on; whoever asks for it by name wants it.
test: export NOTIFICATIONS_REQUIRE_MARIADB ?= 0
test-mariadb: export NOTIFICATIONS_REQUIRE_MARIADB ?= 1

# Two at a time: most tests wait for servers. The output of each comes when it has ended.
test: $(READY) ## run every test (TESTS=tests/inbox and PYTEST_ARGS=-x narrow it)
	+@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target \
		test-browser test-services test-sqlite test-mariadb test-uuid

test-sqlite: $(READY) | $(NODE_MODULES) ## … on SQLite with the in-memory layer
	$(PYTEST) $(SQLITE_TESTS)

test-browser: $(READY) ## … in Chromium, Firefox and WebKitGTK, as far as there are any
ifeq ($(TESTS),)
	$(PYTEST) tests/browser
endif

test-services: $(READY) ## … on a real PostgreSQL and a real Redis-protocol server
	NOTIFICATIONS_TEST_SERVICES=1 $(PYTEST) $(SERVICES_TESTS)

# Built where the headers are; what else is missing, the tests say.
mariadb-driver: $(READY)
	@if pkg-config --exists libmariadb 2>/dev/null && ! [ $(DRIVER) -nt requirements-mariadb.txt ]; then \
		echo "Building MariaDB's driver in $(VENV), once …"; \
		awk '/^mysqlclient==/ {found = 1} found && /^ *#/ {exit} found' requirements-mariadb.txt > $(DRIVER).txt; \
		$(VENV)/bin/uv pip install --quiet --python $(RUN) --require-hashes --build-constraints requirements-mariadb.txt \
			-r $(DRIVER).txt && touch $(DRIVER); fi; true

test-mariadb: mariadb-driver ## … on a real MariaDB, where the system has one
	@$(RUN) -m tests.services mariadb || exit $$NOTIFICATIONS_REQUIRE_MARIADB; \
	NOTIFICATIONS_TEST_DATABASE=mariadb $(PYTEST) -m "not performance" $(MARIADB_TESTS)

test-uuid: $(READY) ## … with a user model whose primary key is a UUID
ifeq ($(TESTS),)
	$(PYTEST) --ds=tests.settings_uuid tests/uuid_users
endif

chaos: mariadb-driver ## every fault beside a tutorial app, one table (LONG=1: full counts; CHAOS_ARGS=--help)
	$(RUN) -m tests.chaos $(CHAOS_ARGS)
ifeq ($(LONG),1)
	$(PYTEST) tests/stateful tests/rest/schema tests/auth/test_any_handshake.py tests/live/test_commands.py
endif

bench: $(PLOT) ## speed beside a tutorial app and the limit, one table (QUICK=1: in a minute; BENCH_ARGS=--help)
	$(RUN) -m benchmarks --json build/bench/results.json --plot build/bench/fan-out.svg \
		$(if $(filter 1,$(QUICK)),--quick) $(BENCH_ARGS)

# Figures need no plot library: where it cannot be had, the plot is left out.
$(PLOT): $(READY) requirements-bench.txt
	@echo "Installing what draws the plot in $(VENV), once …"
	@if $(VENV)/bin/uv pip install --quiet --python $(RUN) --require-hashes -r requirements-bench.txt; then touch $@; fi; true

check: lint types floors migrations deploy ## run every check that is not a test

lint: $(READY) ## … style and likely bugs
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(READY) ## … types
	$(VENV)/bin/mypy

floors: $(READY) ## … which module may import which
	$(VENV)/bin/lint-imports

migrations: $(READY) ## … no migration is missing
	$(RUN) manage.py makemigrations --check --dry-run

deploy: $(READY) ## … production settings are safe
	$(DEPLOY_ENV) $(RUN) manage.py check --deploy --fail-level WARNING

lock: $(READY) ## write requirements.txt and its two companions anew from their .in files
	for name in requirements requirements-mariadb requirements-bench; do \
		$(VENV)/bin/uv pip compile --universal --generate-hashes --python-version 3.11 \
			--fork-strategy requires-python --no-header --upgrade --quiet $$name.in -o $$name.txt || exit; done

clean: ## remove the environment, caches and build output
	rm -rf $(VENV) .venv-community node_modules build dist staticfiles htmlcov .coverage .coverage.* .hypothesis \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv installs five times faster than pip; where it cannot be had or fails, pip installs the same list.
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not. Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; \
		exit 1; }
	@echo "Making the environment in $(VENV), once …"
	@$(PYTHON) -m venv --clear $(VENV) || { \
		echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@awk '/^uv==/ {found = 1} found && /^ *#/ {exit} found' requirements.txt > $(VENV)/uv.txt
	@{ $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt \
		&& $(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(RUN) --require-hashes -r requirements.txt; } \
		|| $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
