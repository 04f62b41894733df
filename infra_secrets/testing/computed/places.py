"""Ids and addresses as the clouds give them: what other resources, policies and people refer to a resource by.

The tables hold what differs from the cloud's usual form. A form is all that is right about them: nothing of it exists.
"""

from typing import Final

from infra_secrets.testing.computed.subject import ACCOUNT, Subject, camel, words

# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_AWS_SERVICES: Final = {
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
_AWS_ARNS: Final = {
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
_AWS_SERVICE_OF_TYPE: Final = {
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
_AWS_PREFIXES: Final = {
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
_GCP_PLURALS: Final = {"Account": "serviceAccounts", "Key": "keys", "Policy": "policies"}
_GCP_COMPUTE_GLOBAL: Final = frozenset(
    {
        *(
            "Network",
            "Firewall",
            "Image",
            "Route",
            "HealthCheck",
            "HttpHealthCheck",
            "BackendService",
        ),
        *("URLMap", "TargetHttpProxy", "TargetHttpsProxy", "GlobalAddress", "GlobalForwardingRule"),
        *("SSLCertificate", "ManagedSslCertificate", "BackendBucket", "InstanceTemplate"),
    }
)
_GCP_COMPUTE_ZONAL: Final = frozenset(
    {"Instance", "Disk", "InstanceGroup", "InstanceGroupManager", "InstanceFromTemplate"}
)
# https://learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resource-providers
_AZURE_PROVIDERS: Final = {
    "app": "App",
    "authorization": "Authorization",
    "containerinstance": "ContainerInstance",
    "containerregistry": "ContainerRegistry",
    "containerservice": "ContainerService",
    "cosmosdb": "DocumentDB",
    "dbforpostgresql": "DBforPostgreSQL",
    "dbformysql": "DBforMySQL",
    "eventhub": "EventHub",
    "keyvault": "KeyVault",
    "managedidentity": "ManagedIdentity",
    "operationalinsights": "OperationalInsights",
    "servicebus": "ServiceBus",
    "signalrservice": "SignalRService",
    "applicationinsights": "Insights",
    "insights": "Insights",
}
_AZURE_TYPES: Final = {
    "WebApp": "sites",
    "AppServicePlan": "serverfarms",
    "VirtualMachine": "virtualMachines",
    "PublicIPAddress": "publicIPAddresses",
    "Profile": "profiles",
    "Component": "components",
    "Server": "servers",
    "Registry": "registries",
}

_AZURE_PARENTS: Final = (
    *("virtualNetwork", "networkSecurityGroup", "routeTable", "account", "server", "vault"),
    *("namespace", "registry", "profile", "workspace", "service", "zone", "cluster"),
)


def id_of(subject: Subject) -> str:
    """Return the id that a new resource gets."""
    if subject.package in {"aws", "aws-native"}:
        return _aws_id(subject)
    if subject.package == "gcp":
        return _gcp_id(subject)
    if subject.package in {"azure", "azure-native"}:
        return _azure_id(subject)
    if subject.package == "azuread":
        return subject.uuid("id")
    if subject.package == "kubernetes":
        return f"{subject.given('namespace') or 'default'}/{subject.auto_name}"
    return subject.auto_name


# AWS --------------------------------------------------------------------------------------------


def aws_noun_id(subject: Subject, noun: str, path: str) -> str | None:
    """Return an id as EC2 gives one to what a noun names, e.g. `vpc` or `security_group`."""
    prefix = _AWS_PREFIXES.get(noun)
    return None if prefix is None else f"{prefix}-{subject.digits(path, 17)}"


def _aws_id(subject: Subject) -> str:
    kind = (subject.module, subject.type)
    if kind in _ARN_IS_ID or (subject.module in {"alb"} and ("lb", subject.type) in _ARN_IS_ID):
        return arn_of(subject)
    if subject.module in {"ec2", "efs", "ec2transitgateway"}:
        found = aws_noun_id(subject, words(subject.type), "id")
        if found is not None:
            return found
    match kind:
        case ("sqs", "Queue"):
            return queue_url(subject)
        case ("route53", "Zone" | "DelegationSet"):
            return f"Z{subject.letters('id', 13)}"
        case ("cloudfront", _):
            return f"E{subject.letters('id', 13)}"
        case ("apigateway" | "apigatewayv2", _):
            return subject.letters("id", 10).lower()
        case ("cognito", "UserPool"):
            return f"{subject.region}_{subject.letters('id', 9)}"
        case ("cognito", "UserPoolClient"):
            return subject.letters("id", 26).lower()
        case ("cognito", "IdentityPool"):
            return f"{subject.region}:{subject.uuid('id')}"
        case ("kms", "Key"):
            return subject.uuid("id")
        case ("iam", "AccessKey"):
            return f"AKIA{subject.letters('id', 16)}"
    return subject.own_name


def queue_url(subject: Subject) -> str:
    """Return a queue's URL, which is its id."""
    return f"https://sqs.{subject.region}.amazonaws.com/{ACCOUNT}/{subject.own_name}"


def arn_of(subject: Subject) -> str:
    """Return the ARN of a resource."""
    module = "lb" if subject.module == "alb" else subject.module
    kind = (module, subject.type)
    service = _AWS_SERVICE_OF_TYPE.get(kind) or _AWS_SERVICES.get(module, module)
    region = "" if module in _GLOBAL or module == "s3" else subject.region
    account = "" if module in _NO_ACCOUNT else ACCOUNT
    form = _AWS_ARNS.get(kind)
    if form is None:
        noun = words(subject.type).replace("_", "-")
        named_by_id = module in {"ec2", "efs", "ec2transitgateway"}
        form = f"{noun}/{{id}}" if named_by_id else f"{noun}/{{name}}"
    rest = form.format(
        name=subject.own_name,
        family=subject.given("family") or subject.own_name,
        id=_aws_id(subject) if "{id}" in form else "",
        uuid=subject.uuid("id"),
        hex16=subject.digits("id", 16),
        letters9=subject.letters("id", 9),
        region=subject.region,
        host=(subject.given("url") or "made-up.example.com").removeprefix("https://"),
    )
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def arn_named(subject: Subject, noun: str, path: str) -> str:
    """Return the ARN of something else that a property points to, e.g. `role` of `roleArn`."""
    digits = subject.digits(path, 7)
    if noun.endswith("role"):
        return f"arn:aws:iam::{ACCOUNT}:role/{noun.replace('_', '-')}-{digits}"
    if noun.endswith("policy"):
        return f"arn:aws:iam::{ACCOUNT}:policy/{noun.replace('_', '-')}-{digits}"
    if "kms" in noun:
        return f"arn:aws:kms:{subject.region}:{ACCOUNT}:key/{subject.uuid(path)}"
    service = _AWS_SERVICES.get(subject.module, subject.module) or "aws"
    return f"arn:aws:{service}:{subject.region}:{ACCOUNT}:{noun.replace('_', '-')}/{digits}"


# Google Cloud -----------------------------------------------------------------------------------


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def service_account(subject: Subject) -> str:
    """Return the e-mail address of a Google service account."""
    return f"{subject.given('accountId') or subject.own_name}@{subject.project}.iam.gserviceaccount.com"


def _gcp_id(subject: Subject) -> str:
    if subject.type == "Account" and subject.module == "serviceaccount":
        return f"projects/{subject.project}/serviceAccounts/{service_account(subject)}"
    if (subject.module, subject.type) == ("storage", "Bucket"):
        return subject.own_name
    if (subject.module, subject.type) == ("organizations", "Project"):
        return f"projects/{subject.given('projectId') or subject.own_name}"
    kind = _GCP_PLURALS.get(subject.type) or _plural(camel(words(subject.type)))
    place = f"projects/{subject.project}/"
    if subject.module == "compute" and subject.type in _GCP_COMPUTE_GLOBAL:
        kind = camel(words(subject.type.removeprefix("Global")))
        return f"{place}global/{_plural(kind)}/{subject.own_name}"
    if subject.module == "compute" and subject.type in _GCP_COMPUTE_ZONAL:
        return f"{place}zones/{subject.zone}/{kind}/{subject.own_name}"
    if subject.module == "compute":
        return f"{place}regions/{subject.region}/{kind}/{subject.own_name}"
    if "location" in subject.inputs or "region" in subject.inputs:
        return f"{place}locations/{subject.region}/{kind}/{subject.own_name}"
    return f"{place}{kind}/{subject.own_name}"


# Azure ------------------------------------------------------------------------------------------


def azure_type(subject: Subject) -> str:
    """Return what Azure calls the type, e.g. `Microsoft.Storage/storageAccounts`."""
    provider = _AZURE_PROVIDERS.get(subject.module) or subject.module.capitalize()
    kind = _AZURE_TYPES.get(subject.type) or _plural(camel(words(subject.type)))
    return f"Microsoft.{provider}/{kind}"


def azure_name(subject: Subject) -> str:
    """Return the name in Azure; a made-up one has no dash, which several services refuse."""
    name = subject.own_name
    return f"{subject.name}{subject.digits('name', 8)}" if name == subject.auto_name else name


def _azure_id(subject: Subject) -> str:
    name = azure_name(subject)
    subscription = f"/subscriptions/{subject.subscription}"
    if subject.type == "ResourceGroup":
        return f"{subscription}/resourceGroups/{subject.given('resourceGroupName', 'name') or name}"
    group = subject.given("resourceGroupName")
    place = f"{subscription}/resourceGroups/{group}" if group else subscription
    place = subject.given("scope") or place
    provider, _, kind = azure_type(subject).partition("/")
    above = _above(subject)
    return f"{place}/providers/{provider}/{above}{kind}/{name}"


def _above(subject: Subject) -> str:
    """Return the resource of which it is a part, e.g. a subnet's network."""
    own = subject.own_name
    for noun in _AZURE_PARENTS:
        name = subject.given(f"{noun}Name")
        if name and name != own:
            return f"{_plural(noun)}/{name}/"
    return ""
