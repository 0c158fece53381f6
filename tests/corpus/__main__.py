"""`python3 -m tests.corpus`: where the real CIBs are, how many of which schema, what is not."""

import sys
from collections import Counter

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
    here = schemas(cibs())
    print(f"{len(everything())} CIBs, {len(cibs())} of them read by this machine's pacemaker")
    for schema, count in schemas(everything()).items():
        print(f"  {schema:16} {count:5} {here.get(schema, 0):5}")
    print("left out:")
    for reason, count in Counter(left_out().values()).most_common():
        print(f"  {count:5}  {reason}")


def _progress(title: str, seconds: float | None) -> None:
    if seconds is None:
        print(f"{title} ...", file=sys.stderr)


main()
