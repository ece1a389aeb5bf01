"""ML-KEM-768 (FIPS 203): keys from d and z, encapsulation of a given m, decapsulation that also tells m.

Numbers in parentheses are those of the algorithms there. A polynomial is a list of 256 numbers below Q.
"""

import hashlib

Q, N, K, ETA, DU, DV = 3329, 256, 3, 2, 10, 4
ENCAPSULATION_KEY, CIPHERTEXT = 384 * K + 32, 32 * (DU * K + DV)


def reversed_bits(number):
    return int("{:07b}".format(number)[::-1], 2)


ZETAS = [pow(17, reversed_bits(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * reversed_bits(i) + 1, Q) for i in range(128)]


def hash_g(x):
    wide = hashlib.sha3_512(x).digest()
    return wide[:32], wide[32:]


def hash_h(x):
    return hashlib.sha3_256(x).digest()


def hash_j(x):
    return hashlib.shake_256(x).digest(32)


def encode(bits, poly):
    """ByteEncode (5)."""
    joined = sum(number << bits * place for place, number in enumerate(poly))
    return joined.to_bytes(32 * bits, "little")


def decode(bits, encoded):
    """ByteDecode (6)."""
    joined, modulus = int.from_bytes(encoded, "little"), Q if bits == 12 else 1 << bits
    return [(joined >> bits * place & (1 << bits) - 1) % modulus for place in range(N)]


def compress(bits, poly):
    return [((number << bits) + Q // 2) // Q % (1 << bits) for number in poly]


def decompress(bits, poly):
    return [(number * Q + (1 << bits - 1)) >> bits for number in poly]


def sample_ntt(seed):
    """SampleNTT (7)."""
    stream, place, poly = hashlib.shake_128(seed).digest(168 * 12), 0, []
    while len(poly) < N:
        a, b, c = stream[place:place + 3]
        place += 3
        poly += [number for number in (a + 256 * (b % 16), b // 16 + 16 * c) if number < Q]
    return poly[:N]


def sample_cbd(seed, counter):
    """SamplePolyCBD (8) of PRF."""
    stream = hashlib.shake_256(seed + bytes([counter])).digest(64 * ETA)
    bits = int.from_bytes(stream, "little")
    pairs = (bits >> 4 * place & 15 for place in range(N))
    return [((pair & 1) + (pair >> 1 & 1) - (pair >> 2 & 1) - (pair >> 3)) % Q for pair in pairs]


def ntt(poly):
    """(9)"""
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length], f[j] = (f[j] - t) % Q, (f[j] + t) % Q
        length //= 2
    return f


def ntt_inverse(poly):
    """(10)"""
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [number * 3303 % Q for number in f]


def add(f, g):
    return [(a + b) % Q for a, b in zip(f, g)]


def subtract(f, g):
    return [(a - b) % Q for a, b in zip(f, g)]


def dot(fs, gs):
    """The sum of products of two vectors, MultiplyNTTs (11)."""
    total = [0] * N
    for f, g in zip(fs, gs):
        for i, gamma in enumerate(GAMMAS):
            a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
            total[2 * i] = (total[2 * i] + a0 * b0 + a1 * b1 * gamma) % Q
            total[2 * i + 1] = (total[2 * i + 1] + a0 * b1 + a1 * b0) % Q
    return total


def matrix(rho):
    return [[sample_ntt(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def split(encoded, size):
    return [encoded[place:place + size] for place in range(0, len(encoded), size)]


def keys(d, z):
    """The encapsulation and the decapsulation key, K-PKE.KeyGen (13) and ML-KEM.KeyGen_internal (16)."""
    rho, sigma = hash_g(d + bytes([K]))
    s = [ntt(sample_cbd(sigma, i)) for i in range(K)]
    e = [ntt(sample_cbd(sigma, K + i)) for i in range(K)]
    t = [add(dot(row, s), noise) for row, noise in zip(matrix(rho), e)]
    ek = b"".join(encode(12, poly) for poly in t) + rho
    return ek, b"".join(encode(12, poly) for poly in s) + ek + hash_h(ek) + z


def encrypt(ek, m, r):
    """K-PKE.Encrypt (14)."""
    t, rho = [decode(12, part) for part in split(ek[:-32], 384)], ek[-32:]
    y = [ntt(sample_cbd(r, i)) for i in range(K)]
    columns = zip(*matrix(rho))
    u = [add(ntt_inverse(dot(column, y)), sample_cbd(r, K + i)) for i, column in enumerate(columns)]
    v = add(add(ntt_inverse(dot(t, y)), sample_cbd(r, 2 * K)), decompress(1, decode(1, m)))
    return b"".join(encode(DU, compress(DU, poly)) for poly in u) + encode(DV, compress(DV, v))


def decrypt(dk, ct):
    """K-PKE.Decrypt (15)."""
    u = [ntt(decompress(DU, decode(DU, part))) for part in split(ct[:32 * DU * K], 32 * DU)]
    v = decompress(DV, decode(DV, ct[32 * DU * K:]))
    s = [decode(12, part) for part in split(dk[:384 * K], 384)]
    return encode(1, compress(1, subtract(v, ntt_inverse(dot(s, u)))))


def encapsulate(ek, m):
    """The shared secret and its ciphertext, ML-KEM.Encaps_internal (17)."""
    shared, r = hash_g(m + hash_h(ek))
    return shared, encrypt(ek, m, r)


def decapsulate(dk, ct):
    """The shared secret, and the m that was encapsulated: ML-KEM.Decaps_internal (18)."""
    ek, z = dk[384 * K:384 * K + ENCAPSULATION_KEY], dk[-32:]
    m = decrypt(dk, ct)
    shared, again = encapsulate(ek, m)
    return shared if again == ct else hash_j(z + ct), m
