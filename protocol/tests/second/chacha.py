"""ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).

`seal` and `unseal` take a nonce of 12 bytes, `xseal` and `xunseal` one of 24. What does not open is None.
"""

import hmac
import struct

MASK = 0xFFFFFFFF
SIGMA = struct.unpack("<4I", b"expand 32-byte k")
# Columns, then diagonals: RFC 8439 section 2.3.
QUARTERS = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
QUARTERS += [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def rounds(words):
    """Twenty rounds, without the addition at their end."""
    x = list(words)
    for _ in range(10):
        for i, j, k, m in QUARTERS:
            a, b, c, d = x[i], x[j], x[k], x[m]
            a = a + b & MASK
            d ^= a
            d = (d << 16 | d >> 16) & MASK
            c = c + d & MASK
            b ^= c
            b = (b << 12 | b >> 20) & MASK
            a = a + b & MASK
            d ^= a
            d = (d << 8 | d >> 24) & MASK
            c = c + d & MASK
            b ^= c
            b = (b << 7 | b >> 25) & MASK
            x[i], x[j], x[k], x[m] = a, b, c, d
    return x


def block(key, counter, nonce):
    words = SIGMA + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce)
    return struct.pack("<16I", *(a + b & MASK for a, b in zip(words, rounds(words))))


def stream(key, nonce, text):
    """RFC 8439 section 2.4, from block 1 on."""
    blocks = (block(key, 1 + place // 64, nonce) for place in range(0, len(text), 64))
    return bytes(a ^ b for a, b in zip(text, b"".join(blocks)))


def poly1305(key, message):
    """RFC 8439 section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for place in range(0, len(message), 16):
        total = (total + int.from_bytes(message[place:place + 16] + b"\1", "little")) * r % (2 ** 130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2 ** 128).to_bytes(16, "little")


def tag(key, nonce, aad, sealed):
    """RFC 8439 section 2.8."""
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, sealed))
    return poly1305(block(key, 0, nonce)[:32], padded + struct.pack("<2Q", len(aad), len(sealed)))


def seal(key, nonce, aad, plain):
    sealed = stream(key, nonce, plain)
    return sealed + tag(key, nonce, aad, sealed)


def unseal(key, nonce, aad, sealed):
    if len(sealed) < 16 or not hmac.compare_digest(tag(key, nonce, aad, sealed[:-16]), sealed[-16:]):
        return None
    return stream(key, nonce, sealed[:-16])


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03 section 2.2."""
    x = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    return struct.pack("<8I", *(x[:4] + x[12:]))


def xseal(key, nonce, aad, plain):
    return seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, plain)


def xunseal(key, nonce, aad, sealed):
    return unseal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, sealed)
