# The chores. CI calls the same names.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= auto
PEERS := .venv-peers

.PHONY: demo run test lint bench lock cli-docs example clean

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

$(PEERS)/.ready: pyproject.toml  # other aggregators to measure against, apart from our own environment
	$(PYTHON) -m venv $(PEERS)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --group bench
	touch $@

demo: $(READY)  ## poll the sample newspapers over loopback HTTP and show the day's stories
	@$(BIN)/python -m examples.demo demo

run: $(READY)  ## the daemon, with feeds.yaml of this folder
	$(BIN)/aggregator run

test: $(READY)  ## every test, in random order, with branch coverage
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term -m "not bench"

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) $(PEERS)/.ready  ## timings and sizes, printed, never asserted
	$(BIN)/python -m pytest -s -m bench tests/benchmarks -p no:randomly --timeout=0

lock:  ## resolve the ranges of pyproject.toml anew; requirements-run.lock is what a server needs of it
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group dev --generate-hashes --no-emit-index-url \
	    --no-header pyproject.toml build-requirements.in -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --constraint requirements.lock pyproject.toml -o requirements-run.lock

cli-docs: $(READY)  ## docs/cli.md, from the commands
	$(BIN)/python -m tests.cli_reference > docs/cli.md

example: $(READY)  ## docs/example-digest.*, from the sample newspapers
	$(BIN)/python -m tests.example_digest docs

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
