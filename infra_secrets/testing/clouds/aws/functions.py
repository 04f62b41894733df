"""The functions of pulumi-aws that programs ask about the account, the region and a secret."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from infra_secrets.testing.bridged import data_source
from infra_secrets.testing.clouds.aws.resources import SCHEDULED_IS_GONE
from infra_secrets.testing.clouds.aws.service import (
    ACCOUNT,
    CREATED,
    DEFAULT_REGION,
    SecretsManager,
)
from infra_secrets.testing.simulation import Call, CloudError, Function


def functions(service: SecretsManager) -> Mapping[str, Function]:
    """Return what each function answers, by token."""
    return {
        "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
        "aws:index/getRegion:getRegion": _region,
        "aws:index/getPartition:getPartition": _partition,
        **data_source("aws:secretsmanager/getSecret:getSecret", partial(_get_secret, service)),
    }


def _get_secret(service: SecretsManager, args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    """DescribeSecret and GetResourcePolicy: metadata only, never the value.

    terraform-provider-aws internal/service/secretsmanager/secret_data_source.go: a secret whose
    deletion is scheduled is not found, as for the resource. The request goes to the region that
    the arguments or the provider name, also for an ARN.
    """
    region = args.get("region") or call.config.get("region") or DEFAULT_REGION
    secret_id = args.get("arn") or args.get("name") or ""
    secret = service.find(region, secret_id)
    hidden = secret is not None and secret.scheduled and service.keeps(SCHEDULED_IS_GONE)
    if secret is None or secret.region != region or hidden:
        raise CloudError(
            "ResourceNotFoundException",
            f"reading Secrets Manager Secret ({secret_id}): couldn't find resource",
            status=400,
        )
    return {
        "id": secret.arn,
        "arn": secret.arn,
        "name": secret.name,
        "region": region,
        "description": secret.description,
        "kmsKeyId": secret.kms_key_id,
        "policy": secret.policy,
        "tags": dict(secret.tags),
        "type": secret.type,
        "createdDate": CREATED,
        "lastChangedDate": CREATED,
    }


def _caller_identity(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/rehearsal",
        "userId": "AIDAREHEARSAL",
    }


def _region(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    region = args.get("region") or args.get("name") or call.config.get("region") or DEFAULT_REGION
    return {
        "id": region,
        "name": region,
        "region": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "description": region,
    }


def _partition(args: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    del args, call
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }
