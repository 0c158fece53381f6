"""docs/pillar.md is the reference of the pillar: it has every key of the schema, and no other.

The cluster's objects have a reference of their own (test_docs_objects).
"""

import re
from pathlib import Path

from saltext_hakube.core.schema import Pillar

from .test_examples import schema_keys

TEXT = (Path(__file__).parents[3] / "docs/pillar.md").read_text(encoding="utf-8")
# The first cell of each row: a key, which is bold where it is required.
ROWS = re.findall(r"^\| (?:\*\*)?`([^`]+)`(?:\*\*)? \|", TEXT, re.MULTILINE)
KNOWN = {key for key in schema_keys(Pillar) if not key.startswith("hakube:absent:")}


def test_every_key_of_the_schema_is_in_the_reference():
    # Operations are the same everywhere: they have one table.
    assert {key for key in KNOWN if ":operations:*:" not in key} - set(ROWS) == set()


def test_every_key_of_an_operation_is_in_its_table():
    keys = {key.rpartition(":")[2] for key in KNOWN if ":operations:*:" in key}
    assert keys == {row for row in ROWS if not row.startswith("hakube")}


def test_the_reference_has_no_key_that_the_schema_lacks():
    assert {row for row in ROWS if row.startswith("hakube")} - KNOWN == set()


def test_no_key_stands_there_twice():
    assert sorted(set(ROWS)) == sorted(ROWS)
