"""An answer is believed by its seal: of this cluster, this node, this question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.remedy import seal

KEY, NONCE = seal.key("secret"), "0123456789abcdef"
SEALED = seal.seal({"a": [1, "ä", None, 1.5]}, KEY, NONCE, "node1")


def test_who_has_the_key_reads_what_was_said():
    assert seal.opened(SEALED, KEY, NONCE, "node1") == {"a": [1, "ä", None, 1.5]}


@pytest.mark.parametrize(
    ("sealed", "key", "nonce", "minion"),
    [
        (SEALED, seal.key("other"), NONCE, "node1"),
        (SEALED, KEY, NONCE[::-1], "node1"),
        (SEALED, KEY, NONCE, "node2"),
        (SEALED | {"answer": "{}"}, KEY, NONCE, "node1"),
        (SEALED | {"answer": '{"a":' * 10_000}, KEY, NONCE, "node1"),
        (SEALED | {"answer": "x" * (seal.LONGEST + 1)}, KEY, NONCE, "node1"),
        (SEALED | {"seal": "ä"}, KEY, NONCE, "node1"),
        (SEALED | {"seal": None}, KEY, NONCE, "node1"),
        ({"answer": "{}"}, KEY, NONCE, "node1"),
        (None, KEY, NONCE, "node1"),
        ("text", KEY, NONCE, "node1"),
        (seal.seal({}, KEY, "a", "b\0c"), KEY, "a\0b", "c\0d"),
    ],
    ids=range(12),
)
def test_what_is_of_another_is_not_believed(sealed, key, nonce, minion):
    with pytest.raises(seal.Unsealed):
        seal.opened(sealed, key, nonce, minion)


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists) | st.binary())
def test_what_is_no_answer_raises_nothing_else(sealed):
    for text in (sealed, {"answer": sealed, "seal": sealed}):
        with pytest.raises(seal.Unsealed):
            seal.opened(text, KEY, NONCE, "node1")


def test_the_key_does_not_show_the_password():
    assert "secret" not in KEY
