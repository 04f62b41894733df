"""How AWS writes what it computes: ids and ARNs, by which other resources, policies and people refer to a resource.

The tables hold what differs from the usual form. A form is all that is right about what is made here.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from infra_secrets.testing.computed import places, texts
from infra_secrets.testing.computed.dialects import Dialect
from infra_secrets.testing.computed.subject import ACCOUNT, Subject, singular, words

# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_SERVICES: Final = {
    "alb": "elasticloadbalancing",
    "lb": "elasticloadbalancing",
    "elb": "elasticloadbalancing",
    "cfg": "config",
    "apigatewayv2": "apigateway",
    "cloudwatch": "cloudwatch",
    "cognito": "cognito-idp",
    "docdb": "rds",
    "neptune": "rds",
    "ec2transitgateway": "ec2",
    "ec2clientvpn": "ec2",
    "efs": "elasticfilesystem",
    "elasticsearch": "es",
    "opensearch": "es",
    "kinesis": "kinesis",
    "msk": "kafka",
    "mq": "mq",
    "sfn": "states",
    "emr": "elasticmapreduce",
    "servicediscovery": "servicediscovery",
    "ssoadmin": "sso",
    "wafv2": "wafv2",
    "lambda": "lambda",
    "appautoscaling": "application-autoscaling",
}
_GLOBAL: Final = frozenset({"iam", "cloudfront", "route53", "organizations", "shield", "waf"})
# what follows the account in an ARN, by module and type; other types: `type/name`
_ARNS: Final = {
    ("s3", "Bucket"): "{name}",
    ("s3", "BucketV2"): "{name}",
    ("s3", "BucketObject"): "{name}",
    ("s3", "BucketObjectv2"): "{name}",
    ("sns", "Topic"): "{name}",
    ("sns", "TopicSubscription"): "{name}:{uuid}",
    ("sqs", "Queue"): "{name}",
    ("lambda", "Function"): "function:{name}",
    ("lambda", "LayerVersion"): "layer:{name}:1",
    ("rds", "Instance"): "db:{name}",
    ("rds", "Cluster"): "cluster:{name}",
    ("rds", "ClusterInstance"): "db:{name}",
    ("rds", "SubnetGroup"): "subgrp:{name}",
    ("rds", "ParameterGroup"): "pg:{name}",
    ("docdb", "Cluster"): "cluster:{name}",
    ("cloudwatch", "LogGroup"): "log-group:{name}",
    ("cloudwatch", "MetricAlarm"): "alarm:{name}",
    ("cloudwatch", "EventRule"): "rule/{name}",
    ("cloudwatch", "EventBus"): "event-bus/{name}",
    ("sfn", "StateMachine"): "stateMachine:{name}",
    ("kms", "Key"): "key/{uuid}",
    ("acm", "Certificate"): "certificate/{uuid}",
    ("acm", "CertificateValidation"): "certificate/{uuid}",
    ("lb", "LoadBalancer"): "loadbalancer/app/{name}/{hex16}",
    ("lb", "TargetGroup"): "targetgroup/{name}/{hex16}",
    ("lb", "Listener"): "listener/app/{name}/{hex16}/{hex16}",
    ("lb", "ListenerRule"): "listener-rule/app/{name}/{hex16}/{hex16}/{hex16}",
    ("elb", "LoadBalancer"): "loadbalancer/{name}",
    ("ecs", "TaskDefinition"): "task-definition/{family}:1",
    ("iam", "InstanceProfile"): "instance-profile/{name}",
    ("iam", "OpenIdConnectProvider"): "oidc-provider/{host}",
    ("cognito", "UserPool"): "userpool/{region}_{letters9}",
    ("dynamodb", "Table"): "table/{name}",
    ("kinesis", "FirehoseDeliveryStream"): "deliverystream/{name}",
    ("ssm", "Parameter"): "parameter/{name}",
    ("route53", "Zone"): "hostedzone/{id}",
    ("cloudfront", "Distribution"): "distribution/{id}",
    ("apigateway", "RestApi"): "/restapis/{id}",
    ("apigatewayv2", "Api"): "/apis/{id}",
    ("secretsmanager", "Secret"): "secret:{name}-AbCdEf",
    ("elasticache", "Cluster"): "cluster:{name}",
    ("elasticache", "ReplicationGroup"): "replicationgroup:{name}",
    ("autoscaling", "Group"): "autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
}
# services that say the name of their log group, rule or stream otherwise than their Pulumi module
_SERVICE_OF_TYPE: Final = {
    ("cloudwatch", "LogGroup"): "logs",
    ("cloudwatch", "EventRule"): "events",
    ("cloudwatch", "EventBus"): "events",
    ("kinesis", "FirehoseDeliveryStream"): "firehose",
}
_NO_ACCOUNT: Final = frozenset({"s3", "route53", "apigateway"})
_ARN_IS_ID: Final = frozenset(
    {
        *(("lb", type_) for type_ in ("LoadBalancer", "TargetGroup", "Listener", "ListenerRule")),
        *(("sns", type_) for type_ in ("Topic", "TopicSubscription", "PlatformApplication")),
        *(("acm", type_) for type_ in ("Certificate",)),
        *(("iam", type_) for type_ in ("Policy", "OpenIdConnectProvider", "SamlProvider")),
        *(("ecs", type_) for type_ in ("Cluster", "Service", "CapacityProvider")),
        *(("sfn", type_) for type_ in ("StateMachine", "Activity")),
        *(("codebuild", type_) for type_ in ("Project",)),
        ("secretsmanager", "Secret"),
        ("msk", "Cluster"),
        ("apprunner", "Service"),
        ("globalaccelerator", "Accelerator"),
    }
)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_PREFIXES: Final = {
    "vpc": "vpc",
    "default_vpc": "vpc",
    "subnet": "subnet",
    "default_subnet": "subnet",
    "security_group": "sg",
    "default_security_group": "sg",
    "security_group_rule": "sgrule",
    "security_group_ingress_rule": "sgr",
    "security_group_egress_rule": "sgr",
    "internet_gateway": "igw",
    "egress_only_internet_gateway": "eigw",
    "nat_gateway": "nat",
    "route_table": "rtb",
    "main_route_table": "rtb",
    "default_route_table": "rtb",
    "route_table_association": "rtbassoc",
    "route": "r-rtb",
    "instance": "i",
    "ami": "ami",
    "image": "ami",
    "eip": "eipalloc",
    "allocation": "eipalloc",
    "eip_association": "eipassoc",
    "association": "eipassoc",
    "volume": "vol",
    "snapshot": "snap",
    "root_snapshot": "snap",
    "network_interface": "eni",
    "primary_network_interface": "eni",
    "network_acl": "acl",
    "default_network_acl": "acl",
    "launch_template": "lt",
    "vpc_peering_connection": "pcx",
    "vpc_endpoint": "vpce",
    "vpc_dhcp_options": "dopt",
    "dhcp_options": "dopt",
    "transit_gateway": "tgw",
    "vpn_gateway": "vgw",
    "vpn_connection": "vpn",
    "customer_gateway": "cgw",
    "file_system": "fs",
    "access_point": "fsap",
    "mount_target": "fsmt",
    "reservation": "r",
    "prefix_list": "pl",
    "managed_prefix_list": "pl",
    "flow_log": "fl",
    "key_pair": "key",
}

# ids of types that are neither an ARN, nor a prefix and 17 digits, nor the name
_IDS: Final = {
    ("sqs", "Queue"): "https://sqs.{region}.amazonaws.com/{account}/{name}",
    ("route53", "Zone"): "Z{letters13}",
    ("cloudfront", "Distribution"): "E{letters13}",
    ("cloudfront", "OriginAccessIdentity"): "E{letters13}",
    ("cognito", "UserPool"): "{region}_{letters9}",
    ("cognito", "UserPoolClient"): "{small26}",
    ("cognito", "IdentityPool"): "{region}:{uuid}",
    ("kms", "Key"): "{uuid}",
    ("iam", "AccessKey"): "AKIA{letters16}",
}
_ABOVE: Final = ("role", "user", "group")
_NUMBERED: Final = frozenset({"ec2", "efs", "ec2transitgateway"})


def noun_id(subject: Subject, noun: str, path: str) -> str | None:
    """Return an id as EC2 gives one to what a noun names, e.g. `vpc` or `security_group`."""
    parts = noun.split("_")
    for start in range(len(parts)):  # `cluster_security_group` is a security group, too
        prefix = _PREFIXES.get("_".join(parts[start:]))
        if prefix is not None:
            return f"{prefix}-{subject.digits(path, 17)}"
    return None


def id_of(subject: Subject) -> str:
    """Return the id of a new resource."""
    kind = _kind(subject)
    if kind in _ARN_IS_ID:
        return arn_of(subject)
    form = _IDS.get(kind)
    if form is None and kind[0].startswith("apigateway"):
        form = "{small10}"
    if form is None:
        noun = singular(words(subject.type))
        numbered = noun_id(subject, noun, "id") if kind[0] in _NUMBERED else None
        return numbered or _below(subject, noun)
    return _filled(form, subject)


def _below(subject: Subject, noun: str) -> str:
    """Return a name, after that of what it is a part of: two roles can have policies of one name."""
    name = subject.own_name
    if noun == "record":
        return f"{subject.given('zoneId') or 'Z'}_{name}_{subject.given('type') or 'A'}"
    above = next((key for key in _ABOVE if noun.startswith(f"{key}_")), None)
    whose = subject.given(above) if above else None
    return f"{whose}:{name}" if whose else name


def arn_of(subject: Subject) -> str:
    """Return the ARN of a resource."""
    kind = _kind(subject)
    module = kind[0]
    service = _SERVICE_OF_TYPE.get(kind) or _SERVICES.get(module, module)
    region = "" if module in _GLOBAL or module == "s3" else subject.region
    account = "" if module in _NO_ACCOUNT else ACCOUNT
    form = _ARNS.get(kind)
    if form is None:
        noun = words(subject.type).replace("_", "-")
        form = f"{noun}/{{id}}" if module in _NUMBERED else f"{noun}/{{name}}"
    return f"arn:aws:{service}:{region}:{account}:{_filled(form, subject)}"


def arn_start(subject: Subject, service: str) -> str:
    """Return what an ARN of a service in the subject's region and account begins with."""
    return f"arn:aws:{service}:{subject.region}:{ACCOUNT}"


def _kind(subject: Subject) -> tuple[str, str]:
    return ("lb" if subject.module == "alb" else subject.module, subject.type)


def _filled(form: str, subject: Subject) -> str:
    return form.format(
        name=subject.own_name,
        family=subject.given("family") or subject.own_name,
        id=id_of(subject) if "{id}" in form else "",
        uuid=subject.uuid("id"),
        hex16=subject.digits("id", 16),
        letters9=subject.letters("id", 9),
        letters13=subject.letters("id", 13),
        letters16=subject.letters("id", 12) + subject.letters("more", 4),
        small10=subject.letters("id", 10).lower(),
        small26=(subject.letters("id", 12) + subject.letters("more", 12) + "ab").lower(),
        account=ACCOUNT,
        region=subject.region,
        host=(subject.given("url") or "made-up.example.com").removeprefix("https://"),
    )


def arn_named(subject: Subject, noun: str, path: str) -> str:
    """Return the ARN of something else that a property points to, e.g. `role` of `roleArn`."""
    digits = subject.digits(path, 7)
    if noun.endswith("role"):
        return f"arn:aws:iam::{ACCOUNT}:role/{noun.replace('_', '-')}-{digits}"
    if noun.endswith("policy"):
        return f"arn:aws:iam::{ACCOUNT}:policy/{noun.replace('_', '-')}-{digits}"
    if "kms" in noun:
        return f"arn:aws:kms:{subject.region}:{ACCOUNT}:key/{subject.uuid(path)}"
    service = _SERVICES.get(subject.module, subject.module) or "aws"
    return f"arn:aws:{service}:{subject.region}:{ACCOUNT}:{noun.replace('_', '-')}/{digits}"


# What a property's name says --------------------------------------------------------------------


def _arn(subject: Subject, name: str, path: str) -> str:
    if name == "arn" and "." not in path and "[" not in path:
        return arn_of(subject)
    if name == "invoke_arn" and subject.module == "lambda":
        function = f"{arn_of(subject)}/invocations"
        return f"arn:aws:apigateway:{subject.region}:lambda:path/2015-03-31/functions/{function}"
    if name == "execution_arn":
        return f"arn:aws:execute-api:{subject.region}:{ACCOUNT}:{places.id_of(subject)}"
    if name == "qualified_arn":
        return f"{arn_of(subject)}:1"
    noun = name.removesuffix("_arn")
    return arn_named(subject, "thing" if noun == "arn" else noun, path)


def _suffix(subject: Subject, _name: str, _path: str) -> str:
    return arn_of(subject).rpartition(":")[2].partition("/")[2]


def _registry(subject: Subject, _name: str, _path: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.{subject.region}.amazonaws.com"


def _repository(subject: Subject, name: str, path: str) -> str:
    return f"{_registry(subject, name, path)}/{subject.own_name}"


def _proxy(subject: Subject, name: str, path: str) -> str:
    return f"https://{_registry(subject, name, path)}"


def _authorization(subject: Subject, _name: str, path: str) -> str:
    return texts.in_base64(f"AWS:made-up-{subject.digits(path, 12)}")


def _url(subject: Subject, name: str, _path: str) -> str | None:
    if name == "invoke_url" and subject.given("restApi"):
        address = f"{subject.given('restApi')}.execute-api.{subject.region}.amazonaws.com"
        return f"https://{address}/{subject.own_name}"
    return places.id_of(subject) if _kind(subject) == ("sqs", "Queue") else None


def _endpoint(subject: Subject, name: str, path: str) -> str | None:
    if subject.module in {"rds", "redshift", "docdb", "neptune"}:
        address = texts.host(subject, "address")
        return address if subject.type == "Cluster" else f"{address}:{texts.port(subject)}"
    if name != "endpoint" or subject.module in {"elasticache", "opensearch"}:
        return texts.host(subject, path)
    return None


def _zone_id(subject: Subject, _name: str, path: str) -> str | None:
    if "zones" not in subject.type.lower():
        return None
    area, direction, number, *_ = [*subject.region.split("-"), "", ""]
    return f"{area}{direction[:1]}{number}-az{(texts.index_in(path) or 0) % 3 + 1}"


def _other_id(subject: Subject, name: str, path: str) -> str:
    noun = texts.noun_of(name, path)
    found = noun_id(subject, noun, path)
    return found or f"{noun.replace('_', '-')}-{subject.digits(path, 9)}"


def _certificate(subject: Subject, name: str, path: str) -> str | None:
    return texts.encoded_certificate(subject, name, path) if subject.module == "eks" else None


def _state(subject: Subject, _name: str, _path: str) -> str | None:
    return "ACTIVE" if subject.module in {"eks", "ecs", "dynamodb"} else None


def _account(_subject: Subject, _name: str, _path: str) -> str:
    return ACCOUNT


def _unique(subject: Subject, _name: str, path: str) -> str:
    prefix = {"Role": "AROA", "User": "AIDA", "Group": "AGPA", "Policy": "ANPA"}.get(subject.type)
    return f"{prefix or 'AIPA'}{subject.letters(path, 17)}"


def _address(subject: Subject, _name: str, _path: str) -> str | None:
    of_host = subject.module in {"rds", "elasticache", "docdb", "redshift"}
    return texts.host(subject, "address") if of_host else None


def _user(subject: Subject, _name: str, _path: str) -> str | None:
    return "AWS" if subject.module == "ecr" else None


# Hosts, and texts of a form of their own ----------------------------------------------------------

_HOSTS: Final = {
    "apigatewayv2": "{id}.execute-api.{region}.amazonaws.com",
    "apigateway:RestApi": "{id}.execute-api.{region}.amazonaws.com",
    "cloudfront": "d{mark}.cloudfront.net",
    "cognito:UserPool": "cognito-idp.{region}.amazonaws.com/{id}",
    "docdb": "{label}.cluster-{mark}.{region}.docdb.amazonaws.com",
    "efs": "{id}.efs.{region}.amazonaws.com",
    "eks": "{hex32}.gr7.{region}.eks.amazonaws.com",
    "elasticache": "{label}.{mark}.0001.{region}.cache.amazonaws.com",
    "alb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "elb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "lb": "{label}-{decimal}.{region}.elb.amazonaws.com",
    "lambda:FunctionUrl": "{small32}.lambda-url.{region}.on.aws",
    "neptune": "{label}.cluster-{mark}.{region}.neptune.amazonaws.com",
    "opensearch": "search-{label}-{mark}.{region}.es.amazonaws.com",
    "elasticsearch": "search-{label}-{mark}.{region}.es.amazonaws.com",
    "rds": "{label}.{mark}.{region}.rds.amazonaws.com",
    "rds:Cluster": "{label}.cluster-{mark}.{region}.rds.amazonaws.com",
    "redshift": "{label}.{mark}.{region}.redshift.amazonaws.com",
    "s3": "{name}.s3.{region}.amazonaws.com",
}
_FORMS: Final = (
    ("aws:acm/certificate:Certificate", r"^domain_validation_options.*\.domain_name$", "{domain}"),
    ("aws:acm/certificate:Certificate", r"^domain_validation_options.*name$", "_{hex32}.{domain}."),
    ("aws:acm/certificate:Certificate", r"^domain_validation_options.*type$", "CNAME"),
    (
        "aws:acm/certificate:Certificate",
        r"^domain_validation_options.*value$",
        "_{hex32}.{hex10}.acm-validations.aws.",
    ),
    ("aws:apigatewayv2/api:Api", r"^api_endpoint$", "https://{host}"),
    ("aws:cognito/userPool:UserPool", r"^endpoint$", "{host}"),
    ("aws:cloudfront/", r"^hosted_zone_id$", "Z2FDTNDATAQYW2"),
    ("aws:dynamodb/table:Table", r"^stream_arn$", "{arn}/stream/2026-01-01T00:00:00.000"),
    ("aws:dynamodb/table:Table", r"^stream_label$", "2026-01-01T00:00:00.000"),
    ("aws:kms/", r"^key_id$", "{id}"),
    (r"aws:(rds|docdb)/", r"secret_arn$", "{secret}:secret:rds!db-{uuid}-AbCdEf"),
    ("aws:", r"secret_arn$", "{secret}:secret:{name}-AbCdEf"),
    ("aws:s3/", r"bucket_domain_name$", "{name}.s3.amazonaws.com"),
    ("aws:s3/", r"website_domain$", "s3-website-{region}.amazonaws.com"),
    ("aws:s3/", r"website_endpoint$", "{name}.s3-website-{region}.amazonaws.com"),
    ("aws:route53/", r"name_server", "ns-{index}.awsdns-{index:02}.com"),
)


def _host(subject: Subject, path: str) -> str:
    mark = subject.digits(path, 6)
    return f"{subject.label}-{mark}.{subject.module}.{subject.region}.amazonaws.com"


def _domains_of(subject: Subject) -> list[str]:
    """Return the domains of a certificate, each once."""
    names = [subject.given("domainName"), *(subject.inputs.get("subjectAlternativeNames") or [])]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _domain(subject: Subject, path: str) -> str:
    names = _domains_of(subject) or ["example.com"]
    return names[(texts.last_index(path) or 0) % len(names)].removeprefix("*.")


def _members(subject: Subject, path: str) -> int | None:
    """Return how many validations a certificate has, and how many subnets of a kind a VPC of `awsx`.

    Of these there is one for each zone and spec.
    https://www.pulumi.com/registry/packages/awsx/api-docs/ec2/vpc/ (subnetSpecs, numberOfAvailabilityZones)
    """
    if words(path) == "domain_validation_options":
        return len(_domains_of(subject)) or None
    if (subject.package, subject.type) != ("awsx", "Vpc") or "subnet" not in path.lower():
        return None
    zones = subject.inputs.get("numberOfAvailabilityZones") or 3
    names = subject.inputs.get("availabilityZoneNames")
    specs = subject.inputs.get("subnetSpecs") or [{"type": "Public"}, {"type": "Private"}]
    kinds = [str(spec.get("type")).lower() for spec in specs if isinstance(spec, Mapping)]
    wanted = [kind for kind in kinds if kind in path.lower()]
    every = len(kinds) if path.lower().startswith("subnet") else len(wanted)
    return every * (len(names) if isinstance(names, list) else int(zones))


# Functions whose answer follows from their arguments ----------------------------------------------


def _policy_document(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write an IAM policy as the data source does: one member of a list stands alone."""
    documents = [arguments.get("sourceJson"), *(arguments.get("sourcePolicyDocuments") or [])]
    statements: list[Any] = []
    for document in documents:
        if isinstance(document, str) and document:
            above = json.loads(document).get("Statement") or []
            statements += above if isinstance(above, list) else [above]
    statements += [_statement(each) for each in arguments.get("statements") or []]
    policy = {"Version": arguments.get("version") or "2012-10-17", "Statement": statements}
    if arguments.get("policyId"):
        policy["Id"] = arguments["policyId"]
    return {
        "json": json.dumps(policy, indent=2),
        "minifiedJson": json.dumps(policy, separators=(",", ":")),
    }


_LISTS: Final = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}
_PRINCIPALS: Final = {"principals": "Principal", "notPrincipals": "NotPrincipal"}


def _statement(given: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for key, name in _LISTS.items():
        if given.get(key):
            statement[name] = _alone(given[key])
    for key, name in _PRINCIPALS.items():
        if given.get(key):
            statement[name] = _principals(given[key])
    conditions: dict[str, dict[str, Any]] = {}
    for each in given.get("conditions") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _alone(each["values"])
    return statement | ({"Condition": conditions} if conditions else {})


def _principals(given: list[Mapping[str, Any]]) -> Any:
    if any(each.get("type") == "*" for each in given):
        return "*"
    found: dict[str, list[Any]] = {}
    for each in given:
        found.setdefault(str(each.get("type")), []).extend(each.get("identifiers") or [])
    return {kind: _alone(identifiers) for kind, identifiers in found.items()}


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


_DIALECT: Final = Dialect(
    packages=frozenset({"aws", "aws-native"}),
    id_of=id_of,
    host=_host,
    hosts=_HOSTS,
    forms=_FORMS,
    parts={
        "arn": lambda subject, _path: arn_of(subject),
        "secret": lambda subject, _path: arn_start(subject, "secretsmanager"),
        "domain": _domain,
        "small32": lambda subject, path: (
            subject.letters(path, 12).lower() + subject.digits(path, 20)
        ),
    },
    texts={
        texts.account: _account,
        texts.address: _address,
        texts.certificate: _certificate,
        texts.endpoint: _endpoint,
        texts.other_id: _other_id,
        texts.state: _state,
        texts.unique: _unique,
        texts.url: _url,
        texts.user: _user,
        texts.zone_id: _zone_id,
    },
    named=(
        (r"(^|_)arn$", _arn),
        (r"^arn_suffix$", _suffix),
        (r"^partition$", lambda *_: "aws"),
        (r"^(dns|url)_suffix$", lambda *_: "amazonaws.com"),
        (r"^aws_account_id$", _account),
        (r"^repository_url$", _repository),
        (r"^proxy_endpoint$", _proxy),
        (r"^authorization_token$", _authorization),
    ),
    answers={"aws:iam/getPolicyDocument:getPolicyDocument": _policy_document},
    always=("arn", "name"),
    members=_members,
)
# Components of which AWS itself knows nothing: their ids are their names.
DIALECTS: Final = (
    _DIALECT,
    replace(_DIALECT, packages=frozenset({"awsx", "eks"}), id_of=Dialect().id_of),
)
