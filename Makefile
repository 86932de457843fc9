.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
UV := .tools/uv/bin/uv
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/uv/bin:$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := true
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --custom-compile-command "make pins"

.PHONY: help
help: ## Show this help.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: .venv/.ready .tools/tracker/.ready ## Install everything into this checkout (.tools, .venv, .cache).

$(UV): requirements/uv.txt
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.ready: $(UV) requirements/dev.txt pyproject.toml
	$(UV) venv -q --clear --python $(PYTHON) .venv
	$(UV) pip sync -q --python .venv/bin/python --require-hashes --compile-bytecode requirements/dev.txt
	$(UV) pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
	@touch $@

.tools/tracker/.ready: $(UV) requirements/tracker.txt
	$(UV) venv -q --clear --python $(PYTHON) .tools/tracker
	$(UV) pip sync -q --python .tools/tracker/bin/python --require-hashes --compile-bytecode requirements/tracker.txt
	@touch $@

include tools/tools.mk

.PHONY: demo
demo: setup ## Take a scaffolded project through its whole life, offline after the first time.
	stackwright rehearse --report rehearsal.html

# More processes than cores, for some only wait; a file (or a folder that shares a
# cluster) in one process, for it prepares clusters and projects.
SHARED := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: setup tools-if-go ## Run every test that has to hold.
	pytest -q --durations=15 --durations-min=5 $(SHARED) -m "not slow"

.PHONY: test-all
test-all: setup tools-if-go ## Run every test, those too that take minutes each.
	pytest -q --durations=30 --durations-min=5 $(SHARED)

.PHONY: lint
lint: setup ## Check format, style and types.
	ruff format --check .
	ruff check .
	basedpyright

.PHONY: ci
ci: ## Do all that CI does; minutes.
	@env -u MAKEFLAGS -u MAKELEVEL .ci/run

.PHONY: networks
networks: ## Let tests make networks of their own on Ubuntu, which forbids it (sudo).
	sudo sysctl --write kernel.apparmor_restrict_unprivileged_userns=0

.PHONY: dist
dist: setup ## Build the wheel of a release into build/release.
	$(UV) build -q --wheel --no-build-isolation --python .venv/bin/python --out-dir build/release
	rm -f build/release/.gitignore

.PHONY: new-flavor
new-flavor: setup ## Write a starting point for a flavor: KIND=artifact_store NAME=minio.
	python tools/new_flavor.py "$(KIND)" "$(NAME)"

.PHONY: bench
bench: setup ## Measure, and write docs/benchmarks.md.
	python -m benchmarks

.PHONY: pins
pins: $(UV) ## Resolve the pins under requirements/ again from pyproject.toml.
	$(COMPILE) pyproject.toml --extra aws --extra kubernetes --extra plan --group build --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --group build -c requirements/dev.txt -o requirements/runtime.txt
	$(COMPILE) --group tracker -c requirements/dev.txt -o requirements/tracker.txt
	echo "uv" | $(COMPILE) - -o requirements/uv.txt
	printf "evidently==0.7.23\npandas<3\n" | $(COMPILE) - -o requirements/bench-evidently.txt
	printf "aws-cdk-lib==2.275.0\naws-cdk.lambda-layer-kubectl-v35==2.2.2\n" | $(COMPILE) - -o requirements/bench-cdk.txt
