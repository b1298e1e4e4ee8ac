# Two targets do all their own set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := .venv-bench
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint types packages bench lock clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(VENV)/.run: requirements.txt pyproject.toml
	@deploy/venv.sh "$(PYTHON)" $(VENV) requirements.txt
	@rm -f $(VENV)/.dev && touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt pyproject.toml
	@deploy/venv.sh "$(PYTHON)" $(VENV) requirements-dev.txt
	@touch $(VENV)/.run $@

# the others that we are measured against want other versions than ours: they stay by themselves
$(BENCH)/.made: requirements-dev.txt requirements.txt pyproject.toml
	@deploy/venv.sh "$(PYTHON)" $(BENCH) requirements-dev.txt
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
		--editable '.[bench]'
	@touch $@

demo: $(VENV)/.run  ## the demonstration: a made-up district, real jobs (ARGS=--once ends after one cycle)
	@$(BIN)/yueqingling demo $(ARGS)

test: lint types packages  ## every test, after lint and types
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/.dev  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

packages:  ## Debian's prometheus and prometheus-alertmanager, which the tests run
	@deploy/packages.sh

bench: $(BENCH)/.made  ## how fast, against what (ARGS='pull --rows 1000000'; no test)
	$(BENCH)/bin/python -m tests.bench $(ARGS)

lock: $(VENV)/.dev  ## write the requirements files anew
	deploy/lock.sh $(BIN)

clean:  ## remove what the other targets made here
	rm -rf $(VENV) $(BENCH) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
