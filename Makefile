# `make run` serves the app, `make check` and `make test` test it, `make help` lists the rest.
# The first suitable Python; `make run PYTHON=…` names another.
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && exit; done; echo python3)
PORT ?= 8000
VENV := .venv/bin
export PORT
.DEFAULT_GOAL := help
.PHONY: help run train demo-data notebook notebooks check test test-compose test-scale endure \
	benchmark benchmark-quality backbone-study fault-study cases openapi settings results lock format

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

run: ## install what is missing, build the page, serve on PORT (8000)
	@$(PYTHON) tools/prepare.py serve
	@exec $(VENV)/python -m app

train: ## install the command line: .venv/bin/detection-model --help
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model --help

demo-data: ## write a small synthetic data set to data/Demo
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model data synthetic data/Demo

notebook: ## open the notebooks in JupyterLab
	@$(PYTHON) tools/prepare.py notebook
	@exec $(VENV)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) detection-model/notebooks

notebooks: ## run all notebooks on data/Dataset with short trainings and save their outputs
	@$(PYTHON) tools/prepare.py notebook
	@$(VENV)/python tools/notebooks.py

check: ## lint, types, layer contracts and fast unit tests (less than two minutes on two cores)
	@$(PYTHON) tools/prepare.py test
	@bash tools/check.sh

test: ## all tests: check, slow tests, API, browser (installs Chromium where it is missing)
	@$(PYTHON) tools/prepare.py test
	@bash tools/test.sh

test-compose: ## test docker-compose.yml with the Docker engine of this machine
	@bash tools/test-compose.sh

test-scale: ## test many machines: Ray, and PostgreSQL (needs its server programs)
	@$(PYTHON) tools/prepare.py test
	@$(PYTHON) tools/prepare.py scale
	@bash tools/test-scale.sh

endure: ## soak and fuzz tests (about one hour)
	@$(PYTHON) tools/prepare.py test
	@SOAK_SECONDS=3600 FUZZ_UPLOADS=10000 FUZZ_EXAMPLES=1000 $(VENV)/python -m pytest \
	  webapp-backend/tests/test_fuzz.py webapp-backend/tests/test_server.py

benchmark: ## load-test the service and its peers on PICTURES (a folder of JPEG files)
	@$(PYTHON) tools/prepare.py test
	@bash webapp-backend/benchmarks/run.sh

benchmark-quality: ## evaluate every published model on DATA and write the tables
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model eval benchmark $(if $(DATA),$(addprefix --data ,$(DATA)),\
	  --data data/All --data data/Broad --data data/Manipulated \
	  --data "data/Dataset=StyleGAN,140k Real and Fake Faces (sample)")
	@$(VENV)/python tools/results.py

backbone-study: ## train architectures on one split of DATA and compare them
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model train backbones --data $(or $(DATA),data/Dataset) $(STUDY)

fault-study: ## train v3 briefly on DATA with each injected fault
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model train faults --data $(or $(DATA),data/Dataset) $(STUDY)

cases: ## check a folder of example files, CASES=FOLDER: expected against got for each kind
	@$(PYTHON) tools/prepare.py test
	@PYTHONPATH=tools $(VENV)/python -m cases $(CASES)

openapi: ## write the API description that the page's client is generated from
	@$(VENV)/python -m app openapi > webapp-frontend/openapi.json

settings: ## write docs/settings.md from the settings class
	@$(VENV)/python -m app settings > docs/settings.md

results: ## write the figures of the published models into README.md and LEADERBOARD.md
	@$(VENV)/python tools/results.py

lock: ## update all Python lock files (needs uv)
	@bash tools/lock.sh

format: ## format the Python code
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .
