"""ZIP archives and what people send in their place (cases c*)."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.core.settings import ArchiveLimits
from app.jobs.archive import ArchiveError, opened
from app.jobs.scoring import Copies, score
from cases.registry import Check, files, kind
from detection_model.imaging import Limits

_LIMITS = ArchiveLimits(files=10_000, bytes=2 * 1024**3)


def describe(file: Path) -> dict[str, str]:
    """Result of a job for each file of an archive: `judged` or the reason of its refusal.

    `judged` is followed by the class that the folders name, and by the position of the original.

    The key "" has the refusal of the whole archive, "skipped" the names of system files.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(file, folder))
        try:
            with opened(copy, _LIMITS) as archive:
                lines = {"skipped": ", ".join(sorted(archive.skipped))}
                copies = Copies([])
                for position in range(len(archive)):
                    result = copies.mark(score(archive, position, [], [], Limits(), None))
                    text = result.message or "judged"
                    text += f", labelled {result.label}" if result.label else ""
                    text += "" if result.copy_of is None else f", copy of {result.copy_of}"
                    lines[f"{position} {result.file}"] = text
        except ArchiveError as error:
            return {"": error.message}
    return lines


def _lines(file: Path, **reasons: str) -> Iterator[Check]:
    """Every file is judged, but for those whose names contain a key: they have its words."""
    for name, answer in describe(file).items():
        if name == "skipped":
            continue
        words = next((words for key, words in reasons.items() if key in name), "judged")
        yield Check(f"{file.name}: {name}", words, words if words in answer else answer)


@kind("c01")
def system_files(case: Path) -> Iterator[Check]:
    """Files of systems are skipped and counted by name; texts are named."""
    names = ".*, .DS_Store, ._*, @eaDir, Icon, Thumbs.db, __MACOSX, desktop.ini, ehthumbs.db"
    for file in files(case):
        yield Check(f"{file.name}: skipped", names, describe(file).get("skipped", ""))
        yield from _lines(file, readme="text file", labels="text file")


@kind("c02")
def nested(case: Path) -> Iterator[Check]:
    """Archives inside archives are named as such."""
    inner = "inside the archive. It is not opened"
    for file in files(case):
        yield from _lines(file, **{".zip": inner, ".docx": inner, ".gz": inner})


@kind("c04")
def paths(case: Path) -> Iterator[Check]:
    """Paths that lead out of the archive are refused by name; other names do no harm."""
    for file in files(case):
        yield from _lines(file, **{"..": "leads out of the archive"})
        names = "".join(describe(file))
        harmless = names.isprintable() and "\\" not in names
        yield Check(f"{file.name}: names", "harmless", "harmless" if harmless else names)


@kind("c05")
def copies(case: Path) -> Iterator[Check]:
    """Exact copies are marked, whatever their names; equal names are told apart by position."""
    for file in files(case):
        lines = (f"{name}: {text}" for name, text in describe(file).items() if name != "skipped")
        yield Check(
            file.name,
            "0 a.jpg: judged, 1 a.jpg: judged, 2 A.JPG: judged, copy of 0, 3 b.jpg: judged, "
            "copy of 0, 4 copy of b.jpg: judged, copy of 0",
            ", ".join(lines),
        )


@kind("c08")
def packers(case: Path) -> Iterator[Check]:
    """Archives of every packer are judged."""
    for file in files(case):
        yield from _lines(file)


@kind("c06")
def encrypted(case: Path) -> Iterator[Check]:
    """Encrypted files are named, and an archive of nothing else is refused at once."""
    words = "Pack it without a password"
    for file in files(case):
        answer = "; ".join(describe(file).values())
        yield Check(file.name, words, words if words in answer else answer)


@kind("c07")
def links(case: Path) -> Iterator[Check]:
    """Links are not followed."""
    for file in files(case):
        yield from _lines(file, link="symbolic link", pipe="pipe, socket or device")


@kind("c09")
def methods(case: Path) -> Iterator[Check]:
    """Members that Python can unpack are judged; other compression methods are named."""
    for file in files(case):
        is_mark = file.stem.endswith("-mark")
        yield from _lines(file, **({"0 ": "plain ZIP compression"} if is_mark else {}))


_NO_ARCHIVES = {
    "cut": "incomplete",
    "empty": "empty",
    "faces.rar": "a RAR archive",
    "faces.tar": "a gzip archive",
    "faces": "a 7z archive",
    "no-entries": "no file in the archive",
    "only-hidden": "only system files",
    "picture": "a picture, not a ZIP archive",
    "page": "a web page",
}


@kind("c10")
def no_archives(case: Path) -> Iterator[Check]:
    """Files that are no archive are refused by their kind."""
    for file in files(case):
        if file.stem in _NO_ARCHIVES:
            words = _NO_ARCHIVES[file.stem]
            answer = describe(file).get("", "accepted")
            yield Check(file.name, words, words if words in answer else answer)
        else:  # refused, or a job in which every file has a reason
            answer = "judged" if "judged" in describe(file).values() else "a reason"
            yield Check(file.name, "a reason", answer)


@kind("c11")
def contents(case: Path) -> Iterator[Check]:
    """Folders named Real and Fake are labels."""
    for file in files(case):
        yield from _lines(file, Real="judged, labelled Real", Fake="judged, labelled Fake")


@kind("c12")
def bombs(case: Path) -> Iterator[Check]:
    """Files that unpack to more than a picture may have are refused one by one."""
    for file in files(case):
        is_lie = file.stem == "lie-size"
        yield from _lines(file, **{".png": "damaged" if is_lie else "has 95.4 MB"})
