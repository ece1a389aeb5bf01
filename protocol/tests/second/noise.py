"""The Noise Protocol Framework, revision 34, with 25519_ChaChaPoly_SHA256: the three patterns that Causerie uses.

A `Handshake` is one side of one. `write` and `read` go on until the pattern's two messages are through; then `split`
gives the two keys, and `hash` is the handshake hash. `psk` is set before the message that mixes it in. What does
not open is None.
"""

import hashlib

from chacha import seal, unseal
from curve25519 import x25519, x25519_public
from hkdf import hkdf_chain

# Section 7.5 with the modifiers of section 9: (messages before the first, of initiator and responder), then messages.
PATTERNS = {
    "KKpsk0": (["s", "s"], [["psk", "e", "es", "ss"], ["e", "ee", "se"]]),
    "KKpsk2": (["s", "s"], [["e", "es", "ss"], ["e", "ee", "se", "psk"]]),
    "KXpsk2": (["s", ""], [["e"], ["e", "ee", "se", "s", "es", "psk"]]),
}
SUITE = "25519_ChaChaPoly_SHA256"


class Cipher:
    """CipherState, section 5.1."""

    def __init__(self, key):
        self.key, self.count = key, 0

    def _nonce(self):
        self.count += 1
        return bytes(4) + (self.count - 1).to_bytes(8, "little")

    def seal(self, aad, plain):
        return seal(self.key, self._nonce(), aad, plain)

    def unseal(self, aad, sealed):
        return unseal(self.key, self._nonce(), aad, sealed)


class Handshake:
    """SymmetricState and HandshakeState, sections 5.2 and 5.3."""

    def __init__(self, pattern, initiator, prologue, static, ephemeral, remote_static=None):
        before, self.messages = PATTERNS[pattern]
        name = "Noise_{}_{}".format(pattern, SUITE).encode()
        self.hash = name + bytes(32 - len(name)) if len(name) <= 32 else hashlib.sha256(name).digest()
        self.chaining, self.cipher = self.hash, None
        self.initiator, self.psk, self.place = initiator, None, 0
        self.own = {"s": static, "e": ephemeral}
        self.theirs = {"s": remote_static}
        self.mix_hash(prologue)
        for mine, key in ((initiator, before[0]), (not initiator, before[1])):
            if key:
                self.mix_hash(x25519_public(static) if mine else remote_static)

    def mix_hash(self, text):
        self.hash = hashlib.sha256(self.hash + text).digest()

    def mix_key(self, material):
        self.chaining, key = hkdf_chain(self.chaining, material, 2)
        self.cipher = Cipher(key)

    def mix_psk(self):
        self.chaining, text, key = hkdf_chain(self.chaining, self.psk, 3)
        self.mix_hash(text)
        self.cipher = Cipher(key)

    def mix_ephemeral(self, public):
        self.mix_hash(public)
        # Section 9.2: with a psk, ephemeral keys are mixed into the keys too.
        self.mix_key(public)

    def mix_agreement(self, token):
        mine, other = token if self.initiator else token[::-1]
        self.mix_key(x25519(self.own[mine], self.theirs[other]))

    def seal(self, plain):
        sealed = self.cipher.seal(self.hash, plain) if self.cipher else plain
        self.mix_hash(sealed)
        return sealed

    def unseal(self, sealed):
        plain = self.cipher.unseal(self.hash, sealed) if self.cipher else sealed
        self.mix_hash(sealed)
        return plain

    def write(self, payload):
        message = b""
        for token in self.messages[self.place]:
            if token == "e":
                public = x25519_public(self.own["e"])
                message += public
                self.mix_ephemeral(public)
            elif token == "s":
                message += self.seal(x25519_public(self.own["s"]))
            elif token == "psk":
                self.mix_psk()
            else:
                self.mix_agreement(token)
        self.place += 1
        return message + self.seal(payload)

    def read(self, message):
        for token in self.messages[self.place]:
            if token == "e":
                self.theirs["e"], message = message[:32], message[32:]
                self.mix_ephemeral(self.theirs["e"])
            elif token == "s":
                self.theirs["s"] = self.unseal(message[:48])
                if self.theirs["s"] is None:
                    return None
                message = message[48:]
            elif token == "psk":
                self.mix_psk()
            else:
                self.mix_agreement(token)
        self.place += 1
        return self.unseal(message)

    def split(self):
        return hkdf_chain(self.chaining, b"", 2)
