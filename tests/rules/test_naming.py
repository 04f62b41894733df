"""Names: the grammar, the three spellings and back, and everything that is refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_secrets import clouds
from infra_secrets.errors import SecretNameError
from infra_secrets.rules.naming import SEGMENT, SecretName, Spelling, kebab, suggest

SPELLINGS = [pytest.param(clouds.load(name).SPELLING, id=name) for name in clouds.available()]
LIMITS = {"aws": 512, "gcp": 255, "azure": 127}

words = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6)
segments = st.lists(words, min_size=1, max_size=3).map("-".join)
names = st.builds(SecretName, service=segments, environment=segments, key=st.none() | segments)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(name=names)
def test_a_name_survives_the_round_trip(spelling: Spelling, name: SecretName) -> None:
    assert spelling.parse(spelling.spell(name)) == name


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(one=names, other=names)
def test_two_names_never_share_a_spelling_even_where_case_is_ignored(
    spelling: Spelling, one: SecretName, other: SecretName
) -> None:
    same = spelling.spell(one).lower() == spelling.spell(other).lower()

    assert same == (one == other)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(text=st.text(string.ascii_letters + string.digits + "-_/ ", max_size=30))
def test_what_parses_is_spelled_exactly_so(spelling: Spelling, text: str) -> None:
    try:
        name = spelling.parse(text)
    except SecretNameError:
        return

    assert spelling.spell(name) == text


def test_every_short_name_is_unique_and_reversible_in_every_cloud() -> None:
    parts = [part for part in _all_texts("a0-", 3) if SEGMENT.fullmatch(part)]
    keys: list[str | None] = [None, *parts]
    every = [
        SecretName(service=s, environment=e, key=k) for s in parts for e in parts for k in keys
    ]
    for cloud in clouds.available():
        spelling = clouds.load(cloud).SPELLING
        spelled = {spelling.spell(name): name for name in every}

        assert len(spelled) == len(every) > 5000
        assert all(spelling.parse(text) == name for text, name in spelled.items())


def _all_texts(alphabet: str, longest: int) -> list[str]:
    texts = [""]
    for _ in range(longest):
        texts += [text + letter for text in texts for letter in alphabet]
    return sorted(set(texts) - {""})


@pytest.mark.parametrize("cloud", sorted(LIMITS))
def test_the_longest_name_is_exactly_the_cloud_s_limit(cloud: str) -> None:
    spelling = clouds.load(cloud).SPELLING
    room = LIMITS[cloud] - len("a") - len("b") - 2 * len(spelling.separator)

    longest = spelling.spell(SecretName(service="a", environment="b", key="k" * room))
    with pytest.raises(
        SecretNameError,
        match=rf"at most {LIMITS[cloud]} .* has {LIMITS[cloud] + 1}: shorten key by 1",
    ):
        spelling.spell(SecretName(service="a", environment="b", key="k" * (room + 1)))

    assert len(longest) == LIMITS[cloud]


def test_every_cloud_has_its_limit_tested() -> None:
    assert tuple(sorted(LIMITS)) == clouds.available()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "-",
        "a-",
        "-a",
        "a--b",
        "A",
        "a_b",
        "a/b",
        "a.b",
        "a b",
        "é",
        "a\n",
        "\u0131",
        "\uff11",
        "a\u200b",
        "🔑",
        "x" * 100 + "!",
    ],
)
def test_a_part_that_breaks_the_grammar_is_refused_with_one_that_would_do(bad: str) -> None:
    with pytest.raises(SecretNameError) as refused:
        SecretName(service=bad, environment="production", key="k")

    message = str(refused.value)
    would_do = message.split("This would work: service='", 1)[1].split("'", 1)[0]
    assert SEGMENT.fullmatch(would_do)
    assert "environment=" not in message


def test_every_bad_part_is_named_at_once() -> None:
    with pytest.raises(SecretNameError) as refused:
        SecretName(service="Payments", environment="", key="DB_PASSWORD")

    assert str(refused.value) == (
        "service='Payments', environment='', key='DB_PASSWORD': each part must be lower-case ASCII letters and "
        "digits, in words joined by single hyphens (like 'api' or 'stripe-api-key'). This would work: "
        "service='payments', environment='production', key='db-password'."
    )


def test_a_huge_part_is_not_repeated_in_full() -> None:
    with pytest.raises(SecretNameError) as refused:
        SecretName(service="X" * 1_000_000, environment="production")

    assert "(1000000 characters)" in str(refused.value)
    assert len(str(refused.value)) < 500


@given(text=st.text(max_size=80), part=st.sampled_from(["service", "environment", "key"]))
def test_what_is_suggested_is_always_legal(text: str, part: str) -> None:
    assert SEGMENT.fullmatch(suggest(text, part))


@pytest.mark.parametrize(
    ("logical", "key"),
    [
        ("StripeApiKey", "stripe-api-key"),
        ("StripeAPIKey", "stripe-api-key"),
        ("stripe-api-key", "stripe-api-key"),
        ("STRIPE_API_KEY", "stripe-api-key"),
        ("Stripe.Api Key", "stripe-api-key"),
        ("OAuth2Token", "o-auth2-token"),
        ("s3Bucket", "s3-bucket"),
        ("x", "x"),
        ("ABC", "abc"),
        ("Key1Of2", "key1-of2"),
    ],
)
def test_a_logical_name_becomes_its_key(logical: str, key: str) -> None:
    assert kebab(logical) == key


@given(logical=st.from_regex(r"[A-Za-z0-9]+([-_. ][A-Za-z0-9]+)*", fullmatch=True))
def test_every_key_made_of_a_logical_name_is_legal_and_stays_as_it_is(logical: str) -> None:
    key = kebab(logical)

    assert SEGMENT.fullmatch(key)
    assert kebab(key) == key


@pytest.mark.parametrize("logical", ["", "Größe", "a/b", "-a", "a_", "key!", "🔑"])
def test_a_logical_name_that_makes_no_key_asks_for_one(logical: str) -> None:
    with pytest.raises(SecretNameError, match=r"Set key= yourself, e\.g\. key='"):
        kebab(logical)


@given(name=names)
def test_a_reference_is_read_back(name: SecretName) -> None:
    assert SecretName.from_reference(name.reference) == name


@pytest.mark.parametrize("text", ["", "api", "a/b/c/d", "/", "a//b", "api/Production"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(SecretNameError):
        SecretName.from_reference(text)
