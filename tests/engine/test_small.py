"""What the engine itself does with names, secrets and mistakes; programs of a few lines."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.engine import programs
from tests.harness.engine.components import Depot
from tests.harness.engine.stack import Engine, short

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]


def archive(protect: bool = True) -> None:
    """A protected bucket with a setting, and things that are not."""
    opts = pulumi.ResourceOptions(provider=programs.aws_provider())
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protect))
    key = aws.kms.Key("key", enable_key_rotation=True, opts=kept)
    bucket = aws.s3.Bucket("archive", bucket="archive", opts=kept)
    aws.s3.BucketVersioning("archive", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=opts)
    aws.kms.Alias("key", name="alias/key", target_key_id=key.id, opts=opts)
    aws.cloudwatch.LogGroup("log", name="/log", retention_in_days=30, opts=opts)


def test_a_refused_destroy_keeps_what_is_protected_only(small: Callable[[], Engine]) -> None:
    """It deletes what is not protected, settings of protected things too, and then refuses; `up` puts all of it back.

    Without the protection everything goes.
    """
    engine = small()
    engine.up(archive)

    with pytest.raises(automation.CommandError, match="because it is protected"):
        engine.destroy(archive)
    left = sorted(short(item["urn"]) for item in engine.resources())
    engine.forget()
    engine.up(archive)
    again = sorted(engine.calls("create"))

    assert ["Bucket archive", "Key key"] == [name for name in left if name.split()[0] in ("Bucket", "Key")]
    assert {"Alias key", "BucketVersioning archive", "LogGroup log"} <= set(again)
    assert [] == sorted(set(left) & set(again))

    engine.up(lambda: archive(protect=False))
    engine.destroy(archive)
    assert [] == engine.resources()


SECRET = "correct-horse-battery-staple"


def depot(name: str, *aliases: pulumi.Alias) -> None:
    """One depot by some name."""
    Depot(name, pulumi.ResourceOptions(providers=[programs.aws_provider()], aliases=aliases))


def test_a_rename_with_an_alias_replaces_nothing(small: Callable[[], Engine]) -> None:
    """The component and its children keep what they are, and the next `up` has nothing to do."""
    engine = small()
    engine.up(lambda: depot("store"))
    engine.forget()

    renamed = engine.up(lambda: depot("depot", pulumi.Alias(name="store")))
    without = engine.preview(lambda: depot("shed"))

    assert {} == renamed.changes
    assert [[], [], []] == [engine.calls(verb) for verb in ("create", "update", "delete")]
    assert {"create": 3, "delete": 3} == without.changes


def keep_secret() -> None:
    """A secret with a value, and an output that shows it."""
    opts = pulumi.ResourceOptions(provider=programs.aws_provider())
    secret = aws.secretsmanager.Secret("login", recovery_window_in_days=0, opts=opts)
    value = pulumi.Output.secret(SECRET)
    version = aws.secretsmanager.SecretVersion("login", secret_id=secret.id, secret_string=value, opts=opts)
    pulumi.export("login", version.secret_string)


def test_secrets_are_encrypted_in_the_state(small: Callable[[], Engine]) -> None:
    """The value is live, and nowhere in the state file or in what people see."""
    engine = small()

    shown = engine.up(keep_secret).stdout

    cloud = Cloud(engine.endpoint, engine.account, programs.REGION)
    name = cloud.secretsmanager.list_secrets()["SecretList"][0]["Name"]
    assert SECRET == cloud.secretsmanager.get_secret_value(SecretId=name)["SecretString"]
    assert SECRET not in engine.state_text()
    assert SECRET not in shown


def mistyped(opts: pulumi.ResourceOptions) -> None:
    """A field that no lifecycle rule has."""
    rule = {"id": "all", "status": "Enabled", "expiration": {"dais": 3}}
    aws.s3.BucketLifecycleConfiguration("data", bucket="data", rules=[rule], opts=opts)  # type: ignore[list-item]


def refused(opts: pulumi.ResourceOptions) -> None:
    """A number of days that CloudWatch does not offer."""
    aws.cloudwatch.LogGroup("log", retention_in_days=31, opts=opts)


def unheard_of(opts: pulumi.ResourceOptions) -> None:
    """A type that nobody taught the stand-in."""
    aws.sagemaker.Endpoint("model", endpoint_config_name="model", opts=opts)


def implicit(_: pulumi.ResourceOptions) -> None:
    """A key without a provider."""
    aws.kms.Key("key")


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (mistyped, r"rules\[0\]\.expiration\.dais.*unknown property; did you mean `days`"),
        (refused, r"retentionInDays.*`31` is not allowed"),
        (unheard_of, "the AWS stand-in does not know this type"),
        (implicit, "Default provider for 'aws' disabled"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_preview_refuses(
    small: Callable[[], Engine], program: Callable[[pulumi.ResourceOptions], None], told: str
) -> None:
    """What `pulumi_aws` ignores, what AWS would not take, what is not modelled, what has no explicit provider."""

    def whole() -> None:
        program(pulumi.ResourceOptions(provider=programs.aws_provider()))

    with pytest.raises(automation.CommandError, match=told):
        small().preview(whole)


def test_an_input_that_the_stand_in_would_ignore_fails(small: Callable[[], Engine]) -> None:
    """Nothing is green because nobody looked; and what was made for it is gone again."""

    def ignoring() -> None:
        opts = pulumi.ResourceOptions(provider=programs.aws_provider())
        aws.kms.Key("key", bypass_policy_lockout_safety_check=True, opts=opts)

    engine = small()
    with pytest.raises(automation.CommandError, match="does not act on bypassPolicyLockoutSafetyCheck"):
        engine.up(ignoring)
    assert [] == engine.resources()


def test_credentials_of_another_account_make_nothing(environment: Callable[..., Engine]) -> None:
    """The environment says which account it is for, and the provider holds it to that."""
    engine = environment("dev", "666666666601")
    engine.stack_file.write_text(engine.stack_file.read_text().replace("666666666601", "666666666602"))

    with pytest.raises(automation.CommandError, match="AWS account ID not allowed: 666666666601"):
        engine.up(programs.environment)
    assert [] == engine.resources()
