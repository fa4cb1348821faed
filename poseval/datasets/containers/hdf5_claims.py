"""What values of HDF5 files claim to be, compared with the bytes that are there before they are read.

The library allocates what the file says: 4 GB for a text whose length is four bytes of ones, and memory
of the wrong size for a number of 8 bytes whose exponent has more bits than those of any machine. So types
are held to the plain ones, and lengths of texts, which no call of the library shows, are taken
from the bytes themselves: from the descriptors (length, address, index) of an attribute or a data set.

Source: HDF5 File Format Specification 3.0, sections IV.A (object headers), III.D (local heap) and III.E
(global heap).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, shown
from poseval.files.reading import allowed_bytes, too_much
from poseval.poses import Ints

MAGIC = b"\x89HDF\r\n\x1a\n"
BLOCK = 512  # bytes that MATLAB puts in front of a file
WIDTHS = (1, 2, 4, 8)  # bytes of whole numbers
MOST_DEPTH = 4  # of types in types
DESCRIPTOR = np.dtype([("length", "<u4"), ("place", "<u8"), ("index", "<u4")])  # of a text in the global heap
ATTRIBUTE, LAYOUT, CONTINUED, ATTRIBUTE_INFO = 0x0C, 0x08, 0x10, 0x15  # kinds of messages
SHARED = 2  # flag of a message that stands elsewhere
NOWHERE = b"\xff" * 8
COMPACT = 0  # layout whose values stand in the message itself
ADDRESS = 8  # bytes of an address or a length, in all files that a library writes unasked
HEAP = b"GCOL\x01\0\0\0"  # a collection of the global heap, version 1
HEAP_HEADER = 16  # bytes of the header of a collection, and of each of its objects
LEAST_HEAP = 4096  # bytes; the library refuses smaller ones
NAMES = b"HEAP\0\0\0\0"  # a local heap, of the names of a group's members, version 0
FREE = 16  # bytes of the least free place in a local heap: where the next one is, and its size
LAST_FREE = 1  # what the last free place names as the next
MOST_BLOCKS = 1000  # of one object header
DEFLATE, SHUFFLE = 1, 2  # filters; the library has no checksums for texts


def check_heaps(document: Document) -> None:
    """Refuse texts and lists of free places that have no end: the library would look for it for ever.

    Raises:
        FormatError: P215 an object without a size, or beyond the end of its collection; a list of free
            places that leads in a circle.
    """
    data = document.data
    base = 0 if data.startswith(MAGIC) else BLOCK
    sizes = data[base + 13 : base + 15] if data[base + 8 : base + 9] < b"\x02" else data[base + 9 : base + 11]
    if sizes != bytes((ADDRESS, ADDRESS)):
        _unusual("addresses or lengths of another size than 8 bytes", document)
    start = data.find(HEAP)
    while start >= 0:
        end = start + int.from_bytes(data[start + 8 : start + 16], "little")
        at, known = start + HEAP_HEADER, end - start >= LEAST_HEAP
        while known and at + HEAP_HEADER <= min(end, len(data)):
            size = int.from_bytes(data[at + 8 : at + 16], "little")
            is_free = data[at : at + 2] == b"\0\0"
            at += size if is_free else HEAP_HEADER + -(-size // 8) * 8
            if (is_free and not size) or at > end:
                raise _endless("texts", start, document)
        start = data.find(HEAP, start + 1)
    _check_free_places(base, document)


def _check_free_places(base: int, document: Document) -> None:
    """The lists of free places in the heaps of names; all of them together fit into the file."""
    data = document.data
    left = len(data) // FREE
    start = data.find(NAMES)
    while start >= 0:
        size, at, place = (int.from_bytes(data[start + k : start + k + 8], "little") for k in (8, 16, 24))
        while at != LAST_FREE and at + FREE <= size and base + place + at + FREE <= len(data):
            if not left:
                raise _endless("a list of free places", start, document)
            left -= 1
            at = int.from_bytes(data[base + place + at : base + place + at + 8], "little")
        start = data.find(NAMES, start + 1)


def _endless(what: str, start: int, document: Document) -> FormatError:
    return FormatError(
        "P215",
        where=f"{document.name}: byte {start}",
        what=f"begins {what} without an end",
        wanted="an undamaged HDF5 file",
    )


def check_type(kind: Any, document: Document, depth: int = 0) -> None:
    """Refuse types that no pose file has, and those that the library reads into memory of another size.

    Raises:
        FormatError: P215 no numbers or texts of a usual form.
    """
    from h5py import h5t

    form, size = kind.get_class(), kind.get_size()
    if depth > MOST_DEPTH:
        _unusual("values in values", document)
    elif form == h5t.COMPOUND:
        end = 0
        for at in sorted(range(kind.get_nmembers()), key=kind.get_member_offset):
            member = kind.get_member_type(at)
            check_type(member, document, depth + 1)
            if kind.get_member_offset(at) < end:
                _unusual("columns that overlap", document)
            end = kind.get_member_offset(at) + member.get_size()
        if end > size:
            _unusual("columns that are wider than their row", document)
    elif form == h5t.ARRAY:
        check_type(kind.get_super(), document, depth + 1)
        if math.prod(kind.get_array_dims()) * kind.get_super().get_size() != size:
            _unusual("arrays of another size than their values", document)
    elif form == h5t.ENUM:
        check_type(kind.get_super(), document, depth + 1)
    elif form == h5t.INTEGER:
        if size not in WIDTHS or kind.get_precision() != 8 * size or kind.get_offset():
            _unusual(f"whole numbers of {kind.get_precision()} bits in {size} bytes", document)
    elif form == h5t.FLOAT:
        if not any(kind == known for known in _floats()):
            _unusual(f"numbers of {size} bytes in a form of their own", document)
    elif form != h5t.STRING or (kind.is_variable_str() and depth):
        _unusual(f"values of class {form}", document)


def _floats() -> tuple[Any, ...]:
    from h5py import h5t

    return (
        h5t.IEEE_F16LE,
        h5t.IEEE_F16BE,
        h5t.IEEE_F32LE,
        h5t.IEEE_F32BE,
        h5t.IEEE_F64LE,
        h5t.IEEE_F64BE,
    )


def _unusual(what: str, document: Document) -> NoReturn:
    raise FormatError(
        "P215", where=document.name, what=f"has {what}", wanted="whole numbers, IEEE numbers and texts"
    )


def check_attribute(node: Any, name: str, document: Document) -> None:
    """Refuse an attribute that claims more bytes than the file has.

    Raises:
        FormatError: P215 an unusual type, a text longer than the file, or texts whose place is not known.
        LimitError: P501, P504 more than the file can hold.
    """
    from h5py import h5a

    found = h5a.open(node.id, name.encode())
    kind = found.get_type()
    check_type(kind, document)
    if found.get_storage_size() > len(document.data):
        raise too_much(document.name, len(document.data), document.limits)
    if _variable(kind) and found.shape is not None:
        where = f"attribute {shown(name, 40)}"
        for raw in _attribute_bytes(node, name.encode(), where, document):
            _check_lengths(raw, math.prod(found.shape), where, document)


def check_texts(dataset: Any, document: Document) -> None:
    """Refuse a data set of texts that claim more bytes than the file has.

    Raises:
        FormatError: P215 a text longer than the file, or texts whose place is not known.
        LimitError: P501, P504 more than the file can hold.
    """
    if _variable(dataset.id.get_type()) and dataset.size:
        where = f"data set {shown(dataset.name, 40)}"
        count = math.prod(dataset.chunks) if dataset.chunks else int(dataset.size)
        total = 0
        for raw in _texts_bytes(dataset, document):
            total += _check_lengths(raw, count, where, document)
            if total > allowed_bytes(len(document.data), document.limits):
                raise too_much(document.name, len(document.data), document.limits)


def _variable(kind: Any) -> bool:
    from h5py import h5t

    return bool(kind.get_class() == h5t.STRING and kind.is_variable_str())


def _check_lengths(raw: bytes, count: int, where: str, document: Document) -> int:
    """Bytes of texts by their descriptors."""
    if len(raw) < count * DESCRIPTOR.itemsize:
        _unknown(where, document)
    length: Ints = np.frombuffer(raw, DESCRIPTOR, count)["length"].astype(np.int64)
    longest, total = int(length.max(initial=0)), int(length.sum())
    if longest > len(document.data):
        raise FormatError(
            "P215",
            where=document.name,
            what=f"has a text of {longest:,} bytes in {where}, and has {len(document.data):,} bytes itself",
            wanted="an undamaged HDF5 file",
        )
    if total > allowed_bytes(len(document.data), document.limits):
        raise too_much(document.name, len(document.data), document.limits)
    return total


def _unknown(where: str, document: Document) -> NoReturn:
    raise FormatError(
        "P215",
        where=document.name,
        what=f"has texts in {where} that are kept in an unusual way",
        wanted="an undamaged HDF5 file",
    )


def _texts_bytes(dataset: Any, document: Document) -> Iterator[bytes]:
    """Descriptors of the texts of a data set, by chunk."""
    where = f"data set {shown(dataset.name, 40)}"
    from h5py import h5d

    if dataset.id.get_create_plist().fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED:
        _unknown(where, document)
    if dataset.chunks:
        for at in range(dataset.id.get_num_chunks()):
            yield _chunk(dataset, at, document)
        return
    start = dataset.id.get_offset()
    if start is not None:
        yield document.data[start : start + int(dataset.size) * DESCRIPTOR.itemsize]
        return
    for kind, _, body in _messages(dataset, document):
        if kind == LAYOUT and len(body) > 4 and body[0] in (3, 4) and body[1] == COMPACT:
            yield body[4 : 4 + int.from_bytes(body[2:4], "little")]
            return
    _unknown(where, document)


def _chunk(dataset: Any, at: int, document: Document) -> bytes:
    """The descriptors of one chunk, unpacked."""
    size = math.prod(dataset.chunks) * DESCRIPTOR.itemsize
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    skipped, raw = dataset.id.read_direct_chunk(dataset.id.get_chunk_info(at).chunk_offset)
    for index in reversed(range(len(filters))):
        if skipped >> index & 1:
            continue
        if filters[index] == DEFLATE:
            raw = zlib.decompressobj().decompress(raw, size)
        elif filters[index] == SHUFFLE:
            raw = np.frombuffer(raw[:size], np.uint8).reshape(DESCRIPTOR.itemsize, -1).T.tobytes()
        else:
            _unknown(f"data set {shown(dataset.name, 40)}", document)
    return bytes(raw)


def _attribute_bytes(node: Any, name: bytes, where: str, document: Document) -> list[bytes]:
    """The values of the attribute as they stand in its object's header; more than one if it is damaged."""
    out = []
    for kind, flags, body in _messages(node, document):
        if kind == ATTRIBUTE_INFO and NOWHERE not in body:  # attributes stand in a heap, not in the header
            _unknown(where, document)
        if kind != ATTRIBUTE:
            continue
        if flags & SHARED or len(body) < 8 or body[0] not in (1, 2, 3):
            _unknown(where, document)
        sizes = [int.from_bytes(body[at : at + 2], "little") for at in (2, 4, 6)]
        start = 9 if body[0] == 3 else 8
        if body[start : start + sizes[0]].split(b"\0")[0] == name:
            for size in sizes:
                start += -(-size // 8) * 8 if body[0] == 1 else size
            out.append(body[start:])
    if not out:
        _unknown(where, document)
    return out


def _messages(node: Any, document: Document) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and body of the messages in an object's header."""
    from h5py import h5o

    data = document.data
    base = 0 if data.startswith(MAGIC) else BLOCK
    start = int(h5o.get_info(node.id).addr) + base
    newer = data[start : start + 4] == b"OHDR"
    ordered = False
    if newer:
        form = data[start + 5]
        ordered = bool(form & 4)
        at = start + 6 + (16 if form & 0x20 else 0) + (4 if form & 0x10 else 0)
        width = 1 << (form & 3)
        blocks = [(at + width, int.from_bytes(data[at : at + width], "little"))]
    else:
        blocks = [(start + 16, int.from_bytes(data[start + 8 : start + 12], "little"))]
    for block in blocks:
        for kind, flags, body in _block(data[block[0] : block[0] + block[1]], newer, ordered):
            yield kind, flags, body
            if kind == CONTINUED and len(body) >= 16 and len(blocks) < MOST_BLOCKS:
                place, size = (int.from_bytes(body[part : part + 8], "little") for part in (0, 8))
                blocks.append((place + base + 4, size - 8) if newer else (place + base, size))


def _block(block: bytes, newer: bool, ordered: bool) -> Iterator[tuple[int, int, bytes]]:
    """Kind, flags and body of each message of a block of an object header."""
    head = (6 if ordered else 4) if newer else 8
    at = 0
    while at + head <= len(block):
        kind = block[at] if newer else int.from_bytes(block[at : at + 2], "little")
        size = int.from_bytes(block[at + 1 : at + 3] if newer else block[at + 2 : at + 4], "little")
        yield kind, block[at + (3 if newer else 4)], block[at + head : at + head + size]
        at += head + size
