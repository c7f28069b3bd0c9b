# Each command does all its own set-up. What they do is in tools/.
.DEFAULT_GOAL := help
.PHONY: help build run test lint content bench evaluate lock clean

# Any Python from 3.9 runs tools/. A pyenv shim may be in PATH and start nothing, so each is tried.
PYTHON := $(shell for python in python3 python3.12 python3.13 python3.11 /usr/bin/python3 \
	"$$HOME"/.pyenv/versions/3.*/bin/python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1 \
	&& echo "$$python" && break; done)

ifeq ($(PYTHON),)
$(error Python was not found. Install Python 3.12 and Python 3.10 and run make again)
endif

help: ## this list
	@sed -n 's/^\([a-z]*\): ## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

run: ## build what is missing and start on http://127.0.0.1:8000 (SAMLENG_PORT changes the port)
	@$(PYTHON) -m tools.build start

build: ## both environments and the model, without a start
	@$(PYTHON) -m tools.build all

test: ## every check: lint, types, tests, tests on other Pythons, stories
	@$(PYTHON) -m tools.build test

lint: ## ruff and mypy
	@$(PYTHON) -m tools.build lint

content: ## check every word migrants read; writes docs/answers.md and docs/review.md
	@$(PYTHON) -m tools.build content

bench: ## the measured figures, as a table and in build/bench.json
	@$(PYTHON) -m tools.build bench

evaluate: ## how well sentences are understood; writes docs/understanding.md
	@$(PYTHON) -m tools.build evaluate

lock: ## pin requirements/*.txt anew from requirements/*.in
	@$(PYTHON) -m tools.build lock

clean: ## remove all that was built (data/ stays)
	@rm -rf build
