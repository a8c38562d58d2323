"""Prints the expected and the actual result of each case; exit status 1 on a difference."""

import argparse
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import cases
from cases.registry import Check, kind_of


def main() -> int:
    """Check every case of a folder whose kind is known."""
    parser = argparse.ArgumentParser(prog="make cases", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds one folder per case")
    parser.add_argument("--only", default="", help="check only cases whose names start with this")
    arguments = parser.parse_args()
    folders = [path for path in sorted(arguments.folder.iterdir()) if path.is_dir()]
    if not folders:
        parser.error(f"{arguments.folder} holds no case folders")
    for module in iter_modules(cases.__path__):
        if module.name != "__main__":
            import_module(f"cases.{module.name}")
    total = differences = 0
    unknown = []
    for case in folders:
        if not case.name.startswith(arguments.only):
            continue
        if kind_of(case) is None:
            unknown.append(case.name)
            continue
        print(case.name)
        for check in _checks(case):
            total += 1
            if check.got == check.expected:
                print(f"  ok         {check.what}: {check.got}")
            else:
                differences += 1
                print(f"  DIFFERENT  {check.what}")
                print(f"    expected {check.expected}")
                print(f"    got      {check.got}")
    for name in unknown:
        print(f"{name}: no check for this kind")
    print(f"{total} checks, {differences} differences, {len(unknown)} cases without a check")
    return 1 if differences else 0


def _checks(case: Path) -> Iterator[Check]:
    check = kind_of(case)
    count = 0
    try:
        for count, result in enumerate(check(case) if check else (), 1):  # noqa: B007
            yield result
    except Exception:  # noqa: BLE001  one broken check must not hide the others
        yield Check(case.name, "an answer", traceback.format_exc().strip())
    else:
        if not count:
            yield Check(case.name, "files to check", "none")


if __name__ == "__main__":
    sys.exit(main())
