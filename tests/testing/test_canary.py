"""The leak canary is proved by leaks that are made on purpose."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from infra_secrets.testing import Canary, LeakError, Rehearsal


@pytest.mark.parametrize("format_", ["plain", "json", "url"])
def test_a_canary_is_unique_and_fits_an_environment_variable(format_: str) -> None:
    one, other = Canary.plant(format_), Canary.plant(format_)  # type: ignore[arg-type]
    assert one.value != other.value
    assert "\0" not in one.value
    assert "\n" not in one.value
    assert one.value not in repr(one)


def test_the_formats_are_what_they_say() -> None:
    assert set(json.loads(Canary.plant("json").value)) == {"user", "password"}
    url = urllib.parse.urlsplit(Canary.plant("url").value)
    assert (url.scheme, url.username, url.port) == ("postgresql", "app", 5432)


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: f"before {value} after",
    "in part": lambda value: value[:30],
    "JSON-escaped": lambda value: json.dumps({"a": value}),
    "JSON-escaped twice": lambda value: json.dumps(json.dumps({"a": value})),
    "URL-encoded": urllib.parse.quote,
    "HTML-escaped": html.escape,
    "hexadecimal": lambda value: value.encode().hex(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
}


@pytest.mark.parametrize("how", sorted(FORMS))
def test_a_canary_is_found_in_every_form_and_a_different_one_is_not(how: str) -> None:
    canary, other = Canary.plant(), Canary.plant()
    text = FORMS[how](canary.value)
    (sighting,) = canary.sightings({"a note": text})
    assert (sighting.where, sighting.how, sighting.leaked) == ("a note", how, True)
    assert other.sightings(text) == []


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_at_any_alignment(
    before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    canary = Canary("a value ?>~ of nobody")
    text = encode(f"{before}{canary.value}{after}".encode()).decode()
    assert [sighting.how for sighting in canary.sightings(text)] == ["base64"]


@pytest.mark.parametrize(
    "escape",
    [
        lambda text: text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        lambda text: text,
    ],
    ids=["as Go does", "as Python does"],
)
def test_json_is_found_however_it_is_escaped(escape: Callable[[str], str]) -> None:
    canary = Canary('x"y<z>&\\é and more')
    for ascii_only in (True, False):
        text = escape(json.dumps(canary.value, ensure_ascii=ascii_only))
        assert [sighting.how for sighting in canary.sightings(text)] == ["JSON-escaped"]


def test_what_is_secret_inside_a_document_or_a_url_is_found_too() -> None:
    document = Canary(json.dumps({"user": "app", "inner": [{"password": "sesame-open"}]}))
    assert document.sightings("it is sesame-open")
    assert not document.sightings("it is app")
    url = Canary("postgresql://app:p%40ss%2Fword@host/db")
    assert url.sightings("p@ss/word")
    assert url.sightings("p%40ss%2Fword")


def test_a_short_value_is_not_looked_for() -> None:
    assert Canary("short").sightings("short") == []


def test_several_texts_are_searched_by_what_they_are_called() -> None:
    canary = Canary.plant()
    assert [each.where for each in canary.sightings(["a", canary.value])] == ["text 2"]
    assert [each.where for each in canary.sightings(canary.value)] == ["the text"]


def test_a_sighting_never_holds_the_value_even_where_its_place_does() -> None:
    canary = Canary.plant()
    (sighting,) = canary.sightings({f"file {canary.value}.json": canary.value})
    assert sighting.where == "file [canary].json"


# Leaks on purpose, on the real engine -----------------------------------------------------------


def key() -> str:
    return pulumi.Config().require("key")


def a_plain_stack_output() -> None:
    pulumi.export("key", key())


def a_literal_in_a_pod_spec() -> None:
    container: dict[str, Any] = {"name": "app", "env": [{"name": "KEY", "value": key()}]}
    template: Any = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    kubernetes.apps.v1.Deployment(
        "app", spec={"selector": {"match_labels": {"a": "b"}}, "template": template}
    )


def base64_in_a_tag() -> None:
    encoded = base64.b64encode(f"user:{key()}".encode()).decode()
    aws.secretsmanager.Secret("one", name="app/one", tags={"auth": encoded})


def a_print() -> None:
    print("debug:", key())


def an_encoded_exception() -> None:
    raise ValueError(json.dumps({"key": key()}))


def a_log_message() -> None:
    pulumi.log.info(key().encode().hex())


def a_debug_message() -> None:
    pulumi.log.debug(key())


def a_marked_value_in_a_container() -> None:
    hidden = pulumi.Config().require_secret("key")
    aws.secretsmanager.Secret("one", name="app/one", description=hidden)


POD = "request create kubernetes:apps/v1:Deployment app: properties.spec.template"
LEAKS = {
    a_plain_stack_output: ("file backend/.pulumi/stacks/project/stack.json", "JSON-escaped"),
    a_literal_in_a_pod_spec: (f"{POD}.spec.containers[0].env[0].value", "plain"),
    base64_in_a_tag: (
        "request create aws:secretsmanager/secret:Secret one: properties.tags.auth",
        "base64",
    ),
    a_print: ("output of run 1, `pulumi up`", "plain"),
    an_encoded_exception: ("events of run 1, `pulumi up`", "JSON-escaped twice"),
    a_log_message: ("events of run 1, `pulumi up`", "hexadecimal"),
    a_debug_message: ("events of run 1, `pulumi up`", "JSON-escaped"),
    a_marked_value_in_a_container: (
        "request create aws:secretsmanager/secret:Secret one: properties",
        "marked secret",
    ),
}


@pytest.mark.engine
@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_leak_is_noticed_and_named_without_the_value(leak: Callable[[], None]) -> None:
    canary = Canary.plant()
    with Rehearsal(leak, secrets={"key": canary.value}) as rehearsal:
        rehearsal.up(check=False)
        with pytest.raises(LeakError) as raised:
            rehearsal.assert_no_leak()
    assert LEAKS[leak] in {(each.where, each.how) for each in raised.value.sightings}
    assert canary.sightings(str(raised.value)) == []
    assert "secret config project:key in " in str(raised.value)


@pytest.mark.engine
def test_a_value_in_the_envelope_is_no_leak_outside_a_container() -> None:
    def program() -> None:
        hidden = pulumi.Config().require_secret("key")
        kubernetes.core.v1.Secret("env", string_data={"KEY": hidden})
        aws.secretsmanager.Secret("one", name="app/one")
        pulumi.export("key", hidden)

    canary = Canary.plant()
    with Rehearsal(program, secrets={"key": canary.value}) as rehearsal:
        rehearsal.preview(diff=True)
        rehearsal.up()
        rehearsal.refresh()
        rehearsal.assert_no_leak()
        sightings = rehearsal.sightings()
        assert {each.how for each in sightings} == {"marked secret"}
        assert {each.where.split(":")[0] for each in sightings} >= {"request create kubernetes"}


@pytest.mark.engine
def test_a_value_that_an_operator_sets_is_a_canary_by_itself() -> None:
    def curious() -> None:
        container = aws.secretsmanager.Secret("one", name="app/one")
        looked = container.id.apply(lambda _: rehearsal.aws.value("app/one") or "")
        pulumi.export("looked", looked)

    with Rehearsal(curious) as rehearsal:
        rehearsal.up()
        rehearsal.aws.set_value("app/one", "operator's value")
        assert [canary.name for canary in rehearsal.canaries] == ["value 1 set in aws"]
        rehearsal.assert_no_leak()
        rehearsal.up()
        with pytest.raises(LeakError, match=r"value 1 set in aws in file .*stack\.json"):
            rehearsal.assert_no_leak()
