# Everything happens in this folder: Python in .venv, the engine in .engine. Nothing needs an account.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PULUMI_VERSION := v3.259.0
ENGINE := .engine/$(PULUMI_VERSION)
KUBERNETES_VERSION := v1.36.3
LANGUAGES := .engine/languages-$(PULUMI_VERSION)
ESC := .engine/esc-$(PULUMI_VERSION)
CLUSTER := .engine/kubernetes-$(KUBERNETES_VERSION)
# A pulumi that is already on PATH comes first.
export PATH := $(PATH):$(CURDIR)/$(ENGINE)

.DEFAULT_GOAL := help
.PHONY: help demo test test-cluster test-consumer test-languages test-esc check format bench reliability reference lives engine cluster languages esc clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready engine  ## Rehearse the examples on simulated clouds and a simulated cluster, and play the operator
	@$(BIN)/python -m examples.demo

test: $(VENV)/ready engine  ## Run every test but those of the next four (pass arguments with ARGS=)
	@$(BIN)/python -m pytest -n 2 $(ARGS)

# Not among the tests of `make test`: pyproject.toml keeps these folders out unless they are asked for by path, as here.
test-cluster: $(VENV)/ready cluster  ## Apply every manifest to a real Kubernetes API server
	@PATH="$(CURDIR)/$(CLUSTER):$$PATH" $(BIN)/python -m pytest tests/cluster $(ARGS)

test-consumer: engine  ## Build the wheel, install it in an environment of its own, and run and type-check a user's project
	@sh tools/consumer.sh $(PYTHON) .consumer $(ARGS)

test-languages: $(VENV)/ready engine languages  ## Compile SDKs for other languages and run programs with them
	@INFRA_SECRETS_LANGUAGES="$(CURDIR)/$(LANGUAGES)" $(BIN)/python -m pytest tests/languages $(ARGS)

test-esc: $(VENV)/ready esc  ## Compare the fake of ESC with Pulumi's own evaluator (EXAMPLES= for that many random cases a test)
	@INFRA_SECRETS_ESC="$(CURDIR)/$(ESC)/esc" $(if $(EXAMPLES),EXAMPLES=$(EXAMPLES)) $(BIN)/python -m pytest tests/esc_oracle $(ARGS)

check: $(VENV)/ready  ## Lint, check types and hold the architecture to its contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/ready  ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

bench: $(VENV)/ready engine  ## Measure against raw resources (ratios of one run)
	@$(BIN)/python -m bench

reliability: $(VENV)/ready engine  ## Run every scenario with raw resources too and write docs/reliability.md
	@$(BIN)/python -m tests.reliability

reference: $(VENV)/ready  ## Write docs/reference.md from the code
	@$(BIN)/python -m tests.reference

lives: $(VENV)/ready engine  ## Play random lives for MINUTES= (10) on CLOUD= (all), from SEED=, and print what broke
	@SEED="$(SEED)" MINUTES="$(MINUTES)" CLOUD="$(CLOUD)" $(BIN)/python -m tests.lives

engine:  ## Find pulumi on PATH, or build it once with Go
	@sh tools/engine.sh $(PULUMI_VERSION) $(ENGINE)

cluster:  ## Build kube-apiserver once with Go; find etcd on PATH, or unpack Debian's
	@sh tools/cluster.sh $(KUBERNETES_VERSION) $(CLUSTER)

languages:  ## Build Pulumi's SDK generators and YAML host once with Go; install its TypeScript SDK with npm
	@sh tools/languages.sh $(PULUMI_VERSION) $(LANGUAGES)

esc:  ## Build Pulumi's evaluator of environments once with Go
	@sh tools/esc.sh $(PULUMI_VERSION) $(ESC)

$(VENV)/ready: pyproject.toml tools/constraints.txt
	@sh tools/venv.sh $(PYTHON) $(VENV)
	@touch $@

clean:  ## Remove everything that the targets made
	rm -rf $(VENV) .engine .consumer .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
