# The two commands to start with:  make demo   and   make test.   `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
ROUNDS ?= 60
PYTEST_ARGS ?=
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# or every command would compile the kit anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test verify template lint types train bench bench-grading bench-cluster profile-grading drill-cluster prove-aarch64 clean

help: ## List the commands
	@awk -F ':.*## ' '/^#: /{printf "\n%s\n", substr($$0, 4)} /^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.grading: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.everything: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@ $(VENV)/.grading

#: Everybody
demo: $(VENV)/.grading ## Grade a sample class over all assignments (installs what grading needs)
	@$(BIN)/python -m tests.sample_class.demo

test: $(VENV)/.everything ## Run the kit's own tests (installs everything)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

#: Instructors and authors of assignments
verify: $(VENV)/.everything ## Prove the checks of every assignment
	$(BIN)/autograder verify

template: $(VENV)/.everything ## Generate student_template/ from solutions/ and assignments/
	$(BIN)/autograder release

#: Who changes the kit
lint: $(VENV)/.everything ## Lint and format check; imports run downwards only
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: $(VENV)/.everything ## Strict type check of the engine
	$(BIN)/mypy

train: $(VENV)/.everything ## Train the language model and the encoder-decoder, draw what they learnt
	PYTHONPATH=solutions $(BIN)/python -m runs

#: Who measures it
bench: $(VENV)/.everything ## Measure the reference block's training step (with PyTorch too, if installed)
	$(BIN)/python -m tests.bench.block

bench-grading: $(VENV)/.everything ## Measure the grader against its targets and its peers
	$(BIN)/python -m tests.bench.grading

bench-cluster: $(VENV)/.everything ## Measure what a cluster costs, and simulate a large one
	$(BIN)/python -m tests.bench.cluster

drill-cluster: $(VENV)/.everything ## Kill a cluster's workers, its scheduler or the command, 60 times (ROUNDS)
	$(BIN)/python -m tests.drills.cluster $(ROUNDS)

profile-grading: $(VENV)/.everything ## Show where grading spends its CPU
	$(BIN)/python -m tests.bench.profile

prove-aarch64: $(VENV)/.everything ## Try the jail on an emulated aarch64 machine (an hour or more)
	$(BIN)/python -m tests.drills.aarch64

clean: ## Remove what the commands above made
	rm -rf $(VENV) results demo .mypy_cache .ruff_cache .pytest_cache build *.egg-info
