"""Files in ZIP archives: their names, whose they are, and which are not read."""

import io
import stat
import struct
import zipfile
import zlib

import pytest

from detection_model.data.picture_files import is_folder, member_path, read_member, system_name
from detection_model.imaging import ImageError

MOST = 1000


def archive(name: str, data: bytes = b"", extra: bytes = b"", mode: int = 0) -> bytes:
    info = zipfile.ZipInfo(name)
    info.extra, info.external_attr = extra, mode << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr(info, data)
    return buffer.getvalue()


def renamed(raw: bytes, extra: bytes = b"") -> bytes:
    """An archive whose one file has a raw name and no UTF-8 flag."""
    placeholder = "n" * len(raw)
    return archive(placeholder, extra=extra).replace(placeholder.encode(), raw)


def unicode_path(raw: bytes, name: str) -> bytes:
    data = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(data)) + data


def only_member(data: bytes) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    reader = zipfile.ZipFile(io.BytesIO(data))
    (member,) = reader.infolist()
    return reader, member


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (archive("Müller/ß.png"), "Müller/ß.png"),  # zipfile sets the flag
        (renamed("Müller/写真.png".encode()), "Müller/写真.png"),
        (renamed(b"M\x81ller.png"), "Müller.png"),  # code page 437, as the format says
        (renamed(b"M_ller.png", unicode_path(b"M_ller.png", "Müller.png")), "Müller.png"),
        # A tool that knows nothing of the field has renamed the file since.
        (renamed(b"other.png", unicode_path(b"M_ller.png", "Müller.png")), "other.png"),
        (renamed("Mu\u0308ller.png".encode()), "M\u00fcller.png"),  # as macOS writes it
        (archive("folder\\photo.png"), "folder/photo.png"),
        (renamed(b"photo.png\x00.exe"), "photo.png"),
    ],
)
def test_a_files_name_is_read_in_whatever_encoding_it_has(data: bytes, path: str) -> None:
    _, member = only_member(data)
    assert member_path(member) == path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("__MACOSX/faces/._a.jpg", "__MACOSX"),
        ("faces/__macosx/a.jpg", "__MACOSX"),
        ("faces/.ds_store", ".DS_Store"),
        ("THUMBS.DB", "Thumbs.db"),
        ("Thumbs.db:encryptable", "Thumbs.db:encryptable"),
        ("in/EHTHUMBS_VISTA.db", "ehthumbs_vista.db"),
        ("Faces/Desktop.INI", "desktop.ini"),
        ("faces/@EADIR/a.jpg/SYNOFILE_THUMB_M.jpg", "@eaDir"),
        ("faces/._a.jpg", "._*"),
        ("faces/Icon\r", "Icon"),
        ("faces/.trash/a.jpg", ".*"),
        ("faces/thumbs.db.jpg", None),
        ("faces/a_.jpg", None),
        ("../a.jpg", None),
        ("./a.jpg", None),
    ],
)
def test_system_files_are_recognised_in_any_case(path: str, name: str | None) -> None:
    assert system_name(path) == name


def test_folders_are_not_files() -> None:
    for data in (archive("a/"), archive("a\\"), archive("a", mode=stat.S_IFDIR)):
        assert is_folder(only_member(data)[1])
    assert not is_folder(only_member(archive("a", mode=stat.S_IFREG))[1])


def marked(method: int) -> bytes:
    """A file marked with a compression method."""
    data = bytearray(archive("a.png", b"x" * 50))
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.find(signature) + at, method)
    return bytes(data)


def with_flag(flag: int) -> bytes:
    data = bytearray(archive("a.png", b"x"))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.find(signature) + at, flag)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (archive("../../a.png", b"x"), "unsafe_path", "leads out of the archive"),
        (archive("a\\..\\..\\b.png", b"x"), "unsafe_path", "leads out of the archive"),
        (archive("a.png", b"/etc/passwd", mode=stat.S_IFLNK), "unsupported_format", "link"),
        (archive("a.png", mode=stat.S_IFIFO), "unsupported_format", "pipe"),
        (with_flag(1), "corrupt_image", "without a password"),
        (marked(9), "unsupported_format", "Deflate64"),
        (marked(93), "unsupported_format", "plain ZIP compression"),
        (marked(77), "unsupported_format", "method 77"),
        (archive("a.png", bytes(5 * 1024**2)), "file_too_large", "has 5.0 MB"),
        (archive("a.zip", archive("b.png")), "unsupported_format", "a ZIP archive inside"),
        (archive("a.rar", b"Rar!\x1a\x07\x00"), "unsupported_format", "a RAR archive inside"),
        (archive("a", archive("word/x.xml")), "unsupported_format", "an office document"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, code: str, words: str) -> None:
    with pytest.raises(ImageError) as error:
        read_member(*only_member(data), MOST)
    assert error.value.code == code
    assert words in error.value.message


def test_a_file_that_says_less_than_it_holds_is_not_unpacked_beyond_that() -> None:
    data = bytearray(archive("a.png", bytes(5 * 1024**2)))
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, 100)
    with pytest.raises(ImageError) as error:
        read_member(*only_member(bytes(data)), MOST)
    assert error.value.code == "corrupt_image"


def test_a_file_is_read_whole() -> None:
    assert read_member(*only_member(archive("a.png", b"x" * MOST)), MOST) == b"x" * MOST
