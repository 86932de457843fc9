.PHONY: tools
tools: ## Build the pinned Go tools of the tests into .tools/bin; free the second time.
	python3 tools/build.py

.PHONY: tools-if-go
tools-if-go:
	@python3 tools/build.py --if-go

.PHONY: pulumi
pulumi: ## Build the pinned Pulumi engine into .tools/bin; free the second time.
	python3 tools/build.py pulumi
