"""A few random lives on every cloud, those that broke a promise once, and the machine that plays them."""

import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pulumi
import pytest

from infra_secrets import clouds
from infra_secrets.clouds.aws import container as aws
from infra_secrets.component.internals import Holder
from infra_secrets.containers.claim import Claim
from infra_secrets.errors import SecretArgsError
from infra_secrets.testing.rehearsal import Diagnostic, Run
from tests.lives import follower
from tests.lives.found import FOUND, Found, HeldBy
from tests.lives.generator import make
from tests.lives.life import Broken, Life, Subject, play
from tests.lives.model import RAW, Model, Wish
from tests.lives.program import Former, Position, Said
from tests.lives.shrinker import shrink
from tests.reliability.places import PLACES

SEED = "make test"
LIVES = 2
"""How many random lives `make test` plays on each cloud; `make lives` plays more."""


@pytest.mark.engine
@pytest.mark.parametrize("number", range(LIVES))
@pytest.mark.parametrize("cloud", PLACES)
def test_nothing_is_lost_in_a_random_life(cloud: str, number: int) -> None:
    play(cloud, make(f"{SEED}-{number}", cloud))


@pytest.mark.engine
@pytest.mark.parametrize("life", FOUND, ids=lambda life: f"{life.cloud}: {life.what}")
def test_nothing_is_lost_any_more_when(life: Found) -> None:
    play(life.cloud, life.lines)


async def _nothing(*_: object) -> None:
    """Instead of something that looks, refuses or holds."""


async def _no_objections(*_: object) -> AsyncIterator[SecretArgsError]:
    none: tuple[SecretArgsError, ...] = ()
    for each in none:
        yield each


def take_away(what: HeldBy, cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break what holds a life."""
    if what == "objections":
        monkeypatch.setattr("infra_secrets.containers.claim.objections", _no_objections)
    elif what == "identity":
        monkeypatch.setattr(clouds.container(clouds.load(cloud)), "IDENTITY", ())
    elif what == "hold":
        monkeypatch.setattr(Holder, "hold", _nothing)
    elif what == "watch":
        monkeypatch.setattr(Claim, "watch", lambda *_: None)
    else:
        monkeypatch.setattr(Claim, what, _nothing)


@pytest.mark.engine
@pytest.mark.parametrize("life", FOUND, ids=lambda life: f"{life.cloud}: {life.what}")
def test_without_what_holds_it_a_life_breaks_again(
    life: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(life.held_by, life.cloud, monkeypatch)

    with pytest.raises(Broken):
        play(life.cloud, life.lines)


# A broken product is noticed --------------------------------------------------------------------


def broken(cloud: str, *lines: str) -> str:
    with pytest.raises(Broken) as raised:
        play(cloud, lines)
    return raised.value.kind


@pytest.mark.engine
def test_a_value_lost_for_want_of_protection_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Claim, "options", _unprotected)

    assert broken("aws", "add Stripe", "up", "set Stripe", "remove Stripe", "up") == "lost value"


def _unprotected(claim: Claim) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(parent=claim.component)


@pytest.mark.engine
def test_a_container_deleted_while_it_is_wanted_is_noticed_even_if_it_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Claim, "options", _unprotected)

    steps = ("add Stripe", "up", "replicas Stripe 1", "up")
    assert broken("gcp", *steps) == "deleted while wanted"


@pytest.mark.engine
def test_a_value_in_the_program_is_noticed() -> None:
    life = Life("aws")
    for line in ("add Stripe", "up", "set Stripe"):
        life.play(line)
    (value,) = life.model.values.values()
    life.play(f"describe Stripe {value.text}")
    life.play("up")

    with pytest.raises(Broken, match="leak: value 1 set in aws in "):
        life.look_for_leaks()
    life.close()


@pytest.mark.engine
def test_another_value_than_the_operator_s_is_noticed() -> None:
    life = Life("gcp")
    for line in ("add Stripe", "up", "set Stripe"):
        life.play(line)
    (name,) = life.model.values
    life.cloud.set_value(name, "somebody else's")

    with pytest.raises(Broken, match="wrong value"):
        life.play("owner Stripe payments")
    life.close()


@pytest.mark.engine
def test_a_stack_that_does_not_come_to_rest_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(aws, "_tags", lambda _: {"run": str(next(numbers))})

    assert broken("aws", "add Stripe", "rest 0") == "restless"


@pytest.mark.engine
def test_an_error_without_a_way_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    take_away("whose", "aws", monkeypatch)

    assert broken("aws", "add Stripe", "up", "lose-state", "up") == "dead end"


@pytest.mark.engine
def test_it_is_said_after_which_step_a_promise_was_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    take_away("whose", "aws", monkeypatch)

    with pytest.raises(Broken) as raised:
        play("aws", ["add Stripe", "up", "lose-state", "up", "preview"])
    assert raised.value.step == 4


@pytest.mark.engine
def test_without_faults_of_the_product_a_person_gets_through() -> None:
    play(
        "aws",
        [
            *("add Stripe", "up", "set Stripe", "key Stripe stripe-secret-key", "up", "follow 1"),
            *("up", "set Stripe", "lose-state", "fail create", "up", "follow 0", "up", "rest 0"),
        ],
    )


# What may become of a value ---------------------------------------------------------------------

STRIPE = {"Stripe": Wish("stripe", "keep")}


def after_an_up(retention: str, *, stack: str = "production", whole: bool = True) -> Model:
    model = Model()
    model.was_set("stripe", "made up")
    model.ran(stack, {"Stripe": Wish("stripe", retention)}, ["Stripe"], whole=whole)
    return model


@pytest.mark.parametrize(
    ("retention", "fate"),
    [("keep", "kept"), ("recover", "restorable"), ("discard", "lost"), (RAW, "lost")],
)
def test_what_is_removed_fares_as_its_retention_said(retention: str, fate: str) -> None:
    model = after_an_up(retention)

    assert model.allows("stripe", "production", "up", {}) == fate
    assert model.allows("stripe", "production", "destroy", {}) == fate


@pytest.mark.parametrize("retention", ["keep", "recover", "discard"])
def test_what_the_program_wants_is_kept_whatever_its_retention(retention: str) -> None:
    model = after_an_up("discard")

    under_another_name = {"Webhook": Wish("stripe", retention)}
    assert model.allows("stripe", "production", "up", under_another_name) == "kept"


def test_what_was_raw_and_is_wanted_as_a_secret_is_kept() -> None:
    assert after_an_up(RAW).allows("stripe", "production", "up", STRIPE) == "kept"


@pytest.mark.parametrize(
    ("before", "now", "fate"),
    [
        ("discard", "keep", "kept"),
        ("keep", "discard", "kept"),
        ("discard", "recover", "restorable"),
        ("discard", "discard", "lost"),
        (RAW, "keep", "lost"),
    ],
)
def test_of_two_retentions_in_one_change_the_stricter_counts(
    before: str, now: str, fate: str
) -> None:
    renamed = {"Stripe": Wish("stripe-2", now)}

    assert after_an_up(before).allows("stripe", "production", "up", renamed) == fate


def test_a_stack_may_not_remove_what_it_never_had_or_what_another_has() -> None:
    model = after_an_up("discard")
    assert model.allows("stripe", "staging", "destroy", {}) == "kept"

    model.ran("staging", STRIPE, ["Stripe"], whole=True)
    assert model.allows("stripe", "production", "destroy", {}) == "kept"


def test_what_was_taken_over_by_name_is_the_other_stack_s() -> None:
    model = after_an_up("keep")
    model.took_over("staging", "stripe", "production")
    model.ran("staging", {"Stripe": Wish("stripe", "discard")}, ["Stripe"], whole=True)
    model.ran("production", STRIPE, ["Stripe"], whole=True)

    assert model.allows("stripe", "staging", "destroy", {}) == "lost"
    assert model.allows("stripe", "production", "destroy", {}) == "kept"


def test_after_a_killed_run_either_retention_may_be_in_force() -> None:
    model = after_an_up("keep")
    model.ran("production", {"Stripe": Wish("stripe", "discard")}, [], whole=False, killed=True)

    assert model.allows("stripe", "production", "up", {}) == "lost"


def test_after_a_failed_run_only_what_was_done_counts() -> None:
    model = after_an_up("keep")
    model.ran("production", {"Stripe": Wish("stripe", "discard")}, [], whole=False)

    assert model.allows("stripe", "production", "up", {}) == "kept"


def test_a_value_that_went_with_leave_is_not_missed_and_one_that_came_back_is() -> None:
    model = after_an_up("recover")

    assert model.judge("stripe", "restorable", "restorable") is None
    assert model.judge("stripe", "restorable", "kept") is None
    assert model.judge("stripe", "buried", "kept") is not None
    assert model.judge("stripe", "kept", "kept") is None
    assert model.judge("stripe", "restorable", "kept") is not None


def test_who_deletes_by_hand_takes_the_promise_with_it() -> None:
    model = after_an_up("keep")
    model.was_deleted_by_hand("stripe", restorable=False)

    assert model.judge("stripe", "lost", "kept") is None


# Following --------------------------------------------------------------------------------------

ID = "projects/shop-production/secrets/shop__production__stripe-api-key"
URN = Position("StripeApiKey").urn("production", "gcp:secretmanager/secret:Secret")


def told(*messages: str, said: Said | None = None, cloud: str = "gcp") -> tuple[Life, Subject]:
    """Return a life whose last `up` failed with these messages, and its stack."""
    life = Life(cloud)
    subject = life.subject("production")
    subject.secrets["Stripe"] = said or Said("StripeKey", "stripe-api-key")
    subject.positions["Stripe"] = [Position("StripeApiKey", parent="platform")]
    subject.last = Run("up", 1, "", tuple(Diagnostic("error", text) for text in messages))
    return life, subject


def way(life: Life, subject: Subject, *expected: str, choose: int = 0) -> Said:
    found = follower.ways_out(life, subject)
    assert found == list(expected)
    follower.follow(life, subject, found[choose])
    life.close()
    return subject.secrets["Stripe"]


RENAMED = 'If it was renamed: opts=ResourceOptions(aliases=[Alias(name="StripeApiKey")]).'
EITHER = f'Secret("StripeKey"): there is one. {RENAMED} Otherwise: add adopt="{ID}" to it.'


def test_a_message_about_an_existing_container_names_two_ways() -> None:
    renamed = way(*told(EITHER), "what it was", "take over")
    assert renamed.former == (Former("StripeApiKey"),)
    assert renamed.adopt is None
    assert way(*told(EITHER), "what it was", "take over", choose=1).adopt == ID


@pytest.mark.parametrize(
    ("which", "adopts"), [("1", True), ("2", False), ("take over", True), ("unprotect", False)]
)
def test_a_way_out_is_chosen_by_number_or_by_name(which: str, *, adopts: bool) -> None:
    life, subject = told(EITHER)
    life.play(f"follow {which}")

    assert (subject.secrets["Stripe"].adopt == ID) == adopts
    life.close()


def test_an_alias_that_was_told_already_is_no_way_out() -> None:
    life, subject = told(EITHER)
    subject.say("Stripe", former=(Former("StripeApiKey"),))

    assert way(life, subject, "take over").adopt == ID


def test_what_is_to_be_filled_in_is_what_the_person_remembers() -> None:
    platform = "urn:pulumi:production::shop::shop:index:Platform::platform"
    text = 'Secret("StripeKey"): say so: aliases=[Alias(parent=<its former parent>)].'

    assert way(*told(text), "what it was").former == (Former("StripeApiKey", platform),)


def test_a_printed_urn_of_a_component_is_pasted() -> None:
    component = "urn:pulumi:production::shop::infra-secrets:index:Secret::StripeApiKey"
    text = f'Secret("StripeKey"): say so: opts=ResourceOptions(aliases=["{component}"]).'

    assert way(*told(text), "what it was").former == (Former(urn=component),)


@pytest.mark.parametrize(
    ("alias", "former"),
    [
        ('Alias(name="X")', Former("X")),
        ("Alias(parent=ROOT_STACK_RESOURCE)", Former(parent="top")),
        ('Alias(name="X", parent=pulumi.ROOT_STACK_RESOURCE)', Former("X", "top")),
        ('Alias(parent="urn:pulumi:s::p::t::n")', Former(parent="urn:pulumi:s::p::t::n")),
    ],
)
def test_a_printed_alias_is_pasted_and_what_was_adopted_no_longer_is(
    alias: str, former: Former
) -> None:
    text = f'Secret("StripeKey"): say so: opts=ResourceOptions(aliases=[{alias}])'
    said = Said("StripeKey", "stripe-api-key", adopt=ID)

    pasted = way(*told(text, said=said), "what it was")
    assert (pasted.former, pasted.adopt) == ((former,), None)


def test_what_a_message_is_about_is_not_what_else_it_names() -> None:
    text = 'Secret("StripeKey"): it is Secret("Before"), renamed: aliases=[Alias(name="Before")].'

    assert way(*told(text), "what it was").former == (Former("Before"),)


def test_a_printed_urn_is_pasted_as_formerly() -> None:
    text = f'Secret("StripeKey"): the raw resource: add formerly="{URN}" and run again.'

    assert way(*told(text), "what it was").was == URN


THEIRS = (
    "Secret(\"StripeKey\"): The container belongs to another stack: 'organization/shop/staging' has it as "
    "Secret('StripeApiKey'). Give this Secret a different key=, service= or environment=. Only if this stack is "
    "to have it: remove it from that stack's state, which deletes nothing, and then add "
    f'adopt="{ID}", adopt_from="organization/shop/staging".'
)


def test_another_stack_s_container_is_taken_over_with_both_arguments_and_out_of_that_state() -> (
    None
):
    life, subject = told(THEIRS)
    urn = Position("StripeApiKey").urn("staging", "gcp:secretmanager/secret:Secret")
    grant = {
        "urn": "urn:pulumi:staging::shop::gcp:x:Grant::StripeApiKey-reader",
        "dependencies": [urn],
    }
    other = {"urn": "urn:pulumi:staging::shop::gcp:x:Other::StripeApiKey"}
    guest = life.subject("staging").rehearsal
    guest._stack.state.write({"resources": [{"urn": urn}, grant, other]})

    follower.follow(life, subject, "take over")

    assert guest.state() == {"resources": [other]}
    taken = way(life, subject, "take over", "another key")
    assert (taken.adopt, taken.taken_from) == (ID, "organization/shop/staging")


def test_another_key_is_another_container() -> None:
    assert way(*told(THEIRS), "take over", "another key", choose=1).key == "stripe-api-key-2"


UNDO = (
    'Secret("StripeKey"): its container has another name. Undo the change; or add a second Secret.'
)


def test_what_is_undone_is_what_the_program_said_when_it_last_went_through() -> None:
    life, subject = told(UNDO, said=Said("StripeKey", "another", retention="discard"))
    before = subject.applied["Stripe"] = Said("StripeKey", "stripe-api-key", owner="payments")

    assert way(life, subject, "undo") == before


def test_what_was_taken_over_is_not_taken_over_again() -> None:
    life, subject = told(UNDO)
    subject.applied["Stripe"] = Said("StripeKey", "before", adopt=ID, taken_from="a/b/c")

    assert way(life, subject, "undo") == Said("StripeKey", "before")


def test_without_a_change_there_is_nothing_to_undo_but_a_flag() -> None:
    life, subject = told(UNDO)
    subject.applied["Stripe"] = subject.secrets["Stripe"]
    assert follower.ways_out(life, subject) == []

    subject.asked_to_replace = True
    assert way(life, subject, "undo") == subject.applied["Stripe"]


def programs_of(life: Life, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Said]]:
    """Return what the program says in each `up`, none of which is run."""
    ran: list[dict[str, Said]] = []
    monkeypatch.setattr(life, "up", lambda subject: ran.append(dict(subject.secrets)))
    return ran


def test_what_is_put_back_later_is_gone_for_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    life, subject = told(
        'Secret("StripeKey"): if the value may be lost, remove this Secret from the program, run pulumi up, and put it '
        "back."
    )
    ran = programs_of(life, monkeypatch)
    said = subject.secrets["Stripe"]

    assert way(life, subject, "later") == said
    assert ran == [{}]


def test_what_waits_for_its_deletion_is_taken_out_of_the_state_and_adopted() -> None:
    life, subject = told(
        'Secret("StripeKey"): it may wait for its deletion. To keep it: pulumi stack export --file state.json; take '
        'the resource with its id and "delete": true out of that file; pulumi stack import --file state.json; then '
        f'add adopt="{ID}", adopt_from="organization/shop/production".'
    )
    now, waits = {"urn": URN, "id": "now"}, {"urn": URN, "id": ID, "delete": True}
    other = {"urn": URN, "id": "other", "delete": True}
    subject.rehearsal.edit_state(lambda state: state.update({"resources": [now, waits, other]}))
    follower.follow(life, subject, "take over")
    assert subject.rehearsal.state() == {"resources": [now, other]}

    taken = way(life, subject, "take over")
    assert (taken.adopt, taken.taken_from) == (ID, "organization/shop/production")


def test_where_adopt_is_asked_for_formerly_is_taken_out() -> None:
    said = Said("StripeKey", "stripe-api-key", adopt=ID, was=URN)
    text = 'Secret("StripeKey"): after a lost state: remove formerly=. Otherwise remove adopt=.'

    assert way(*told(text, said=said), "take over", "drop adopt").was is None


def test_names_are_exchanged_in_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    life, subject = told(
        "Secret(\"StripeKey\"): it is still that of 'Url'. Do it in two runs of pulumi up: first let 'Url' go.",
        said=Said("StripeKey", "b"),
    )
    ran = programs_of(life, monkeypatch)
    before = subject.applied["Stripe"] = Said("StripeKey", "a")
    subject.secrets["Database"] = Said("Url", "a")

    assert way(life, subject, "in two runs") == Said("StripeKey", "b")
    assert ran == [{"Database": Said("Url", "a-2"), "Stripe": before}]


RESTORE = {
    "aws": "aws secretsmanager restore-secret --region R --secret-id shop/production/stripe-api-key, "
    'then adopt it: add adopt="<its ARN>"; to find it: aws ...',
    "azure": "az keyvault secret recover --vault-name shop --name shop--production--stripe-api-key, "
    'then add adopt="<azure_vault_id>/secrets/shop--production--stripe-api-key" to it.',
}


@pytest.mark.parametrize(("cloud", "advice"), RESTORE.items())
def test_a_deleted_container_is_restored_and_then_adopted(cloud: str, advice: str) -> None:
    life, subject = told(f'Secret("StripeKey"): {advice}', cloud=cloud)
    name = life.name(subject.secrets["Stripe"])
    life.place.make_by_hand(subject.rehearsal, name)
    there = life.place.id_of(subject.rehearsal, name)
    life.cloud.delete(name)

    assert way(life, subject, "take over").adopt == there
    assert life.cloud.names() == [name]


NOT_REPLACED = f"""unable to replace resource "{URN}"
as it is currently marked for protection. To unprotect the resource, remove the `protect` flag"""
NOT_DELETED = f"""resource "{URN}" cannot be deleted
because it is protected. To unprotect the resource, either ... or use the command:
`pulumi state unprotect '{URN}'`"""


def protected_resource(state: dict[str, Any]) -> None:
    state["resources"] = [{"urn": URN, "protect": True}]


@pytest.mark.parametrize("message", [NOT_REPLACED, NOT_DELETED])
def test_a_refused_change_is_taken_back_or_unprotected(message: str) -> None:
    for choose, protected in ((0, True), (1, False)):
        life, subject = told(message, said=Said("StripeApiKey", "another"))
        subject.applied["Stripe"] = Said("StripeApiKey", "stripe-api-key")
        subject.rehearsal.edit_state(protected_resource)

        said = way(life, subject, "take it back", "unprotect", choose=choose)
        assert (said.key == "stripe-api-key") == protected

    life, subject = told(message, said=Said("StripeApiKey", "another"))
    subject.rehearsal.edit_state(
        lambda now: now.update({"resources": [{"urn": URN, "protect": True}]})
    )
    follower.follow(life, subject, "unprotect")
    assert subject.rehearsal.state() == {"resources": [{"urn": URN}]}
    life.close()


@pytest.mark.parametrize("flags", ["", " --clear-pending-creates"])
def test_a_refresh_is_run_as_it_is_printed(flags: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    life, subject = told(f"run pulumi refresh{flags} and then again")
    monkeypatch.setattr(life, "refresh", lambda _, *given: ran.extend(given))

    way(life, subject, "refresh")
    assert ran == flags.split()


def test_the_engine_s_word_about_import_drops_adopt() -> None:
    said = Said("StripeKey", "stripe-api-key", adopt=ID)
    message = "may not be replaced; please remove the `import` declaration from your program"

    assert way(*told(message, said=said), "drop adopt").adopt is None


def test_an_error_that_advises_nothing_has_no_way_out() -> None:
    life, subject = told("something else is wrong")

    assert follower.ways_out(life, subject) == []
    life.close()


# Making lives up, and making them short ---------------------------------------------------------


@pytest.mark.parametrize("cloud", PLACES)
def test_a_seed_makes_one_life_and_every_line_of_it_can_be_played(cloud: str) -> None:
    life = Life(cloud)
    for seed in range(50):
        lines = make(seed, cloud)
        assert lines == make(seed, cloud)
        assert 20 <= len(lines) <= 60
        assert lines[-1].startswith("rest ")
        assert {line.rpartition(": ")[2].split()[0] for line in lines} <= set(life._verbs)
    life.close()


def test_in_enough_lives_everything_happens() -> None:
    life = Life("aws")
    told = {
        line.rpartition(": ")[2].split()[0]
        for seed in range(200)
        for cloud in PLACES
        for line in make(seed, cloud)
    }

    assert told == set(life._verbs)
    life.close()


@pytest.mark.parametrize("needed", [{3}, {0, 29}, {4, 5, 17}])
def test_what_is_made_short_holds_only_what_is_needed(needed: set[int]) -> None:
    played: list[Sequence[str]] = []

    def fails(lines: Sequence[str]) -> bool:
        played.append(lines)
        return {str(number) for number in needed} <= set(lines)

    short = shrink([str(number) for number in range(30)], fails)

    assert short == [str(number) for number in sorted(needed)]
    assert len(played) <= 80


def test_after_enough_tries_a_shorter_life_is_good_enough() -> None:
    tried: list[Any] = []

    def fails(lines: Sequence[str]) -> bool:
        tried.append(lines)
        return "29" in lines

    short = shrink([str(number) for number in range(30)], fails, tries=3)

    assert len(tried) == 3
    assert "29" in short
    assert len(short) < 30
