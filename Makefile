# Every command of the project, one word each; `make` alone lists them.
#   PORT=8042   where the demo listens        DATA=data   where it keeps its database and files

PORT ?= 8042
DATA ?= data
BIN := .venv/bin
# The first Python on the path that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
SETUP = $(if $(PYTHON),$(PYTHON) .make/setup.py,\
	@echo "Python 3.11 or newer is needed (Debian: apt install python3)." >&2; exit 1;)
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock' $(LOCK_ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset check test conformance web docs screenshots lock format clean

help: ## list these commands
	@echo "telemed: remote reads and consultations for hospital alliances"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

setup: ## install everything a running telemed needs, and build the web client and the viewer
	@$(SETUP) setup

demo: ## set up, then serve the demo network at http://127.0.0.1:8042 (PORT=, DATA=)
	@$(SETUP) demo --port $(PORT)
	@exec $(BIN)/telemed demo --port $(PORT) --data-dir $(DATA) --samples build/samples

demo-reset: ## forget everything the demo has stored; the next `make demo` starts afresh
	@$(SETUP) forget --data-dir $(DATA) --port $(PORT)

check: ## format, lint, types, import contract and the quick tests
	@$(SETUP) check
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest tests/core -q -x
	@if [ -d web/node_modules ]; then $(SETUP) web-check; fi

test: ## everything: installs what is missing, builds, lints and runs every test
	@$(SETUP) check
	@mkdir -p artifacts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	@# While the rest of the set-up waits for the network; said at the end.
	$(BIN)/lint-imports --no-logo && $(BIN)/mypy & $(SETUP) test; made=$$?; wait $$! && exit $$made
	@# Where Python may not write bytecode, every server would compile what changed since.
	@$(BIN)/python -m compileall -q telemed dicom_samples
	@# The client's own tests beside those that wait for servers; said at the end, too.
	@$(SETUP) web-test > artifacts/web-test.log 2>&1 & \
		$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --junit-xml=artifacts/junit.xml; \
		tests=$$?; wait $$!; web=$$?; cat artifacts/web-test.log; [ $$tests -ne 0 ] || exit $$web; exit $$tests

conformance: ## let other people's DICOM programs judge us (docs/conformance.md says which)
	@$(SETUP) conformance
	@mkdir -p artifacts
	$(BIN)/pytest tests/conformance -m "" --junit-xml=artifacts/conformance.xml

web: ## build the web client and the OHIF viewer
	@$(SETUP) web

docs: ## make the tables and diagrams of docs/ anew from the code
	@$(SETUP) check
	$(BIN)/python docs/generate.py

screenshots: ## take the pictures of docs/img anew, from the main story played in a browser
	@$(SETUP) test
	TELEMED_SCREENSHOTS=1 $(BIN)/pytest -q tests/journeys/test_story.py -k becomes

lock: ## choose the newest library versions again and pin them
	@$(SETUP) check
	$(LOCK) --upgrade .make/uv.in -o .make/uv.txt
	$(LOCK) --upgrade .make/node.in -o .make/node.txt
	$(LOCK) --upgrade pyproject.toml -c .make/older.in -o .make/requirements.txt
	$(LOCK) --upgrade pyproject.toml --group dev -c .make/requirements.txt -o .make/requirements-dev.txt
	$(LOCK) --upgrade --group conformance -c .make/requirements-dev.txt -o .make/requirements-conformance.txt

format: ## put the Python sources into the house's form
	@$(SETUP) check
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

clean: ## remove everything that was built or installed here; the demo's data stays
	rm -rf .venv build artifacts web/dist web/node_modules web/viewer/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
