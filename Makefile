# `make run` serves the app, `make test` tests all of it, `make help` lists the rest.
# The first Python that fits; `make run PYTHON=…` names another.
PYTHON ?= $(shell for p in python3 python3.12 python3.13 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && exit; done; echo python3)
PORT ?= 8000
VENV := .venv/bin
export PORT
.DEFAULT_GOAL := help
.PHONY: benchmark endure help run train demo-data notebook notebooks test test-compose openapi results lock format

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15

run: ## install what is missing, build the page, serve on PORT (8000)
	@$(PYTHON) tools/prepare.py serve
	@exec $(VENV)/python -m app

train: ## install the command line: then .venv/bin/detection-model --help
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model --help

.PHONY: backbone-study fault-study
backbone-study: ## train versions on one split of DATA, and compare them
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model backbone-study --data $(or $(DATA),data/Dataset) $(STUDY)

fault-study: ## train v3 briefly on DATA under each planted fault
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model fault-study --data $(or $(DATA),data/Dataset) $(STUDY)

demo-data: ## write a small synthetic data set into data/Demo
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model synthetic data/Demo

notebook: ## open the notebooks in JupyterLab
	@$(PYTHON) tools/prepare.py notebook
	@exec $(VENV)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) detection-model/notebooks

notebooks: ## run all notebooks on data/Dataset, briefly, and keep their outputs
	@$(PYTHON) tools/prepare.py notebook
	@$(VENV)/python tools/notebooks.py

test: ## lint, types, unit, API and browser tests
	@$(PYTHON) tools/prepare.py test
	@bash tools/test.sh

benchmark: ## the service against its peers under load, on PICTURES (a folder of JPEG files)
	@$(PYTHON) tools/prepare.py test
	@bash webapp-backend/benchmarks/run.sh

.PHONY: benchmark-quality
benchmark-quality: ## measure every published model on the test pictures of DATA, and write the tables
	@$(PYTHON) tools/prepare.py train
	@$(VENV)/detection-model benchmark $(if $(DATA),$(addprefix --data ,$(DATA)),\
	  --data data/All --data data/Manipulated \
	  --data "data/Dataset=StyleGAN,140k Real and Fake Faces (sample)")
	@$(VENV)/python tools/results.py

endure: ## an hour of requests for leaks, 10,000 spoiled pictures, 1,000 odd requests a route
	@$(PYTHON) tools/prepare.py test
	@SOAK_SECONDS=3600 FUZZ_UPLOADS=10000 FUZZ_EXAMPLES=1000 $(VENV)/python -m pytest \
	  webapp-backend/tests/test_fuzz.py webapp-backend/tests/test_server.py

test-compose: ## prove docker-compose.yml with the engine of this machine
	@bash tools/test-compose.sh

openapi: ## write the API's description for the page's client
	@$(VENV)/python -m app openapi > webapp-frontend/openapi.json

results: ## write the published models' figures into README.md and LEADERBOARD.md
	@$(VENV)/python tools/results.py

lock: ## lock all Python packages anew (needs uv)
	@bash tools/lock.sh

format: ## format the Python code
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .
