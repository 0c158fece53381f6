"""`python3 -m tests.corpus`: where the real CIBs are, how many of which schema, what is not."""

import sys
from collections import Counter

from tests import generations
from tests.corpus import cibs, everything, folder, left_out, missing, schemas
from tests.lab import LabError


def main() -> None:
    reason = missing()
    if reason:
        sys.exit(reason)
    try:
        print(folder(_progress))
    except LabError as error:
        sys.exit(str(error))
    columns = {"all": everything(), "here": cibs()}
    if generations.missing() is None:
        for suite in generations.GENERATIONS:
            with generations.generation(suite, folder(), progress=_progress) as tools:
                columns[suite] = cibs(tools)
    counts = {name: schemas(paths) for name, paths in columns.items()}
    print("read by the pacemaker of", *(f"{name:>9}" for name in columns))
    for schema in counts["all"]:
        print(f"{schema:24}", *(f"{count.get(schema, 0):9}" for count in counts.values()))
    print(f"{'':24}", *(f"{len(paths):9}" for paths in columns.values()))
    print("left out:")
    for reason, count in Counter(left_out().values()).most_common():
        print(f"  {count:5}  {reason}")


def _progress(title: str, seconds: float | None) -> None:
    if seconds is None:
        print(f"{title} ...", file=sys.stderr)


main()
