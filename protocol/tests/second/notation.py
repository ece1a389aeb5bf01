"""docs/wire-format.md, "Notation" and "Values": how bytes are joined, hashed, derived, sealed and encoded there.

A label is text without its prefix; what stands without a label is bytes. `Seal` of the document is `xseal`.
"""

import base64
import hashlib
import ipaddress

from chacha import xseal
from hkdf import expand, extract, hmac_sha256

PREFIX = b"causerie/1 "


def label(text):
    return PREFIX + text.encode()


def u8(number):
    return number.to_bytes(1, "big")


def u16(number):
    return number.to_bytes(2, "big")


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def a_list(elements):
    """A list; for bytes of any length, the bytes are the elements."""
    return u64(len(elements)) + (elements if isinstance(elements, bytes) else b"".join(elements))


def text(characters):
    return a_list(characters.encode())


def H(name, *parts):
    """H("label" ‖ x), or H(x) where there is no label."""
    return hashlib.sha256((label(name) if name is not None else b"") + b"".join(parts)).digest()


def MAC(key, name, *parts):
    return hmac_sha256(key, label(name) + b"".join(parts))[:16]


def MAC32(key, name, *parts):
    return hmac_sha256(key, label(name) + b"".join(parts))


def Extract(salt, name, *parts):
    return extract(salt, (label(name) if name is not None else b"") + b"".join(parts))


def Expand(key, name, *parts):
    return expand(key, label(name) + b"".join(parts))


def Derive(key, name, *parts):
    return Expand(extract(bytes(32), key), name, *parts)


def padded(content, sizes):
    """With zeros, to the smallest of these sizes that holds it."""
    return content + bytes(min(size for size in sizes if size >= len(content)) - len(content))


def base32(id_bytes):
    """As people see ids."""
    return base64.b32encode(id_bytes).decode().lower().rstrip("=")


def base64url(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def ip_bytes(written):
    return ipaddress.ip_address(written).packed


def sealed_file(key, nonce, aad, plain, key_id=0):
    """`sealed` of "Files of a home"."""
    return u32(key_id) + nonce + xseal(key, nonce, aad, plain)


class Reader:
    """Takes a structure apart, field by field; what is not there is empty."""

    def __init__(self, content):
        self.rest = content

    def take(self, size):
        field, self.rest = self.rest[:size], self.rest[size:]
        return field

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def bytes_of_a_list(self):
        return self.take(self.number(8))
