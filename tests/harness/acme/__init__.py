"""A package of an organisation: flavors of our kinds that join by entry point."""

from tests.harness.acme.artifact_store.contract import MinioSpec
from tests.harness.acme.budget.contract import LedgerSpec

FLAVORS = {
    MinioSpec: "tests.harness.acme.artifact_store.minio:MinioArtifactStore",
    LedgerSpec: "tests.harness.acme.budget.ledger:LedgerBudget",
}
