"""Reads the body of an answer: never more than the limit, not even by way of compression."""

import zlib

from aiohttp import StreamReader


class TooBig(ValueError):
    """The body is larger than the limit; the connection it came on must be closed."""


class BadEncoding(ValueError):
    """The body is compressed in a way that was not asked for, or damaged."""


async def read_body(content: StreamReader, encoding: str, limit: int) -> bytes:
    """Return the plain body of at most `limit` bytes; raises TooBig, BadEncoding and what aiohttp raises."""
    pieces: list[bytes] = []
    size = 0
    while piece := await content.readany():
        size += len(piece)
        if size > limit:
            raise TooBig(f"the answer is larger than {limit} bytes")
        pieces.append(piece)
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return inflated(body, encoding, limit)


def inflated(body: bytes, encoding: str, limit: int) -> bytes:
    """Decompress to at most `limit` bytes: a few kilobytes can otherwise become gigabytes."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadEncoding(f"the answer is compressed as {encoding!r}, which was not asked for")
    raw_deflate = encoding == "deflate" and (not body or body[0] & 0x0F != 8)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if raw_deflate else zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadEncoding(f"the compressed answer cannot be read: {error}") from error
    if len(plain) > limit:
        raise TooBig(f"the answer is larger than {limit} bytes after decompression")
    if not inflater.eof:
        raise BadEncoding("the compressed answer ends in the middle")
    return plain
