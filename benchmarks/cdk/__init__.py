"""The shape of the prod example as an app of AWS CDK, for `benchmarks/plan.py`."""
