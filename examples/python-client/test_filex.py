"""Tests of the FileX/1 client, with the standard library alone:

    python3 -m unittest -v test_filex            codec, state, hostile servers, TLS, resuming; vectors if they are there
    FILEX_URL=filex+tcp://127.0.0.1:12345/ FILEX_ROOT=/srv/files python3 -m unittest -v test_filex

With FILEX_URL (and FILEX_PASSCODE, when it has a user) and FILEX_ROOT (the folder that server shows, seen from here) a round
trip against a real server is made as well. Everything else talks to scripted servers in threads of this process. FILEX_VECTORS names a folder with
vectors, where these files stand alone.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import hashlib
import hmac
import io
import os
import random
import re
import socket
import ssl
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path
from typing import Any, Callable, Optional
from unittest import mock

import filex

VECTORS = Path(os.environ.get("FILEX_VECTORS") or Path(__file__).resolve().parent / "../../packages/protocol/vectors")

SERVER_HELLO = {
    "versions": [1],
    "capabilities": [],
    "digests": [1],
    "maxDataPayload": 1_048_576,
    "maxStreams": 256,
    "streamWindow": 262_144,
    "connectionWindow": 262_144,
    "nonce": bytes(32),
    "mechanisms": ["ANONYMOUS"],
    "agent": "scripted",
}


def tree(data: bytes) -> bytes:
    digest = filex.TreeDigest()
    digest.update(data)
    return digest.root()


def noise(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


# --------------------------------------------------------------------------------------------------------------
# A server that follows a script
# --------------------------------------------------------------------------------------------------------------


class Peer:
    """The server's side of one connection, for a script."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        connection.settimeout(20)
        reader = filex.FrameReader(1_048_576)
        self._frames = (frame for data in iter(self._receive, b"") for frame in reader.feed(data))
        self.began = b""  # the first bytes of the client, as they came
        self.hello_frame = b""  # this end's own

    def _receive(self) -> bytes:
        data = self._connection.recv(65_536)
        self.began += data[: 4096 - len(self.began)]
        return data

    def raw(self, data: bytes) -> None:
        self._connection.sendall(data)

    def send(self, name: str, stream: int, **fields: Any) -> None:
        self.raw(filex.encode_frame(name, stream, filex.encode_message(name, fields)))

    def send_together(self, *frames: tuple[str, int, dict[str, Any]]) -> None:
        """One segment, so that the client cannot leave before it has read the last of them."""
        self.raw(b"".join(filex.encode_frame(name, at, filex.encode_message(name, fields)) for name, at, fields in frames))

    def data(self, stream: int, data: bytes) -> None:
        self.raw(filex.encode_frame("DATA", stream, data))

    def next(self) -> tuple[str, int, Any]:
        frame = next(self._frames, None)
        if frame is None:
            return ("nothing", 0, None)
        if frame.name == "DATA":
            return (frame.name, frame.stream, frame.payload)  # a piece of it, as it came
        return (frame.name, frame.stream, filex.decode_message(frame.name, frame.payload))

    def until(self, *names: str) -> Any:
        """Drops frames until one of a name; gives its message, or None at the end of the transport."""
        while True:
            name, _, message = self.next()
            if name in names or name == "nothing":
                return message

    def hello(self, **changes: Any) -> None:
        self.until("HELLO")
        hello = {key: value for key, value in {**SERVER_HELLO, **changes}.items() if value is not None}
        self.hello_frame = filex.encode_frame("HELLO", 0, filex.encode_message("HELLO", hello))
        self.raw(filex.PREFACE + self.hello_frame)

    def greet(self, **changes: Any) -> None:
        self.hello(**changes)
        self.until("AUTH")
        self.send("AUTH", 0, step="success", principal="anonymous")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class ScriptedServer:
    """Runs one script for each connection, in turn. Errors of a script come up when the server is left."""

    scheme, query = "filex+tcp://", ""

    def __init__(self, *scripts: Callable[[Peer], None]):
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"{self.scheme}127.0.0.1:{self._listener.getsockname()[1]}/{self.query}"

    def wrap(self, connection: socket.socket) -> socket.socket:
        return connection

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._listener.close()
        self._thread.join(20)
        if kind is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for script in self._scripts:
                connection, _ = self._listener.accept()
                peer = Peer(self.wrap(connection))
                try:
                    script(peer)
                finally:
                    peer.close()
        except BaseException as error:  # noqa: BLE001 - handed over to the test
            self._error = error


def run(*arguments: str) -> tuple[int, str, str]:
    """The command line, in this process: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = filex.main(list(arguments))
    return code, out.getvalue(), err.getvalue()


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)


# --------------------------------------------------------------------------------------------------------------
# Codec
# --------------------------------------------------------------------------------------------------------------


class Messages(unittest.TestCase):
    def assertMalformed(self, name: str, payload: bytes) -> None:
        with self.assertRaises(filex.Fault) as caught:
            filex.decode_message(name, payload)
        self.assertEqual(caught.exception.code, "MESSAGE_MALFORMED")

    def test_the_session_of_chapter_22(self) -> None:
        hello = bytes.fromhex(
            "0002000200010004000000060002000100080004001000" "00000a000400000100000c00080000000000040000"
            "000e00080000000000040000" "00100020" + "11" * 32 + "0013000e6578616d706c652d636c69656e74"
        )  # fmt: skip
        values = filex.decode_message("HELLO", hello)
        self.assertEqual(values["agent"], "example-client")
        self.assertEqual(filex.encode_message("HELLO", values), hello)
        result = bytes.fromhex("00020002000000060001010008000100000c00027631")
        values = filex.decode_message("RESULT", result)
        self.assertEqual(values, {"status": 0, "effect": "applied", "outcome": "created", "etag": "v1"})
        self.assertEqual(filex.encode_message("RESULT", values), result)

    def test_what_is_written_is_read(self) -> None:
        entry = {"path": "a/b", "kind": "symlink", "size": 0, "mtime": -1, "executable": True, "etag": ""}
        for name, values in [
            ("HELLO", {**SERVER_HELLO, "mechanisms": ["", "X"]}),
            ("AUTH", {}),
            ("OPEN", {"operation": 255, "operationId": bytes(16), "mtime": -filex.MAX_INTEGER, "ifExists": "newer"}),
            ("ENTRY", {"entries": [entry, {**entry, "path": "é\n"}]}),
            ("RESULT", {"status": 0xFFFF, "retry": True, "effect": "unknown", "entry": entry}),
        ]:
            self.assertEqual(filex.decode_message(name, filex.encode_message(name, values)), values)

    def test_absent_values_are_left_out(self) -> None:
        fields = {"operation": 1, "operationId": bytes(16), "path": "", "recursive": False}
        self.assertEqual(len(filex.encode_message("OPEN", fields)), 5 + 20)

    def test_there_is_one_way_to_write_a_message(self) -> None:
        good = filex.encode_message("OPEN", {"operation": 1, "operationId": bytes(16)})
        filex.decode_message("OPEN", good + bytes.fromhex("fff3 0001 00"))  # an odd field that nobody knows
        for tail in [
            "0006 0000",  # the root, written
            "0006 0001 2f",  # only a slash
            "0006 0003 612f2e",  # a/.
            "0006 0001 00",  # NUL
            "0006 0002 c080",  # an overlong form
            "0006 0003 eda080",  # a surrogate
            "0010 0001 01",  # a flag with a byte
            "000c 0001 05",  # a policy that has no word
            "0012 0001 00",  # an algorithm without a word
            "000a 0008 0020000000000000",  # 2^53
            "000e 0008 ffe0000000000000",  # -2^53
            "000a 0004 00000001",  # too narrow
            "fff2 0000",  # an even field that nobody knows
            "fff3 0001",  # beyond its message
            "fff3 00",  # half a field
            "0004 0010" + "00" * 16,  # twice
            "0002 0001 01",  # out of order
        ]:
            with self.subTest(tail):
                self.assertMalformed("OPEN", good + bytes.fromhex(tail))
        self.assertMalformed("OPEN", good[:5])  # a required field is missing
        self.assertMalformed("HELLO", bytes.fromhex("0002000101"))

    def test_garbage_is_refused_and_never_crashes(self) -> None:
        rng = random.Random(7)
        for _ in range(3000):
            name = rng.choice(list(filex.MESSAGES))
            payload = bytearray(filex.encode_message("RESULT", {"status": 1, "effect": "none", "path": "a"}))
            for _ in range(rng.randrange(4)):
                payload[rng.randrange(len(payload))] = rng.choice([0, 1, 2, 4, 6, 255])
            with contextlib.suppress(filex.Fault):
                values = filex.decode_message(name, bytes(payload))
                if not any(payload[at] == 3 for at in range(len(payload))):
                    filex.encode_message(name, values)


class Frames(unittest.TestCase):
    def codes(self, data: bytes, cuts: list[int], max_data: int = 4096) -> list[Any]:
        reader = filex.FrameReader(max_data)
        seen: list[Any] = []
        try:
            for start, end in zip([0, *cuts], [*cuts, len(data)]):
                seen.extend(reader.feed(data[start:end]))
            seen = list(filex.joined(seen))
        except filex.FileXError as error:
            seen.append(error.code)
        return seen

    def test_frames_do_not_depend_on_reads(self) -> None:
        data = filex.PREFACE + filex.encode_frame("PING", 0, b"12345") + b"\0\0\0\3\xf7\xff\0\0\0\1abc"
        data += filex.encode_frame("DATA", 3, b"x" * 50) + filex.encode_frame("AUTH", 0, b"")
        whole = self.codes(data, [])
        self.assertEqual([frame.name for frame in whole], ["PING", "DATA", "AUTH"])
        for cut in range(len(data)):
            self.assertEqual(self.codes(data, [cut]), whole)
        self.assertEqual(self.codes(data, list(range(len(data)))), whole)

    def test_a_header_is_judged_alone_and_in_order(self) -> None:
        for header, code in [
            ("ffffffff 05 01 00000000", "FRAME_TOO_LARGE"),
            ("00001001 05 00 00000001", "FRAME_TOO_LARGE"),
            ("00010001 0c 00 00000000", "FRAME_TOO_LARGE"),
            ("00010001 7f 00 00000000", "FRAME_TOO_LARGE"),
            ("00010001 80 00 00000000", "FRAME_TOO_LARGE"),
            ("00010000 7f 01 00000001", "FRAME_UNKNOWN"),
            ("00000000 00 00 00000000", "FRAME_UNKNOWN"),
            ("00000001 05 01 00000001", "FRAME_MALFORMED"),
            ("00000001 05 00 00000000", "FRAME_MALFORMED"),
            ("00000000 05 00 00000001", "FRAME_MALFORMED"),
            ("00000001 01 00 00000001", "FRAME_MALFORMED"),
        ]:
            with self.subTest(header):
                self.assertEqual(self.codes(filex.PREFACE + bytes.fromhex(header), []), [code])

    def test_a_foreign_peer_is_known_by_its_first_byte(self) -> None:
        self.assertEqual(self.codes(b"H", []), ["WRONG_PROTOCOL"])
        self.assertEqual(self.codes(b"FILEX\n", [3]), ["WRONG_PROTOCOL"])


class Digests(unittest.TestCase):
    def test_the_examples_of_the_specification(self) -> None:
        self.assertEqual(tree(b"").hex(), "a536aa3cede6ea3c1f3e0357c3c60e0f216a8c89b853df13b29daa8f85065dfb")
        self.assertEqual(tree(b"abc").hex(), "e7ad7cf3cacb5ef9c2815d8db7b969bfe29fb553a867e7336656e0b8f1d64402")
        self.assertEqual(tree(b"hello").hex(), "1ff8aff21a936aea6ec65e60827f7d886cc900c1ffa08675b4ed8c2e2781a7b3")

    def test_a_root_does_not_depend_on_pieces_and_may_be_asked_in_between(self) -> None:
        data = noise(2 * filex.BLOCK + 77)
        digest, at = filex.TreeDigest(), 0
        for length in [0, 1, filex.BLOCK - 1, filex.BLOCK, 5, 72]:
            at += length
            digest.update(data[at - length : at])
            self.assertEqual(digest.root(), tree(data[:at]))
        self.assertEqual(at, len(data))


FINGERPRINT = "sha256:" + "A" * 42 + "E"


class Addresses(unittest.TestCase):
    def test_sound_ones(self) -> None:
        for text, expected in [
            ("filex+tcp://h", ("filex+tcp", "h", 12345, "", False, None, None)),
            ("filex+tcp://h:1/", ("filex+tcp", "h", 1, "", True, None, None)),
            ("filex+tcp://h:/a", ("filex+tcp", "h", 12345, "a", False, None, None)),
            ("filex+tcp://[::1]:99//a/b+c%20%C3%A9/", ("filex+tcp", "::1", 99, "a/b+c é", True, None, None)),
            ("filex+tcp://[fe80::1%eth0]/%2Fa%2F", ("filex+tcp", "fe80::1%eth0", 12345, "a", True, None, None)),
            ("FILEX+TCP://h/a%3F%23%25", ("filex+tcp", "h", 12345, "a?#%", False, None, None)),
            (f"filex://me%40work@h/?fp={FINGERPRINT}", ("filex", "h", 12345, "", True, "me@work", FINGERPRINT)),
            ("filex://@h/", ("filex", "h", 12345, "", True, None, None)),
            ("filex+tcp://ann@h", ("filex+tcp", "h", 12345, "", False, "ann", None)),
        ]:
            self.assertEqual(filex.parse_address(text), expected)

    def test_others(self) -> None:
        for text in [
            "h/a", "http://h/", "filex://u%3As3cret@h/", "filex://h/?fp=md5:x", "filex://h/?", "filex://h?x=1",
            f"filex://h/?fp={FINGERPRINT[:-1]}F", f"filex://h/?fp={FINGERPRINT}&fp={FINGERPRINT}", f"filex+tcp://h/?fp={FINGERPRINT}",
            "filex+tcp://[::1%]/", "filex+tcp://h:+1/", "filex+tcp://:s3cret@h/", "filex+tcp://u:s3cret@h/a", "filex+tcp://h:0/",
            "filex+tcp://h:70000/", "filex+tcp://h/a?fp=x", "filex+tcp://h/a#b", "filex+tcp://h/%zz", "filex+tcp://h/%ff",
            "filex+tcp://h/a/../b", "filex+tcp://h/a//b", "filex+tcp://h/%00", "filex+tcp:///a",
        ]:  # fmt: skip
            with self.subTest(text), self.assertRaises(filex.FileXError) as caught:
                filex.parse_address(text)
            self.assertEqual(caught.exception.exit_code, filex.EXIT_USAGE)
            self.assertNotIn("s3cret", str(caught.exception))


# --------------------------------------------------------------------------------------------------------------
# Servers that break rules
# --------------------------------------------------------------------------------------------------------------

GOOD_ACCEPT = {"offset": 0, "epoch": 0, "size": 3, "mtime": 0, "algorithm": "sha256", "etag": "e"}
DONE = {"status": 0, "effect": "none", "outcome": "read"}


def opened(then: Callable[[Peer], None], **hello: Any) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.greet(**hello)
        peer.until("OPEN")
        then(peer)

    return script


def accepted(then: Callable[[Peer], None], **changes: Any) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.send("ACCEPT", 1, **{**GOOD_ACCEPT, **changes})
        then(peer)

    return opened(script)


def whole(then: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """A download of `abc` that was done, but for its RESULT."""

    def script(peer: Peer) -> None:
        peer.data(1, b"abc")
        peer.send("END", 1, length=3, digest=tree(b"abc"))
        then(peer)

    return accepted(script)


class HostileServers(Folder):
    """What a broken server gets for an answer, by what it does while a client downloads."""

    def goaway_for(self, script: Callable[[Peer], None]) -> tuple[Optional[str], int]:
        answer: list[Any] = []

        def with_answer(peer: Peer) -> None:
            script(peer)
            goaway = peer.until("GOAWAY")
            answer.append(goaway and filex.code_name(goaway["code"]))
            if goaway:
                self.assertEqual(peer.next()[0], "nothing")  # nothing after it, and the transport ends

        with ScriptedServer(with_answer) as url:
            code, _, _ = run("get", url + "x", str(self.folder / "x"))
        self.assertFalse((self.folder / "x").exists() and code != 0)
        return answer[0], code

    def test_answers(self) -> None:
        def say(name: str, stream: int, **fields: Any) -> Callable[[Peer], None]:
            return lambda peer: peer.send(name, stream, **fields)

        def raw(text: str) -> Callable[[Peer], None]:
            return lambda peer: peer.raw(bytes.fromhex(text))

        ping = filex.encode_frame("PING", 0, filex.encode_message("PING", {"token": 1}))
        cases: dict[str, tuple[str, Callable[[Peer], None]]] = {
            "frame before HELLO": ("STATE_VIOLATION", lambda p: p.raw(filex.PREFACE + ping)),
            "AUTH before HELLO": ("STATE_VIOLATION", lambda p: p.raw(filex.PREFACE + bytes.fromhex("00000000020000000000"))),
            "window below floor": ("MESSAGE_MALFORMED", lambda p: p.hello(streamWindow=8191)),
            "no version": ("VERSION_UNSUPPORTED", lambda p: p.hello(versions=[2, 0x0A0A])),
            "no digest": ("VERSION_UNSUPPORTED", lambda p: p.hello(digests=[2])),
            "AUTH for ever": ("AUTH_FAILED", lambda p: (p.hello(), p.until("AUTH"), p.send("AUTH", 0, step="continue"))),
            "no version, no digest, no window": ("VERSION_UNSUPPORTED", lambda p: p.hello(versions=[], digests=[], streamWindow=0)),
            "no digest, no window": ("VERSION_UNSUPPORTED", lambda p: p.hello(digests=[2], streamWindow=0)),
            "no mechanism": ("AUTH_FAILED", lambda p: p.hello(mechanisms=["PLAIN"])),
            "HELLO twice": ("STATE_VIOLATION", lambda p: (p.hello(), p.until("AUTH"), p.send("HELLO", 0, **SERVER_HELLO))),
            "AUTH without step": ("MESSAGE_MALFORMED", lambda p: (p.hello(), p.until("AUTH"), p.send("AUTH", 0))),
            "PING before open": ("STATE_VIOLATION", lambda p: (p.hello(), p.until("AUTH"), p.raw(ping))),
            "AUTH when open": ("STATE_VIOLATION", opened(say("AUTH", 0, step="success"))),
            "OPEN from a server": ("STATE_VIOLATION", opened(say("OPEN", 1, operation=1, operationId=bytes(16)))),
            "huge frame": ("FRAME_TOO_LARGE", opened(raw("ffffffff 05 00 00000001"))),
            "unknown frame": ("FRAME_UNKNOWN", opened(raw("00000000 0f 00 00000000"))),
            "flags": ("FRAME_MALFORMED", opened(raw("0000000c 0c 01 00000000"))),
            "empty DATA": ("FRAME_MALFORMED", accepted(raw("00000000 05 00 00000001"))),
            "DATA before ACCEPT": ("STATE_VIOLATION", opened(lambda p: p.data(1, b"abc"))),
            "success before END": ("STATE_VIOLATION", accepted(say("RESULT", 1, **DONE))),
            "ENTRY for a download": ("STATE_VIOLATION", opened(say("ENTRY", 1, entries=[]))),
            "stream never opened": ("STATE_VIOLATION", opened(say("RESULT", 3, **DONE))),
            "even stream": ("STATE_VIOLATION", opened(say("RESET", 2, code=0x20, finalOffset=0))),
            "CREDIT for a download": ("STATE_VIOLATION", opened(say("CREDIT", 1, limit=1))),
            "PONG unasked": ("STATE_VIOLATION", opened(say("PONG", 0, token=1))),
            "PINGs without end": ("RATE_LIMITED", opened(lambda p: p.raw(ping * 500))),
            "ACCEPT elsewhere": ("STATE_VIOLATION", accepted(lambda p: None, offset=1)),
            "ACCEPT with prefix": ("STATE_VIOLATION", accepted(lambda p: None, prefix=bytes(32))),
            "ACCEPT twice": ("STATE_VIOLATION", accepted(say("ACCEPT", 1, **GOOD_ACCEPT))),
            "another length in END": ("LENGTH_MISMATCH", accepted(lambda p: (p.data(1, b"abc"), p.send("END", 1, length=4, digest=tree(b"abc"))))),
            "another length in END, and than announced": ("LENGTH_MISMATCH", accepted(lambda p: p.send("END", 1, length=2, digest=tree(b"")))),
            "DATA beyond the credit": ("CREDIT_EXCEEDED", accepted(lambda p: [p.data(1, bytes(262_144)) for _ in range(5)], size=1)),
            "late RESET that is malformed": ("MESSAGE_MALFORMED", whole(lambda p: p.raw(self.frames(("RESULT", DONE)) + filex.encode_frame("RESET", 1, b"\0")))),
            "unsound path": ("MESSAGE_MALFORMED", whole(raw("00000012 09 00 00000001 000200020000 0006000100 000a0003 612f2e".replace(" ", "")))),
        }  # fmt: skip
        for name, (expected, script) in cases.items():
            with self.subTest(name):
                code, exit_code = self.goaway_for(script)
                self.assertEqual(code, expected)
                exits = {"LENGTH_MISMATCH": filex.EXIT_INTEGRITY, "AUTH_FAILED": filex.EXIT_ACCESS}
                self.assertEqual(exit_code, exits.get(expected, filex.EXIT_CONNECTION))

    @staticmethod
    def frames(*messages: tuple[str, dict[str, Any]]) -> bytes:
        return b"".join(filex.encode_frame(name, 1, filex.encode_message(name, fields)) for name, fields in messages)

    def test_failures_of_this_end(self) -> None:
        """They are said with RESET; the connection goes on, and nothing gets the name."""
        end, two = {"length": 3, "digest": tree(b"abc")}, {"length": 2, "digest": tree(b"ab")}
        cases: dict[str, tuple[str, int, Callable[[Peer], None]]] = {
            "no size": ("STATE_VIOLATION", 1, opened(lambda p: p.send("ACCEPT", 1, offset=0, epoch=0))),
            "another algorithm": ("UNSUPPORTED", 1, accepted(lambda p: None, algorithm="blake3")),
            "more than announced": ("LENGTH_MISMATCH", 12, accepted(lambda p: p.data(1, b"abcd"))),
            "more than announced, by its header": ("LENGTH_MISMATCH", 12, accepted(lambda p: p.raw(filex.HEADER.pack(9, 5, 0, 1)))),
            "less than announced": ("LENGTH_MISMATCH", 12, accepted(lambda p: (p.data(1, b"ab"), p.send("END", 1, **two)))),
            "another digest": ("DIGEST_MISMATCH", 12, accepted(lambda p: (p.data(1, b"abd"), p.send("END", 1, **end)))),
        }
        for name, (expected, exit_expected, script) in cases.items():

            def with_reset(peer: Peer, script: Callable[[Peer], None] = script, expected: str = expected) -> None:
                script(peer)
                reset = peer.until("RESET")
                self.assertEqual(filex.code_name(reset["code"]), expected)
                if "header" in name:
                    peer.raw(bytes(9))
                peer.data(1, bytes(10))  # was under way, and is dropped, whatever it says
                peer.send("END", 1, length=10**6, digest=bytes(32))
                peer.send("PING", 0, token=3)
                self.assertEqual(peer.until("PONG"), {"token": 3})
                peer.send("RESULT", 1, **DONE)

            if expected == "DIGEST_MISMATCH" or "less" in name:  # END has come
                def with_reset(peer: Peer, script: Callable[[Peer], None] = script, expected: str = expected) -> None:
                    script(peer)
                    self.assertEqual(filex.code_name(peer.until("RESET")["code"]), expected)
                    peer.send("RESULT", 1, **DONE)

            with self.subTest(name):
                self.assertEqual(self.goaway_for(with_reset), ("OK", exit_expected))
                self.assertFalse((self.folder / "x").exists())
                for part in self.folder.iterdir():
                    part.unlink()

    def test_a_name_is_given_only_after_success(self) -> None:
        for result, expected in [
            ({"status": 0x2F, "effect": "none"}, filex.EXIT_INTEGRITY),  # the digest was right all the same
            ({**DONE, "retry": True}, filex.EXIT_OTHER),  # does not fit together
            ({**DONE, "effect": "unknown"}, filex.EXIT_OTHER),
        ]:
            with self.subTest(result):
                self.assertEqual(self.goaway_for(whole(lambda p, result=result: p.send("RESULT", 1, **result))), ("OK", expected))  # type: ignore[misc]
                self.assertFalse((self.folder / "x").exists())
                (self.folder / "x.filex-part").unlink()
        self.assertEqual(self.goaway_for(whole(lambda p: p.send("RESET", 1, code=0, finalOffset=3)))[1], filex.EXIT_OTHER)
        self.assertFalse((self.folder / "x").exists())

    def test_fields_that_a_result_does_not_have(self) -> None:
        self.assertEqual(self.goaway_for(whole(lambda p: p.send("RESULT", 1, status=0, effect="none"))), ("OK", 0))

    def test_what_is_no_fault(self) -> None:
        def noisy(peer: Peer) -> None:
            peer.raw(bytes.fromhex("00000003 ff ff 00000009 010203"))
            peer.send("CREDIT", 0, limit=5)
            peer.send("PING", 0, token=77)
            self.assertEqual(peer.until("PONG"), {"token": 77})
            peer.send_together(
                ("RESULT", 1, DONE),
                ("RESET", 1, {"code": 0x20, "finalOffset": 0}),  # too late, as the next one
                ("CREDIT", 1, {"limit": 5}),
            )

        self.assertEqual(self.goaway_for(whole(noisy)), ("OK", filex.EXIT_OK))
        self.assertEqual((self.folder / "x").read_bytes(), b"abc")

    def test_a_graceful_goaway_lets_what_runs_finish(self) -> None:
        def drain(peer: Peer) -> None:
            peer.send("GOAWAY", 0, code=0, lastStream=1)
            peer.send("RESULT", 1, **DONE)

        self.assertEqual(self.goaway_for(whole(drain)), ("OK", filex.EXIT_OK))

    def test_a_goaway_is_not_answered(self) -> None:
        script = opened(lambda peer: peer.send("GOAWAY", 0, code=0x33, lastStream=1, reason="\x1b[2J"))
        self.assertEqual(self.goaway_for(script), (None, filex.EXIT_CONNECTION))

    def test_a_foreign_server_gets_no_frame(self) -> None:
        self.assertEqual(self.goaway_for(lambda peer: (peer.until("HELLO"), peer.raw(b"SSH-2.0-x\r\n"))), (None, filex.EXIT_CONNECTION))

    def test_a_wrong_digest_is_a_failure_of_this_end(self) -> None:
        def script(peer: Peer) -> None:
            peer.data(1, b"abc")
            peer.send("END", 1, length=3, digest=bytes(32))
            self.assertEqual(peer.until("RESET"), {"code": 0x2D, "finalOffset": 0})
            peer.send("RESULT", 1, **DONE)

        self.assertEqual(self.goaway_for(accepted(script)), ("OK", filex.EXIT_INTEGRITY))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_text_of_a_server_is_made_harmless(self) -> None:
        def script(peer: Peer) -> None:
            peer.send("RESULT", 1, status=0x23, effect="none", detail="no\x1b]0;x\x07\u202e")
            peer.until("GOAWAY")

        with ScriptedServer(opened(script)) as url:
            code, _, err = run("get", url + "x", str(self.folder / "x"))
        self.assertEqual(code, filex.EXIT_MISSING)
        self.assertIn("no\\x1b]0;x\\x07\\u202e", err)

    def test_a_silent_server_is_given_up(self) -> None:
        connection = filex.Connection(0.0, filex.Timers(10, 20, 20))
        connection.start()
        self.assertEqual(connection.tick(4.0), 6.0)
        with self.assertRaises(filex.Fault) as caught:
            connection.tick(10.0)
        self.assertEqual(caught.exception.code, "TIMEOUT")


class Credit(unittest.TestCase):
    """The connection alone, without a socket."""

    def setUp(self) -> None:
        self.connection = filex.Connection(0.0)
        self.connection.start()
        self.server(filex.PREFACE)
        self.say("HELLO", 0, **SERVER_HELLO)
        self.say("AUTH", 0, step="success")

    def server(self, data: bytes) -> None:
        self.connection.receive(data, 1.0)

    def say(self, name: str, stream: int, **fields: Any) -> None:
        self.server(filex.encode_frame(name, stream, filex.encode_message(name, fields)))

    def test_more_than_was_granted_is_known_by_the_header(self) -> None:
        pages: list[Any] = []
        listing = filex.Listing(self.connection, "", False, pages.append)
        self.connection.open(listing)
        listing.inflow.received = listing.inflow.limit - 100
        self.server(filex.encode_frame("ENTRY", 1, filex.encode_message("ENTRY", {"entries": []})))
        with self.assertRaises(filex.Fault) as caught:
            self.server(filex.HEADER.pack(97, 0x08, 0, 1))
        self.assertEqual(caught.exception.code, "CREDIT_EXCEEDED")

    def test_half_of_the_window_is_always_there(self) -> None:
        inflow = filex.Inflow(8192)
        for length in random.Random(3).choices(range(1, 3000), k=200):
            length = min(length, inflow.limit - inflow.received)
            inflow.check(length)
            inflow.received += length
            inflow.consume(length)
            self.assertGreaterEqual(inflow.limit - inflow.received, 4608)

    def test_a_listing_takes_what_it_asked_for(self) -> None:
        entry = {"kind": "file", "size": 1, "mtime": 0}
        names: list[str] = []
        self.connection.open(filex.Listing(self.connection, "", True, lambda one: names.append(one["path"])))
        self.say("ENTRY", 1, entries=[{**entry, "path": "a"}, {**entry, "path": "a/b"}])
        self.assertEqual(names, ["a", "a/b"])
        for paths in (["c", "c/d"], ["e", ""]):
            with self.subTest(paths):
                self.setUp()
                listing = filex.Listing(self.connection, "", False, lambda one: names.append(one["path"]))
                self.connection.open(listing)
                self.say("ENTRY", 1, entries=[{**entry, "path": path} for path in paths])
                self.assertEqual((listing.given_up, self.connection.state), (True, "open"))
                self.say("ENTRY", 1, entries=[{**entry, "path": "late"}])
                self.say("RESULT", 1, status=0, effect="none")
                self.assertEqual((listing.failure and listing.failure.code, listing.done), ("STATE_VIOLATION", True))
        self.assertEqual(names, ["a", "a/b"])  # nothing of a bad page was shown

    def test_credit_that_is_there_is_used(self) -> None:
        """Half of the window may be all there ever is; a sender that waits for a whole frame waits for ever."""
        with tempfile.TemporaryFile() as source:
            source.write(bytes(400_000))
            source.flush()
            upload = filex.Upload(self.connection, filex.UploadJob("a", source, "fail"))
            self.connection.open(upload)
            while upload.pump():
                pass
            self.assertEqual((upload.position, upload.may_send), (262_144, 0))
            self.say("CREDIT", 0, limit=262_145)
            self.say("CREDIT", 1, limit=262_146)
            upload.pump()
            self.assertEqual(upload.position, 262_145)

    def test_stat_needs_an_entry(self) -> None:
        call = filex.Call(self.connection, {"operation": 4, "operationId": bytes(16)})
        self.connection.open(call)
        self.say("RESULT", 1, status=0, effect="none")
        self.assertEqual((call.failure and call.failure.code, self.connection.state), ("STATE_VIOLATION", "open"))

    def test_pings_are_counted_until_the_transport_took_their_pongs(self) -> None:
        ping = filex.encode_frame("PING", 0, filex.encode_message("PING", {"token": 1}))
        self.server(ping * 32)
        while self.connection.pending_bytes:
            self.connection.sent(len(self.connection.pending()))
        self.server(ping * 32)
        with self.assertRaises(filex.Fault) as caught:
            self.server(ping)
        self.assertEqual(caught.exception.code, "RATE_LIMITED")

    def test_keepalive(self) -> None:
        self.assertEqual(self.connection.tick(2.0), 19.0)
        self.connection.tick(21.0)
        self.assertEqual(self.connection.tick(22.0), 19.0)
        with self.assertRaises(filex.Fault) as caught:
            self.connection.tick(41.0)
        self.assertEqual(caught.exception.code, "TIMEOUT")

    def test_no_operation_after_goaway(self) -> None:
        self.say("GOAWAY", 0, code=0, lastStream=0)
        with self.assertRaises(filex.ConnectionEnded):
            self.connection.open(filex.Listing(self.connection, "", False, print))


# --------------------------------------------------------------------------------------------------------------
# Login
# --------------------------------------------------------------------------------------------------------------

# The example of RFC 7677, section 3.
RFC_NONCE = "rOprNGfwEbeRWgbNEkqO"
RFC_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
RFC_SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
RFC_FINAL = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
RFC_SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
SALT = base64.b64encode(b"a salt").decode()


def begun(name: str = "user", nonce: Optional[str] = RFC_NONCE) -> filex.Scram:
    return filex.Scram(filex.Credentials(name, "pencil"), nonce)


class Login(unittest.TestCase):
    def assertRefused(self, action: Callable[[], Any]) -> None:
        with self.assertRaises(filex.Fault) as caught:
            action()
        self.assertEqual(caught.exception.code, "AUTH_FAILED")

    def test_the_example_of_rfc_7677(self) -> None:
        scram = begun()
        self.assertEqual(scram.first(), RFC_FIRST)
        self.assertEqual(scram.final(RFC_SERVER_FIRST, None), RFC_FINAL)
        scram.verify(RFC_SERVER_FINAL)

    def test_the_transcript_is_part_of_what_is_proven(self) -> None:
        scram = begun()
        final = scram.final(RFC_SERVER_FIRST, bytes(32))
        before, after = RFC_FINAL.split(b",p=")
        self.assertTrue(final.startswith(before + b",t=" + b"A" * 43 + b"=,p="))
        self.assertNotIn(after, final)
        self.assertRefused(lambda: scram.verify(RFC_SERVER_FINAL))

    def test_every_login_has_a_nonce_of_its_own(self) -> None:
        nonces = {begun(nonce=None).first() for _ in range(9)}
        self.assertEqual(len(nonces), 9)
        for first in nonces:
            self.assertRegex(first, rb"^n,,n=user,r=[!-+\--~]{24,}$")

    def test_names_are_escaped(self) -> None:
        self.assertEqual(begun("a=b,c é").first().decode(), f"n,,n=a=3Db=2Cc é,r={RFC_NONCE}")

    def test_what_a_server_may_begin_with(self) -> None:
        nonce = RFC_NONCE + "x"
        good = f"r={nonce},s={SALT},i=4096"
        for text in [good, f"r={nonce}~!+-,s={SALT},i=4097", f"r={nonce},s=QQ==,i=4096"]:
            self.assertIn(text.split(",")[0].encode() + b",t=", begun().final(text.encode(), bytes(32)))
        for text in [
            None, "", good + ",", "," + good, good + "\n", good + "\0", " " + good, good + ",x", good + ",x=y",
            good + ",m=x", "m=x," + good, "e=other-error", f"s={SALT},r={nonce},i=4096", f"r={nonce},i=4096,s={SALT}", f"r={nonce},s={SALT}",
            f"r={RFC_NONCE},s={SALT},i=4096", f"r={RFC_NONCE[:-1]}X,s={SALT},i=4096", f"r=x{nonce},s={SALT},i=4096", f"r={nonce} ,s={SALT},i=4096",
            f"r={nonce}\x7f,s={SALT},i=4096", f"r={nonce}é,s={SALT},i=4096", f"R={nonce},s={SALT},i=4096",
            f"r={nonce},s=,i=4096", f"r={nonce},s=QQ,i=4096", f"r={nonce},s=QR==,i=4096", f"r={nonce},s=Q===,i=4096", f"r={nonce},s=Q-__,i=4096",
            f"r={nonce},s=QQ==QQ==,i=4096", f"r={nonce},s= QQ==,i=4096",
            f"r={nonce},s={SALT},i=4095", f"r={nonce},s={SALT},i=10000001", f"r={nonce},s={SALT},i=04096", f"r={nonce},s={SALT},i=-4096",
            f"r={nonce},s={SALT},i=4_096", f"r={nonce},s={SALT},i=٤٠٩٦", f"r={nonce},s={SALT},i=" + "9" * 4000, f"r={nonce},s={SALT},i=",
        ]:  # fmt: skip
            with self.subTest(text):
                self.assertRefused(lambda: begun().final(None if text is None else text.encode(), bytes(32)))  # noqa: B023

    def test_what_a_server_may_end_with(self) -> None:
        def after(server_final: Optional[bytes]) -> None:
            scram = begun()
            scram.final(RFC_SERVER_FIRST, None)
            scram.verify(server_final)

        after(RFC_SERVER_FINAL)
        for message in [
            RFC_SERVER_FINAL + b",x=more", None, b"", b"v=", RFC_SERVER_FINAL[:-1], RFC_SERVER_FINAL + b"=", RFC_SERVER_FINAL + b",", RFC_SERVER_FINAL + b"\n",
            RFC_SERVER_FINAL + b",m=x", b" " + RFC_SERVER_FINAL, b"e=invalid-proof", b"e=other-error," + RFC_SERVER_FINAL, b"x=1," + RFC_SERVER_FINAL,
            RFC_SERVER_FINAL[:-2] + b"5=",  # the same bytes, written in another way
            b"v=" + base64.b64encode(bytes(32)), b"v=" + base64.b64encode(b"\xff" * 32), b"v=AAAA", b"\xff",
        ]:  # fmt: skip
            with self.subTest(message):
                self.assertRefused(lambda: after(message))  # noqa: B023

    def test_the_order_of_steps(self) -> None:
        self.assertRefused(lambda: begun().verify(RFC_SERVER_FINAL))
        scram = begun()
        scram.final(RFC_SERVER_FIRST, None)
        self.assertRefused(lambda: scram.final(RFC_SERVER_FIRST, None))

    def test_preparation(self) -> None:
        for text, expected in [
            ("pencil", "pencil"), ("Pencil", "Pencil"), ("I\u00adX", "IX"), ("\u2168", "IX"), ("\u00aa", "a"), ("a\u00a0b\u3000c", "a b c"), (" a  ", " a  "),
            ("e\u0301", "\u00e9"), ("\ufb01", "fi"), ("\u200ba\ufeff\u2060\u200d", "a"), ("\U0001f511", "\U0001f511"), ("\u05d0a\u0301", "\u05d0\u00e1"),
        ]:  # fmt: skip
            self.assertEqual(filex.prepare(text), expected, ascii(text))
        for text in ["", "\u00ad", "a\n", "\t", "\x7f", "\x00", "\x85", "a\u2028", "\ue000", "\U0010fffd", "\u0378", "\ufffe", "\ud800", "\ufff9", "\ufffd"]:
            with self.subTest(ascii(text)), self.assertRaises(ValueError):
                filex.prepare(text)

    def ask(self, user: str = "ann", **env: str) -> Optional[filex.Credentials]:
        with mock.patch.dict(os.environ, env):
            if not env:
                os.environ.pop("FILEX_PASSCODE", None)
            return filex.ask_credentials(filex.parse_address(f"filex://{user}@h/"))

    def test_where_the_passcode_comes_from(self) -> None:
        self.assertEqual(self.ask("a%CC%81", FILEX_PASSCODE="x\u00a0y"), ("\u00e1", "x y"))
        with mock.patch.object(getpass, "getpass", return_value="typed") as asked:
            self.assertEqual(self.ask(), ("ann", "typed"))
            self.assertIn("ann at h", asked.call_args[0][0])
            self.assertIsNone(self.ask(""))  # nobody is asked for nobody's
            self.assertEqual(asked.call_count, 1)

        def shown_while_it_is_typed(_: str) -> str:
            warnings.warn("no terminal", getpass.GetPassWarning, stacklevel=1)
            return "typed"

        for answer in [EOFError(), shown_while_it_is_typed]:
            with mock.patch.object(getpass, "getpass", side_effect=answer), self.assertRaises(filex.FileXError) as caught:
                self.ask()
            self.assertEqual(caught.exception.exit_code, filex.EXIT_ACCESS)

    def test_credentials_that_cannot_be(self) -> None:
        for user, passcode, code in [("a%0A", "x", "URL_INVALID"), ("x" * 256, "x", "URL_INVALID"), ("ann", "s3cret\x07", "AUTH_FAILED"), ("ann", "", "AUTH_FAILED")]:
            with self.assertRaises(filex.FileXError) as caught:
                self.ask(user, FILEX_PASSCODE=passcode)
            self.assertEqual(caught.exception.code, code)
            self.assertNotIn("s3cret", str(caught.exception))

    def test_no_passcode_no_connection(self) -> None:
        with self.assertRaises(filex.OperationFailed):
            filex.Client(filex.parse_address("filex://ann@127.0.0.1:1/"))


# --------------------------------------------------------------------------------------------------------------
# TLS
# --------------------------------------------------------------------------------------------------------------

# Made for these tests and of no use elsewhere: self-signed, for `localhost` and 127.0.0.1, good until the year 2120.
TEST_KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLeRSTD+lG6kYaaRO
5ufetbrIVKGR86nYL02/gBxj1BmhRANCAATLylfVt9IclCLfYHdPJRvBu78G8uQG
7NWOgfLxG7gFWbZLWmXkwjnYTVRjSWebBeufHZtRUB4jHy7FJYNbu4/+
-----END PRIVATE KEY-----
"""
TEST_CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9hIGtleSBm
b3IgdGVzdHMwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBoxGDAW
BgNVBAMMD2Ega2V5IGZvciB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BMvKV9W30hyUIt9gd08lG8G7vwby5Abs1Y6B8vEbuAVZtktaZeTCOdhNVGNJZ5sF
658dm1FQHiMfLsUlg1u7j/6jXjBcMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/
BAQDAgKEMB0GA1UdDgQWBBSqIbp49LhlSJ6JmrHYxA1m0Leq0zAaBgNVHREEEzAR
gglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIgPkeBz6RAIkh4vF3Z
/J/QUOj+Vy3MXAmSsoSav2qU76oCIQDKQ2vBkYFGFfH6qVMgKRxcMvgE/HdbVWeQ
bz0TZOdhHg==
-----END CERTIFICATE-----
"""
# By `openssl x509 -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | basenc --base64url`.
TEST_FINGERPRINT = "sha256:fHLUeKdcupaTC3oKaq7W2iSUYntp_Vhoxre70xSvXk8"


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length = bytes([len(content)]) if len(content) < 0x80 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + (length if len(content) < 0x80 or len(content) > 0xFF else bytes([0x81, len(content)])) + content


class Identities(unittest.TestCase):
    certificate = ssl.PEM_cert_to_DER_cert(TEST_CERTIFICATE)

    def test_the_fingerprint_that_openssl_gives(self) -> None:
        self.assertEqual(filex.fingerprint_of(self.certificate), TEST_FINGERPRINT)

    def test_a_certificate_is_read_whole_or_not_at_all(self) -> None:
        for end in range(len(self.certificate)):
            with self.assertRaises(ValueError):
                filex.fingerprint_of(self.certificate[:end])
        with self.assertRaises(ValueError):
            filex.fingerprint_of(self.certificate + b"\0")
        for at in range(len(self.certificate)):  # no accident in it makes the reader crash
            for flip in (0x01, 0x80, 0xFF):
                damaged = bytearray(self.certificate)
                damaged[at] ^= flip
                with contextlib.suppress(ValueError):
                    filex.fingerprint_of(bytes(damaged))

    def test_the_key_is_what_it_takes(self) -> None:
        name, number, bits = der(0x30), der(0x02, b"\1"), der(0x03, b"\0")

        def certificate(*to_be_signed: bytes, rest: tuple[bytes, ...] = (name, bits)) -> bytes:
            return der(0x30, der(0x30, *to_be_signed), *rest)

        key = der(0x30, name, der(0x03, bytes(300)))
        sound = (number, name, name, name, name, key)
        extensions = der(0xA3, name)
        for good in [certificate(*sound), certificate(der(0xA0, number), *sound), certificate(der(0xA0, number), *sound, extensions)]:
            self.assertEqual(filex.subject_public_key_info(good), key)
        for bad in [
            certificate(*sound[:-1]), certificate(*sound[1:]), certificate(extensions, *sound), certificate(number, *sound), certificate(*sound, rest=(name,)),
            certificate(*sound, rest=(name, bits, bits)), certificate(*sound, rest=(bits, name)), certificate(*sound[:-1], der(0x30, name)),
            certificate(*sound[:-1], der(0x30, name, bits, name)), certificate(*sound[:-1], der(0x30, bits, name)), b"", der(0x30), der(0x31, b"\0"),
        ]:  # fmt: skip
            with self.subTest(bad.hex()[:40]), self.assertRaises(ValueError):
                filex.subject_public_key_info(bad)

    def test_lengths_have_one_form(self) -> None:
        for text, count in [
            ("30", 0), ("30 80", 0), ("30 80", 2), ("30 ff", 300), ("30 82", 0), ("30 82 01", 0), ("30 81 7f", 0x7F), ("30 82 00 7f", 0x7F),
            ("30 82 00 80", 0x80), ("30 83 00 01 00", 0x100), ("30 84 00 00 00 7f", 0x7F), ("30 84 01 00 00 00", 0x1000000), ("30 81 80", 0x7F),
        ]:  # fmt: skip
            with self.subTest(text), self.assertRaises(ValueError):
                filex.DerReader(bytes.fromhex(text) + bytes(count)).take(0x30)
        for length in (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF):
            item = der(0x30, bytes(length))
            self.assertEqual(filex.DerReader(item).take(0x30), (item, bytes(length)))


class SecureServer(ScriptedServer):
    """The same inside TLS. A script for what a client may break off needs no handshake that succeeds: see `broken`."""

    scheme, query = "filex://", f"?fp={TEST_FINGERPRINT}"

    def __init__(self, *scripts: Callable[[Peer], None], alpn: tuple[str, ...] = (filex.ALPN,), highest: Optional[ssl.TLSVersion] = None):
        super().__init__(*scripts)
        self.broken: list[str] = []  # why handshakes failed
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if highest:
            self._context.maximum_version = highest
        if alpn:
            self._context.set_alpn_protocols(alpn)
        self.names: list[Optional[str]] = []  # SNI
        self._context.sni_callback = lambda _, name, __: self.names.append(name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "both.pem"
            path.write_text(TEST_KEY + TEST_CERTIFICATE)
            self._context.load_cert_chain(path)

    def wrap(self, connection: socket.socket) -> socket.socket:
        connection.settimeout(20)
        try:
            return self._context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
        except (ssl.SSLError, OSError) as error:
            self.broken.append(str(error))
            connection.close()
            return Closed()  # type: ignore[return-value]


class Closed:
    """A connection that never was one."""

    def settimeout(self, _: float) -> None:
        pass

    def recv(self, _: int) -> bytes:
        return b""

    def shutdown(self, _: int) -> None:
        pass

    def close(self) -> None:
        pass


def as_user(url: str, user: str = "ann") -> str:
    return url.replace("://", f"://{user}@")


def hears_nothing(peer: Peer) -> None:
    """Not a byte may come; that the client hangs up is no error."""
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        name, _, _ = peer.next()
        assert name == "nothing", name
    assert not peer.began, peer.began


def transcript_of(peer: Peer) -> bytes:
    """Both HELLOs from the bytes that crossed the wire, by hand: preface, then header and payload."""
    length = int.from_bytes(peer.began[8:12], "big")
    return hashlib.sha256(peer.began[8 : 8 + 10 + length] + peer.hello_frame).digest()


def ask_for_proof(peer: Peer, iterations: int = 4096, begins: str = "{nonce}of-the-server") -> bytes:
    """HELLO and the first step of a login; gives the messages so far, as the proof is about them."""
    peer.hello(mechanisms=["SCRAM-SHA-256-PLUS", "ANONYMOUS", "SCRAM-SHA-256"])
    auth = peer.until("AUTH")
    assert auth["mechanism"] == "SCRAM-SHA-256", auth
    match = re.fullmatch(rb"n,,(n=ann,r=(.+))", auth["data"])
    assert match, auth
    nonce = begins.format(nonce=match[2].decode())
    server_first = f"r={nonce},s={SALT},i={iterations}".encode()
    peer.send("AUTH", 0, step="continue", data=server_first)
    return match[1] + b"," + server_first


def log_in(peer: Peer, passcode: bytes = b"pencil", **changes: Any) -> None:
    """A server that checks everything (RFC 5802, section 3), with a salted password of its own making."""
    auth_message = ask_for_proof(peer)
    auth = peer.until("AUTH")
    assert "mechanism" not in auth, auth
    final, proof = auth["data"].rsplit(b",p=", 1)
    attributes = dict(part.split(b"=", 1) for part in final.split(b","))
    assert list(attributes) == [b"c", b"r", b"t"], final
    assert attributes[b"c"] == b"biws" and base64.b64decode(attributes[b"t"]) == transcript_of(peer), final

    def sign(key: bytes, data: bytes) -> bytes:
        return hmac.new(key, data, "sha256").digest()

    salted = hashlib.pbkdf2_hmac("sha256", passcode, base64.b64decode(SALT), 4096)
    auth_message += b"," + final
    client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), sign(hashlib.sha256(sign(salted, b"Client Key")).digest(), auth_message)))
    if client_key != sign(salted, b"Client Key"):
        peer.send("GOAWAY", 0, code=0x0A, lastStream=0)
        return
    signature = base64.b64encode(sign(sign(salted, b"Server Key"), auth_message))
    peer.send("AUTH", 0, **{"step": "success", "principal": "ann", "data": b"v=" + signature, **changes})


class Secure(Folder):
    def setUp(self) -> None:
        super().setUp()
        environment = mock.patch.dict(os.environ, {"FILEX_PASSCODE": "pencil"})
        environment.start()
        self.addCleanup(environment.stop)
        os.environ.pop("SSL_CERT_FILE", None)

    def trust(self) -> None:
        """Makes the certificate that of an authority, as an administrator would."""
        (self.folder / "authority.pem").write_text(TEST_CERTIFICATE)
        os.environ["SSL_CERT_FILE"] = str(self.folder / "authority.pem")

    def test_a_user_puts_and_gets(self) -> None:
        content = noise(3 * filex.BLOCK + 5)

        def take(peer: Peer) -> None:
            log_in(peer)
            peer.until("OPEN")
            data, end = take_file(peer, 1)
            self.assertEqual((data == content, end["digest"]), (True, tree(content)))
            peer.send("RESULT", 1, status=0, effect="applied", outcome="created")
            self.assertEqual(peer.until("GOAWAY")["code"], 0)
            self.assertEqual(peer.next()[0], "nothing")  # and the end is one of TLS: it would raise otherwise

        def give(peer: Peer) -> None:
            log_in(peer)
            peer.until("OPEN")
            peer.send("ACCEPT", 1, offset=0, epoch=0, size=len(content), mtime=0)
            sent, limit = 0, 1_048_576
            while sent < len(content):
                while sent == limit:
                    name, stream, message = peer.next()
                    limit = message["limit"] if (name, stream) == ("CREDIT", 1) else limit
                piece = content[sent : min(limit, sent + 100_000)]
                peer.data(1, piece)
                sent += len(piece)
            peer.send("END", 1, length=sent, digest=tree(content))
            peer.send("RESULT", 1, **DONE)
            peer.until("GOAWAY")

        server = SecureServer(take, give)
        with server as url:
            code, _, err = run("put", self.file("f", content), as_user(url))
            self.assertEqual(code, 0, err)
            code, _, err = run("get", as_user(url).replace("?", "f?"), str(self.folder / "back"))
            self.assertEqual(code, 0, err)
        self.assertEqual((self.folder / "back").read_bytes() == content, True)
        self.assertEqual((server.broken, server.names), ([], [None, None]))  # an address is no name

    def test_nobody_in_particular(self) -> None:
        def script(peer: Peer) -> None:
            peer.greet()
            peer.until("OPEN")
            peer.send("RESULT", 1, status=0, effect="none")
            peer.until("GOAWAY")

        with SecureServer(script) as url:
            self.assertEqual(run("ls", url)[0], 0)

    def login_of(self, script: Callable[[Peer], None]) -> tuple[Optional[str], list[str], int]:
        """The GOAWAY that a server gets after `script`, the frames before it, and the exit code."""
        heard: list[Any] = []

        def with_answer(peer: Peer) -> None:
            script(peer)
            while not heard or heard[-1][0] not in ("GOAWAY", "nothing"):
                heard.append(peer.next())

        with SecureServer(with_answer) as url:
            code, _, err = run("ls", as_user(url))
        self.assertNotIn("pencil", err)
        name, _, message = heard.pop()
        return filex.code_name(message["code"]) if name == "GOAWAY" else None, [each for each, _, _ in heard], code

    def test_a_server_that_does_not_know_the_user_hears_nothing_more(self) -> None:
        wrong = b"v=" + base64.b64encode(bytes(32))
        cases: dict[str, Callable[[Peer], None]] = {
            "wrong signature": lambda p: log_in(p, data=wrong),
            "no signature": lambda p: log_in(p, data=None),
            "empty signature": lambda p: log_in(p, data=b""),
            "an error": lambda p: log_in(p, data=b"e=other-error"),
            "another step": lambda p: log_in(p, step="continue"),
            "success at once": lambda p: (p.hello(mechanisms=["SCRAM-SHA-256"]), p.until("AUTH"), p.send("AUTH", 0, step="success", data=wrong)),
            "nothing to begin with": lambda p: (p.hello(mechanisms=["SCRAM-SHA-256"]), p.until("AUTH"), p.send("AUTH", 0, step="continue")),
            "too few iterations": lambda p: ask_for_proof(p, 4095),
            "too many iterations": lambda p: ask_for_proof(p, 2**40),
            "a nonce that does not go on": lambda p: ask_for_proof(p, begins="x{nonce}"),
            "a nonce with nothing of the server": lambda p: ask_for_proof(p, begins="{nonce}"),
            # Nothing weaker than what was asked for, nor what this client cannot do.
            "ANONYMOUS only": lambda p: p.hello(mechanisms=["ANONYMOUS", "PLAIN", "scram-sha-256"]),
            "PLUS only": lambda p: p.hello(mechanisms=["SCRAM-SHA-256-PLUS"]),
            "no mechanism": lambda p: p.hello(mechanisms=None),
        }
        for name, script in cases.items():
            with self.subTest(name):
                self.assertEqual(self.login_of(script), ("AUTH_FAILED", [], filex.EXIT_ACCESS))

    def test_a_wrong_passcode(self) -> None:
        self.assertEqual(self.login_of(lambda peer: log_in(peer, b"pen")), (None, [], filex.EXIT_ACCESS))

    def test_hellos_that_were_changed_on_the_way_are_found(self) -> None:
        def script(peer: Peer) -> None:
            peer.until("HELLO")
            # What the server sent had more mechanisms, one of which this client might have preferred.
            sent = {**SERVER_HELLO, "mechanisms": ["BETTER", "SCRAM-SHA-256"]}
            server_sent = filex.encode_frame("HELLO", 0, filex.encode_message("HELLO", sent))
            peer.raw(filex.PREFACE + filex.encode_frame("HELLO", 0, filex.encode_message("HELLO", {**sent, "mechanisms": ["SCRAM-SHA-256"]})))
            nonce = peer.until("AUTH")["data"].split(b"r=")[1].decode()
            peer.send("AUTH", 0, step="continue", data=f"r={nonce}x,s={SALT},i=4096".encode())
            final = peer.until("AUTH")["data"]
            peer.hello_frame = server_sent
            self.assertNotIn(base64.b64encode(transcript_of(peer)), final)
            peer.send("GOAWAY", 0, code=0x0A, lastStream=0)

        self.assertEqual(self.login_of(script), (None, [], filex.EXIT_ACCESS))

    # ---- who the server is

    def ls(self, server: ScriptedServer, change: Callable[[str], str] = lambda url: url) -> tuple[int, str]:
        with server as url:
            code, _, err = run("ls", change(url), "--timeout", "5")
        return code, err

    def test_another_key(self) -> None:
        code, err = self.ls(SecureServer(hears_nothing), lambda url: url.replace(TEST_FINGERPRINT, FINGERPRINT))
        self.assertEqual((code, "IDENTITY_CHANGED" in err, TEST_FINGERPRINT in err), (filex.EXIT_IDENTITY, True, True), err)

    def test_another_key_with_a_certificate_that_an_authority_vouches_for(self) -> None:
        self.trust()
        self.assertEqual(self.ls(SecureServer(hears_nothing), lambda url: url.replace(TEST_FINGERPRINT, FINGERPRINT))[0], filex.EXIT_IDENTITY)

    def test_nobody_vouches_for_the_certificate(self) -> None:
        server = SecureServer(hears_nothing)
        code, err = self.ls(server, lambda url: url.partition("?")[0])
        self.assertEqual((code, "IDENTITY_UNKNOWN" in err), (filex.EXIT_IDENTITY, True), err)
        self.assertIn("UNKNOWN_CA", server.broken[0].upper().replace(" ", "_"))

    def test_an_authority_vouches_for_the_certificate(self) -> None:
        self.trust()

        def script(peer: Peer) -> None:
            log_in(peer)
            peer.until("OPEN")
            peer.send("RESULT", 1, status=0, effect="none")
            peer.until("GOAWAY")

        for host in ("127.0.0.1", "localhost"):
            server = SecureServer(script)
            code, err = self.ls(server, lambda url: as_user(url.partition("?")[0]).replace("127.0.0.1", host))  # noqa: B023
            self.assertEqual((code, server.names), (0, [None if host[0] == "1" else host]), err)

    def test_an_authority_vouches_for_another_name(self) -> None:
        self.trust()
        hosts = ["example.org", "127.0.0.2", "::1"]
        with SecureServer(*[hears_nothing] * len(hosts)) as url:
            address = filex.parse_address(url)
            for host in hosts:
                with socket.create_connection((address.host, address.port)) as connected:
                    with self.subTest(host), self.assertRaises(filex.ConnectionEnded) as caught:
                        filex.TlsWire(connected, host, None).shake_hands(time.monotonic() + 5)
                    self.assertEqual(caught.exception.code, "IDENTITY_UNKNOWN")

    def test_a_zone_is_not_told(self) -> None:
        server = SecureServer(hears_nothing)
        with server as url:
            address = filex.parse_address(url)
            with socket.create_connection((address.host, address.port)) as connected:
                filex.TlsWire(connected, "fe80::1%eth0", TEST_FINGERPRINT).shake_hands(time.monotonic() + 5)
        self.assertEqual(server.names, [None])

    # ---- nothing but TLS 1.3, with FileX in it

    def test_older_tls(self) -> None:
        server = SecureServer(hears_nothing, highest=ssl.TLSVersion.TLSv1_2)
        code, err = self.ls(server)
        self.assertEqual((code, "WRONG_PROTOCOL" in err, len(server.broken)), (filex.EXIT_CONNECTION, True, 1), err)

    def test_other_protocols(self) -> None:
        for alpn in [(), ("http/1.1",), ("filex/2",)]:
            code, err = self.ls(SecureServer(hears_nothing, alpn=alpn))
            self.assertEqual((code, "WRONG_PROTOCOL" in err), (filex.EXIT_CONNECTION, True), err)

    def test_a_server_without_tls_hears_no_plaintext(self) -> None:
        goaway = filex.PREFACE + filex.encode_frame("GOAWAY", 0, filex.encode_message("GOAWAY", {"code": 0x0E, "lastStream": 0}))
        answers = [(b"", "CONNECTION_LOST"), (goaway, "WRONG_PROTOCOL"), (bytes.fromhex("15030300020246"), "WRONG_PROTOCOL"), (b"HTTP/1.1 400\r\n\r\n", "WRONG_PROTOCOL")]
        for answer, expected in answers:
            heard: list[bytes] = []

            def script(peer: Peer, answer: bytes = answer, heard: list[bytes] = heard) -> None:
                heard.append(peer._receive())
                if answer:
                    peer.raw(answer)
                    with contextlib.suppress(ConnectionError):
                        heard.extend(iter(peer._receive, b""))

            code, err = self.ls(ScriptedServer(script), lambda url: as_user(url).replace("filex+tcp", "filex") + f"?fp={TEST_FINGERPRINT}")
            self.assertEqual((code, expected in err), (filex.EXIT_CONNECTION, True), err)
            records = b"".join(heard)
            while records:  # nothing but whole records of TLS, of a handshake or an alert
                self.assertIn(records[0], (0x15, 0x16))
                records = records[5 + int.from_bytes(records[3:5], "big") :]
            self.assertNotIn(b"FILEX", b"".join(heard))

    def test_a_server_that_says_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            code, _, err = run("ls", f"filex://127.0.0.1:{listener.getsockname()[1]}/", "--timeout", "0.2")
        self.assertEqual((code, "TIMEOUT" in err), (filex.EXIT_CONNECTION, True), err)

    def test_bytes_that_were_changed_on_the_way(self) -> None:
        def script(peer: Peer) -> None:
            log_in(peer)
            peer.until("OPEN")
            socket.socket.send(peer._connection, bytes.fromhex("1703030013") + bytes(19))  # around TLS, onto the wire
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                peer.until("nothing")

        code, err = self.ls(SecureServer(script), as_user)
        self.assertEqual((code, "CONNECTION_LOST" in err), (filex.EXIT_CONNECTION, True), err)


# --------------------------------------------------------------------------------------------------------------
# Resuming
# --------------------------------------------------------------------------------------------------------------


def take_file(peer: Peer, stream: int, until: Optional[int] = None) -> tuple[bytes, Any]:
    """DATA with credit for it, up to END or `until` bytes."""
    data = b""
    while until is None or len(data) < until:
        name, _, message = peer.next()
        if name != "DATA":
            return data, message
        data += message
        peer.send("CREDIT", 0, limit=len(data) + 262_144)
        peer.send("CREDIT", stream, limit=len(data) + 262_144)
    return data, None


class Resuming(Folder):
    def test_an_upload_goes_on_after_a_cut(self) -> None:
        content = noise(2 * filex.BLOCK + 1000)
        seen: dict[str, Any] = {}

        def first(peer: Peer) -> None:
            peer.greet()
            seen["open"] = peer.until("OPEN")
            peer.send("ACCEPT", 1, offset=0, epoch=1)
            take_file(peer, 1, filex.BLOCK + 5)

        def second(peer: Peer) -> None:
            peer.greet()
            seen["again"] = peer.until("OPEN")
            peer.send("ACCEPT", 1, offset=filex.BLOCK, epoch=2, prefix=tree(content[: filex.BLOCK]))
            seen["rest"], seen["end"] = take_file(peer, 1)
            peer.send("RESULT", 1, status=0, effect="applied", outcome="created")
            peer.until("GOAWAY")

        with ScriptedServer(first, second) as url:
            code, _, err = run("put", self.file("f", content), url, "--retries", "1", "--retry-delay", "0")
        self.assertEqual(code, 0, err)
        self.assertNotIn("offset", seen["open"])
        self.assertEqual(seen["open"]["algorithm"], "sha256")  # what is negotiated may differ next time
        self.assertEqual(seen["again"], {**seen["open"], "offset": len(content)})
        self.assertEqual(seen["rest"], content[filex.BLOCK :])
        self.assertEqual(seen["end"], {"length": len(content), "digest": tree(content)})
        self.assertIn(f"resumed at {filex.BLOCK}", err)

    def again(self, content: bytes, script: Callable[[Peer], None]) -> tuple[int, str]:
        """A cut at once, and `script` for the retry, from its OPEN on."""

        def first(peer: Peer) -> None:
            peer.greet()
            peer.until("OPEN")
            peer.send("ACCEPT", 1, offset=0, epoch=7)
            peer.until("END")

        with ScriptedServer(first, opened(script)) as url:
            code, _, err = run("put", self.file("f", content), url + "g", "--retries", "1", "--retry-delay", "0")
        return code, err

    def test_a_tombstone_needs_no_data(self) -> None:
        def script(peer: Peer) -> None:
            peer.send("ACCEPT", 1, offset=5, epoch=8, prefix=tree(b"hello"))
            name, _, end = peer.next()
            self.assertEqual((name, end), ("END", {"length": 5, "digest": tree(b"hello")}))
            peer.send("RESULT", 1, status=0, effect="applied", outcome="created")
            peer.until("GOAWAY")

        self.assertEqual(self.again(b"hello", script)[0], 0)

    def test_another_prefix_ends_the_upload(self) -> None:
        def script(peer: Peer) -> None:
            peer.send("ACCEPT", 1, offset=5, epoch=8, prefix=tree(b"hullo"))
            self.assertEqual(peer.until("RESET")["code"], 0x2F)
            peer.send("RESULT", 1, status=0x20, effect="none")
            peer.until("GOAWAY")

        self.assertEqual(self.again(b"hello", script)[0], filex.EXIT_INTEGRITY)

    def test_an_epoch_that_is_not_higher_is_not_followed(self) -> None:
        for epoch in (7, 6, 0):

            def script(peer: Peer, epoch: int = epoch) -> None:
                peer.send("ACCEPT", 1, offset=5, epoch=epoch, prefix=tree(b"hello"))
                self.assertEqual(peer.until("RESET", "END").get("code"), 0x34)
                peer.send("RESULT", 1, status=0x34, effect="unknown")
                peer.until("GOAWAY")

            with self.subTest(epoch):
                self.assertEqual(self.again(b"hello", script)[0], filex.EXIT_OTHER)

    def test_a_server_that_has_forgotten_begins_again(self) -> None:
        for epoch in (7, 1, 0):

            def script(peer: Peer, epoch: int = epoch) -> None:
                peer.send("ACCEPT", 1, offset=0, epoch=epoch)
                self.assertEqual(take_file(peer, 1), (b"hello", {"length": 5, "digest": tree(b"hello")}))
                peer.send("RESULT", 1, status=0, effect="applied", outcome="created")
                peer.until("GOAWAY")

            with self.subTest(epoch):
                self.assertEqual(self.again(b"hello", script)[0], 0)

    def test_a_doubt_stays(self) -> None:
        """END of the first attempt may have been committed, whatever happens to the second."""
        code, err = self.again(b"hello", lambda peer: None)
        self.assertEqual(code, filex.EXIT_CONNECTION)
        self.assertIn("(effect unknown)", err.splitlines()[-1])

    def test_places_that_cannot_be(self) -> None:
        for name, accept in {
            "beyond": {"offset": 6, "prefix": tree(b"hello")},
            "between": {"offset": 3, "prefix": tree(b"hel")},
            "without prefix": {"offset": 5},
            "prefix of nothing": {"offset": 0, "prefix": tree(b"")},
        }.items():

            def script(peer: Peer, accept: Any = accept) -> None:
                peer.send("ACCEPT", 1, epoch=8, **accept)
                self.assertEqual(peer.until("GOAWAY")["code"], 6)

            with self.subTest(name):
                self.assertEqual(self.again(b"hello", script)[0], filex.EXIT_CONNECTION)

    def test_a_download_goes_on_after_a_cut(self) -> None:
        content = noise(300_000)
        accept = {**GOOD_ACCEPT, "size": len(content)}

        def first(peer: Peer) -> None:
            peer.send("ACCEPT", 1, **accept)
            peer.data(1, content[:100_000])
            peer.send("PING", 0, token=1)
            peer.until("PONG")

        def second(peer: Peer) -> None:
            peer.greet()
            request = peer.until("OPEN")
            self.assertEqual((request["offset"], request["prefix"]), (100_000, tree(content[:100_000])))
            peer.send("ACCEPT", 1, **{**accept, "offset": 100_000})
            peer.data(1, content[100_000:])
            peer.send("END", 1, length=len(content), digest=tree(content))
            peer.send("RESULT", 1, **DONE)
            peer.until("GOAWAY")

        target = self.folder / "x"
        with ScriptedServer(opened(first)) as url:
            self.assertEqual(run("get", url + "x", str(target))[0], filex.EXIT_CONNECTION)
        self.assertFalse(target.exists())
        with ScriptedServer(second) as url:
            self.assertEqual(run("get", url + "x", str(target))[0], 0)
        self.assertEqual(target.read_bytes(), content)
        self.assertEqual(os.listdir(self.folder), ["x"])

    def test_a_download_that_changed_starts_again(self) -> None:
        self.file("x.filex-part", b"old bytes that are longer")

        def script(peer: Peer) -> None:
            peer.data(1, b"abc")
            peer.send("END", 1, length=3, digest=tree(b"abc"))
            peer.send("RESULT", 1, **DONE)
            peer.until("GOAWAY")

        with ScriptedServer(accepted(script)) as url:
            self.assertEqual(run("get", url + "x", str(self.folder / "x"))[0], 0)
        self.assertEqual((self.folder / "x").read_bytes(), b"abc")

    def test_a_target_that_appears_meanwhile_is_kept(self) -> None:
        def script(peer: Peer) -> None:
            self.file("x", b"mine")
            peer.send("RESULT", 1, **DONE)
            peer.until("GOAWAY")

        with ScriptedServer(whole(script)) as url:
            self.assertEqual(run("get", url + "x", str(self.folder / "x"))[0], filex.EXIT_CONFLICT)
        self.assertEqual((self.folder / "x").read_bytes(), b"mine")


class SlowReaders(unittest.TestCase):
    def test_pings_are_answered_while_nobody_reads_the_listing(self) -> None:
        reading = threading.Event()
        shown: list[str] = []

        def show(entry: dict[str, Any]) -> None:
            self.assertTrue(reading.wait(20))
            shown.append(entry["path"])

        def script(peer: Peer) -> None:
            page = {"kind": "file", "size": 0, "mtime": 0}
            for name in ("a", "b"):
                peer.send("ENTRY", 1, entries=[{**page, "path": name}])
            peer.send("PING", 0, token=1)
            peer.until("PONG")
            peer.send("RESULT", 1, status=0, effect="none")
            peer.send("PING", 0, token=2)
            self.assertEqual(peer.until("PONG"), {"token": 2})
            reading.set()
            self.assertEqual(peer.until("GOAWAY")["code"], 0)

        with ScriptedServer(opened(script)) as url, filex.Client(filex.parse_address(url)) as client:
            with contextlib.closing(filex.SlowListing(client.connection, "", False, show)) as listing:
                client.run(listing)
        self.assertEqual(shown, ["a", "b"])


class Refusals(Folder):
    def test_a_source_that_changes_is_not_committed(self) -> None:
        def script(peer: Peer) -> None:
            peer.greet(streamWindow=8192)
            peer.until("OPEN")
            self.file("f", noise(10_000, seed=2))  # as long as before, but another time and content
            os.utime(self.folder / "f", ns=(0, 0))
            peer.send("CREDIT", 1, limit=20_000)
            self.assertEqual(peer.until("RESET", "END")["code"], 0x2F)
            peer.send("RESULT", 1, status=0x20, effect="none")
            peer.until("GOAWAY")

        with ScriptedServer(script) as url:
            self.assertEqual(run("put", self.file("f", noise(10_000)), url)[0], filex.EXIT_INTEGRITY)

    def test_a_server_that_never_answers_a_reset(self) -> None:
        def script(peer: Peer) -> None:
            peer.send("END", 1, length=0, digest=bytes(32))
            self.assertEqual(peer.until("RESET")["code"], 0x2D)
            self.assertEqual(peer.until("GOAWAY")["code"], 0x0B)

        with ScriptedServer(accepted(script, size=0)) as url, mock.patch.object(filex, "RESET_PATIENCE", 0.01):
            code = run("get", url + "x", str(self.folder / "x"))[0]
        self.assertEqual(code, filex.EXIT_INTEGRITY)

    @unittest.skipIf(filex.fcntl is None, "no locks on this system")
    def test_two_downloads_into_one_file(self) -> None:
        part = filex.PartFile(str(self.folder / "x"))
        self.addCleanup(part.close)
        with self.assertRaises(filex.OperationFailed):
            filex.PartFile(str(self.folder / "x"))

    @unittest.skipIf(os.name == "nt", "symlinks need rights there")
    def test_a_part_is_not_written_through_a_symlink(self) -> None:
        self.file("precious", b"mine")
        (self.folder / "x.filex-part").symlink_to(self.folder / "precious")
        with ScriptedServer() as url:
            self.assertEqual(run("get", url + "x", str(self.folder / "x"))[0], filex.EXIT_OTHER)
        self.assertEqual((self.folder / "precious").read_bytes(), b"mine")

    def test_a_refused_upload_sends_reset_at_once(self) -> None:
        def script(peer: Peer) -> None:
            peer.send("RESULT", 1, status=0x2B, effect="none")
            self.assertEqual(peer.until("RESET")["code"], 0x20)
            self.assertEqual(peer.until("GOAWAY")["code"], 0)

        with ScriptedServer(opened(script)) as url:
            code, _, err = run("put", self.file("f", noise(filex.BLOCK)), url)
        self.assertEqual(code, filex.EXIT_OTHER)
        self.assertIn("NO_SPACE", err)


# --------------------------------------------------------------------------------------------------------------
# Vectors and a real server
# --------------------------------------------------------------------------------------------------------------


class Vectors(unittest.TestCase):
    @unittest.skipUnless(list(VECTORS.glob("*.json")), "there are no vectors")
    def test_all(self) -> None:
        code, out, err = run("vectors", str(VECTORS))
        self.assertEqual(code, 0, out + err)


@unittest.skipUnless(os.environ.get("FILEX_URL") and os.environ.get("FILEX_ROOT"), "FILEX_URL and FILEX_ROOT name no server")
class RealServer(Folder):
    def setUp(self) -> None:
        super().setUp()
        root = tempfile.TemporaryDirectory(dir=os.environ["FILEX_ROOT"])
        self.addCleanup(root.cleanup)
        self.root = Path(root.name)
        place, question, fingerprint = os.environ["FILEX_URL"].partition("?")
        self._place, self._query = f"{place.rstrip('/')}/{self.root.name}/", question + fingerprint

    def url(self, name: str = "") -> str:
        return f"{self._place}{name.replace(' ', '%20')}{self._query}"

    def test_round_trip(self) -> None:
        for name, size in {"empty": 0, "small": 5, "block": filex.BLOCK, "more than the window": 3 * filex.BLOCK + 1}.items():
            with self.subTest(name):
                content = noise(size)
                code, _, err = run("put", self.file(name, content), self.url())
                self.assertEqual((code, (self.root / name).read_bytes() == content), (0, True), err)
                target = self.folder / f"{name} again"
                self.assertEqual(run("get", self.url(name), str(target))[0], 0)
                self.assertEqual(target.read_bytes() == content, True)
                self.assertEqual(run("get", self.url(name), str(target))[0], filex.EXIT_CONFLICT)

    def test_listing(self) -> None:
        (self.root / "d").mkdir()
        for number in range(2000):
            (self.root / "d" / f"file-{number:04}-{'x' * 150}").touch()
        code, out, err = run("ls", self.url(), "-r")
        self.assertEqual((code, len(out.splitlines())), (0, 2001), err)
        self.assertEqual(len(run("ls", self.url())[1].splitlines()), 1)
        self.assertEqual(run("ls", self.url("nothing"))[0], filex.EXIT_MISSING)

    def test_policies(self) -> None:
        (self.root / "f").write_bytes(b"old")
        source = self.file("f", b"new")
        self.assertEqual(run("put", source, self.url())[0], filex.EXIT_CONFLICT)
        self.assertEqual(run("put", source, self.url(), "--if-exists", "skip")[0], 0)
        self.assertEqual((self.root / "f").read_bytes(), b"old")
        self.assertEqual(run("put", source, self.url(), "--if-exists", "rename")[0], 0)
        self.assertEqual(run("put", source, self.url(), "--if-exists", "overwrite")[0], 0)
        self.assertEqual((self.root / "f").read_bytes(), b"new")
        self.assertEqual(len(list(self.root.iterdir())), 2)

    def test_a_download_resumes(self) -> None:
        content = noise(2 * filex.BLOCK)
        (self.root / "f").write_bytes(content)
        self.file("f.filex-part", content[: filex.BLOCK + 9])
        code, _, err = run("get", self.url("f"), str(self.folder / "f"))
        self.assertEqual(code, 0, err)
        self.assertEqual((self.folder / "f").read_bytes() == content, True)


if __name__ == "__main__":
    unittest.main()
