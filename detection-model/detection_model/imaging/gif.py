"""Counts the frames of a GIF file without decoding them."""

# Palette entries have three bytes; the flags' low bits hold the exponent of their number.
_HAS_PALETTE, _PALETTE_BITS = 0x80, 0x07
_EXTENSION, _IMAGE = 0x21, 0x2C


def count_frames(data: bytes, most: int) -> int:
    """Number of frames, at most `most`: a hostile file may hold millions of tiny ones."""
    frames = 0
    try:
        at = 13 + _palette(data[10])
        while frames < most:
            if data[at] == _EXTENSION:
                at = _skip_blocks(data, at + 2)
            elif data[at] == _IMAGE:
                frames += 1
                at = _skip_blocks(data, at + 10 + _palette(data[at + 9]) + 1)
            else:
                break
    except IndexError:
        pass
    return max(frames, 1)


def _palette(flags: int) -> int:
    return 3 << ((flags & _PALETTE_BITS) + 1) if flags & _HAS_PALETTE else 0


def _skip_blocks(data: bytes, at: int) -> int:
    """The place after a chain of blocks, each with its length in front; a 0 ends it."""
    while data[at]:
        at += data[at] + 1
    return at + 1
