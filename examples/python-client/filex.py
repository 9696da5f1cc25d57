#!/usr/bin/env python3
"""A FileX/1 client in one file, with Python's standard library alone.

    python3 filex.py ls  ADDRESS [-r]
    python3 filex.py put FILE ADDRESS [--if-exists ...] [--retries N]
    python3 filex.py get ADDRESS FILE [--force] [--retries N]
    python3 filex.py vectors DIR

ADDRESS is filex://[user@]host:port/path[?fp=sha256:...], which is TLS 1.3, or filex+tcp://[user@]host:port/path, plaintext. The
passcode of a user is taken from FILEX_PASSCODE, or asked for.

It was written from PROTOCOL.md alone, to be read and copied from. Ids such as FX-4.2-3 name the rule of that
document that a piece of code follows. The parts, from the bottom up:

    codes and errors      numbers that say how something ended
    messages              fields <-> bytes                                   (chapter 5, 15)
    frame codec           a stream of bytes <-> frames                       (chapters 3, 4)
    tree digest           what makes a file provable, and a prefix of it     (chapter 14)
    state tables          who may say what when                              (chapters 6 to 11)
    login                 SCRAM-SHA-256                                      (section 6.4)
    connection            handshake, credit, signs of life, GOAWAY; no socket (chapters 6, 13, 17, 18)
    operations            upload, download, listing                          (chapters 8, 9, 10, 12)
    identity              whose key a certificate has                        (section 2.2)
    wires                 TCP, and TLS 1.3 over it                           (section 2.1)
    transport             the only part that knows clocks, and waits
    addresses, files      filex://..., and a download that is never half there
    vectors               compares all this with the bytes in vectors/
    command line

What it leaves out: BLAKE3, several operations at once in one connection, and SCRAM-SHA-256-PLUS, since Python's `ssl`
does not export keying material. So a login is not bound to the channel: see README.md for what that means.

A *fault* is the peer's: it gets GOAWAY, and the connection ends. A *failure of one's own* ends a stream with RESET, and
the connection goes on (section 1.2).
"""

from __future__ import annotations

import argparse
import base64
import collections
import concurrent.futures
import contextlib
import datetime
import errno
import getpass
import hashlib
import hmac
import io
import json
import math
import os
import re
import secrets
import select
import socket
import ssl
import stat
import struct
import sys
import time
import unicodedata
import warnings
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional

try:
    import fcntl
except ImportError:  # Windows: two downloads into one file at once are not noticed there
    fcntl = None  # type: ignore[assignment]

# --------------------------------------------------------------------------------------------------------------
# Codes and errors (chapter 16)
# --------------------------------------------------------------------------------------------------------------

CODES = {
    "OK": 0x00, "BAD_PREFACE": 0x01, "FRAME_TOO_LARGE": 0x02, "FRAME_UNKNOWN": 0x03, "FRAME_MALFORMED": 0x04,
    "MESSAGE_MALFORMED": 0x05, "STATE_VIOLATION": 0x06, "CREDIT_EXCEEDED": 0x07, "STREAM_LIMIT": 0x08,
    "VERSION_UNSUPPORTED": 0x09, "AUTH_FAILED": 0x0A, "TIMEOUT": 0x0B, "RATE_LIMITED": 0x0C, "SHUTTING_DOWN": 0x0D,
    "TOO_MANY_CONNECTIONS": 0x0E, "PLAINTEXT_REFUSED": 0x0F,
    "CANCELLED": 0x20, "UNSUPPORTED": 0x21, "PATH_INVALID": 0x22, "NOT_FOUND": 0x23, "PARENT_NOT_FOUND": 0x24,
    "ALREADY_EXISTS": 0x25, "NOT_A_DIRECTORY": 0x26, "IS_A_DIRECTORY": 0x27, "NOT_A_FILE": 0x28, "NOT_EMPTY": 0x29,
    "PERMISSION_DENIED": 0x2A, "NO_SPACE": 0x2B, "TOO_LARGE": 0x2C, "DIGEST_MISMATCH": 0x2D, "LENGTH_MISMATCH": 0x2E,
    "SOURCE_CHANGED": 0x2F, "PRECONDITION_FAILED": 0x30, "BUSY": 0x31, "IO_ERROR": 0x32, "INTERNAL": 0x33,
    "SUPERSEDED": 0x34, "OPERATION_MISMATCH": 0x35,
    # These never travel (FX-16.1-2): an end says them to its own user.
    "CONNECT_FAILED": 0xF000, "CONNECTION_LOST": 0xF001, "WRONG_PROTOCOL": 0xF002, "URL_INVALID": 0xF003,
    "UNKNOWN_CODE": 0xF004, "IDENTITY_CHANGED": 0xF005, "IDENTITY_UNKNOWN": 0xF006,
}  # fmt: skip

_NAMES = {number: name for name, number in CODES.items()}

RETRYABLE = {
    "TIMEOUT", "RATE_LIMITED", "SHUTTING_DOWN", "TOO_MANY_CONNECTIONS", "NO_SPACE", "DIGEST_MISMATCH",
    "LENGTH_MISMATCH", "SOURCE_CHANGED", "BUSY", "IO_ERROR", "INTERNAL", "CONNECT_FAILED", "CONNECTION_LOST",
}  # fmt: skip

EXIT_OK, EXIT_OTHER, EXIT_USAGE, EXIT_MISSING, EXIT_CONNECTION, EXIT_ACCESS = 0, 1, 2, 4, 5, 7
EXIT_CONFLICT, EXIT_INTEGRITY, EXIT_IDENTITY = 11, 12, 13

_EXIT_OF_CODE = {
    "NOT_FOUND": EXIT_MISSING, "PARENT_NOT_FOUND": EXIT_MISSING,
    "ALREADY_EXISTS": EXIT_CONFLICT, "NOT_EMPTY": EXIT_CONFLICT, "PRECONDITION_FAILED": EXIT_CONFLICT,
    "DIGEST_MISMATCH": EXIT_INTEGRITY, "LENGTH_MISMATCH": EXIT_INTEGRITY, "SOURCE_CHANGED": EXIT_INTEGRITY,
    "AUTH_FAILED": EXIT_ACCESS, "PERMISSION_DENIED": EXIT_ACCESS,
    "IDENTITY_CHANGED": EXIT_IDENTITY, "IDENTITY_UNKNOWN": EXIT_IDENTITY,
    "URL_INVALID": EXIT_USAGE,
}  # fmt: skip


def code_name(number: int) -> str:
    """The name of a code from the wire. Unknown ones, and all that must not travel, are one (FX-7.3-9)."""
    return _NAMES.get(number, "UNKNOWN_CODE") if number < 0xF000 else "UNKNOWN_CODE"


def visible(text: str) -> str:
    """Text of a peer as it may be shown: control characters and terminal escapes written out (FX-21.1-1)."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class FileXError(Exception):
    """Something ended badly. `code` is a name of CODES; `retry` says that trying again may help."""

    fallback_exit = EXIT_OTHER

    def __init__(self, code: str, text: str, retry: Optional[bool] = None):
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.retry = code in RETRYABLE if retry is None else retry

    @property
    def exit_code(self) -> int:
        return _EXIT_OF_CODE.get(self.code, self.fallback_exit)


class Fault(FileXError):
    """The peer broke a rule: it gets GOAWAY with this code, and the transport ends (FX-17.1-1)."""

    fallback_exit = EXIT_CONNECTION

    def __init__(self, code: str, text: str):
        # A peer that breaks rules breaks them again; only one that fell silent may have been unlucky.
        super().__init__(code, text, retry=code == "TIMEOUT")


class ConnectionEnded(FileXError):
    """The connection is over: the transport ended, the peer said GOAWAY, or it is not FileX at all."""

    fallback_exit = EXIT_CONNECTION


class OperationFailed(FileXError):
    """The operation ended with a failure of either side; the connection may go on."""


# --------------------------------------------------------------------------------------------------------------
# Messages (chapter 5): a message is fields, each `u16 tag | u16 length | value`, in exactly one way
# --------------------------------------------------------------------------------------------------------------

MAX_INTEGER = 2**53 - 1
MAX_PATH, MAX_SEGMENT = 4096, 255


def malformed(text: str) -> Fault:
    return Fault("MESSAGE_MALFORMED", text)


class Kind(NamedTuple):
    """How a value is written. `encode` gives None for a value that is said by leaving the field out (FX-5.1-4)."""

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], Optional[bytes]]


def _unsigned(width: int) -> Kind:
    def decode(value: bytes) -> int:
        if len(value) != width:
            raise malformed(f"u{8 * width} of {len(value)} bytes")  # FX-5.1-3
        number = int.from_bytes(value, "big")
        if number > MAX_INTEGER:
            raise malformed("u64 above 2^53-1")  # FX-5.2-1
        return number

    return Kind(decode, lambda number: number.to_bytes(width, "big"))


def _decode_i64(value: bytes) -> int:
    if len(value) != 8:
        raise malformed(f"i64 of {len(value)} bytes")
    number = int.from_bytes(value, "big", signed=True)
    if abs(number) > MAX_INTEGER:
        raise malformed("i64 beyond 2^53-1")
    return number


def _decode_flag(value: bytes) -> bool:
    if value:
        raise malformed("a flag has no bytes")
    return True


def _blob(low: int, high: int) -> Kind:
    def decode(value: bytes) -> bytes:
        if not low <= len(value) <= high:
            raise malformed(f"{len(value)} bytes, where {low} to {high} are allowed")  # FX-5.2-5
        return bytes(value)

    return Kind(decode, bytes)


def _utf8(value: bytes) -> str:
    try:
        return bytes(value).decode("utf-8")  # Python's decoder is as strict as FX-5.2-3 asks
    except UnicodeDecodeError:
        raise malformed("not UTF-8") from None


def _text(high: int) -> Kind:
    def decode(value: bytes) -> str:
        if len(value) > high:
            raise malformed(f"text of {len(value)} bytes, where {high} are allowed")
        return _utf8(value)

    return Kind(decode, lambda text: text.encode("utf-8"))


def check_path(path: str) -> None:
    """Raises ValueError for a path that no end may send (FX-15.1-2 to FX-15.1-5). The root, "", is sound."""
    raw = path.encode("utf-8")
    if len(raw) > MAX_PATH:
        raise ValueError("the path is longer than 4096 bytes")
    if b"\0" in raw:
        raise ValueError("the path contains NUL")
    for segment in raw.split(b"/") if raw else []:
        if not segment:
            raise ValueError("the path has an empty segment")
        if segment in (b".", b".."):
            raise ValueError("the path has a segment . or ..")
        if len(segment) > MAX_SEGMENT:
            raise ValueError("a segment of the path is longer than 255 bytes")


def _decode_path(value: bytes) -> str:
    if not value:
        raise malformed("the root is said by leaving the path out")  # FX-5.1-4
    path = _utf8(value)
    try:
        check_path(path)
    except ValueError as error:
        raise malformed(str(error)) from None  # FX-15.1-6
    return path


def _u16_list() -> Kind:
    def decode(value: bytes) -> list[int]:
        if len(value) % 2:
            raise malformed("half an item in a list")
        return list(struct.unpack(f">{len(value) // 2}H", value))

    return Kind(decode, lambda numbers: struct.pack(f">{len(numbers)}H", *numbers))


def _list_of(item: Kind) -> Kind:
    def decode(value: bytes) -> list[Any]:
        items, at = [], 0
        while at < len(value):
            if at + 2 > len(value):
                raise malformed("half an item in a list")
            end = at + 2 + int.from_bytes(value[at : at + 2], "big")
            if end > len(value):
                raise malformed("an item reaches beyond its list")
            items.append(item.decode(value[at + 2 : end]))
            at = end
        return items

    def encode(values: list[Any]) -> bytes:
        raws = [item.encode(value) or b"" for value in values]
        return b"".join(len(raw).to_bytes(2, "big") + raw for raw in raws)

    return Kind(decode, encode)


def _word(*words: Optional[str]) -> Kind:
    numbers = {word: number for number, word in enumerate(words) if word is not None}

    def decode(value: bytes) -> str:
        if len(value) != 1:
            raise malformed(f"a word of {len(value)} bytes")
        if value[0] >= len(words) or words[value[0]] is None:
            raise malformed(f"no word has the number {value[0]}")  # FX-5.2-2
        return words[value[0]]  # type: ignore[return-value]

    return Kind(decode, lambda word: bytes([numbers[word]]))


def _fields(fields: dict[int, Field]) -> Kind:
    return Kind(lambda value: decode_fields(fields, value), lambda values: encode_fields(fields, values))


class Field(NamedTuple):
    name: str
    kind: Kind
    required: bool = False


U8, U16, U32, U64 = _unsigned(1), _unsigned(2), _unsigned(4), _unsigned(8)
I64 = Kind(_decode_i64, lambda number: number.to_bytes(8, "big", signed=True))
FLAG = Kind(_decode_flag, lambda value: b"" if value else None)
PATH = Kind(_decode_path, lambda path: path.encode("utf-8") or None)
HASH = _blob(32, 32)
CONFLICT_POLICY = _word("fail", "skip", "rename", "overwrite", "newer")
ENTRY_KIND = _word("file", "directory", "symlink", "other")
OUTCOME = _word("created", "replaced", "identical", "removed", "renamed", "read", "skipped")
EFFECT = _word("none", "applied", "unknown")
DIGEST_ALGORITHM = _word(None, "sha256", "blake3")
AUTH_STEP = _word("continue", "success")

ENTRY_FIELDS = {
    2: Field("path", PATH),
    4: Field("kind", ENTRY_KIND, True),
    6: Field("size", U64, True),
    8: Field("mtime", I64, True),
    10: Field("executable", FLAG),
    12: Field("etag", _text(255)),
}

MESSAGES: dict[str, dict[int, Field]] = {
    "HELLO": {
        2: Field("versions", _u16_list(), True),
        4: Field("capabilities", _u16_list(), True),
        6: Field("digests", _u16_list(), True),
        8: Field("maxDataPayload", U32, True),
        10: Field("maxStreams", U32, True),
        12: Field("streamWindow", U64, True),
        14: Field("connectionWindow", U64, True),
        16: Field("nonce", HASH, True),
        18: Field("mechanisms", _list_of(_text(64))),
        19: Field("agent", _text(128)),
    },
    "AUTH": {
        2: Field("mechanism", _text(64)),
        4: Field("data", _blob(0, 4096)),
        6: Field("step", AUTH_STEP),
        8: Field("principal", _text(255)),
    },
    "OPEN": {
        2: Field("operation", U8, True),
        4: Field("operationId", _blob(16, 16), True),
        6: Field("path", PATH),
        8: Field("target", PATH),
        10: Field("size", U64),
        12: Field("ifExists", CONFLICT_POLICY),
        14: Field("mtime", I64),
        16: Field("executable", FLAG),
        18: Field("algorithm", DIGEST_ALGORITHM),
        20: Field("recursive", FLAG),
        22: Field("parents", FLAG),
        24: Field("ifMatch", _text(255)),
        26: Field("offset", U64),
        28: Field("prefix", HASH),
        31: Field("receipt", FLAG),
    },
    "ACCEPT": {
        2: Field("offset", U64, True),
        4: Field("epoch", U32, True),
        6: Field("etag", _text(255)),
        8: Field("size", U64),
        10: Field("mtime", I64),
        12: Field("executable", FLAG),
        14: Field("algorithm", DIGEST_ALGORITHM),
        16: Field("prefix", HASH),
    },
    "END": {2: Field("length", U64, True), 4: Field("digest", HASH, True)},
    "ACK": {2: Field("offset", U64, True)},
    "ENTRY": {2: Field("entries", _list_of(_fields(ENTRY_FIELDS)), True)},
    "RESULT": {
        2: Field("status", U16, True),
        3: Field("detail", _text(1024)),
        4: Field("retry", FLAG),
        6: Field("effect", EFFECT, True),
        8: Field("outcome", OUTCOME),
        10: Field("path", PATH),
        12: Field("etag", _text(255)),
        14: Field("entry", _fields(ENTRY_FIELDS)),
        17: Field("receipt", _blob(0, 8192)),
        19: Field("digest", HASH),
    },
    "RESET": {2: Field("code", U16, True), 4: Field("finalOffset", U64, True), 5: Field("reason", _text(1024))},
    "CREDIT": {2: Field("limit", U64, True)},
    "PING": {2: Field("token", U64, True)},
    "PONG": {2: Field("token", U64, True)},
    "GOAWAY": {2: Field("code", U16, True), 4: Field("lastStream", U32, True), 5: Field("reason", _text(1024))},
}


def decode_fields(fields: dict[int, Field], payload: bytes) -> dict[str, Any]:
    """The values of a message, by field name. Fields that are not there, and unknown ones, are not in it."""
    values: dict[str, Any] = {}
    at, last_tag = 0, -1
    while at < len(payload):
        if at + 4 > len(payload):
            raise malformed("half a field")  # FX-5.1-2
        tag, length = struct.unpack_from(">HH", payload, at)
        end = at + 4 + length
        if end > len(payload):
            raise malformed(f"field {tag} reaches beyond its message")
        if tag <= last_tag:
            raise malformed(f"field {tag} after field {last_tag}")  # FX-5.1-1
        field = fields.get(tag)
        if field is not None:
            values[field.name] = field.kind.decode(payload[at + 4 : end])
        elif tag % 2 == 0:
            raise malformed(f"unknown field {tag}")  # FX-5.1-6; odd ones are passed over, FX-5.1-5
        at, last_tag = end, tag
    for field in fields.values():
        if field.required and field.name not in values:
            raise malformed(f"field {field.name} is missing")  # FX-5.1-7
    return values


def encode_fields(fields: dict[int, Field], values: dict[str, Any], extra: Optional[dict[int, bytes]] = None) -> bytes:
    """The one way to write `values`; None means absent. `extra` are raw fields by tag, for grease (FX-20.1-4)."""
    raws = dict(extra or {})
    for tag, field in fields.items():
        value = values.get(field.name)
        raw = None if value is None else field.kind.encode(value)
        if raw is not None:
            raws[tag] = raw
        elif field.required:
            raise ValueError(f"field {field.name} is required")
    return b"".join(struct.pack(">HH", tag, len(raw)) + raw for tag, raw in sorted(raws.items()))


def decode_message(name: str, payload: bytes) -> dict[str, Any]:
    return decode_fields(MESSAGES[name], payload)


def encode_message(name: str, values: dict[str, Any], extra: Optional[dict[int, bytes]] = None) -> bytes:
    return encode_fields(MESSAGES[name], values, extra)


# --------------------------------------------------------------------------------------------------------------
# Frame codec (chapters 3 and 4): preface, then `u32 length | u8 type | u8 flags | u32 stream | payload`
# --------------------------------------------------------------------------------------------------------------

PREFACE = b"FILEX\r\n\x1a"
HEADER = struct.Struct(">IBBI")
MAX_CONTROL_PAYLOAD = 65_536
FIRST_IGNORABLE_TYPE = 0x80


class FrameType(NamedTuple):
    number: int
    name: str
    on_connection: bool  # allowed on stream 0
    on_stream: bool  # allowed on a stream other than 0
    sender: str  # client, server or either


FRAME_TYPES = [
    FrameType(0x01, "HELLO", True, False, "either"),
    FrameType(0x02, "AUTH", True, False, "either"),
    FrameType(0x03, "OPEN", False, True, "client"),
    FrameType(0x04, "ACCEPT", False, True, "server"),
    FrameType(0x05, "DATA", False, True, "either"),
    FrameType(0x06, "END", False, True, "either"),
    FrameType(0x07, "ACK", False, True, "server"),
    FrameType(0x08, "ENTRY", False, True, "server"),
    FrameType(0x09, "RESULT", False, True, "server"),
    FrameType(0x0A, "RESET", False, True, "either"),
    FrameType(0x0B, "CREDIT", True, True, "either"),
    FrameType(0x0C, "PING", True, False, "either"),
    FrameType(0x0D, "PONG", True, False, "either"),
    FrameType(0x0E, "GOAWAY", True, False, "either"),
]
_BY_NUMBER = {frame_type.number: frame_type for frame_type in FRAME_TYPES}
_BY_NAME = {frame_type.name: frame_type for frame_type in FRAME_TYPES}


class Header(NamedTuple):
    length: int
    type: int
    flags: int
    stream: int

    @property
    def ignorable(self) -> bool:
        return self.type >= FIRST_IGNORABLE_TYPE and self.type not in _BY_NUMBER

    @property
    def name(self) -> str:
        return _BY_NUMBER[self.type].name


class Frame(NamedTuple):
    name: str
    stream: int
    payload: bytes


def judge_header(header: Header, max_data_payload: int) -> None:
    """Faults for a header that no state allows: length, type, flags, stream, in this order (FX-4.2-2)."""
    frame_type = _BY_NUMBER.get(header.type)
    is_data = frame_type is not None and frame_type.name == "DATA"
    if header.length > (max_data_payload if is_data else MAX_CONTROL_PAYLOAD):  # FX-4.2-3, FX-4.2-4
        raise Fault("FRAME_TOO_LARGE", f"a frame of type {header.type:#04x} with {header.length} bytes")
    if is_data and header.length == 0:
        raise Fault("FRAME_MALFORMED", "DATA without a byte")  # FX-4.1-5
    if frame_type is None:
        if header.ignorable:
            return  # FX-4.2-6
        raise Fault("FRAME_UNKNOWN", f"a frame of type {header.type:#04x}")  # FX-4.2-7
    if header.flags:
        raise Fault("FRAME_MALFORMED", f"{frame_type.name} with flags {header.flags:#04x}")  # FX-4.1-1
    if not (frame_type.on_stream if header.stream else frame_type.on_connection):
        raise Fault("FRAME_MALFORMED", f"{frame_type.name} on stream {header.stream}")  # FX-4.1-2


def encode_frame(name: str, stream: int, payload: bytes) -> bytes:
    return HEADER.pack(len(payload), _BY_NAME[name].number, 0, stream) + payload


class FrameReader:
    """Makes frames of the bytes of one direction, however these were cut into reads (FX-2.1-2).

    `on_header` is asked about every frame before a byte of its payload is kept (FX-4.2-1). The bytes of DATA are
    given on as they come, in pieces (FX-4.2-8). Memory: at most one control payload beyond what `feed` is given.
    """

    def __init__(self, max_data_payload: int, on_header: Optional[Callable[[Header], None]] = None):
        self._max_data_payload = max_data_payload
        self._on_header = on_header
        self._preface = 0  # bytes of the preface that came
        self._buffer = bytearray()
        self._header: Optional[Header] = None
        self._skip = 0  # bytes of an ignorable frame still to come
        self._data = self._data_stream = 0  # bytes of a DATA frame still to come, and its stream

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yields each frame before the header of the next one is judged, so that what a frame changes counts."""
        at = self._take_preface(data)
        while True:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                if self._skip:
                    return
            if self._data:
                piece = data[at : at + self._data]
                if not piece:
                    return
                self._data -= len(piece)
                at += len(piece)
                yield Frame("DATA", self._data_stream, bytes(piece))
                continue
            wanted = HEADER.size if self._header is None else self._header.length
            step = min(wanted - len(self._buffer), len(data) - at)
            self._buffer += data[at : at + step]
            at += step
            if len(self._buffer) < wanted:
                return
            content = bytes(self._buffer)
            self._buffer.clear()
            if self._header is None:
                header = Header(*HEADER.unpack(content))
                judge_header(header, self._max_data_payload)
                if header.ignorable:
                    self._skip = header.length
                    continue
                if self._on_header:
                    self._on_header(header)
                if header.name == "DATA":
                    self._data, self._data_stream = header.length, header.stream
                else:
                    self._header = header
            else:
                frame = Frame(self._header.name, self._header.stream, content)
                self._header = None
                yield frame

    @property
    def between_frames(self) -> bool:
        return not (self._buffer or self._header or self._skip or self._data)

    def _take_preface(self, data: bytes) -> int:
        expected = PREFACE[self._preface : self._preface + len(data)]
        if data[: len(expected)] != expected:
            # FX-3.1-4: decided at the first byte that differs. FX-3.2-1: such a peer gets no frame.
            raise ConnectionEnded("WRONG_PROTOCOL", "something that is not FileX answers there")
        self._preface += len(expected)
        return len(expected)


# --------------------------------------------------------------------------------------------------------------
# Tree digest (chapter 14)
# --------------------------------------------------------------------------------------------------------------

BLOCK = 1_048_576


class TreeDigest:
    """sha256 tree digest of what `update` was given. `root` may be asked at any point, also in between.

    Leaves go straight into the hash of the root, so a file of any size needs the same few hundred bytes.
    """

    def __init__(self) -> None:
        self.length = 0
        self._root = hashlib.sha256(b"\x01")
        self._leaf = hashlib.sha256(b"\x00")
        self._leaf_length = 0

    def update(self, data: bytes) -> None:
        view = memoryview(data)
        self.length += len(view)
        while view:
            part = view[: BLOCK - self._leaf_length]
            self._leaf.update(part)
            self._leaf_length += len(part)
            view = view[len(part) :]
            if self._leaf_length == BLOCK:
                self._root.update(self._leaf.digest())
                self._leaf = hashlib.sha256(b"\x00")
                self._leaf_length = 0

    def root(self) -> bytes:
        root = self._root.copy()
        if self._leaf_length:
            root.update(self._leaf.digest())
        root.update(self.length.to_bytes(8, "big"))
        return root.digest()


def same_digest(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)  # FX-14.1-3


# --------------------------------------------------------------------------------------------------------------
# State tables (chapters 6 to 11), as the specification prints them
# --------------------------------------------------------------------------------------------------------------

Table = dict  # state -> event -> next state


def _table(text: str) -> Table:
    table: Table = {}
    for line in text.strip().splitlines():
        state, _, allowed = line.partition("|")
        pairs = (item.split("→") for item in allowed.split(",") if "→" in item)
        table[state.strip()] = {event.strip(): target.strip() for event, target in pairs}
    return table


CONNECTION_TABLE = _table("""
    idle           | C_HELLO → greeted, C_ABORT → closed, S_ABORT → closed
    greeted        | S_HELLO → negotiated, C_ABORT → closed, S_ABORT → closed
    negotiated     | C_AUTH → authenticating, C_ABORT → closed, S_ABORT → closed
    authenticating | S_AUTH_CONTINUE → negotiated, S_AUTH_SUCCESS → open, C_ABORT → closed, S_ABORT → closed
    open           | C_OPEN → open, C_TRAFFIC → open, S_TRAFFIC → open, C_GOAWAY → draining, S_GOAWAY → draining, C_ABORT → closed, S_ABORT → closed
    draining       | C_OPEN → draining, C_TRAFFIC → draining, S_TRAFFIC → draining, C_GOAWAY → draining, S_GOAWAY → draining, C_ABORT → closed, S_ABORT → closed
    closed         |
""")

UPLOAD_TABLE = _table("""
    resuming   | I_RESET → cancelled, R_ACCEPT → accepted, R_FAILURE → closed, R_RESET → closed
    open       | I_DATA → open, I_END → sent, I_RESET → cancelled, R_ACCEPT → accepted, R_FAILURE → settled, R_RESET → settled
    accepted   | I_DATA → accepted, I_END → committing, I_RESET → cancelled, R_ACK → accepted, R_FAILURE → settled, R_RESET → settled
    sent       | I_RESET → withdrawn, R_ACCEPT → committing, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    committing | I_RESET → withdrawn, R_ACK → committing, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    settled    | I_DATA → settled, I_END → closed, I_RESET → closed
    cancelled  | R_ACCEPT → cancelled, R_ACK → cancelled, R_FAILURE → closed, R_RESET → closed
    withdrawn  | R_ACCEPT → withdrawn, R_ACK → withdrawn, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    closed     |
""")

DOWNLOAD_TABLE = _table("""
    requested | I_RESET → cancelled, R_ACCEPT → streaming, R_FAILURE → closed, R_RESET → closed
    streaming | I_RESET → cancelled, R_DATA → streaming, R_END → ended, R_FAILURE → closed, R_RESET → closed
    ended     | I_RESET → cancelled, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    cancelled | R_ACCEPT → cancelled, R_DATA → cancelled, R_END → cancelled, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    closed    |
""")

LISTING_TABLE = _table("""
    requested | I_RESET → cancelled, R_ENTRY → requested, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    cancelled | R_ENTRY → cancelled, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    closed    |
""")

CALL_TABLE = _table("""
    requested | I_RESET → cancelled, R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    cancelled | R_SUCCESS → closed, R_FAILURE → closed, R_RESET → closed
    closed    |
""")

# What a frame from the server means to the table of its stream. RESULT is judged by its status as well.
_STREAM_EVENTS = {
    "ACCEPT": ["R_ACCEPT"],
    "DATA": ["R_DATA"],
    "END": ["R_END"],
    "ACK": ["R_ACK"],
    "ENTRY": ["R_ENTRY"],
    "RESULT": ["R_SUCCESS", "R_FAILURE"],
    "RESET": ["R_RESET"],
}


class Machine:
    """Runs one table over what both ends send."""

    def __init__(self, table: Table, state: str):
        self._table = table
        self.state = state

    def allows(self, *events: str) -> bool:
        return any(event in self._table[self.state] for event in events)

    def require(self, *events: str) -> None:
        if not self.allows(*events):
            raise Fault("STATE_VIOLATION", f"{' or '.join(events)} while {self.state}")  # FX-6.1-1, FX-7.2-7

    def fire(self, event: str) -> None:
        self.require(event)
        self.state = self._table[self.state][event]


# --------------------------------------------------------------------------------------------------------------
# Credit (chapter 13): absolute numbers, counted from the start of the stream or connection
# --------------------------------------------------------------------------------------------------------------


class Outflow:
    """What this end may send."""

    def __init__(self, window: int):
        self.limit = window
        self.sent = 0

    @property
    def available(self) -> int:
        return self.limit - self.sent

    def raise_to(self, limit: int) -> None:
        self.limit = max(self.limit, limit)  # FX-13.2-1


class Inflow:
    """What the peer may send."""

    def __init__(self, window: int):
        self.window = self.limit = window
        self.received = 0
        self.consumed = 0

    def check(self, length: int) -> None:
        if self.received + length > self.limit:
            raise Fault("CREDIT_EXCEEDED", f"{self.received + length} bytes, {self.limit} were granted")  # FX-13.1-3

    def consume(self, length: int) -> Optional[int]:
        """Counts bytes that were stored or dropped for good (FX-13.2-2); gives the new limit when it is time.

        Granting when a quarter of the window was used keeps FX-13.2-3, without a CREDIT for every frame.
        """
        self.consumed += length
        if self.consumed + self.window - self.limit < self.window // 4:
            return None
        self.limit = self.consumed + self.window
        return self.limit


# --------------------------------------------------------------------------------------------------------------
# Login (section 6.4, RFC 5802, RFC 7677): SCRAM-SHA-256. Messages in, messages out; knows no frames
# --------------------------------------------------------------------------------------------------------------

MIN_ITERATIONS, MAX_ITERATIONS = 4096, 10_000_000  # FX-6.4-4
MAX_NAME = 255  # bytes (FX-6.4-6)

# Characters that are shown as nothing: Default_Ignorable_Code_Point of Unicode, which Python does not know by itself.
_SHOWN_AS_NOTHING = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
# Control characters, unassigned ones, those for private use, halves of characters, and what ends lines or paragraphs.
_REFUSED_CATEGORIES = {"Cc", "Cn", "Co", "Cs", "Zl", "Zp"}
_REFUSED = "\ufff9\ufffa\ufffb\ufffc\ufffd"


def prepare(text: str) -> str:
    """A name or passcode in the one form in which both ends know it (FX-6.4-6). Raises ValueError, without showing it."""
    kept = [character for character in text if not any(low <= ord(character) <= high for low, high in _SHOWN_AS_NOTHING)]
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in kept)
    prepared = unicodedata.normalize("NFKC", spaced)
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES or character in _REFUSED for character in prepared):
        raise ValueError("has a character that cannot be typed")
    if not prepared:
        raise ValueError("is empty")
    return prepared


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _base64(text: bytes) -> bytes:
    """Bytes from the one way to write them. Raises ValueError."""
    raw = base64.b64decode(text, validate=True)
    if not raw or base64.b64encode(raw) != text:
        raise ValueError("not base64 as it is written")
    return raw


class Credentials(NamedTuple):
    """Who logs in. Both were prepared."""

    name: str
    passcode: str


class Scram:
    """The client's side of one login. Raises Fault `AUTH_FAILED` when the server does not do its part (FX-6.3-5)."""

    mechanism = "SCRAM-SHA-256"
    # `n`: this client cannot bind the channel. `y` would say that it could, which a server that offers
    # SCRAM-SHA-256-PLUS has to take for an attack (FX-6.4-2). No `a=` (FX-6.4-7).
    _GS2 = b"n,,"
    # A server's messages have no extensions (FX-6.4-1), and it says no with GOAWAY, never with `e=` (FX-6.4-3).
    _SERVER_FIRST = re.compile(rb"r=([!-+\--~]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,15})")
    _SERVER_FINAL = re.compile(rb"v=([A-Za-z0-9+/]+=*)")

    def __init__(self, credentials: Credentials, nonce: Optional[str] = None):
        self._passcode = credentials.passcode.encode("utf-8")
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(24)).decode()  # FX-21.1-5
        name = credentials.name.replace("=", "=3D").replace(",", "=2C")
        self._first_bare = f"n={name},r={self._nonce}".encode("utf-8")
        self._server_signature: Optional[bytes] = None

    def first(self) -> bytes:
        return self._GS2 + self._first_bare

    def final(self, server_first: Optional[bytes], transcript: Optional[bytes]) -> bytes:
        """The answer to the server's first message. `transcript`: SHA-256 of both HELLOs (FX-6.4-1).

        Takes as long as the server asks for: some seconds at MAX_ITERATIONS.
        """
        if self._server_signature is not None:
            raise Fault("AUTH_FAILED", "the server wants a third step")
        match = self._match(self._SERVER_FIRST, server_first)
        nonce, iterations = match[1].decode(), int(match[3])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:  # FX-6.4-4
            raise Fault("AUTH_FAILED", "the server's nonce does not go on from the client's")
        if not MIN_ITERATIONS <= iterations <= MAX_ITERATIONS:
            raise Fault("AUTH_FAILED", f"the server asks for {iterations} iterations")
        final = f"c={base64.b64encode(self._GS2).decode()},r={nonce}"
        if transcript is not None:
            final += f",t={base64.b64encode(transcript).decode()}"
        auth_message = b",".join([self._first_bare, server_first or b"", final.encode("ascii")])

        salted = hashlib.pbkdf2_hmac("sha256", self._passcode, self._bytes(match[2]), iterations)
        client_key = _hmac(salted, b"Client Key")
        client_signature = _hmac(hashlib.sha256(client_key).digest(), auth_message)
        self._server_signature = _hmac(_hmac(salted, b"Server Key"), auth_message)
        proof = bytes(one ^ other for one, other in zip(client_key, client_signature))
        return f"{final},p={base64.b64encode(proof).decode()}".encode("ascii")

    def verify(self, server_final: Optional[bytes]) -> None:
        """Whether the server knows the user as well: without that, it is not the server (FX-6.4-3)."""
        if self._server_signature is None:
            raise Fault("AUTH_FAILED", "the server says success without having asked for anything")
        signature = self._bytes(self._match(self._SERVER_FINAL, server_final)[1])
        if not hmac.compare_digest(signature, self._server_signature):
            raise Fault("AUTH_FAILED", "the server does not know the user: its signature is wrong")

    @staticmethod
    def _match(pattern: re.Pattern[bytes], message: Optional[bytes]) -> re.Match[bytes]:
        """Messages have their attributes in a fixed order; neither more nor less."""
        match = pattern.fullmatch(message or b"")
        if not match:
            raise Fault("AUTH_FAILED", "the server's message is not one of SCRAM")
        return match

    @staticmethod
    def _bytes(text: bytes) -> bytes:
        try:
            return _base64(text)
        except ValueError:
            raise Fault("AUTH_FAILED", "the server's message is not one of SCRAM") from None


# --------------------------------------------------------------------------------------------------------------
# Connection (chapters 6, 13, 17, 18). Knows no socket and no clock: bytes in, bytes out, and the time as a number
# --------------------------------------------------------------------------------------------------------------

VERSION = 1
SHA256 = 1
AGENT = "filex-python-example/1"
OWN_MAX_DATA = 262_144
OWN_STREAM_WINDOW = 1_048_576
OWN_CONNECTION_WINDOW = 1_048_576
MAX_UNANSWERED_PINGS = 32
FLOORS = {"maxDataPayload": 4096, "maxStreams": 1, "streamWindow": 8192, "connectionWindow": 8192}
CAPS = {
    "maxDataPayload": 16_777_216, "maxStreams": 65_536, "streamWindow": 67_108_864, "connectionWindow": 268_435_456,
}  # fmt: skip


class Offer(NamedTuple):
    """What this end says of itself in HELLO (section 6.2)."""

    digests: list[int] = [SHA256]
    capabilities: list[int] = []
    max_data_payload: int = OWN_MAX_DATA
    max_streams: int = 1  # nobody opens streams towards a client; 1 is the floor of the limit
    stream_window: int = OWN_STREAM_WINDOW
    connection_window: int = OWN_CONNECTION_WINDOW
    agent: Optional[str] = AGENT
    nonce: Optional[bytes] = None  # random when absent
    grease: bool = True


class Timers(NamedTuple):
    """Seconds (section 18.2)."""

    handshake: float = 10.0
    keepalive_interval: float = 20.0
    keepalive_timeout: float = 20.0


class Connection:
    """The client's end of one connection. `start`, `receive` and `tick` are driven from outside; what is to be sent
    waits in `pending` until `sent` says that it left. They raise Fault and ConnectionEnded."""

    def __init__(self, now: float, timers: Timers = Timers(), offer: Offer = Offer(), login: Optional[Scram] = None):
        self._timers = timers
        self._offer = offer
        self._login = login
        self._hellos = hashlib.sha256()  # both, as they were sent: what the login is about (FX-6.4-1)
        self._machine = Machine(CONNECTION_TABLE, "idle")
        self._reader = FrameReader(offer.max_data_payload, self._judge)
        self._queue: collections.deque[tuple[str, bytes]] = collections.deque()  # the name and bytes of frames
        self._queue_bytes = 0
        self._head_sent = 0  # bytes of the first frame in the queue that have left
        self._pongs_waiting = 0
        self._pings: collections.deque[int] = collections.deque()
        self._started = self._last_byte = now
        self._pinged: Optional[float] = None
        self._streams: dict[int, Operation] = {}
        self._highest_stream = -1
        self._inflow = Inflow(offer.connection_window)
        self._outflow = Outflow(0)
        self._peer: dict[str, int] = {}
        self.algorithm = SHA256  # once negotiated
        self.peer_last_stream: Optional[int] = None

    # ---- for the driver

    @property
    def state(self) -> str:
        return self._machine.state

    @property
    def streams(self) -> dict[int, Operation]:
        """What runs, by stream."""
        return self._streams

    @property
    def pending_bytes(self) -> int:
        return self._queue_bytes - self._head_sent

    def pending(self) -> memoryview:
        """The next bytes to send; empty when there are none. A frame that was begun is finished first."""
        return memoryview(self._queue[0][1])[self._head_sent :] if self._queue else memoryview(b"")

    def sent(self, count: int) -> None:
        self._head_sent += count
        if self._queue and self._head_sent == len(self._queue[0][1]):
            name, frame = self._queue.popleft()
            self._queue_bytes -= len(frame)
            self._pongs_waiting -= name == "PONG"
            self._head_sent = 0

    def start(self) -> None:
        """Preface and HELLO, without waiting for the server (FX-3.1-2)."""
        self._push("preface", PREFACE)
        hello = {
            "versions": [*self._grease(), VERSION],
            "capabilities": [*self._offer.capabilities, *self._grease()],
            "digests": [*self._offer.digests, *self._grease()],
            "maxDataPayload": self._offer.max_data_payload,
            "maxStreams": self._offer.max_streams,
            "streamWindow": self._offer.stream_window,
            "connectionWindow": self._offer.connection_window,
            "nonce": self._offer.nonce or secrets.token_bytes(32),
            "agent": self._offer.agent,
        }
        frame = encode_frame("HELLO", 0, encode_message("HELLO", hello, self._grease_field()))
        self._hellos.update(frame)
        self._push("HELLO", frame)
        self._machine.fire("C_HELLO")

    def authenticate(self, mechanism: Optional[str], data: Optional[bytes] = None) -> None:
        """A step of authentication (section 6.3); only the first names the mechanism."""
        self._send("AUTH", 0, {"mechanism": mechanism, "data": data})
        self._machine.fire("C_AUTH")

    def receive(self, data: bytes, now: float) -> None:
        """Takes what came from the server. What comes after the end is not read (FX-17.1-1)."""
        if self.state == "closed":
            return
        self._last_byte = now  # FX-18.2-3
        self._pinged = None
        try:
            for frame in self._reader.feed(data):
                self._handle(frame)
        except Fault as fault:
            self._answer_fault(fault)
            raise
        except ConnectionEnded:
            self._machine.state = "closed"
            raise

    def receive_end(self) -> None:
        """The transport ended. What was cut inside a frame is lost with it (FX-4.2-8)."""
        orderly = self.state == "draining" and not self._streams
        self._machine.state = "closed"
        if not orderly:
            raise ConnectionEnded("CONNECTION_LOST", "the server ended the connection")

    def tick(self, now: float) -> float:
        """Runs the timers of section 18.2; gives the seconds until they want to run again."""
        try:
            if self.state not in ("open", "draining"):
                return self._left(self._started + self._timers.handshake, now, "no handshake in time")
            if self._pinged is not None:
                return self._left(self._pinged + self._timers.keepalive_timeout, now, "the server fell silent")
            left = self._last_byte + self._timers.keepalive_interval - now
            if left >= 0.0001:
                return left
            if len(self._pings) < MAX_UNANSWERED_PINGS:  # FX-18.1-3
                self.ping(self.new_token())
            self._pinged = now
            return self._timers.keepalive_timeout
        except Fault as fault:
            self._answer_fault(fault)
            raise

    def new_token(self) -> int:
        return secrets.randbelow(MAX_INTEGER + 1)

    def ping(self, token: int) -> None:
        self._pings.append(token)
        self._send("PING", 0, {"token": token})

    @staticmethod
    def _left(deadline: float, now: float, text: str) -> float:
        if deadline - now < 0.0001:  # seconds are floats: as good as there
            raise Fault("TIMEOUT", text)
        return deadline - now

    def finish(self) -> None:
        """Says a graceful GOAWAY. The driver then sends what is left and ends the transport (FX-17.2-4)."""
        self._send("GOAWAY", 0, {"code": CODES["OK"], "lastStream": max(self._highest_stream, 0)})
        self._machine.fire("C_GOAWAY")

    def abort(self, code: str, reason: Optional[str] = None) -> None:
        """GOAWAY with a code that ends the connection, and nothing after it (FX-17.1-1)."""
        number = CODES[code] if CODES[code] < 0xF000 else CODES["INTERNAL"]  # FX-16.1-2
        self._send("GOAWAY", 0, {"code": number, "lastStream": max(self._highest_stream, 0), "reason": reason})
        self._machine.fire("C_ABORT")

    # ---- for operations

    @property
    def max_data_payload(self) -> int:
        return self._peer["maxDataPayload"]

    @property
    def credit(self) -> int:
        return self._outflow.available

    def open(self, operation: Operation) -> None:
        if self.state != "open":  # FX-17.2-3
            raise ConnectionEnded("SHUTTING_DOWN", "the server takes no new operations")
        self._highest_stream += 2  # odd, and higher than every one before (FX-7.1-1)
        operation.stream = self._highest_stream
        operation.inflow = Inflow(self._offer.stream_window)
        operation.outflow = Outflow(self._peer["streamWindow"])
        self._streams[operation.stream] = operation
        self._machine.fire("C_OPEN")
        self._send("OPEN", operation.stream, operation.fields, self._grease_field())

    def send_on(self, operation: Operation, name: str, fields: dict[str, Any]) -> None:
        self._send(name, operation.stream, fields)

    def send_data(self, operation: Operation, data: bytes) -> None:
        self._outflow.sent += len(data)
        operation.outflow.sent += len(data)
        self._push("DATA", encode_frame("DATA", operation.stream, data))

    def consumed(self, operation: Operation, length: int) -> None:
        """Bytes of a stream were stored or dropped: gives credit again. A stream that was given up gets none."""
        limit = self._inflow.consume(length)
        if limit is not None:
            self._send("CREDIT", 0, {"limit": limit})
        if operation.given_up or operation.done:  # FX-13.2-4
            return
        limit = operation.inflow.consume(length)
        if limit is not None:
            self._send("CREDIT", operation.stream, {"limit": limit})

    def closed(self, operation: Operation) -> None:
        self._streams.pop(operation.stream, None)

    # ---- sending

    def _grease(self) -> list[int]:
        """A number of the form 0x?a?a, which nobody ever assigns, to be passed over (FX-20.1-4, FX-6.2-9)."""
        return [secrets.randbelow(16) << 12 | 0x0A0A | secrets.randbelow(16) << 4] if self._offer.grease else []

    def _grease_field(self) -> dict[int, bytes]:
        """A field that nobody knows: its tag is odd, so it is ignored (FX-5.1-5)."""
        return {0xFFF1 + 2 * secrets.randbelow(8): secrets.token_bytes(secrets.randbelow(9))} if self._offer.grease else {}

    def _push(self, name: str, frame: bytes) -> None:
        self._queue.append((name, frame))
        self._queue_bytes += len(frame)
        self._pongs_waiting += name == "PONG"

    def _send(self, name: str, stream: int, fields: dict[str, Any], extra: Optional[dict[int, bytes]] = None) -> None:
        self._push(name, encode_frame(name, stream, encode_message(name, fields, extra)))

    def _answer_fault(self, fault: Fault) -> None:
        """What was answered before the fault still goes out (FX-17.1-2), but no DATA stands in the way of GOAWAY."""
        begun = [self._queue.popleft()] if self._head_sent else []
        self._queue = collections.deque([*begun, *(item for item in self._queue if item[0] != "DATA")])
        self._queue_bytes = sum(len(frame) for _, frame in self._queue)
        self.abort(fault.code, str(fault)[:200])

    # ---- receiving

    def _judge(self, header: Header) -> None:
        """All that a header tells: sender, states and credit, before a byte of its payload is kept.

        FX-4.2-9 has the form of a message judged before states and credit, but leaves an end free to be early when
        several rules are broken at once; credit is judged here because of FX-13.1-3.
        """
        name = header.name
        if _BY_NUMBER[header.type].sender == "client":
            raise Fault("STATE_VIOLATION", f"{name} from a server")  # FX-4.1-3
        if name == "HELLO":
            self._machine.require("S_HELLO")
        elif name == "AUTH":
            self._machine.require("S_AUTH_CONTINUE", "S_AUTH_SUCCESS")
        elif name != "GOAWAY":
            self._machine.require("S_TRAFFIC")
        if header.stream == 0:
            return
        operation = self._operation_on(header.stream, name)
        if operation is None:
            return
        if name == "CREDIT":
            if not operation.sends_file:
                raise Fault("STATE_VIOLATION", "CREDIT for a stream that sends no file")  # FX-13.2-6
            return
        operation.machine.require(*_STREAM_EVENTS[name])
        if name in ("DATA", "ENTRY"):  # FX-13.1-1
            self._inflow.check(header.length)
            operation.inflow.check(header.length)
            if not operation.given_up:
                operation.judge_bytes(header.length)
            self._inflow.received += header.length
            operation.inflow.received += header.length

    def _operation_on(self, stream: int, name: str) -> Optional[Operation]:
        """The operation of a stream; None for RESET and CREDIT that come too late (FX-7.1-4).

        Ids that were left out count as closed (FX-7.1-1), so nothing has to be remembered but the highest.
        """
        operation = self._streams.get(stream)
        if operation is not None:
            return operation
        if stream % 2 == 0 or stream > self._highest_stream:
            raise Fault("STATE_VIOLATION", f"{name} on stream {stream}, which was never opened")  # FX-7.1-3
        if name not in ("RESET", "CREDIT"):
            raise Fault("STATE_VIOLATION", f"{name} on stream {stream}, which has closed")
        return None

    def _handle(self, frame: Frame) -> None:
        if frame.name == "DATA":
            self._streams[frame.stream].receive("DATA", {"data": frame.payload}, len(frame.payload))
            return
        message = decode_message(frame.name, frame.payload)
        if frame.name == "HELLO":
            self._hellos.update(encode_frame(*frame))  # the same bytes: nothing in a header is left to its sender
        if frame.stream:
            operation = self._operation_on(frame.stream, frame.name)
            if operation is None:
                return
            if frame.name == "CREDIT":
                operation.outflow.raise_to(message["limit"])
            else:
                operation.receive(frame.name, message, len(frame.payload))
            return
        getattr(self, f"_on_{frame.name.lower()}")(message)

    def _on_hello(self, hello: dict[str, Any]) -> None:
        if VERSION not in hello["versions"]:  # FX-6.2-1 also gives the order: form, versions, digests, floors
            raise Fault("VERSION_UNSUPPORTED", "no version in common")
        if not set(self._offer.digests) & set(hello["digests"]):
            raise Fault("VERSION_UNSUPPORTED", "no digest in common")  # FX-6.2-3
        for name, floor in FLOORS.items():
            if hello[name] < floor:
                raise malformed(f"{name} is {hello[name]}, below its floor {floor}")  # FX-6.2-5
        self._machine.fire("S_HELLO")
        self.algorithm = next(number for number in self._offer.digests if number in hello["digests"])
        self._peer = {name: min(hello[name], cap) for name, cap in CAPS.items()}  # FX-19.1-2
        self._outflow.raise_to(self._peer["connectionWindow"])
        self.negotiated(hello)

    def negotiated(self, hello: dict[str, Any]) -> None:
        """Begins the authentication, as the one that the user asked for: nobody else will do (FX-6.3-5)."""
        mechanism = self._login.mechanism if self._login else "ANONYMOUS"
        if mechanism not in hello.get("mechanisms", []):
            raise Fault("AUTH_FAILED", f"the server does not offer {mechanism}")
        self.authenticate(mechanism, self._login.first() if self._login else None)

    def challenged(self, auth: dict[str, Any]) -> None:
        """ANONYMOUS has one step: a server that wants another does not do what the mechanism wants (FX-6.3-5)."""
        if self._login is None:
            raise Fault("AUTH_FAILED", "the server wants more than ANONYMOUS has")
        self.authenticate(None, self._login.final(auth.get("data"), self._hellos.digest()))  # FX-6.3-2

    def authenticated(self, auth: dict[str, Any]) -> None:
        """The connection is open. Sends a frame that nobody knows, so that servers do not forget to skip it."""
        if self._login is not None:
            self._login.verify(auth.get("data"))  # before anything else is sent (FX-6.4-3)
        noise = secrets.token_bytes(secrets.randbelow(16))
        header = HEADER.pack(len(noise), 0xF0 | secrets.randbelow(16), secrets.randbelow(256), secrets.randbits(32))
        self._push("grease", header + noise)  # FX-20.1-4, FX-4.2-6

    def _on_auth(self, auth: dict[str, Any]) -> None:
        if "step" not in auth:
            raise malformed("AUTH of a server without step")  # FX-6.3-4
        if auth["step"] == "continue":
            self._machine.fire("S_AUTH_CONTINUE")
            self.challenged(auth)
        else:
            self._machine.fire("S_AUTH_SUCCESS")
            self.authenticated(auth)

    def _on_credit(self, credit: dict[str, Any]) -> None:
        self._outflow.raise_to(credit["limit"])

    def _on_ping(self, ping: dict[str, Any]) -> None:
        if self._pongs_waiting >= MAX_UNANSWERED_PINGS:
            raise Fault("RATE_LIMITED", "more PINGs than PONGs that the transport takes")  # FX-18.1-4
        self._send("PONG", 0, ping)

    def _on_pong(self, pong: dict[str, Any]) -> None:
        if not self._pings or self._pings[0] != pong["token"]:
            raise Fault("STATE_VIOLATION", "PONG without its PING")  # FX-18.1-2
        self._pings.popleft()
        self.ponged(pong["token"])

    def ponged(self, token: int) -> None:
        """A PING was answered; its bytes were the sign of life that was wanted."""

    def _on_goaway(self, goaway: dict[str, Any]) -> None:
        # Knowing what the server has seen tells the effect of what it never answers (FX-17.2-5).
        self.peer_last_stream = goaway["lastStream"]
        if goaway["code"] == CODES["OK"] and self.state in ("open", "draining"):
            self._machine.fire("S_GOAWAY")  # FX-17.2-2
            return
        self._machine.fire("S_ABORT")
        self._queue.clear()  # FX-17.1-5: no answer
        self._queue_bytes = self._head_sent = 0
        reason = visible(goaway.get("reason", ""))
        code = "CONNECTION_LOST" if goaway["code"] == CODES["OK"] else code_name(goaway["code"])  # FX-17.2-6
        raise ConnectionEnded(code, f"the server ended the connection{': ' + reason if reason else ''}")


# --------------------------------------------------------------------------------------------------------------
# Operations (chapters 7 to 10 and 12): the initiator's side of one stream
# --------------------------------------------------------------------------------------------------------------


class Operation:
    """The initiator's side of a stream, from OPEN to its last word. Subclasses say what to do with what comes."""

    sends_file = False  # whether the responder grants credit on this stream

    stream: int
    inflow: Inflow
    outflow: Outflow

    def __init__(self, connection: Connection, fields: dict[str, Any], machine: Machine):
        self.connection = connection
        self.fields = fields  # of OPEN
        self.machine = machine
        self.failure: Optional[FileXError] = None
        self.given_up = False
        self.result: Optional[dict[str, Any]] = None
        self.frame_length = 0  # of the payload that is being handled: what it costs in credit

    # ---- what subclasses have

    def judge_bytes(self, length: int) -> None:
        """Hears the length of a DATA or ENTRY frame as soon as its header is there."""

    def pump(self) -> bool:
        """Sends what may be sent; True when there is more to do at once."""
        return False

    @property
    def patience(self) -> float:
        """Seconds after which `pump` wants to be asked again, whatever comes; for what is waited for elsewhere."""
        return math.inf

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do, on the stream or here."""
        return self.done

    @property
    def own_offset(self) -> int:
        """How far this end has sent the file, for RESET.finalOffset (FX-7.3-8)."""
        return 0

    def effect_when_cut(self) -> str:
        """What may have changed when no answer came (FX-7.3-4)."""
        return "none"

    # ---- what the connection and the driver use

    @property
    def done(self) -> bool:
        return self.machine.state == "closed"

    def receive(self, name: str, message: dict[str, Any], length: int) -> None:
        """Takes a frame on this stream. What comes after giving up is dropped until the answer (FX-7.3-6)."""
        event = _STREAM_EVENTS[name][0]
        if name == "RESULT" and message["status"] != CODES["OK"]:
            event = "R_FAILURE"
        self.machine.fire(event)
        self.frame_length = length
        if name in ("RESULT", "RESET"):
            self.last_word(name, message)
        elif not self.given_up:
            getattr(self, f"_on_{name.lower()}")(message)
        elif name in ("DATA", "ENTRY"):
            self.connection.consumed(self, length)

    def fail(self, code: str, text: str, retry: Optional[bool] = None) -> None:
        """A failure of one's own (section 1.2): RESET, unless the last word has come already. The connection goes on."""
        failure = OperationFailed(code, text, retry)
        if self.done:
            self.failure = self.failure or failure
        elif not self.given_up:
            self.give_up(failure)

    def give_up(self, failure: FileXError) -> None:
        """Asks to end the operation because of something on this side; the answer still has to come (FX-7.3-6)."""
        self.failure = failure
        self.given_up = True
        self.send_reset(failure.code)

    def send_reset(self, code: str) -> None:
        number = CODES[code] if CODES[code] < 0xF000 else CODES["INTERNAL"]  # FX-16.1-2
        self.machine.fire("I_RESET")
        self.connection.send_on(self, "RESET", {"code": number, "finalOffset": self.own_offset})

    def last_word(self, name: str, message: dict[str, Any]) -> None:
        if name == "RESULT" and message["status"] == CODES["OK"] and self._fits(message):
            self.result = message
            self.succeeded(message)
        elif self.failure is None:
            self.failure = self._failure_of(name, message)
        if self.machine.allows("I_END"):  # settled: refused while we were sending (FX-8.4-2)
            self.send_reset("CANCELLED")
        self.connection.closed(self)

    def succeeded(self, result: dict[str, Any]) -> None:
        """Hears of the success."""

    @staticmethod
    def _fits(result: dict[str, Any]) -> bool:
        """Whether a success can be believed: one that says to try again, or not to know, cannot (FX-7.3-10)."""
        return not result.get("retry") and result["effect"] != "unknown"

    @staticmethod
    def _failure_of(name: str, message: dict[str, Any]) -> OperationFailed:
        """A failure that calls itself OK is one like any other (FX-7.3-10). For RESULT its flag alone says whether to
        retry, for RESET the table of chapter 16 (FX-7.3-5)."""
        code = code_name(message["status" if name == "RESULT" else "code"])
        code = "INTERNAL" if code == "OK" else code
        if name == "RESULT":
            text = f"{message.get('detail', '')} (effect {message['effect']})"
            return OperationFailed(code, visible(text).strip(), message.get("retry", False))
        return OperationFailed(code, visible(message.get("reason", "")))


class UploadStream(Operation):
    """What the protocol says of an upload. Where the bytes come from is for subclasses."""

    sends_file = True

    def __init__(self, connection: Connection, fields: dict[str, Any]):
        self.asked: int = fields.get("offset") or 0
        super().__init__(connection, fields, Machine(UPLOAD_TABLE, "resuming" if self.asked else "open"))  # FX-8.1-1
        self.position = 0  # in the file: where the next byte of DATA belongs
        self._acked = 0

    @property
    def own_offset(self) -> int:
        return self.position

    @property
    def may_send(self) -> int:
        """Bytes of credit, of the stream and of the connection (FX-13.1-1)."""
        return max(0, min(self.connection.credit, self.outflow.available))

    def write(self, data: bytes) -> None:
        """One frame of DATA, within `may_send` and the peer's maxDataPayload."""
        self.machine.fire("I_DATA")
        self.position += len(data)
        self.connection.send_data(self, data)

    def end(self, digest: bytes) -> None:
        self.machine.fire("I_END")
        self.connection.send_on(self, "END", {"length": self.position, "digest": digest})

    def _on_accept(self, accept: dict[str, Any]) -> None:
        offset = accept["offset"]
        if offset > self.asked or (offset % BLOCK and offset != self.asked):
            raise Fault("STATE_VIOLATION", f"ACCEPT at {offset}, {self.asked} was asked for")  # FX-12.2-4
        if ("prefix" in accept) != (offset > 0):
            raise Fault("STATE_VIOLATION", "ACCEPT with an offset needs its prefix, and only then")  # FX-12.2-6
        if self.asked:
            self.position = self._acked = offset  # FX-8.2-2
        self.accepted(accept)

    def _on_ack(self, ack: dict[str, Any]) -> None:
        if not self._acked <= ack["offset"] <= self.position:
            raise Fault("STATE_VIOLATION", f"ACK of {ack['offset']} after {self._acked}")  # FX-8.2-6
        self._acked = ack["offset"]
        self.acked(ack["offset"])

    def accepted(self, accept: dict[str, Any]) -> None:
        pass

    def acked(self, offset: int) -> None:
        pass


class DownloadStream(Operation):
    """What the protocol has a client fault for. Where the bytes go is for subclasses, which call `consumed` for them."""

    def __init__(self, connection: Connection, fields: dict[str, Any]):
        super().__init__(connection, fields, Machine(DOWNLOAD_TABLE, "requested"))
        self.position = 0  # in the file, counting what was announced by a header

    def judge_bytes(self, length: int) -> None:
        self.position += length

    def _on_accept(self, accept: dict[str, Any]) -> None:
        # `epoch` says nothing here (FX-12.1-3).
        if accept["offset"] not in (0, self.fields.get("offset", 0)) or "prefix" in accept:
            raise Fault("STATE_VIOLATION", f"ACCEPT of a download at {accept['offset']}")  # FX-12.4-3
        self.position = accept["offset"]
        self.accepted(accept)

    def _on_data(self, message: dict[str, Any]) -> None:
        self.data(message["data"])

    def _on_end(self, end: dict[str, Any]) -> None:
        if end["length"] != self.position:
            raise Fault("LENGTH_MISMATCH", f"END at {end['length']}, the bytes reach to {self.position}")  # FX-9.2-5
        self.ended(end)

    def accepted(self, accept: dict[str, Any]) -> None:
        raise NotImplementedError

    def data(self, data: bytes) -> None:
        raise NotImplementedError

    def ended(self, end: dict[str, Any]) -> None:
        raise NotImplementedError


class ListingStream(Operation):
    """Pages, as they come. Subclasses call `consumed` for them."""

    def __init__(self, connection: Connection, fields: dict[str, Any]):
        super().__init__(connection, fields, Machine(LISTING_TABLE, "requested"))

    def _on_entry(self, page: dict[str, Any]) -> None:
        self.entries(page["entries"])

    def entries(self, entries: list[dict[str, Any]]) -> None:
        raise NotImplementedError


class Call(Operation):
    """stat, makeDirectory, rename, remove or digest: nothing but an answer."""

    def __init__(self, connection: Connection, fields: dict[str, Any]):
        super().__init__(connection, fields, Machine(CALL_TABLE, "requested"))

    def succeeded(self, result: dict[str, Any]) -> None:
        if self.fields["operation"] == 4 and "entry" not in result:  # FX-7.3-10; other fields may be unknown
            self.fail("STATE_VIOLATION", "the server found something, and does not say what")
        if self.fields["operation"] == 9 and not {"entry", "digest"} <= set(result):  # FX-11.2-10
            self.fail("STATE_VIOLATION", "the server digested something, and does not say with what result")


# --------------------------------------------------------------------------------------------------------------
# Operations with files
# --------------------------------------------------------------------------------------------------------------


class UploadJob:
    """What stays the same over all attempts of one upload: the arguments of the operation (FX-12.1-2)."""

    def __init__(self, path: str, source: Any, if_exists: str):
        self.source = source
        self.status = os.fstat(source.fileno())
        self.operation_id = secrets.token_bytes(16)  # FX-7.2-3, FX-21.1-5
        self.arguments = {
            "operation": 1,
            "operationId": self.operation_id,
            "path": path,
            "size": self.status.st_size,
            "ifExists": if_exists,
            "mtime": self.status.st_mtime_ns // 1000,  # microseconds, rounded down (FX-7.2-5)
            "executable": bool(self.status.st_mode & stat.S_IXUSR),
            "algorithm": "sha256",  # written, since what is negotiated may differ next time
        }
        self.epoch: Optional[int] = None  # the highest that a server told
        self.opened = False  # whether an OPEN may have reached the server
        self.in_doubt = False  # whether an attempt that was cut may have been committed

    def source_changed(self) -> bool:
        now = os.fstat(self.source.fileno())
        return (now.st_size, now.st_mtime_ns) != (self.status.st_size, self.status.st_mtime_ns)


class Upload(UploadStream):
    """One attempt. The first sends at once; a later one asks how far the earlier ones got (chapter 12)."""

    def __init__(self, connection: Connection, job: UploadJob):
        # FX-12.2-2: the whole source can be read again, so any offset up to its end is welcome.
        offset = job.arguments["size"] if job.opened else 0
        super().__init__(connection, {**job.arguments, "offset": offset or None})
        self._job = job
        self._size: int = job.arguments["size"]
        self._digest = TreeDigest()  # of what was read: ahead of `position` never, behind it while resuming
        self._their_prefix: Optional[bytes] = None  # until our own was compared
        self._end_sent = False
        self.resumed_at = 0
        job.source.seek(0)
        job.opened = True

    def effect_when_cut(self) -> str:
        seen = self.connection.peer_last_stream  # FX-17.2-5
        if self._end_sent and (seen is None or seen >= self.stream):
            self._job.in_doubt = True
        return "unknown" if self._job.in_doubt else "none"

    def pump(self) -> bool:
        if self.given_up or not self.machine.allows("I_DATA"):  # FX-12.2-3: nothing before ACCEPT while resuming
            return False
        try:
            if self._their_prefix is not None:
                return self._compare_prefix(self._their_prefix)
            return self._send_some()
        except OSError as error:
            self.fail("IO_ERROR", f"reading the file: {error.strerror}", retry=False)
            return False

    def accepted(self, accept: dict[str, Any]) -> None:
        self._their_prefix = accept.get("prefix")
        told, before = accept["epoch"], self._job.epoch
        # A server that has forgotten the upload, or keeps nothing, begins again at 0: there is nothing to mix up then.
        if accept["offset"] and before is not None and told <= before:
            self.fail("SUPERSEDED", "a newer connection goes on with this upload", retry=False)  # FX-12.1-5
        self._job.epoch = told if before is None else max(before, told)

    def _compare_prefix(self, expected: bytes) -> bool:
        """Reads on towards the place to go on from, one block a time, so that PINGs are answered meanwhile."""
        if self._digest.length < self.position:
            self._read(min(BLOCK, self.position - self._digest.length))
        elif same_digest(self._digest.root(), expected):
            self._their_prefix = None
            self.resumed_at = self.position
        else:
            self._source_changed("the file is not what was sent before")  # FX-12.2-7
        return not self.given_up

    def _send_some(self) -> bool:
        left = self._size - self.position
        if left == 0:
            self._send_end()
            return False
        # Whatever credit there is is used: more may not come before it was (FX-13.1-4).
        length = min(left, self.may_send, self.connection.max_data_payload, OWN_MAX_DATA)
        data = self._read(length) if length else b""
        if data:
            self.write(data)
        return bool(data)

    def _send_end(self) -> None:
        if self._job.source_changed():
            self._source_changed("the file changed while it was sent")
        else:
            self._end_sent = True
            self.end(self._digest.root())

    def _read(self, length: int) -> bytes:
        data = self._job.source.read(length)
        if not data:
            self._source_changed("the file became shorter")
        self._digest.update(data)
        return data

    def _source_changed(self, text: str) -> None:
        self.fail("SOURCE_CHANGED", text, retry=False)  # with the same operation id it would fail again


class Download(DownloadStream):
    """One attempt. Goes on after what `part` holds already, when the server proves to have the same (FX-12.4-1)."""

    def __init__(self, connection: Connection, path: str, operation_id: bytes, part: PartFile):
        fields = {"operation": 2, "operationId": operation_id, "path": path}
        if part.digest.length:
            fields.update(offset=part.digest.length, prefix=part.digest.root())
        super().__init__(connection, fields)
        self._part = part
        self.accept: dict[str, Any] = {}
        self._size = 0  # as ACCEPT said it

    def accepted(self, accept: dict[str, Any]) -> None:
        self.accept = accept
        if "size" not in accept:  # FX-9.2-1
            self.fail("STATE_VIOLATION", "the server does not say how long the file is")
        elif accept.get("algorithm", "sha256") != "sha256":  # FX-9.2-2
            self.fail("UNSUPPORTED", "the server takes another digest than was negotiated")
        elif accept["offset"] > accept["size"]:
            self._wrong_length(accept["offset"], accept["size"])
        elif accept["offset"] != self._part.digest.length:
            self._store(self._part.restart)  # FX-12.4-5
        self._size = accept.get("size", 0)

    def judge_bytes(self, length: int) -> None:
        super().judge_bytes(length)
        if self.position > self._size:
            self._wrong_length(self.position, self._size)  # none of this frame is kept

    def data(self, data: bytes) -> None:
        self._store(lambda: self._part.write(data))
        self.connection.consumed(self, len(data))  # stored: now its credit may come back (FX-13.2-2)

    def ended(self, end: dict[str, Any]) -> None:
        if end["length"] != self._size:
            self._wrong_length(end["length"], self._size)
        elif not same_digest(end["digest"], self._part.digest.root()):
            self._part.discard()  # a prefix nobody could go on from
            self.fail("DIGEST_MISMATCH", "what arrived is not what was sent")  # FX-9.3-1

    def _wrong_length(self, length: int, size: int) -> None:
        self.fail("LENGTH_MISMATCH", f"{length} bytes, where {size} were announced")  # FX-9.3-2

    def _store(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:  # our own trouble: the server is told, not blamed (FX-17.1-3)
            code = "NO_SPACE" if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)) else "IO_ERROR"
            self.fail(code, f"writing the file: {error.strerror}", retry=False)


class Listing(ListingStream):
    """Gives entries to `show` page by page; nothing of them is kept."""

    def __init__(self, connection: Connection, path: str, recursive: bool, show: Callable[[dict[str, Any]], None]):
        super().__init__(
            connection, {"operation": 3, "operationId": secrets.token_bytes(16), "path": path, "recursive": recursive}
        )
        self._show = show

    def entries(self, entries: list[dict[str, Any]]) -> None:
        length = self.frame_length
        if any(not self._belongs(entry) for entry in entries):
            self.fail("STATE_VIOLATION", "the server lists what was not asked for")
            self.connection.consumed(self, length)
        else:
            self.take(entries, length)

    def take(self, entries: list[dict[str, Any]], length: int) -> None:
        """Shows a page; then the credit it cost may come back."""
        self._show_all(entries)
        self.connection.consumed(self, length)

    def _show_all(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            self._show(entry)

    def _belongs(self, entry: dict[str, Any]) -> bool:
        """Never the root (FX-10.2-2), and nothing deeper than was asked for (FX-10.2-3)."""
        return "path" in entry and (bool(self.fields["recursive"]) or "/" not in entry["path"])


class SlowListing(Listing):
    """A listing that is shown to somebody who may take a long time to read it.

    A thread shows the pages, so that PINGs are answered meanwhile (FX-18.2-2). Their credit comes back when they
    were shown: the server waits, and memory stays bounded by the window.
    """

    LOOK_AGAIN = 0.02  # seconds

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        self._pages: collections.deque[tuple[concurrent.futures.Future[None], int]] = collections.deque()

    def take(self, entries: list[dict[str, Any]], length: int) -> None:
        self._pages.append((self._thread.submit(self._show_all, entries), length))

    def pump(self) -> bool:
        if not self._pages or not self._pages[0][0].done():
            return False
        future, length = self._pages.popleft()
        future.result()  # raises what showing raised
        self.connection.consumed(self, length)
        return True

    @property
    def patience(self) -> float:
        return self.LOOK_AGAIN if self._pages else math.inf

    @property
    def finished(self) -> bool:
        return self.done and not self._pages

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)


# --------------------------------------------------------------------------------------------------------------
# Identity (section 2.2): whose key a certificate has
# --------------------------------------------------------------------------------------------------------------

_INTEGER, _BIT_STRING, _SEQUENCE, _VERSION = 0x02, 0x03, 0x30, 0xA0


class DerReader:
    """Items of DER, one after the other: `u8 tag | length | content`. Raises ValueError for what is not DER."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    @property
    def tag(self) -> Optional[int]:
        """Of the next item; None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int) -> tuple[bytes, bytes]:
        """The next item, which must have that tag: the whole of it, and its content."""
        start = self._at
        if self.tag != tag or start + 2 > len(self._data):
            raise ValueError(f"no item {tag:#04x} there")
        length, content = self._data[start + 1], start + 2
        if length >= 0x80:  # the length has bytes of its own: as few as will do, and one form only
            count = length & 0x7F
            raw = self._data[content : content + count]
            content += count
            length = int.from_bytes(raw, "big")
            if not 1 <= count <= 3 or len(raw) < count or raw[0] == 0 or length < 0x80:
                raise ValueError("a length that is not DER")
        self._at = content + length
        if self._at > len(self._data):
            raise ValueError("an item reaches beyond its end")
        return self._data[start : self._at], self._data[content : self._at]

    def finish(self) -> None:
        if self._at != len(self._data):
            raise ValueError("something follows the last item")


def subject_public_key_info(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate, as it stands there (RFC 5280, section 4.1). Raises ValueError."""
    outer = DerReader(certificate)
    parts = DerReader(outer.take(_SEQUENCE)[1])
    outer.finish()
    to_be_signed = DerReader(parts.take(_SEQUENCE)[1])
    parts.take(_SEQUENCE)  # the algorithm and the signature
    parts.take(_BIT_STRING)
    parts.finish()
    if to_be_signed.tag == _VERSION:
        to_be_signed.take(_VERSION)
    to_be_signed.take(_INTEGER)  # the serial number
    for _ in ("signature algorithm", "issuer", "validity", "subject"):
        to_be_signed.take(_SEQUENCE)
    key, content = to_be_signed.take(_SEQUENCE)
    key_parts = DerReader(content)
    key_parts.take(_SEQUENCE)  # algorithm and key
    key_parts.take(_BIT_STRING)
    key_parts.finish()
    return key


def fingerprint_of(certificate: bytes) -> str:
    """`sha256:…` of the key in a certificate (FX-2.2-5). Raises ValueError."""
    digest = hashlib.sha256(subject_public_key_info(certificate)).digest()
    return "sha256:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


# --------------------------------------------------------------------------------------------------------------
# Wires (section 2.1): bytes over TCP, and over TLS 1.3 over TCP. Nothing here waits
# --------------------------------------------------------------------------------------------------------------

READ_BYTES = 262_144
TLS_WRITE_BYTES = 65_536  # encrypted at once; it waits in memory when the socket does not take it
ALPN = "filex/1"  # FX-2.1-6
_TLS_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)  # which of them depends on the version of Python


class Wire:
    """Bytes over TCP. Raises ConnectionEnded when the transport fails."""

    unsent = False  # whether bytes that `send` took wait for the socket
    ended = False  # whether the end came already, though the socket may not say so

    def __init__(self, connected: socket.socket):
        self._socket = connected
        connected.setblocking(False)
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> Optional[bytes]:
        """What came; None when that is nothing yet, and no bytes at the end."""
        try:
            return self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ConnectionEnded("CONNECTION_LOST", error.strerror or str(error)) from None

    def send(self, data: memoryview) -> int:
        """Takes as many bytes as there is room for."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise ConnectionEnded("CONNECTION_LOST", error.strerror or str(error)) from None

    def flush(self) -> None:
        """Sends of what waits what can be sent."""

    def end(self) -> bool:
        """Ends the own direction; False: not all was sent, to be called again after `flush`."""
        self._socket.shutdown(socket.SHUT_WR)
        return True

    def drop(self) -> bool:
        """Reads for nothing; True at the end of the transport."""
        return Wire.receive(self) == b""

    def close(self) -> None:
        self._socket.close()


class TlsWire(Wire):
    """Bytes over TLS 1.3 or later, to a server whose key is known. There is no way from here to plaintext (FX-2.1-4)."""

    def __init__(self, connected: socket.socket, host: str, fingerprint: Optional[str]):
        super().__init__(connected)
        self._fingerprint = fingerprint
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._records = memoryview(b"")  # encrypted, and not taken by the socket yet
        self._said_end = False
        try:  # a name goes along as SNI, an address does not; a zone means nothing to the server
            name = host.partition("%")[0]
            self._tls = _tls_context(fingerprint).wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        except ValueError:
            raise ConnectionEnded("CONNECT_FAILED", "no certificate can have the name of that host", retry=False) from None

    @property
    def unsent(self) -> bool:  # type: ignore[override]
        return bool(self._records) or self._outgoing.pending > 0

    def shake_hands(self, deadline: float) -> None:
        """Makes sure who the server is, before a byte of FileX is sent (FX-2.1-7). The only method that waits."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                self._say_goodbye()
                text = f"{error.verify_message}; who knows the server's key can add ?fp=sha256:… to the address"
                raise ConnectionEnded("IDENTITY_UNKNOWN", text) from None
            except _TLS_ENDED:
                raise ConnectionEnded("CONNECTION_LOST", "the server ended the connection within the TLS handshake") from None
            except ssl.SSLError as error:
                self._say_goodbye()
                raise ConnectionEnded("WRONG_PROTOCOL", f"no TLS 1.3 with that server: {_reason(error)}") from None
            self.flush()
            can_send = [self] if self.unsent else []
            if not any(select.select([self], can_send, [], max(0.0, deadline - time.monotonic()))):
                raise ConnectionEnded("TIMEOUT", "no TLS handshake in time")
            self._fill()
        self.flush()
        self._identify()

    def _identify(self) -> None:
        if self._tls.selected_alpn_protocol() != ALPN:  # FX-2.1-6
            raise ConnectionEnded("WRONG_PROTOCOL", f"the server does not speak {ALPN}")
        if self._fingerprint is None:
            return  # an authority vouches for the certificate and its name: the handshake has looked at that
        try:
            seen = fingerprint_of(self._tls.getpeercert(True) or b"")
        except ValueError as error:
            raise ConnectionEnded("IDENTITY_UNKNOWN", f"the server's certificate cannot be read: {error}") from None
        if seen != self._fingerprint:
            raise ConnectionEnded("IDENTITY_CHANGED", f"the server has the key {seen}, not {self._fingerprint}")

    def _say_goodbye(self) -> None:
        """Sends the alert that explains it to the server, if that can be done at once."""
        with contextlib.suppress(ConnectionEnded):
            self.flush()

    def _fill(self) -> None:
        raw = super().receive()
        if raw:
            self._incoming.write(raw)
        elif raw is not None:
            self._incoming.write_eof()

    def receive(self) -> Optional[bytes]:
        if self.ended:
            return b""
        self._fill()
        pieces: list[bytes] = []
        try:
            while True:
                pieces.append(self._tls.read(READ_BYTES))
                if not pieces[-1]:  # close_notify
                    self.ended = True
                    break
        except ssl.SSLWantReadError:
            pass  # what came may also have been none of ours: a ticket, half a record
        except _TLS_ENDED:
            self.ended = True  # without close_notify: every good end is one of FileX, so nothing is missed by that
        except ssl.SSLError as error:
            raise ConnectionEnded("CONNECTION_LOST", f"TLS: {_reason(error)}") from None
        return b"".join(pieces) or (b"" if self.ended else None)

    def send(self, data: memoryview) -> int:
        self.flush()
        if self.unsent:
            return 0
        count = self._tls.write(data[:TLS_WRITE_BYTES])
        self.flush()
        return count

    def flush(self) -> None:
        while self.unsent:
            self._records = self._records or memoryview(self._outgoing.read())
            count = super().send(self._records)
            if not count:
                return
            self._records = self._records[count:]

    def end(self) -> bool:
        if not self._said_end:
            with contextlib.suppress(ssl.SSLError):  # the peer's own close_notify is not waited for
                self._tls.unwrap()
            self._said_end = True
        self.flush()
        return not self.unsent and super().end()

    def close(self) -> None:
        with contextlib.suppress(OSError, ConnectionEnded):
            self.end()  # so that the server's TLS does not take it for an attack
        super().close()


def _tls_context(fingerprint: Optional[str]) -> ssl.SSLContext:
    """With a fingerprint, the key alone counts: neither names nor dates nor issuers of its certificate."""
    if not ssl.HAS_TLSv1_3:
        raise OperationFailed("UNSUPPORTED", "this Python has no TLS 1.3, and nothing less will do")
    if fingerprint is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols([ALPN])
    return context


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")


# --------------------------------------------------------------------------------------------------------------
# Transport: the only part that knows clocks, and waits
# --------------------------------------------------------------------------------------------------------------

LINGER = 2.0  # seconds that the end of the transport may take (FX-17.3-1)
RESET_PATIENCE = 10.0  # seconds that the answer to a RESET may take
QUEUE_BYTES = 524_288  # DATA waits outside of the queue beyond this (FX-21.1-2)


class Client:
    """One connection, from connecting to the end; runs one operation at a time. A context manager."""

    def __init__(self, address: Address, timers: Timers = Timers(), credentials: Optional[Credentials] = None):
        login = Scram(credentials) if credentials else None
        if address.user is not None and login is None:
            raise OperationFailed("AUTH_FAILED", "there is no passcode for the user")
        started = time.monotonic()
        self.connection = Connection(started, timers, login=login)
        self._next_tick = 0.0
        try:
            connected = socket.create_connection((address.host, address.port), timeout=timers.handshake)
        except OSError as error:
            raise ConnectionEnded("CONNECT_FAILED", error.strerror or str(error)) from None
        except UnicodeError:
            raise ConnectionEnded("CONNECT_FAILED", "there is no such host", retry=False) from None
        try:
            self._wire: Wire
            if address.scheme == "filex+tcp":
                self._wire = Wire(connected)
            else:
                self._wire = wire = TlsWire(connected, address.host, address.fingerprint)
                wire.shake_hands(started + timers.handshake)
        except BaseException:
            connected.close()
            raise

    def __enter__(self) -> Client:
        try:
            self.connection.start()
            while self.connection.state not in ("open", "draining"):
                self._turn(False)
        except BaseException:
            self._wire.close()
            raise
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if (error is None or isinstance(error, OperationFailed)) and self.connection.state in ("open", "draining"):
                self.connection.finish()
                self._end_transport()
        finally:
            self._wire.close()

    def run(self, operation: Operation) -> dict[str, Any]:
        """Runs an operation to its last word; gives the RESULT, or raises what ended it."""
        self.connection.open(operation)
        gave_up: Optional[float] = None
        try:
            while not operation.finished:
                if operation.given_up and not operation.done:  # no answer to RESET is no reason to wait for ever
                    gave_up = gave_up or time.monotonic()
                    self._next_tick = min(self._next_tick, RESET_PATIENCE)
                    if time.monotonic() - gave_up > RESET_PATIENCE:
                        self.connection.abort("TIMEOUT", "no answer to RESET")
                        self._end_transport()
                        break
                busy = self.connection.pending_bytes < QUEUE_BYTES and operation.pump()
                self._next_tick = min(self._next_tick, operation.patience)
                self._turn(busy)
        except (ConnectionEnded, Fault) as error:
            error.args = (f"{error} (effect {operation.effect_when_cut()})",)
            raise
        if operation.failure is not None:
            raise operation.failure
        assert operation.result is not None
        return operation.result

    def _turn(self, busy: bool) -> None:
        """Waits for the socket or a timer, and handles what came. `busy`: there is other work, so do not wait."""
        connection, wire = self.connection, self._wire
        can_send = [wire] if connection.pending_bytes or wire.unsent else []
        readable, writable, _ = select.select([wire], can_send, [], 0 if busy or wire.ended else self._next_tick)
        try:
            if readable or wire.ended:  # first: a GOAWAY may wait here that explains why sending fails
                data = wire.receive()
                if data:
                    connection.receive(data, time.monotonic())
                elif data is not None:
                    connection.receive_end()
            if writable:
                self._send_pending()
            self._next_tick = connection.tick(time.monotonic())
        except Fault:
            self._end_transport()
            raise

    def _send_pending(self) -> None:
        self._wire.flush()
        while self.connection.pending_bytes:
            count = self._wire.send(self.connection.pending())
            if not count:
                return
            self.connection.sent(count)

    def _end_transport(self) -> None:
        """Sends what is left, ends the own direction, and drops what comes, for a bounded time (FX-17.3-1)."""
        deadline = time.monotonic() + LINGER
        with contextlib.suppress(OSError, ConnectionEnded):
            ended = False
            while time.monotonic() < deadline:
                if not ended and not self.connection.pending_bytes:
                    ended = self._wire.end()
                can_send = [] if ended else [self._wire]
                readable, writable, _ = select.select([self._wire], can_send, [], max(0, deadline - time.monotonic()))
                if writable:
                    self._send_pending()
                if readable and self._wire.drop():
                    return


# --------------------------------------------------------------------------------------------------------------
# Addresses (section 2.2)
# --------------------------------------------------------------------------------------------------------------

DEFAULT_PORT = 12_345


class Address(NamedTuple):
    scheme: str  # filex+tcp, or filex, which is TLS
    host: str  # without brackets, with its zone
    port: int
    path: str  # "" is the root
    folder: bool  # a slash at the end asks for a folder
    user: Optional[str] = None
    fingerprint: Optional[str] = None  # of the key that a server under TLS must have


def _invalid(text: str) -> FileXError:
    return FileXError("URL_INVALID", text)  # never shows the address: it may hold a secret (FX-2.2-4)


_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[^%\[\]\s]+)?)\]|([^:%\[\]\s]+))(?::([0-9]{0,5}))?")


def parse_address(text: str) -> Address:
    """What an address says (section 2.2). Raises URL_INVALID."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in ("filex+tcp", "filex"):
        raise _invalid("an address looks like filex+tcp://host:port/path")
    if "#" in rest:
        raise _invalid("# in a name is written %23")  # FX-2.2-1
    rest, question, parameters = rest.partition("?")
    if question and scheme != "filex":
        raise _invalid("? in a name is written %3F")
    authority, slash, raw_path = rest.partition("/")
    raw_user, _, place = authority.rpartition("@")
    match = _AUTHORITY.fullmatch(place)
    if not match:
        raise _invalid("the host or port cannot be understood")
    port = int(match[3]) if match[3] else DEFAULT_PORT  # FX-2.2-2
    if not 0 < port < 65_536:
        raise _invalid("the port is not one")
    try:
        user = _percent_decode(raw_user) or None  # an empty one is none (FX-2.2-1)
        decoded = _percent_decode(raw_path)
        path = decoded.strip("/")  # FX-2.2-3: an escaped slash is a slash
        check_path(path)
    except ValueError as error:
        raise _invalid(str(error)) from None
    if user is not None and ":" in user:
        raise _invalid("an address must not contain a password")  # FX-2.2-4
    folder = bool(slash) and (not decoded or decoded.endswith("/"))
    return Address(scheme, match[1] or match[2], port, path, folder, user, _fingerprint(parameters) if question else None)


def _fingerprint(parameters: str) -> str:
    """The only parameter there is, in the one form it has (FX-2.2-5)."""
    match = re.fullmatch(r"fp=sha256:([A-Za-z0-9_-]{43})", parameters)
    # The last of the 43 characters has two bits that mean nothing: they are zero, or there were several forms.
    if not match or base64.urlsafe_b64encode(base64.urlsafe_b64decode(match[1] + "=")).decode() != match[1] + "=":
        raise _invalid("the only parameter is fp=sha256:…, and nothing may stand beside it")
    return parameters[len("fp=") :]


def _percent_decode(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("% is written %25")
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda hit: bytes([int(hit[1], 16)]), text.encode("utf-8"))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("what the address says is not UTF-8") from None


# --------------------------------------------------------------------------------------------------------------
# A file that is being downloaded
# --------------------------------------------------------------------------------------------------------------


class PartFile:
    """`NAME.filex-part` beside the target: holds what has come until it is whole and proven, and over a cut.

    The target itself is never half there: it gets its name in one step, after the digest was compared (FX-9.3-1).
    """

    def __init__(self, target: str):
        self._target = target
        self._path = target + ".filex-part"
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self._path, flags, 0o666), "r+b", buffering=0)
        self.digest = TreeDigest()
        try:
            self._own()
            while chunk := self._file.read(BLOCK):
                self.digest.update(chunk)
        except BaseException:
            self._file.close()
            raise

    def _own(self) -> None:
        """Makes sure that this is a file, and that nobody else writes into it or has published it meanwhile."""
        status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OperationFailed("NOT_A_FILE", f"{visible(self._path)} is in the way")
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            named = os.stat(self._path, follow_symlinks=False)
        except (BlockingIOError, FileNotFoundError):
            named = None
        if named is None or (named.st_dev, named.st_ino) != (status.st_dev, status.st_ino):
            raise OperationFailed("ALREADY_EXISTS", "another download into this file is running")

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.digest.update(data)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate(0)
        self.digest = TreeDigest()

    def discard(self) -> None:
        """Drops what was kept; nothing is left behind once this was closed."""
        with contextlib.suppress(OSError):
            self.restart()

    def publish(self, accept: dict[str, Any], force: bool) -> None:
        """Gives the whole file its name. Without `force`, whatever has that name by now is kept."""
        if "mtime" in accept:
            os.utime(self._path, ns=(time.time_ns(), accept["mtime"] * 1000))
        if accept.get("executable"):
            os.chmod(self._path, stat.S_IMODE(os.stat(self._path).st_mode) | stat.S_IXUSR)  # FX-15.2-3
        os.fsync(self._file.fileno())
        if force:
            os.replace(self._path, self._target)
        elif os.name == "nt":
            os.rename(self._path, self._target)  # fails there when the target exists
        else:
            os.link(self._path, self._target)  # fails when the target exists, unlike rename
            os.unlink(self._path)
        self._sync_folder()

    def _sync_folder(self) -> None:
        if os.name == "nt":
            return
        folder = os.open(os.path.dirname(self._target) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self.digest.length == 0 and os.path.samestat(os.fstat(self._file.fileno()), os.stat(self._path)):
                os.unlink(self._path)
        self._file.close()


# --------------------------------------------------------------------------------------------------------------
# Vectors: bytes and what they mean, made for implementations in any language
# --------------------------------------------------------------------------------------------------------------


class Skipped(Exception):
    """The vector is about something that this client does not have."""


def expect(what: str, seen: Any, wanted: Any) -> None:
    if seen != wanted:
        raise AssertionError(f"{what} is {seen!r}, not {wanted!r}")


def unhex(value: Any) -> bytes:
    """Bytes are written as hex, or as a list of hex and of `{repeat, times}`."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    parts = value if isinstance(value, list) else [value]
    return b"".join(unhex(p["repeat"]) * p["times"] if isinstance(p, dict) else unhex(p) for p in parts)


def plain(value: Any) -> Any:
    """Values of a message as the vectors write them: bytes as hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def cuts_of(length: int) -> Iterator[list[int]]:
    """Ways to cut so many bytes into reads: not at all, into single bytes, and in two at every place."""
    yield []
    yield list(range(1, length))
    if length <= 720:
        yield from ([cut] for cut in range(1, length))
    else:  # the ends, and some places between
        yield from ([cut] for cut in [*range(1, 65), *range(65, length - 64, length // 16), *range(length - 64, length)])


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytearray]:
    """Each piece in memory of its own that is overwritten afterwards: finds views of a buffer that is used again."""
    for start, end in zip([0, *cuts], [*cuts, len(data)]):
        piece = bytearray(data[start:end])
        yield piece
        piece[:] = bytes(len(piece))


def joined(frames: Iterable[Frame]) -> list[Frame]:
    """DATA comes in pieces that depend on the reads: here, all that follow each other are one."""
    whole: list[Frame] = []
    for frame in frames:
        if frame.name == "DATA" and whole and whole[-1][:2] == frame[:2]:
            whole[-1] = whole[-1]._replace(payload=whole[-1].payload + frame.payload)
        elif frame.name != "DATA" or frame.payload:
            whole.append(frame)
    return whole


def fault_of(action: Callable[[], Any]) -> Optional[str]:
    try:
        action()
    except (Fault, ConnectionEnded) as error:
        return "BAD_PREFACE" if error.code == "WRONG_PROTOCOL" else error.code
    return None


def check_code(vector: dict[str, Any]) -> None:
    expect("code", code_name(vector["number"]), vector["code"])
    if "retry" in vector:
        expect("retry", vector["code"] in RETRYABLE, vector["retry"])


def check_digest(vector: dict[str, Any]) -> None:
    if vector["algorithm"] != "sha256":
        raise Skipped
    start, length = vector["content"]["start"], vector["content"]["length"]
    cycle = bytes((start + at) % 251 for at in range(251))
    content = (cycle * (length // 251 + 1))[:length]
    for size in (length or 1, 65_537, 7) if length < 10_000 else (length, 65_537):
        digest = TreeDigest()
        for at in range(0, length, size):
            digest.update(content[at : at + size])
        expect("root", digest.root().hex(), vector["root"])
    for prefix in vector["prefixes"]:
        digest = TreeDigest()
        digest.update(content[: prefix["length"]])
        expect("prefix", digest.root().hex(), prefix["digest"])
    leaves = [hashlib.sha256(b"\0" + content[at : at + BLOCK]).hexdigest() for at in range(0, length, BLOCK)]
    expect("leaves", leaves, vector["leaves"])


def check_frames(vector: dict[str, Any]) -> None:
    data = unhex(vector["bytes"])
    wanted = joined(Frame(frame["type"], frame["stream"], unhex(frame["payload"])) for frame in vector["frames"])
    for cuts in cuts_of(len(data)):
        reader = FrameReader(vector.get("maxDataPayload", 1_048_576))
        list(reader.feed(PREFACE))
        seen: list[Any] = []
        taken, fault = 0, None
        for piece in pieces(data, cuts):
            taken += len(piece)
            fault = fault_of(lambda piece=piece: seen.extend(reader.feed(piece)))  # type: ignore[misc]
            if fault:
                break
        expect("frames", joined(seen), wanted)
        expect("fault", fault, vector.get("fault"))
        if fault:
            expect("fault in time", taken >= vector["by"] and (len(cuts) != len(data) - 1 or taken == vector["by"]), True)
        else:
            expect("complete", reader.between_frames, vector["complete"])


def check_preface(vector: dict[str, Any]) -> None:
    data = unhex(vector["bytes"])
    for cuts in cuts_of(len(data)):
        reader = FrameReader(4096)
        faults = [fault_of(lambda piece=piece: list(reader.feed(piece))) for piece in pieces(data, cuts)]  # type: ignore[misc]
        expect("foreign", "BAD_PREFACE" in faults, vector["preface"] == "foreign")


def check_message(vector: dict[str, Any]) -> None:
    payload = unhex(vector["payload"])
    if "error" in vector:
        expect("error", fault_of(lambda: decode_message(vector["message"], payload)), vector["error"])
        return
    values = decode_message(vector["message"], payload)
    fields = vector["fields"]
    longs = {name: unhex(fields[name]).hex() for name in ("data", "receipt") if isinstance(fields.get(name), (str, list))}
    expect("fields", plain(values), {**fields, **longs})
    expect("bytes", encode_message(vector["message"], values), unhex(vector.get("canonical", vector["payload"])))
    stream = 1 if _BY_NAME[vector["message"]].on_stream else 0
    data = encode_frame(vector["message"], stream, payload)
    for cuts in cuts_of(len(data)):
        reader = FrameReader(4096)
        list(reader.feed(PREFACE))
        frames = [frame for piece in pieces(data, cuts) for frame in reader.feed(piece)]
        expect("frame", frames, [Frame(vector["message"], stream, payload)])


def check_machine(vector: dict[str, Any]) -> None:
    tables = {
        "connection": CONNECTION_TABLE, "upload": UPLOAD_TABLE, "download": DOWNLOAD_TABLE,
        "listing": LISTING_TABLE, "call": CALL_TABLE,
    }  # fmt: skip
    wanted = {event: target for event, target in vector["next"].items() if target is not None}
    expect("next", tables[vector["machine"]][vector["state"]], wanted)


def check_path_vector(vector: dict[str, Any]) -> None:
    raw = unhex(vector["bytes"])
    fault = fault_of(lambda: _decode_path(raw) if raw else None)
    expect("error", fault, vector.get("error"))
    if not fault:
        expect("segments", len(raw.split(b"/")) if raw else 0, vector["segments"])


def check_utf8(vector: dict[str, Any]) -> None:
    raw = unhex(vector["bytes"])
    expect("error", fault_of(lambda: _utf8(raw)), vector.get("error"))
    if "error" not in vector:
        expect("code points", [ord(character) for character in _utf8(raw)], vector["codePoints"])


def check_url(vector: dict[str, Any]) -> None:
    try:
        address = parse_address(vector["url"])
    except FileXError as error:
        expect("error", error.code, vector.get("error"))
        return
    expect("error", None, vector.get("error"))
    expect("address", {name: value for name, value in address._asdict().items() if value is not None}, vector["parts"])


class VectorConnection(Connection):
    """A connection that does what the vectors say, and writes down what happens."""

    def __init__(self, offer: dict[str, Any]):
        numbers = {"sha256": 1, "blake3": 2}
        super().__init__(0.0, Timers(), Offer(
            digests=[numbers[name] for name in offer["digests"]], capabilities=offer["capabilities"],
            max_data_payload=offer["maxDataPayload"], max_streams=offer["maxStreams"],
            stream_window=offer["streamWindow"], connection_window=offer["connectionWindow"],
            agent=None, nonce=unhex(offer["nonce"]), grease=False,
        ))  # fmt: skip
        self.events: list[dict[str, Any]] = []
        self._capabilities = offer["capabilities"]
        self._tokens = 0
        self._drained = False

    def note(self, event: str, **values: Any) -> None:
        self.events.append({"event": event, **{key: plain(value) for key, value in values.items()}})

    def note_drained(self) -> None:
        if self.state == "draining" and not self.streams and not self._drained:
            self._drained = True
            self.note("drained")

    def negotiated(self, hello: dict[str, Any]) -> None:
        self.note(
            "negotiated",
            algorithm={1: "sha256", 2: "blake3"}[self.algorithm],
            capabilities=[number for number in hello["capabilities"] if number in self._capabilities],
            mechanisms=hello.get("mechanisms", []),
            agent=hello.get("agent", ""),
        )

    def challenged(self, auth: dict[str, Any]) -> None:
        self.note("auth", **{key: value for key, value in auth.items() if key == "data"})

    def authenticated(self, auth: dict[str, Any]) -> None:
        self.note("ready", principal=auth.get("principal", ""))

    def ponged(self, token: int) -> None:
        self.note("pong", token=token)

    def new_token(self) -> int:
        self._tokens += 1
        return self._tokens

    def _on_goaway(self, goaway: dict[str, Any]) -> None:
        self.note("goaway", **{**goaway, "code": code_name(goaway["code"])})
        super()._on_goaway(goaway)
        self.note_drained()

    def open_as(self, stream: int, operation: str, fields: dict[str, Any]) -> None:
        self._highest_stream = stream - 2  # the vectors choose
        kind = {"upload": VectorUpload, "download": VectorDownload, "list": VectorListing}.get(operation, VectorCall)
        numbers = {
            "upload": 1, "download": 2, "list": 3, "stat": 4, "makeDirectory": 5, "rename": 6, "remove": 7, "digest": 9,
        }
        self.open(kind(self, {**fields, "operation": numbers[operation]}))


class Noted(Operation):
    """Writes down what comes on a stream."""

    connection: VectorConnection

    def note(self, event: str, values: dict[str, Any]) -> None:
        self.connection.note(event, stream=self.stream, **values)

    def last_word(self, name: str, message: dict[str, Any]) -> None:
        values = {key: value for key, value in message.items() if key != "finalOffset"}
        key = "status" if name == "RESULT" else "code"
        self.note(name.lower(), {**values, key: code_name(values[key])})
        super().last_word(name, message)
        self.connection.note_drained()

    def accepted(self, accept: dict[str, Any]) -> None:
        self.note("accept", accept)

    def acked(self, offset: int) -> None:
        self.note("ack", {"offset": offset})

    def data(self, data: bytes) -> None:
        last = self.connection.events[-1:]
        if last and last[0]["event"] == "data" and last[0]["stream"] == self.stream:
            last[0]["bytes"] += data.hex()
        else:
            self.note("data", {"bytes": data})

    def ended(self, end: dict[str, Any]) -> None:
        self.note("end", end)

    def entries(self, entries: list[dict[str, Any]]) -> None:
        self.note("entries", {"entries": entries, "size": self.frame_length})


class VectorUpload(Noted, UploadStream):
    pass


class VectorDownload(Noted, DownloadStream):
    pass


class VectorListing(Noted, ListingStream):
    pass


class VectorCall(Noted, Call):
    pass


class Session:
    """Runs the steps of one vector about a connection."""

    def __init__(self, offer: dict[str, Any]):
        self._connection = VectorConnection(offer)
        self._now = 0  # milliseconds
        self._operations: dict[int, Operation] = {}
        self._granted = {"0": offer["connectionWindow"]}
        self._stream_window = offer["streamWindow"]

    def run(self, step: dict[str, Any], cuts: list[int]) -> None:
        """One step; what it receives is cut there."""
        connection = self._connection
        connection.events.clear()
        sent = bytearray()
        if "do" in step:
            self._do(dict(step["do"]))
        elif "wait" in step:
            self._now += step["wait"]
            self._try(lambda: connection.tick(self._now / 1000))
        else:
            self._operations.update(connection.streams)
            for piece in pieces(unhex(step["receive"]), cuts):
                self._try(lambda piece=piece: connection.receive(piece, self._now / 1000))  # type: ignore[misc]
                if not step.get("hold"):
                    sent += self._take()
        sent += self._take()
        expect("events", [self._event(event) for event in connection.events], [self._event(e) for e in step.get("events", [])])
        expect("sent", self._frames(bytes(sent)), self._frames(unhex(step.get("send", ""))))
        expect("state", connection.state, step["state"])
        if connection.state != "closed":
            states = {str(number): operation.machine.state for number, operation in connection.streams.items()}
            expect("streams", states, step.get("streams", {}))
        for number, count in step.get("maySend", {}).items():
            expect("may send", connection.streams[int(number)].may_send, count)  # type: ignore[attr-defined]
        for number, limit in step.get("granted", {}).items():
            expect("granted", self._granted.get(number, self._stream_window) >= limit, True)
        for number, limit in step.get("grantedAtMost", {}).items():
            expect("granted at most", self._granted.get(number, self._stream_window) <= limit, True)

    def _try(self, action: Callable[[], Any]) -> None:
        fault = None
        try:
            action()
        except Fault as error:
            fault = error.code
        except ConnectionEnded as error:
            fault = "BAD_PREFACE" if error.code == "WRONG_PROTOCOL" else None
        if fault:
            self._connection.note("fault", code=fault)

    def _take(self) -> bytes:
        taken = b""
        while self._connection.pending_bytes:
            chunk = bytes(self._connection.pending())
            self._connection.sent(len(chunk))
            taken += chunk
        return taken

    def _frames(self, data: bytes) -> list[Any]:
        """Frames to compare. Text for people and the moments of CREDIT are free; what was granted is kept."""
        frames: list[Any] = []
        if not data:  # most often
            return frames
        if data.startswith(PREFACE):
            frames.append(PREFACE)
            data = data[len(PREFACE) :]
        reader = FrameReader(1 << 24)
        list(reader.feed(PREFACE))
        for frame in reader.feed(data):
            if frame.name == "CREDIT":
                limit = decode_message("CREDIT", frame.payload)["limit"]
                self._granted[str(frame.stream)] = max(limit, self._granted.get(str(frame.stream), 0))
            elif frame.name == "GOAWAY":
                goaway = decode_message("GOAWAY", frame.payload)
                frames.append(("GOAWAY", goaway["code"], goaway["lastStream"]))
            elif frame.name == "OPEN":  # odd fields are not compared
                opened = {**decode_message("OPEN", frame.payload), "receipt": None}
                frames.append(frame._replace(payload=encode_fields(MESSAGES["OPEN"], opened)))
            else:
                frames.append(frame)
        return frames

    @staticmethod
    def _event(event: dict[str, Any]) -> dict[str, Any]:
        return {key: unhex(value) if key == "bytes" else value for key, value in event.items()}

    def _do(self, do: dict[str, Any]) -> None:
        connection, action = self._connection, do.pop("action")
        for key in ("operationId", "prefix", "digest", "data"):
            if key in do:
                do[key] = unhex(do[key])
        stream = do.pop("stream", None)
        self._operations.update(connection.streams)
        operation = self._operations.get(stream)
        if action == "connect":
            connection.start()
        elif action == "authenticate":
            connection.authenticate(do.get("mechanism"), do.get("data"))
        elif action == "open":
            connection.open_as(stream, do.pop("operation"), do)
        elif action == "shutdown":
            connection.finish()
            connection.note_drained()
        elif action == "abort":
            connection.abort(do["code"])
        elif action == "ping":
            connection.ping(do["token"])
        elif operation is None:
            raise Skipped
        elif action == "consume":
            connection.consumed(operation, do["count"])
        elif action == "reset":
            operation.give_up(OperationFailed(do["code"], ""))
        elif action == "write":
            operation.write(unhex(do["bytes"]))  # type: ignore[attr-defined]
        elif action == "end":
            operation.end(do["digest"])  # type: ignore[attr-defined]
        else:
            raise Skipped


def check_session(vector: dict[str, Any], preludes: dict[str, Any]) -> None:
    if "limit" in vector and "steps" not in vector:
        name = {"initialStreamWindow": "streamWindow", "initialConnectionWindow": "connectionWindow"}.get(vector["limit"], vector["limit"])
        if name not in FLOORS:
            raise Skipped
        expect("limit", (FLOORS[name], CAPS[name]), (vector["floor"], vector["cap"]))
        return
    before = preludes[vector["after"]] if "after" in vector else {"steps": [], **vector}
    if before["reader"] != "client":
        raise Skipped
    prelude = before["steps"] if "after" in vector else []
    run_session(before["offer"], prelude, vector["steps"], -1, [])
    for at, step in enumerate(vector["steps"]):
        for cuts in cuts_of(len(unhex(step["receive"]))) if "receive" in step else []:
            # What comes after the step can only differ with what was kept: two of the ways look at that, too.
            steps = vector["steps"][: at + 1] if len(cuts) == 1 else vector["steps"]
            run_session(before["offer"], prelude, steps, at, cuts)


def run_session(offer: dict[str, Any], prelude: list[Any], steps: list[Any], at: int, cuts: list[int]) -> None:
    """Runs a transcript; what step `at` receives is cut, all others get theirs whole."""
    session = Session(offer)
    for step in prelude:
        session.run(step, [])
    for number, step in enumerate(steps):
        try:
            session.run(step, cuts if number == at else [])
        except AssertionError as error:
            raise AssertionError(f"step {number}{f', step {at} cut at {cuts}' if cuts else ''}: {error}") from None


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "codes.json": check_code,
    "digests.json": check_digest,
    "frames.json": check_frames,
    "machines.json": check_machine,
    "messages.json": check_message,
    "paths.json": check_path_vector,
    "preface.json": check_preface,
    "urls.json": check_url,
    "utf8.json": check_utf8,
}


def command_vectors(options: argparse.Namespace) -> int:
    """Compares with every file of a folder; the results of each go to standard output."""
    failures = 0
    for path in sorted(Path(options.dir).glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        if "vectors" not in content:
            continue
        passed = failed = skipped = 0
        for vector in content["vectors"]:
            try:
                if path.name in CHECKS:
                    CHECKS[path.name](vector)
                else:
                    check_session(vector, content["preludes"])
                passed += 1
            except Skipped:
                skipped += 1
            except Exception as error:  # a vector that makes this client crash has found something as well
                failed += 1
                text = str(error) if isinstance(error, AssertionError) else repr(error)
                say(f"{path.name} {vector['name']}: {visible(text)[:600]}")
        print(f"{path.name:<18} {passed:>5} passed {failed:>5} failed {skipped:>5} skipped")
        failures += failed
    return EXIT_OTHER if failures else EXIT_OK


# --------------------------------------------------------------------------------------------------------------
# Commands
# --------------------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, file=sys.stderr)


def with_retries(options: argparse.Namespace, attempt: Callable[[], Any]) -> Any:
    """Runs `attempt` again after what may pass: a cut, or a failure that says so (FX-7.3-5)."""
    for left in range(options.retries, -1, -1):
        try:
            return attempt()
        except FileXError as error:
            if not left or not error.retry:
                raise
            say(f"{error}; trying again")
            time.sleep(options.retry_delay)


def ask_credentials(address: Address) -> Optional[Credentials]:
    """Who logs in; None without a user. The passcode is never an argument: every user of the machine can see those."""
    if address.user is None:
        return None
    try:
        name = prepare(address.user)
        if len(name.encode("utf-8")) > MAX_NAME:
            raise ValueError("is too long")
    except ValueError as error:
        raise FileXError("URL_INVALID", f"the user {error}") from None
    passcode = os.environ.get("FILEX_PASSCODE")
    if passcode is None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)  # it would be shown while it is typed
                passcode = getpass.getpass(f"Passcode of {visible(name)} at {visible(address.host)}: ")
        except (EOFError, getpass.GetPassWarning):
            raise FileXError("AUTH_FAILED", "nobody is here to type the passcode; FILEX_PASSCODE can say it") from None
    try:
        return Credentials(name, prepare(passcode))
    except ValueError as error:
        raise FileXError("AUTH_FAILED", f"the passcode {error}") from None


def connect(address: Address, credentials: Optional[Credentials], options: argparse.Namespace) -> Client:
    return Client(address, Timers(options.timeout, options.timeout * 2, options.timeout * 2), credentials)


def command_ls(options: argparse.Namespace) -> int:
    address = parse_address(options.url)
    with connect(address, ask_credentials(address), options) as client:
        with contextlib.closing(SlowListing(client.connection, address.path, options.recursive, show_entry)) as listing:
            client.run(listing)
    return EXIT_OK


def show_entry(entry: dict[str, Any]) -> None:
    """One line of `ls`. The name comes last and is made harmless."""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=entry["mtime"])
    kind = entry["kind"] + ("*" if entry.get("executable") else "")
    name = visible(entry["path"]) + ("/" if entry["kind"] == "directory" else "")
    print(f"{kind:<9} {entry['size']:>14} {moment:%Y-%m-%dT%H:%M:%SZ} {name}")


def command_put(options: argparse.Namespace) -> int:
    address = parse_address(options.url)
    path = address.path
    if address.folder or not path:
        path = f"{path}/{os.path.basename(options.file)}".lstrip("/")
        try:
            check_path(path)
        except ValueError as error:
            raise FileXError("URL_INVALID", str(error)) from None
    with open(options.file, "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise OperationFailed("NOT_A_FILE", f"{visible(options.file)} is not a file")
        job = UploadJob(path, source, options.if_exists)
        credentials = ask_credentials(address)
        result = with_retries(options, lambda: _put_once(connect(address, credentials, options), job, options))
    if result is None:
        say("skipped: something is there already")
    else:
        say(f"{result.get('outcome', 'done')}: {visible(result.get('path', path))}")
    return EXIT_OK


def _put_once(connected: Client, job: UploadJob, options: argparse.Namespace) -> Optional[dict[str, Any]]:
    with connected as client:
        upload = Upload(client.connection, job)
        try:
            return client.run(upload)
        except OperationFailed as failure:
            if options.if_exists == "skip" and failure.code == "ALREADY_EXISTS":
                return None
            raise
        finally:
            if upload.resumed_at:
                say(f"resumed at {upload.resumed_at}")


def command_get(options: argparse.Namespace) -> int:
    address = parse_address(options.url)
    if os.path.isdir(options.file) or (os.path.lexists(options.file) and not options.force):
        raise OperationFailed("ALREADY_EXISTS", f"{visible(options.file)} is there already")
    credentials = ask_credentials(address)
    part = PartFile(options.file)
    operation_id = secrets.token_bytes(16)
    try:
        accept = with_retries(
            options, lambda: _get_once(connect(address, credentials, options), address.path, operation_id, part)
        )
        part.publish(accept, options.force)
    finally:
        part.close()
    say(f"read: {visible(options.file)}")
    return EXIT_OK


def _get_once(connected: Client, path: str, operation_id: bytes, part: PartFile) -> dict[str, Any]:
    with connected as client:
        download = Download(client.connection, path, operation_id, part)
        client.run(download)
        if download.accept["offset"]:
            say(f"resumed at {download.accept['offset']}")
        return download.accept


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("between 0 and 3600 seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("not below 0")
    return value


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="filex.py", description="FileX/1 in one file")
    commands = parser.add_subparsers(dest="command", required=True)

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--timeout", type=_seconds, default=10.0, metavar="SECONDS",
                        help="for connecting and the handshake; twice that for silence (default 10)")  # fmt: skip
    retries = argparse.ArgumentParser(add_help=False)
    retries.add_argument("--retries", type=_count, default=0, metavar="N", help="connect again after a cut, and resume")
    retries.add_argument("--retry-delay", type=float, default=1.0, metavar="SECONDS")

    ls = commands.add_parser("ls", parents=[common], help="list a folder")
    ls.add_argument("url")
    ls.add_argument("-r", "--recursive", action="store_true")
    ls.set_defaults(run=command_ls)

    put = commands.add_parser("put", parents=[common, retries], help="upload a file")
    put.add_argument("file")
    put.add_argument("url")
    put.add_argument("--if-exists", choices=["fail", "skip", "rename", "overwrite", "newer"], default="fail")
    put.set_defaults(run=command_put)

    get = commands.add_parser("get", parents=[common, retries], help="download a file")
    get.add_argument("url")
    get.add_argument("file")
    get.add_argument("--force", action="store_true", help="replace FILE if it exists")
    get.set_defaults(run=command_get)

    vectors = commands.add_parser("vectors", help="compare this client with the test vectors")
    vectors.add_argument("dir")
    vectors.set_defaults(run=command_vectors)

    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal's encoding does not have
    try:
        return options.run(options)
    except FileXError as error:
        say(f"filex: {error}")
        return error.exit_code
    except FileNotFoundError as error:
        say(f"filex: {error.strerror}: {visible(str(error.filename))}")
        return EXIT_MISSING
    except FileExistsError as error:
        say(f"filex: {error.strerror}: {visible(str(error.filename2 or error.filename))}")
        return EXIT_CONFLICT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has left
        return EXIT_OTHER
    except OSError as error:
        say(f"filex: {error.strerror}: {visible(str(error.filename or ''))}")
        return EXIT_OTHER
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
