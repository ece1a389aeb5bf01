"""Argon2id, version 0x13 (RFC 9106), without a secret and associated data.

Good for a few hundred KiB: at what a home costs by default it would run for many minutes. A block is a list of 128
numbers of 64 bits.
"""

import hashlib
import struct

MASK, LOW = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF
VERSION, TYPE_ID, SLICES = 0x13, 2, 4


def u32(number):
    return struct.pack("<I", number)


def long_hash(size, text):
    """H', section 3.3."""
    text = u32(size) + text
    if size <= 64:
        return hashlib.blake2b(text, digest_size=size).digest()
    whole, v = b"", hashlib.blake2b(text).digest()
    while size - len(whole) > 64:
        whole += v[:32]
        v = hashlib.blake2b(v, digest_size=min(64, size - len(whole))).digest()
    return whole + v


# Columns, then diagonals of a matrix of 16 numbers.
QUARTERS = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
QUARTERS += [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def permute(v):
    """P, section 3.6."""
    for i, j, k, m in QUARTERS:
        a, b, c, d = v[i], v[j], v[k], v[m]
        for right, left in ((32, 24), (16, 63)):
            a = a + b + 2 * (a & LOW) * (b & LOW) & MASK
            d ^= a
            d = (d >> right | d << 64 - right) & MASK
            c = c + d + 2 * (c & LOW) * (d & LOW) & MASK
            b ^= c
            b = (b >> left | b << 64 - left) & MASK
        v[i], v[j], v[k], v[m] = a, b, c, d
    return v


def compress(x, y):
    """G, section 3.5: P on the rows, then on the columns, of an 8 by 8 matrix of pairs."""
    r = [a ^ b for a, b in zip(x, y)]
    z = []
    for row in range(0, 128, 16):
        z += permute(r[row:row + 16])
    for column in range(0, 16, 2):
        places = [column + 16 * row + half for row in range(8) for half in (0, 1)]
        for place, number in zip(places, permute([z[place] for place in places])):
            z[place] = number
    return [a ^ b for a, b in zip(r, z)]


class Memory:
    """The blocks of one computation, lane by lane."""

    def __init__(self, first, memory, passes, lanes):
        self.passes, self.lanes = passes, lanes
        self.segment = memory // (SLICES * lanes)
        self.columns = self.segment * SLICES
        self.rows = [[None] * self.columns for _ in range(lanes)]
        for lane, row in enumerate(self.rows):
            for column in (0, 1):
                row[column] = list(struct.unpack("<128Q", long_hash(1024, first + u32(column) + u32(lane))))

    def addresses(self, turn, lane, part):
        """J1 and J2 without a look at the content, section 3.4.1.2."""
        zero = [0] * 128
        head = [turn, lane, part, self.lanes * self.columns, self.passes, TYPE_ID]
        for counter in range(1, self.segment // 128 + 2):
            yield from compress(zero, compress(zero, head + [counter] + [0] * 121))

    def reference(self, turn, lane, part, place, pseudorandom):
        """The block that is mixed in, section 3.4.2."""
        j1, j2 = pseudorandom & LOW, pseudorandom >> 32
        other = lane if turn == 0 and part == 0 else j2 % self.lanes
        finished = part * self.segment if turn == 0 else self.columns - self.segment
        area = finished + place - 1 if other == lane else finished - (place == 0)
        x = j1 * j1 >> 32
        z = area - 1 - (area * x >> 32)
        start = 0 if turn == 0 else (part + 1) * self.segment
        return self.rows[other][(start + z) % self.columns]

    def fill_segment(self, turn, lane, part):
        row = self.rows[lane]
        independent = turn == 0 and part < SLICES // 2
        addresses = list(self.addresses(turn, lane, part)) if independent else []
        for place in range(2 if turn == 0 and part == 0 else 0, self.segment):
            column = part * self.segment + place
            before = row[column - 1]
            pseudorandom = addresses[place] if independent else before[0]
            new = compress(before, self.reference(turn, lane, part, place, pseudorandom))
            row[column] = new if turn == 0 else [a ^ b for a, b in zip(new, row[column])]

    def fill(self):
        for turn in range(self.passes):
            for part in range(SLICES):
                for lane in range(self.lanes):
                    self.fill_segment(turn, lane, part)
        last = [0] * 128
        for row in self.rows:
            last = [a ^ b for a, b in zip(last, row[-1])]
        return struct.pack("<128Q", *last)


def argon2id(password, salt, memory, passes, lanes, size):
    """Section 3.2; memory is in KiB."""
    head = b"".join(map(u32, (lanes, size, memory, passes, VERSION, TYPE_ID)))
    inputs = b"".join(u32(len(text)) + text for text in (password, salt, b"", b""))
    first = hashlib.blake2b(head + inputs).digest()
    return long_hash(size, Memory(first, memory, passes, lanes).fill())
