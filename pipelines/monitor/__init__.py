"""Monitoring: what a deployed package is asked and answers, against the reference rows in the package.

`run.monitor(reference=…, signature=…, predictions=…, labels=…, digest=…, policy=…)` reads, compares and decides; its
`results.MonitorResult` is a document (`model_dump_json`) with `verdict` and `reasons`, and
`report.write_report(result, path)` writes it as one HTML file. The policy of a model is
`stacks.load.load(path, policy.MonitorPolicy).of(model)`.

`decision` says what each verdict means, `drift` how columns are compared, `bounds` what chance can do, `predictions`
and `labels` what the files look like. Import from these modules; this package imports nothing.
"""
