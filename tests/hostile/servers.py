"""Servers that answer as no server should, one behaviour a port, on raw asyncio sockets.

Runs as a program of its own, so that the memory which a bomb takes here is not counted against the client; it may be
given a certificate with its key. It prints `{"behaviour": port}` in one line and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import itertools
import json
import socket
import ssl
import struct
import sys
import zlib

BEHAVIOURS = {}
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
ZEROS = bytes(1 << 20)
SECURE = (
    "good",
    "drops_when_kept_alive",
    "stall_in_body",
    "interim_flood",
    "half_closed_in_headers",
    "length_too_short",
)
"""Behaviours that also stand behind TLS, as tls_NAME."""


def behaviour(serve):
    """Registers how a connection is served."""
    BEHAVIOURS[serve.__name__] = serve
    return serve


async def request(reader):
    """The path of the next request; its body, if any, is left unread."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b" ", 2)[1].decode()


def whole(body, head=JSON):
    """An honest answer with this body."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answers(name, body, head=JSON):
    """Registers a behaviour that sends one whole answer to every request."""

    async def serve(reader, writer):
        while True:
            await request(reader)
            content = body() if callable(body) else body
            writer.write(whole(content, head))
            await writer.drain()

    serve.__name__ = name
    behaviour(serve)


async def flood(writer, data, pause=0.0):
    """Sends the same for ever."""
    while True:
        writer.write(data)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)


async def silence():
    """Waits until the client goes."""
    await asyncio.sleep(60)


@functools.cache
def bomb(window_bits, megabytes=100):
    """So many megabytes of zeros, compressed."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return b"".join(squeezer.compress(ZEROS) for _ in range(megabytes)) + squeezer.flush()


answers("good", b'{"id": 1}')
answers("gzip_bomb", lambda: bomb(31), JSON + b"Content-Encoding: gzip\r\n")
answers("deflate_bomb", lambda: bomb(15), JSON + b"Content-Encoding: deflate\r\n")
answers("raw_deflate_bomb", lambda: bomb(-15), JSON + b"Content-Encoding: deflate\r\n")
answers("bomb_in_a_bomb", lambda: gzip.compress(bomb(31)), JSON + b"Content-Encoding: gzip, gzip\r\n")
answers("nine_encodings", b"x", JSON + b"Content-Encoding: " + b", ".join([b"gzip"] * 9) + b"\r\n")
answers("brotli_unasked", b"\x8b\x02\x80{}\x03", JSON + b"Content-Encoding: br\r\n")
answers("half_a_gzip", gzip.compress(b'{"id": 1}')[:-6], JSON + b"Content-Encoding: gzip\r\n")
answers("no_gzip_at_all", b'{"id": 1}', JSON + b"Content-Encoding: gzip\r\n")
answers("gzip", gzip.compress(b'{"id": 1}'), JSON + b"Content-Encoding: gzip\r\n")
answers("gzip_in_deflate", zlib.compress(gzip.compress(b'{"id": 1}')), JSON + b"Content-Encoding: gzip, deflate\r\n")
answers("raw_deflate", zlib.compress(b'{"id": 1}')[2:-4], JSON + b"Content-Encoding: deflate\r\n")
answers("early_hints", b'{"id": 1}', b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + JSON)
answers("byte_order_mark", b'\xef\xbb\xbf{"id": 1}')
answers("line_end_after_body", b'{"id": 1}' + b"\r\n", JSON + b"Content-Length: 9\r\nX-Real-")
answers("html_for_json", b"<!doctype html><h1>Welcome</h1>")
answers("html", b"<!doctype html><h1>Welcome</h1>", OK + b"Content-Type: text/html\r\n")
answers("deep_json", b'{"id":' * 150_000 + b"1" + b"}" * 150_000, JSON + b"Content-Encoding: identity\r\n")
answers("rather_deep_json", b'{"id":' * 150 + b"1" + b"}" * 150)
answers("nan", b'{"id": NaN}')
answers("infinity", b'{"id": -Infinity}')
answers("too_large", b'{"id": 1e999}')
answers("twice", b'{"id": 1, "id": 2}')
answers("ten_million_digits", lambda: b'{"id": ' + b"9" * 7_900_000 + b"}")
answers("many_values", lambda: b'{"id": [' + b"{}," * 2_500_000 + b"{}]}")
answers("half_a_character", b'{"id": "\\ud800"}')
answers("broken_utf8", b'{"id": "\xff\xfe"}')
answers("wide_text", lambda: b'{"id": "' + b"a" * 7_900_000 + "\N{BUG}".encode() + b'"}')
answers("half_a_json", b'{"id": "abc')
answers("decoder_for_charset", zlib.compress(ZEROS * 60), OK + b"Content-Type: application/json; charset=zip\r\n")
answers("terminal_codes", b"\x1b[2J\x1b]0;owned\x07 oops", OK + b"Content-Type: text/plain\r\n")
answers("redirect_to_itself", b"", b"HTTP/1.1 302 Found\r\nLocation: /x\r\n")
answers("redirect_to_no_url", b"", b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\n")
answers("many_headers", b'{"id": 1}', JSON + b"".join(b"X-%d: y\r\n" % number for number in range(1_000)))
answers("two_lengths", b'{"id": 1}', JSON + b"Content-Length: 5\r\n")
answers("a_huge_length", b"", OK + b"Content-Length: 10000000000\r\nX-Real-")


@behaviour
async def redirects_without_end(reader, writer):
    for number in itertools.count():
        await request(reader)
        writer.write(whole(b"", b"HTTP/1.1 302 Found\r\nLocation: /way/%d\r\n" % number))


@behaviour
async def endless_body(reader, writer):
    await request(reader)
    writer.write(JSON + b"\r\n")
    await flood(writer, ZEROS)


@behaviour
async def one_byte_chunks(reader, writer):
    await request(reader)
    writer.write(CHUNKED)
    await flood(writer, b"1\r\na\r\n" * 1_000)


@behaviour
async def empty_deflate_blocks(reader, writer):
    """Grows as sent, and never as inflated."""
    await request(reader)
    writer.write(JSON + b"Content-Encoding: deflate\r\n\r\n\x78\x9c")
    await flood(writer, b"\x00\x00\x00\xff\xff" * 10_000)


@behaviour
async def slow_drip(reader, writer):
    await request(reader)
    writer.write(CHUNKED)
    await flood(writer, b"1\r\na\r\n", 0.02)


@behaviour
async def stall(reader, writer):
    await request(reader)
    await silence()


@behaviour
async def stall_in_body(reader, writer):
    await request(reader)
    writer.write(JSON + b'Content-Length: 500\r\n\r\n{"id"')
    await silence()


@behaviour
async def slow_headers(reader, writer):
    await request(reader)
    writer.write(OK)
    await flood(writer, b"X-Drip: y\r\n", 0.02)


@behaviour
async def slow_interim(reader, writer):
    await request(reader)
    await flood(writer, b"HTTP/1.1 102 Processing\r\n\r\n", 0.02)


@behaviour
async def endless_headers(reader, writer):
    await request(reader)
    writer.write(OK)
    await flood(writer, b"X-Flood: y\r\n" * 100)


@behaviour
async def one_endless_header(reader, writer):
    await request(reader)
    writer.write(OK + b"X-Flood: ")
    await flood(writer, b"y" * 1_000)


@behaviour
async def interim_flood(reader, writer):
    await request(reader)
    await flood(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@behaviour
async def closes_at_once(reader, writer):
    """Not a byte is read or sent."""


@behaviour
async def closes_after_the_request(reader, writer):
    await request(reader)


@behaviour
async def reset_in_body(reader, writer):
    await request(reader)
    writer.write(JSON + b'Content-Length: 500\r\n\r\n{"id"')
    await writer.drain()
    await asyncio.sleep(0.05)  # or the reset overtakes the bytes
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@behaviour
async def half_closed_in_headers(reader, writer):
    await request(reader)
    writer.write(OK + b"Content-Ty")
    writer.write_eof()
    await silence()


@behaviour
async def half_closed_in_body(reader, writer):
    await request(reader)
    writer.write(JSON + b'Content-Length: 500\r\n\r\n{"id"')
    writer.write_eof()
    await silence()


@behaviour
async def length_too_short(reader, writer):
    await request(reader)
    writer.write(JSON + b'Content-Length: 5\r\n\r\n{"id": 1, "more": "than it says"}')
    await silence()


@behaviour
async def a_body_for_nobody(reader, writer):
    await request(reader)
    writer.write(b'HTTP/1.1 204 No Content\r\n\r\n{"id": 1}')
    await silence()


@behaviour
async def invalid_chunks(reader, writer):
    await request(reader)
    writer.write(CHUNKED + b'9\r\n{"id": 1}\r\nzz\r\n')
    await silence()


@behaviour
async def garbage(reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await silence()


@behaviour
async def tls_alert(reader, writer):
    """What a TLS server says to plain HTTP."""
    await request(reader)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x46")
    await silence()


@behaviour
async def plain_to_tls(reader, writer):
    """What a plain server says to a TLS handshake."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await silence()


@behaviour
async def stall_in_handshake(reader, writer):
    await silence()


@behaviour
async def before_the_request(reader, writer):
    writer.write(whole(b'{"id": 1}'))
    await silence()


@behaviour
async def two_answers_to_one(reader, writer):
    await request(reader)
    one = CHUNKED + b'9\r\n{"id": 1}\r\n0\r\n\r\n'
    writer.write(one + one)
    await silence()


@behaviour
async def drops_when_kept_alive(reader, writer):
    """Answers the first request of a connection, and drops it at the second."""
    await request(reader)
    writer.write(whole(b'{"id": 1}'))
    await request(reader)


@behaviour
async def breaks_when_kept_alive(reader, writer):
    """The same, with a byte of the second answer."""
    await request(reader)
    writer.write(whole(b'{"id": 1}'))
    await request(reader)
    writer.write(b"H")
    await writer.drain()


pairs, paired = [], asyncio.Event()


@behaviour
async def drops_pairs(reader, writer):
    """The same, once two connections are there."""
    await request(reader)
    pairs.append(writer)
    if len(pairs) == 2:
        paired.set()
    await paired.wait()
    writer.write(whole(b'{"id": 1}'))
    await request(reader)


async def main(certificate=None):
    """Serves every behaviour until standard input ends."""
    tasks = set()

    def guarded(serve):
        async def connection(reader, writer):
            task = asyncio.current_task()
            tasks.add(task)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await serve(reader, writer)
            writer.close()
            tasks.discard(task)

        return connection

    servers = {name: await asyncio.start_server(guarded(serve), "127.0.0.1", 0) for name, serve in BEHAVIOURS.items()}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    for name in SECURE if certificate else ():
        servers[f"tls_{name}"] = await asyncio.start_server(guarded(BEHAVIOURS[name]), "127.0.0.1", 0, ssl=context)
    sys.stdout.write(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
