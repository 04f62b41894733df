"""How Azure writes what it computes.

Its Resource Manager writes ids so: `/subscriptions/S/resourceGroups/G/providers/Microsoft.X/kinds/NAME`.
"""

from dataclasses import replace
from typing import Final

from infra_secrets.testing.computed import places, texts
from infra_secrets.testing.computed.dialects import Dialect
from infra_secrets.testing.computed.subject import Subject, camel, plural, words

# https://learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resource-providers
_PROVIDERS: Final = {
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
_TYPES: Final = {
    "WebApp": "sites",
    "AppServicePlan": "serverfarms",
    "VirtualMachine": "virtualMachines",
    "PublicIPAddress": "publicIPAddresses",
    "Profile": "profiles",
    "Component": "components",
    "Server": "servers",
    "Registry": "registries",
}

_PARENTS: Final = (
    *("virtualNetwork", "networkSecurityGroup", "routeTable", "account", "server", "vault"),
    *("namespace", "registry", "profile", "workspace", "service", "zone", "cluster"),
)


def type_of(subject: Subject) -> str:
    """Return what Azure calls the type, e.g. `Microsoft.Storage/storageAccounts`."""
    provider = _PROVIDERS.get(subject.module) or subject.module.capitalize()
    kind = _TYPES.get(subject.type) or plural(camel(words(subject.type)))
    return f"Microsoft.{provider}/{kind}"


def name_of(subject: Subject) -> str:
    """Return the name in Azure; a made-up one has no dash, which several services refuse."""
    name = subject.own_name
    return f"{subject.name}{subject.digits('name', 8)}" if name == subject.auto_name else name


def id_of(subject: Subject) -> str:
    """Return the id of a new resource."""
    name = name_of(subject)
    subscription = f"/subscriptions/{subject.subscription}"
    if subject.type == "ResourceGroup":
        return f"{subscription}/resourceGroups/{subject.given('resourceGroupName', 'name') or name}"
    group = subject.given("resourceGroupName")
    place = f"{subscription}/resourceGroups/{group}" if group else subscription
    place = subject.given("scope") or place
    provider, _, kind = type_of(subject).partition("/")
    above = _above(subject)
    return f"{place}/providers/{provider}/{above}{kind}/{name}"


def _above(subject: Subject) -> str:
    """Return the resource of which it is a part, e.g. a subnet's network."""
    own = subject.own_name
    for noun in _PARENTS:
        name = subject.given(f"{noun}Name")
        if name and name != own:
            return f"{plural(noun)}/{name}/"
    return ""


def _region(subject: Subject) -> str:
    return subject.given("location") or subject.configured("location") or "westeurope"


# What a property's name says --------------------------------------------------------------------


def _zone(_subject: Subject, _name: str, path: str) -> str | None:
    index = texts.index_in(path)
    return None if index is None else str(index % 3 + 1)


def _other_id(subject: Subject, name: str, path: str) -> str | None:
    if name != "id":
        return None
    owner = path.rpartition(".")[0]
    named = subject.given_at(owner).get("name") or subject.digits(path, 7)
    return f"{places.id_of(subject)}/{plural(texts.last(owner))}/{named}"


def _state(_subject: Subject, name: str, _path: str) -> str:
    return "Succeeded" if name.startswith("provisioning") else "Running"


def _type(subject: Subject, _name: str, path: str) -> str | None:
    return None if "." in path else type_of(subject)


def _storage(subject: Subject, service: str, _path: str) -> str:
    return f"https://{name_of(subject)}.{service}.core.windows.net/"


def _website(subject: Subject, _name: str, path: str) -> str:
    return _storage(subject, "z6.web", path)


# Hosts, and texts of a form of their own ----------------------------------------------------------

_HOSTS: Final = {
    "app": "{label}.{mark}.{region}.azurecontainerapps.io",
    "cache": "{label}.redis.cache.windows.net",
    "cdn": "{label}.azureedge.net",
    "cognitiveservices": "{label}.cognitiveservices.azure.com",
    "containerregistry": "{label}.azurecr.io",
    "containerservice": "{label}-{mark}.hcp.{region}.azmk8s.io",
    "cosmosdb": "{label}.documents.azure.com:443",
    "dbformysql": "{label}.mysql.database.azure.com",
    "dbforpostgresql": "{label}.postgres.database.azure.com",
    "eventhub": "{label}.servicebus.windows.net",
    "keyvault": "{label}.vault.azure.net",
    "search": "{label}.search.windows.net",
    "servicebus": "{label}.servicebus.windows.net",
    "signalrservice": "{label}.service.signalr.net",
    "sql": "{label}.database.windows.net",
    "storage": "{label}.blob.core.windows.net",
    "web": "{label}.azurewebsites.net",
}
_FORMS: Final = (
    ("azure-native:applicationinsights:", r"^instrumentation_key$", "{key}"),
    (
        "azure-native:applicationinsights:",
        r"^connection_string$",
        "InstrumentationKey={key};IngestionEndpoint=https://{region}-1.in.applicationinsights.azure.com/",
    ),
    ("azure-native:containerregistry:", r"^login_server$", "{host}"),
    ("azure-native:containerregistry:listRegistryCredentials", r"^username$", "{registryName}"),
    ("azure-native:storage:listStorageAccountKeys", r"key_name$", "key{index}"),
    ("azure-native:storage:listStorageAccountKeys", r"value$", "{base64_64}"),
    (
        "azure-native:storage:Blob$",
        r"^url$",
        "https://{accountName}.blob.core.windows.net/{containerName}/{name}",
    ),
    ("azure-native:", r"name_server", "ns{index}-01.azure-dns.com."),
    ("azure-native:", r"(^|\.)(primary|secondary)(_\w+)?_key$", "{base64_64}"),
    (
        "azure-native:containerservice:ManagedCluster",
        r"^identity_profile.*resource_id$",
        "/subscriptions/{subscription}/resourceGroups/MC_{name}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}-agentpool",
    ),
)


def _host(subject: Subject, path: str) -> str:
    return f"{subject.label}-{subject.digits(path, 6)}.{subject.region}.cloudapp.azure.com"


_CLASSIC: Final = Dialect(
    packages=frozenset({"azure"}),
    id_of=id_of,
    region=_region,
    host=_host,
    texts={texts.zone_name: _zone, texts.other_id: _other_id, texts.state: _state},
    named=((r"^(blob|queue|table|file|dfs)$", _storage), (r"^web$", _website)),
)
DIALECTS: Final = (
    _CLASSIC,
    replace(
        _CLASSIC,
        packages=frozenset({"azure-native"}),
        own_name=name_of,
        hosts=_HOSTS,
        forms=_FORMS,
        parts={"key": lambda subject, _path: subject.uuid("instrumentationKey")},
        texts={**_CLASSIC.texts, texts.type_text: _type},
    ),
    replace(
        _CLASSIC,
        packages=frozenset({"azuread"}),
        id_of=lambda subject: subject.uuid("id"),
    ),
)
