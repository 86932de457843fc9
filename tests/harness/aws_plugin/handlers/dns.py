"""Names and their certificates: Amazon Route 53, AWS Certificate Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


def add_zone(account: str, zone_id: str, domain: str) -> None:
    """Let there be a public hosted zone that no stack made, with its id; moto's server must run in this process."""
    from moto.route53.models import route53_backends

    backend = route53_backends[account]["aws"]
    zone = backend.create_hosted_zone(domain, private_zone=False)
    backend.zones[zone_id] = backend.zones.pop(zone.resource_id)
    zone.resource_id = zone_id


class Record(Handler):
    """Its id is `zone_name_type`; the zone is not ours, and must be there."""

    type = "route53/record:Record"

    def create(self, aws: Cloud, given: Given) -> str:
        if _record(aws, given):
            raise FileExistsError(f"{given['type']} {given['name']} is in {given['zoneId']} already")
        _change(aws, given, "UPSERT")  # moto refuses to create one that only sorts before another
        return f"{given['zoneId']}_{_bare(given['name'])}_{given['type']}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = _record(aws, given)
        if not live:
            raise GoneError(id_)
        return {
            "fqdn": _bare(given["name"]),
            "ttl": live.get("TTL"),
            "records": [item["Value"] for item in live.get("ResourceRecords", [])],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        _change(aws, given, "UPSERT")

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        if not _record(aws, given):
            raise GoneError(id_)
        _change(aws, given, "DELETE")


class Certificate(Handler):
    """A request; AWS issues the certificate once its records prove the names."""

    type = "acm/certificate:Certificate"

    def create(self, aws: Cloud, given: Given) -> str:
        asked = given.only("domainName", "validationMethod", "subjectAlternativeNames", "keyAlgorithm")
        tags = {"Tags": aws.tag_list(given.tags)} if given.tags else {}
        return aws.acm.request_certificate(**asked, **tags)["CertificateArn"]

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = aws.acm.describe_certificate(CertificateArn=id_)["Certificate"]
        return {
            "arn": id_,
            "domainName": live["DomainName"],
            "status": live["Status"],
            "domainValidationOptions": [
                {
                    "domainName": option["DomainName"],
                    "resourceRecordName": option["ResourceRecord"]["Name"],
                    "resourceRecordType": option["ResourceRecord"]["Type"],
                    "resourceRecordValue": option["ResourceRecord"]["Value"],
                }
                for option in live["DomainValidationOptions"]
            ],
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        """Nothing but tags changes in place."""
        aws.acm.add_tags_to_certificate(CertificateArn=id_, Tags=aws.tag_list(given.tags))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.acm.delete_certificate(CertificateArn=id_)


class CertificateValidation(Handler):
    """Nothing of its own: it is there as long as the proof is, which moto does not ask for, and this does."""

    type = "acm/certificateValidation:CertificateValidation"
    replaces = frozenset({"certificateArn", "validationRecordFqdns"})

    def create(self, aws: Cloud, given: Given) -> str:
        arn = given["certificateArn"]
        wanted = {_bare(proof["Name"]): proof["Value"] for proof in _proofs(aws, arn)}
        if missing := sorted(set(wanted) - {_bare(name) for name in given.get("validationRecordFqdns", wanted)}):
            raise ValueError(f"{arn}: validationRecordFqdns has no {', '.join(missing)}")
        found = {_bare(item["Name"]): item for item in _all_records(aws)}
        for name, value in wanted.items():
            if value not in [item["Value"] for item in found.get(name, {}).get("ResourceRecords", [])]:
                raise TimeoutError(f"{arn}: PENDING_VALIDATION: no zone has {name} with what ACM asked for")
        return f"{arn} is proven"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        return {"certificateArn": _arn_of(aws, given["certificateArn"])}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        """There is nothing to delete."""


def _arn_of(aws: Cloud, arn: str) -> str:
    return aws.acm.describe_certificate(CertificateArn=arn)["Certificate"]["CertificateArn"]


def _proofs(aws: Cloud, arn: str) -> list[dict[str, str]]:
    options = aws.acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    return [option["ResourceRecord"] for option in options]


def _bare(name: str) -> str:
    return name.rstrip(".").replace("\\052", "*").lower()


def _records(aws: Cloud, zone_id: str) -> list[dict[str, Any]]:
    pages = aws.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
    return [record for page in pages for record in page["ResourceRecordSets"]]


def _all_records(aws: Cloud) -> list[dict[str, Any]]:
    zones = aws.route53.list_hosted_zones()["HostedZones"]
    return [record for zone in zones for record in _records(aws, zone["Id"].rpartition("/")[2])]


def _record(aws: Cloud, given: Given) -> dict[str, Any] | None:
    wanted = (_bare(given["name"]), given["type"])
    return next((one for one in _records(aws, given["zoneId"]) if (_bare(one["Name"]), one["Type"]) == wanted), None)


def _change(aws: Cloud, given: Given, action: str) -> None:
    record = {
        "Name": given["name"],
        "Type": given["type"],
        "TTL": int(given["ttl"]),
        "ResourceRecords": [{"Value": value} for value in given["records"]],
    }
    changes = [{"Action": action, "ResourceRecordSet": record}]
    aws.route53.change_resource_record_sets(HostedZoneId=given["zoneId"], ChangeBatch={"Changes": changes})
