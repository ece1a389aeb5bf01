"""X25519 (RFC 7748) and Ed25519 (RFC 8032): one curve in its two forms.

Written to be read, not to be safe: nothing here takes the same time for every key. `x25519` refuses an all-zero
result, `verify` is strict as docs/wire-format.md, "Accounts", has it: one encoding of a point, none of small order.
"""

import hashlib

P = 2 ** 255 - 19
# The order of the base point, RFC 8032 section 5.1.
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)

BASE_U = (9).to_bytes(32, "little")


def x25519(secret, public):
    """RFC 7748 section 5; None where the result is zero."""
    scalar = int.from_bytes(secret, "little") & ~7 & ~(1 << 255) | 1 << 254
    x1 = (int.from_bytes(public, "little") & ~(1 << 255)) % P
    x2, z2, x3, z3 = 1, 0, x1, 1
    swap = 0
    for place in reversed(range(255)):
        bit = scalar >> place & 1
        if swap ^ bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    shared = x2 * pow(z2, P - 2, P) % P
    return shared.to_bytes(32, "little") if shared else None


def x25519_public(secret):
    return x25519(secret, BASE_U)


# Points of Ed25519 are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z: RFC 8032 section 5.1.4.
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    product = NEUTRAL
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(encoded):
    """RFC 8032 section 5.1.3; None for what is no point."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ~(1 << 255)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def expanded(seed):
    """The scalar and the prefix that follow from a seed, RFC 8032 section 5.1.5."""
    wide = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(wide[:32], "little") & ~7 & ~(1 << 255) | 1 << 254
    return scalar, wide[32:]


def challenge(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def ed25519_public(seed):
    return compress(multiply(expanded(seed)[0], BASE))


def sign(seed, message):
    """RFC 8032 section 5.1.6."""
    scalar, prefix = expanded(seed)
    public = compress(multiply(scalar, BASE))
    r = challenge(prefix, message)
    commitment = compress(multiply(r, BASE))
    s = (r + challenge(commitment, public, message) * scalar) % L
    return commitment + s.to_bytes(32, "little")


def verify(public, message, signature):
    """RFC 8032 section 5.1.7, without the cofactor and with nothing of small order."""
    a, r, s = decompress(public), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or any(equal(multiply(8, point), NEUTRAL) for point in (a, r)):
        return False
    return equal(multiply(s, BASE), add(r, multiply(challenge(signature[:32], public, message), a)))
