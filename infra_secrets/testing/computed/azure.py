"""How Azure Resource Manager writes ids: `/subscriptions/S/resourceGroups/G/providers/Microsoft.X/kinds/NAME`."""

from typing import Final

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
