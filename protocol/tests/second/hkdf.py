"""HMAC and HKDF with SHA-256 (RFC 2104, RFC 5869), and Noise's chain of the same (revision 34, section 4.3)."""

import hashlib
import hmac


def hmac_sha256(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def extract(salt, material):
    return hmac_sha256(salt, material)


def expand(key, info):
    """One block, for no more than 32 bytes are ever taken."""
    return hmac_sha256(key, info + b"\1")


def hkdf_chain(chaining, material, count):
    key, outputs, last = extract(chaining, material), [], b""
    for place in range(1, count + 1):
        last = hmac_sha256(key, last + bytes([place]))
        outputs.append(last)
    return outputs
