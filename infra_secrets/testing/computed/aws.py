"""How AWS writes ids and ARNs: what other resources, policies and people refer to a resource by.

The tables hold what differs from the usual form. A form is all that is right about what is made here.
"""

from typing import Final

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
