# Everything happens in this folder: Python in .venv, the engine in .engine. Nothing needs an account.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PULUMI_VERSION := v3.259.0
ENGINE := .engine/$(PULUMI_VERSION)
KUBERNETES_VERSION := v1.36.3
ACTIONLINT_VERSION := v1.7.12
EXTERNAL_SECRETS_VERSION := v1.3.2
LANGUAGES := .engine/languages-$(PULUMI_VERSION)
ESC := .engine/esc-$(PULUMI_VERSION)
CLUSTER := .engine/kubernetes-$(KUBERNETES_VERSION)
DEFINITIONS := .engine/external-secrets-$(EXTERNAL_SECRETS_VERSION)
ACTIONLINT := .engine/actionlint-$(ACTIONLINT_VERSION)
# What the environment is made with: pinned versions, or with CONSTRAINTS= the newest.
CONSTRAINTS ?= tools/constraints.txt
# The wheel that `make test-consumer` installs; it builds one when none is named.
export WHEEL
# A pulumi that is already on PATH comes first.
export PATH := $(PATH):$(CURDIR)/$(ENGINE)

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-cluster test-consumer test-languages test-esc check format coverage bench reliability reference pictures lives engine cluster languages esc definitions actionlint constraints lowest clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready engine  ## Rehearse the examples on simulated clouds and a simulated cluster, and play the operator
	@$(BIN)/python -m examples.demo

# Neighbours stay together, so that what tests of a module share is seldom made twice.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

quick: $(VENV)/ready definitions  ## Run every test that needs no engine
	@$(PYTEST) -m "not engine" $(ARGS)

test: $(VENV)/ready engine definitions  ## Run every test but those of the next four, and name the slowest (pass arguments with ARGS=)
	@$(PYTEST) --durations=15 --durations-min=2 $(ARGS)

# Not among the tests of `make test`: pyproject.toml keeps these folders out unless they are asked for by path, as here.
test-cluster: $(VENV)/ready cluster definitions  ## Apply every manifest to a real Kubernetes API server
	@PATH="$(CURDIR)/$(CLUSTER):$$PATH" $(BIN)/python -m pytest tests/cluster $(ARGS)

test-consumer: engine  ## Install the wheel (WHEEL=, else built) in an environment of its own, and run and type-check a user's project
	@sh tools/consumer.sh $(PYTHON) .consumer $(ARGS)

test-languages: $(VENV)/ready engine languages  ## Compile SDKs for other languages and run programs with them
	@INFRA_SECRETS_LANGUAGES="$(CURDIR)/$(LANGUAGES)" $(BIN)/python -m pytest tests/languages $(ARGS)

test-esc: $(VENV)/ready esc  ## Compare the fake of ESC with Pulumi's own evaluator (EXAMPLES= for that many random cases a test)
	@INFRA_SECRETS_ESC="$(CURDIR)/$(ESC)/esc" $(if $(EXAMPLES),EXAMPLES=$(EXAMPLES)) $(BIN)/python -m pytest tests/esc_oracle $(ARGS)

# The same commands are in .pre-commit-config.yaml; a test holds them together.
check: $(VENV)/ready actionlint  ## Lint code and workflows, check types and hold the architecture to its contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/zizmor --offline --quiet --persona pedantic .
	@$(ACTIONLINT)/actionlint -shellcheck= -pyflakes=

format: $(VENV)/ready  ## Format the code and fix what the linter can
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

coverage: $(VENV)/ready engine definitions  ## Show which lines no test reaches (pass arguments of pytest with ARGS=)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2 $(ARGS); status=$$?; $(BIN)/coverage combine --quiet && $(BIN)/coverage report && exit $$status

bench: $(VENV)/ready engine  ## Measure against raw resources (ratios of one run)
	@$(BIN)/python -m bench

reliability: $(VENV)/ready engine  ## Run every scenario with raw resources too and write docs/reliability.md
	@$(BIN)/python -m tests.reliability

reference: $(VENV)/ready  ## Write docs/reference.md from the code
	@$(BIN)/python -m tests.reference

pictures: $(VENV)/ready engine  ## Draw the pictures of the README, one from what the demo prints
	@$(BIN)/python -m tools.pictures

lives: $(VENV)/ready engine  ## Play random lives for MINUTES= (10) on CLOUD= (all), from SEED=, and print what broke
	@SEED="$(SEED)" MINUTES="$(MINUTES)" CLOUD="$(CLOUD)" $(BIN)/python -m tests.lives

engine:  ## Find pulumi on PATH, or build it once with Go
	@sh tools/engine.sh $(PULUMI_VERSION) $(ENGINE)

cluster:  ## Build kube-apiserver once with Go; find etcd on PATH, or unpack Debian's
	@sh tools/cluster.sh $(KUBERNETES_VERSION) $(CLUSTER)

definitions:  ## Take the definition of ExternalSecret out of its Go module, once
	@sh tools/definitions.sh $(EXTERNAL_SECRETS_VERSION) $(DEFINITIONS)

actionlint:  ## Build actionlint once with Go
	@sh tools/actionlint.sh $(ACTIONLINT_VERSION) $(ACTIONLINT)

languages:  ## Build Pulumi's SDK generators and YAML host once with Go; install its TypeScript SDK with npm
	@sh tools/languages.sh $(PULUMI_VERSION) $(LANGUAGES)

esc:  ## Build Pulumi's evaluator of environments once with Go
	@sh tools/esc.sh $(PULUMI_VERSION) $(ESC)

# Pins stay as they are but for what is new; UV_FLAGS=--upgrade takes the newest of everything.
constraints: $(VENV)/ready  ## Write tools/constraints.txt: one version of everything that the environments install
	@echo 'pyright[nodejs]' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --all-extras \
		$(UV_FLAGS) --output-file tools/constraints.txt pyproject.toml - >/dev/null

lowest: $(VENV)/ready  ## Write lowest.txt, the lowest versions that pyproject.toml allows; then make test CONSTRAINTS=lowest.txt
	@$(BIN)/uv pip compile --quiet --python $(BIN)/python --resolution lowest-direct --all-extras \
		--output-file lowest.txt pyproject.toml >/dev/null

$(VENV)/ready: pyproject.toml $(CONSTRAINTS)
	@sh tools/venv.sh $(PYTHON) $(VENV) "$(CONSTRAINTS)"
	@touch $@

clean:  ## Remove everything that the targets made
	rm -rf $(VENV) .engine .consumer .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist lowest.txt .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
