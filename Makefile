# Two commands for a newcomer: `make sing` and `make test`. Everything lives in .venv.
PYTHON ?= python3
SCORE ?= examples/sakura.musicxml
OUTPUT ?= out/$(basename $(notdir $(SCORE))).wav
PORT ?= 8270
VENV := .venv
BIN := $(VENV)/bin

.PHONY: sing studio serve test check clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make sing   sing $(SCORE) with the embedded voice (SCORE=your.musicxml OUTPUT=your.wav)"
	@echo "make studio opens $(SCORE) in the studio, in the browser"
	@echo "make serve  sings over HTTP (PORT=8270; docs/serving.md)"
	@echo "make test   install everything and run the test suite"
	@echo "make check  format, lint, types and floors"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "visinger needs Python 3.11 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

# Singing alone: no torch, no compiler.
$(VENV)/.sing: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# The studio and the HTTP API.
$(VENV)/.studio: $(VENV)/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[studio]"
	@touch $@ $(VENV)/.sing

# Training, export, evaluation and the tools of development.
$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.sing $(VENV)/.studio

sing: $(VENV)/.sing
	$(BIN)/visinger sing $(SCORE) -o $(OUTPUT) --transpose auto

studio: $(VENV)/.studio
	$(BIN)/visinger studio $(SCORE)

serve: $(VENV)/.studio
	$(BIN)/visinger serve --port $(PORT)

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check src tests examples
	$(BIN)/ruff check src tests examples
	$(BIN)/lint-imports
	$(BIN)/mypy

clean:
	rm -rf out build dist
