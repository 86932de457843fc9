"""The life of dev, staging and prod in the real engine, as their examples say."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from pulumi import automation

from stacks.platform import Platform
from tests.harness.engine import programs
from tests.harness.engine.life import Life
from tests.harness.engine.needs import replaceable
from tests.harness.engine.sabotage import ROWS, Spoil
from tests.harness.engine.stack import Engine, short

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]


FAILING = [random.Random(20260101 + place).randint(2, 9) for place in range(10)]
"""At which create ten `up`s of dev fail, one after the other."""

PROTECTED = [pytest.param("staging", marks=pytest.mark.slow), "prod"]
"""Where `protect` holds; staging goes as prod does."""

DATA = {
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
}
"""Types that hold what cannot be made again."""


@pytest.fixture(scope="module")
def lives(environment: Callable[..., Engine]) -> Callable[[str], Life]:
    """The environments by name, each brought up when it is first asked for; tests leave them as they found them."""

    @functools.cache
    def live(name: str) -> Life:
        return Life(environment(name), FAILING if name == "dev" else ())

    return live


@pytest.fixture(params=["dev", pytest.param("staging", marks=pytest.mark.slow), "prod"])
def life(request: pytest.FixtureRequest, lives: Callable[[str], Life]) -> Life:
    """Each environment, up."""
    return lives(request.param)


@pytest.fixture
def dev(lives: Callable[[str], Life]) -> Life:
    """The environment where data may go; it came up after ten failures."""
    return lives("dev")


@pytest.fixture
def prod(lives: Callable[[str], Life]) -> Life:
    """The environment that users see."""
    return lives("prod")


def test_up_makes_what_a_preview_from_nothing_said(life: Life) -> None:
    """A preview before the first `up` makes nothing, and says what that will make; that makes everything once."""
    assert life.before == life.after_preview
    assert {"create"} == set(life.previewed.changes)
    assert life.previewed.changes["create"] == len(life.engine.all_resources())
    assert len(life.engine.resources()) == len(life.made) == len(set(life.made))


def test_ups_that_fail_at_ten_creates_are_completed_by_the_next(dev: Life) -> None:
    """Nothing is made twice, nothing is lost, nothing is deleted: not by a failed `up`, and not by the one after it."""
    assert len(FAILING) == len(dev.failures)
    assert len(FAILING) == len(set(dev.failures))
    assert {"create"} == set(dev.first.changes)
    assert [] == dev.engine.calls("delete")


def test_up_again_changes_nothing(life: Life) -> None:
    """A second `up` finds nothing to do."""
    before = [life.engine.calls(verb) for verb in ("create", "update", "delete")]
    assert {} == life.up().changes
    assert before == [life.engine.calls(verb) for verb in ("create", "update", "delete")]


def test_a_change_by_hand_is_found_and_undone(dev: Life) -> None:
    """A refresh sees what somebody did in the console, and the next `up` puts it right."""
    bucket = f"acme-dev-artifacts-{dev.engine.account}"
    dev.cloud.s3.delete_public_access_block(Bucket=bucket)
    dev.cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    key = dev.cloud.kms.describe_key(KeyId="alias/acme-dev-artifacts")["KeyMetadata"]["KeyId"]
    dev.cloud.kms.disable_key_rotation(KeyId=key)

    found = dev.engine.refresh(programs.environment)
    dev.engine.forget()
    repaired = dev.up()

    assert {"delete": 1, "update": 2} == found.changes
    assert {"create": 1, "update": 2} == repaired.changes
    assert ["BucketPublicAccessBlock artifacts"] == dev.engine.calls("create")
    assert ["BucketVersioning artifacts", "Key artifacts"] == sorted(dev.engine.calls("update"))


def test_a_refresh_of_what_nobody_touched_finds_nothing(prod: Life) -> None:
    """What is live is what was asked for: the plugin gives back what it took."""
    assert {} == prod.engine.refresh(programs.environment).changes


def test_a_replaced_child_of_each_need_replaces_no_consumer(dev: Life) -> None:
    """Components wait for every child of their needs; when one child of each is replaced, only those are."""
    chosen = replaceable(dev.engine.all_resources())
    dev.engine.forget()

    names = {item["urn"].rsplit("::", 1)[1] for item in chosen.values()}
    program = functools.partial(programs.environment_deleting_first, names)
    dev.engine.up(program, replace=[item["urn"] for item in chosen.values()])

    expected = sorted(short(item["urn"]) for item in chosen.values())
    assert {"alerts", "network"} <= set(chosen)
    assert [expected, expected, []] == [sorted(dev.engine.calls(verb)) for verb in ("delete", "create", "update")]


@pytest.mark.parametrize(("check", "spoil"), ROWS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_auditor_finds_nothing_but_what_was_spoilt(prod: Life, check: Callable[..., Any], spoil: Spoil) -> None:
    """Prod is in order; each check notices when somebody changes the live account by hand."""
    before = list(check(prod.cloud))
    with spoil(prod.cloud):
        spoilt = list(check(prod.cloud))

    assert [] == before
    assert 1 == len(spoilt)
    assert [] == list(check(prod.cloud))


def test_the_stack_says_where_things_are(life: Life) -> None:
    """The stack's output is the platform document, and what it names is live."""
    platform = Platform.model_validate_json(json.dumps(life.engine.outputs(programs.environment)["platform"]))
    there = life.there()

    assert life.engine.name == platform.environment
    assert platform.artifact_store.uri.removeprefix("s3://") in there["buckets"]
    assert platform.network.vpc_id in there["networks"]
    assert f"eks/cluster:Cluster {platform.cluster.name}" in there["kept"]


@pytest.mark.parametrize("name", PROTECTED)
def test_a_refused_destroy_keeps_what_is_protected_and_what_that_needs(lives: Callable[[str], Life], name: str) -> None:
    """It takes everything else, really: the objects in the cluster, too. The next `up` puts all of it back."""
    life = lives(name)
    protected = {short(item["urn"]) for item in life.engine.resources() if item.get("protect")}
    there = life.there()
    assert DATA <= {item["type"] for item in life.engine.resources() if item.get("protect")}

    with pytest.raises(automation.CommandError, match="because it is protected"):
        life.destroy()
    left = {short(item["urn"]) for item in life.engine.resources()}
    life.engine.forget()
    life.up()

    assert protected <= left
    assert {"Vpc network", "Role cluster"} <= left
    assert not {name for name in left if name.split()[0] in {"Namespace", "Release", "Deployment", "NodeGroup"}}
    assert sorted(set(life.made) - left) == sorted(life.engine.calls("create"))
    assert [] == life.engine.calls("delete")
    assert sorted(there) == sorted(life.there())


@pytest.mark.parametrize("name", PROTECTED)
def test_an_environment_whose_data_is_protected_goes_in_two_steps(lives: Callable[[str], Life], name: str) -> None:
    """What cannot be made again is protected; as a `dev` environment it is not, here or at AWS, and all of it goes."""
    life = lives(name)
    life.engine.stack_file.write_text(life.engine.stack_file.read_text().replace(f"tier: {name}", "tier: dev"))
    life.up()
    assert [] == [item for item in life.engine.resources() if item.get("protect")]
    life.destroy()
    assert life.before == life.there()


def test_destroy_leaves_an_empty_account_and_up_works_again(dev: Life) -> None:
    """Everything of dev goes, nothing is in the way of the next life, and that one goes, too."""
    dev.destroy()
    left = dev.there()
    again = dev.up()
    dev.destroy()

    assert dev.before == left
    assert dev.previewed.changes == again.changes
    assert dev.before == dev.there()
