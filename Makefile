# The only front door: people and CI type these, and nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
PROTO := $(sort $(wildcard proto/reelyard/rpc/v1/*.proto))
PROTOC := $(PY) -m grpc_tools.protoc -I proto

##@ Use it
.PHONY: demo run setup
demo: setup ## Set up, then send one clip through everything on this machine and show the results
	@.venv/bin/reelyard demo

run: setup ## Set up, then serve on this machine until interrupted; prints the URL and, first, a new API key
	@.venv/bin/reelyard standalone

setup: ## Install what running needs: virtual environment, packages, ffmpeg
	@tools/setup.sh run

##@ The cluster on one machine
.PHONY: up down
up: dev ## Start RabbitMQ, PostgreSQL, S3, two schedulers, a gateway and three nodes; writes .cluster/cluster.json
	@$(PY) -m deploy.local.up

down: ## Stop exactly what `make up` started
	@if [ -x $(PY) ]; then $(PY) -m deploy.local.down; else echo "nothing to stop: there is no .venv here"; fi

##@ Images
.PHONY: images test-images kube-play
images: ## Build the gateway's, the scheduler's and the encoder's image, without a registry (root, Debian or Ubuntu)
	@tools/setup.sh images
	@$(PY) -m deploy.images $(IMAGES)

test-images: dev images ## Run the images as Kubernetes would, without rights, and send a job through them
	@$(PY) -m pytest tests/images -q

kube-play: dev images ## Run deploy/k8s/overlays/prod under podman, with real back ends, and send the demo's job through it
	@$(PY) -m deploy.kube_play $(KUBE_PLAY)

##@ Work on it
.PHONY: dev format proto rules dashboards lock check check-deploy test bench
dev: ## Install what checking and testing need too: tools, RabbitMQ, PostgreSQL, an S3 server
	@tools/setup.sh dev

format: dev ## Format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix-only .

proto: dev ## Generate reelyard/rpc/v1 from proto/
	@rm -f reelyard/rpc/v1/*_pb2*.py*
	@$(PROTOC) --python_out=. --pyi_out=. --grpc_python_out=. $(PROTO)

rules: dev ## Generate deploy/prometheus/prometheusrule.yaml from the rule files
	@$(PY) -m deploy.prometheus

dashboards: dev ## Generate deploy/grafana/dashboards/*.json from the code beside it
	@$(PY) -m deploy.grafana

lock: dev ## Resolve pyproject.toml into requirements/*.txt with hashes (needs uv: pip install uv)
	@echo 'setuptools>=75' | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header - -o requirements/build.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements/run.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt

check: dev check-deploy ## Format, lint, types, import contracts, generated code, manifests, unit tests
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@tools/check-proto.sh
	@$(PY) -m pytest tests/unit -n auto -q

check-deploy: dev ## Every overlay of deploy/k8s built and checked, without a cluster; images and rules too
	@$(PY) -m deploy.check

# Tests wait for servers two fifths of their time, so one more of them than processors.
WORKERS ?= $(shell expr $$(nproc) + 1)
test: dev ## Every test, against real servers that it starts and stops itself
	@# the long ones first, so that nobody waits for one of them alone at the end
	@$(PY) -m pytest tests/e2e tests/integration tests/contract tests/unit -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

bench: dev ## Measurements, as a table
	@$(PY) -m tests.bench

##@ Help
.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
