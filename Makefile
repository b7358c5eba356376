# Every target but help sets up what is missing first. ARGS are handed on: make run ARGS="--port 9000"

.DEFAULT_GOAL := help
.PHONY: help setup run test drill lint types sdl migrate seed bench
PYTHON ?=
ARGS ?=
IN := .venv/bin/python

help:
	@echo "make setup    put what uv.lock names into .venv; needs Python 3.11 or later, nothing else"
	@echo "make run      start everything; prints the address when it is ready"
	@echo "make test     run all tests"
	@echo "make drill    run the long, violent versions of tests, with progress"
	@echo "make lint     style, types, the import rule, the committed schema"
	@echo "make types    mypy alone"
	@echo "make sdl      write schema.graphql anew"
	@echo "make migrate  bring every node to the newest migration"
	@echo "make seed     sow the demo town into the running stack"
	@echo "make bench    measure pages and changes beside their hand-written twins; ARGS='--only NAME'"

setup: .venv/set-up
	@:

.venv/set-up: uv.lock pyproject.toml
	@for python in "$(PYTHON)" python3 python python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" .ci/setup.py; \
		fi; \
	done; echo "Heliograph needs Python 3.11 or later on PATH." >&2; exit 1

run: setup
	@exec $(IN) cli.py up $(ARGS)

# All of them in two processes, each with servers of its own; what ARGS names in one.
test: setup
	@exec $(IN) -m pytest $(if $(ARGS),$(ARGS),-n 2 --dist loadfile)

drill: setup
	@exec $(IN) -m pytest -m drill -s --timeout=3600 $(ARGS)

lint: setup types
	@$(IN) -m ruff check .
	@$(IN) -m ruff format --check .
	@$(IN) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	@$(IN) cli.py sdl --check

types: setup
	@$(IN) -m mypy

sdl: setup
	@$(IN) cli.py sdl

migrate: setup
	@$(IN) cli.py migrate $(ARGS)

seed: setup
	@$(IN) cli.py seed $(ARGS)

bench: setup
	@$(IN) -m bench $(ARGS)
