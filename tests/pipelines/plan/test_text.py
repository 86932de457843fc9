"""The plan as people read it."""

from __future__ import annotations

from pipelines.plan.diff import compare
from pipelines.plan.policy.base import sketch
from pipelines.plan.policy.catalogue import judge
from pipelines.plan.policy.suppressions import Suppression
from pipelines.plan.run import ComponentPlan, PlanResult
from pipelines.plan.text import render

BEFORE = {
    "aws:s3/bucket:Bucket data": {"bucket": "old", "tags": {"Name": "a"}},
    "aws:rds/instance:Instance db": {"password": {"secret": True}, "dbName": "a"},
}
AFTER = {
    "aws:s3/bucket:Bucket data": {"bucket": "old", "tags": {"Name": "b" * 80}},
    "aws:rds/instance:Instance db": {"password": "${random:x::y.z}", "dbName": "b"},
}
UNUSED = Suppression(policy="kms-rotates", resource="aws:kms/key:Key gone", reason="it was there last year")


def result() -> PlanResult:
    """Return a plan with one of everything."""
    graph = sketch(AFTER)
    before = sketch(BEFORE)
    before = before.model_copy(
        update={"resources": tuple(one.model_copy(update={"protect": True}) for one in before.resources)}
    )
    after = tuple(one.model_copy(update={"protect": True}) for one in graph.resources)
    return PlanResult(
        stack="dev",
        components=(ComponentPlan(name="data", type="acme:index:Data", resources={"aws:s3/bucket:Bucket": 1}),),
        judgement=judge(sketch({"aws:cloudwatch/logGroup:LogGroup api": {}}), (UNUSED,)),
        difference=compare(before, graph.model_copy(update={"resources": after})),
        graph=graph,
    )


def test_the_text_says_what_where_and_why() -> None:
    """Resources by component, findings with reasons, differences with causes; what blocks stands last."""
    assert f"""\
dev: 2 resources in 1 component
  data  acme:index:Data
      1  aws:s3/bucket:Bucket

policy: 1 finding, 0 suppressed
  logs-retention: aws:cloudwatch/logGroup:LogGroup api: keeps its log for ever; set `retentionInDays`
      Logs that nobody deletes cost more every month, and keep personal data too long. (AWS Security Hub, CloudWatch \
controls CloudWatch.16)
  unused suppression of kms-rotates for aws:kms/key:Key gone: remove it

difference: 1 update, 1 replace
  replace  aws:rds/instance:Instance db
      dbName: a -> b (replace)
      password: [secret] -> ${{random:x::y.z}} (update)
      loses its databases; protected: the engine refuses
  update  aws:s3/bucket:Bucket data
      tags.Name: a -> {"b" * 57}... (update)

blocked, for 2 reasons:
  logs-retention: aws:cloudwatch/logGroup:LogGroup api: keeps its log for ever; set `retentionInDays`
  aws:rds/instance:Instance db: would be replaced, and its databases lost with it; \
allow it by `--allow-stateful-replacement`
""" == render(result())
