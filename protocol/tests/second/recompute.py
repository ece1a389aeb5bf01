"""A second implementation of Causerie's formats: recomputes the vectors from docs/wire-format.md alone.

    python3 recompute.py DIRECTORY [FILE...]

Written from docs/wire-format.md and the public standards, not from the code; Python 3.8 or later and its
standard library. Each value is taken as given or recomputed, and none is passed over. Ends with 1 and the name of
the first value that differs. Quotation marks in the comments below stand around sections of that document.
"""

import sys

sys.dont_write_bytecode = True

import mlkem
from argon2id import argon2id
from chacha import xseal, xunseal
from curve25519 import ed25519_public, sign, verify, x25519_public
from hkdf import expand
from noise import Cipher, Handshake
from notation import (
    Derive, Expand, Extract, H, MAC, MAC32, Reader, a_list, base32, base64url, ip_bytes, label, padded,
    sealed_file, text, u16, u32, u64, u8,
)
from vectors import Vector, Wrong


# account.json: "Accounts", "Link text", "Bundle".

def signed(name, body, seed):
    """A signed object of "Accounts"."""
    unsigned = label(name) + body
    return unsigned + sign(seed, unsigned)


def safety_half(account):
    """ "Accounts", at the end. """
    x = H("fp", account)
    for _ in range(5200):
        x = H(None, x, account)
    groups = (int.from_bytes(x[place:place + 5], "big") % 100_000 for place in range(0, 30, 5))
    return " ".join("{:05}".format(group) for group in groups)


def safety_number(own, theirs):
    return " ".join(sorted([safety_half(own), safety_half(theirs)]))


def account(vector):
    # The first three blocks of a turn's randomness, "Labels".
    turn = Extract(label("turn"), None, vector.bytes("entropy"))
    a_seed, d_seed, s_secret = (expand(turn, u64(block)) for block in range(3))
    vector.check("account_seed", a_seed)
    vector.check("device_seed", d_seed)
    vector.check("static_secret", s_secret)
    k_self = Derive(a_seed, "self")
    vector.check("k_self", k_self)
    a_pk, d_pk, s_pk = ed25519_public(a_seed), ed25519_public(d_seed), x25519_public(s_secret)
    vector.check("account_key", a_pk)
    vector.check("device_key", d_pk)
    vector.check("static_public", s_pk)
    own, device = H("account", a_pk), H(None, d_pk)[:16]
    vector.check("account", own)
    vector.check("account_text", base32(own))
    vector.check("device", device)

    described = device + d_pk + s_pk + u32(0) + u8(1) + u8(1) + u64(vector.given("created_ms"))
    body = u8(1) + a_pk + u32(1) + bytes(32) + a_list([described]) + a_list([])
    device_list = signed("devlist", body, a_seed)
    vector.check("device_list", device_list)
    # Its hash is over all its bytes, without a label.
    vector.check("device_list_hash", H(None, device_list))
    # The beginning of the owner in "Files of a home".
    vector.check("stored", a_seed + d_seed + s_secret + k_self + a_list(device_list))

    # What stands for noise1 here is any bytes.
    noise1 = vector.bytes("noise1")
    body = u8(1) + own + device + s_pk + a_list(device_list) + a_list(noise1)
    bundle = signed("bundle", body, d_seed)
    vector.check("bundle", bundle)
    for name, key, whole in (("device_list", a_pk, device_list), ("bundle", d_pk, bundle)):
        if not verify(key, whole[:-64], whole[-64:]):
            raise vector.wrong(name, "has a signature that does not verify")
    vector.check("bundle_hash", H(None, bundle)[:16])
    vector.check("half", safety_half(own))


def hint(vector):
    ip = ip_bytes(vector.given("ip"))
    kind = {("tcp", 4): 0, ("quic", 4): 1, ("tcp", 16): 2, ("quic", 16): 3}[vector.given("transport"), len(ip)]
    return u8(kind) + ip + u16(vector.given("port"))


def link(vector):
    """ "Link text". """
    secret, not_after = vector.bytes("secret"), vector.given("not_after")
    flags = vector.given("reusable") | vector.given("ask") << 1
    content = vector.bytes("account") + secret + vector.bytes("bundle_hash")
    content += u64(2 ** 64 - 1 if not_after is None else not_after) + u8(flags)
    content += b"".join(hint(one) for one in vector.all("hints"))
    content += H("link", content)[:4]
    vector.check("bytes", content)
    vector.check("text", "causerie:i1#" + base64url(content))
    vector.check("invitation", H("invitation", secret)[:8])


def recompute_account(file):
    for vector in file.all("accounts"):
        account(vector)
    for vector in file.all("links"):
        link(vector)
    for vector in file.all("safety_numbers"):
        vector.check("number", safety_number(vector.bytes("own"), vector.bytes("theirs")))


# derived.json: "Session keys", "FIRST", "Envelope".

def header_key(prk, direction):
    return Expand(prk, "hdr ", u8(direction))


def chain_key(prk, direction):
    return Expand(prk, "msg ", u8(direction))


def message_key(key):
    return Expand(key, "mk")


def next_chain_key(key):
    return Expand(key, "ck")


def kem_psk(salt, shared, ek, ct):
    """ "FIRST": the psk, there with K as salt, in "Steps" with the chain. """
    return Extract(salt, "kem", shared, H(None, ek), H(None, ct))


def epoch(vector, prk):
    """ "Session keys"; 0 is the direction from a. """
    vector.check("prk", prk)
    vector.check("chain", Expand(prk, "chain"))
    vector.check("fingerprint", Expand(prk, "fp")[:16])
    vector.check("header_from_a", header_key(prk, 0))
    vector.check("header_to_a", header_key(prk, 1))
    vector.check("message_from_a", chain_key(prk, 0))
    vector.check("message_to_a", chain_key(prk, 1))


def first_epoch(vector):
    """What follows from a first contact: the end of "FIRST", the tokens of "Hello", then "Session keys"."""
    handshake_hash = vector.bytes("handshake_hash")
    prk = Extract(handshake_hash, None, vector.bytes("k1"), vector.bytes("k2"))
    epoch(vector, prk)
    vector.check("session", H("session", handshake_hash)[:16])
    vector.check("k_pair", Expand(prk, "pair"))
    vector.check("k_dev", Derive(Expand(prk, "pair"), "device", vector.bytes("further_account")))
    vector.check("day_key", Expand(prk, "day"))
    key = chain_key(prk, 0)
    for place in range(4):
        vector.at("message_keys_from_a").check(place, message_key(key))
        key = next_chain_key(key)
    vector.check("chain_key_from_a_after_4", key)


def first_payload(content):
    """The payload of msg2 in "FIRST", taken apart and put together again."""
    reader = Reader(content)
    device_list, device, bundle = reader.bytes_of_a_list(), reader.take(16), reader.bytes_of_a_list()
    name, day = reader.bytes_of_a_list().decode(), reader.number(4)
    entries = [reader.bytes_of_a_list() for _ in range(reader.number(8))]
    again = a_list(device_list) + device + a_list(bundle) + text(name) + u32(day)
    return device, again + a_list([a_list(entry) for entry in entries])


def first(vector):
    """ "Bundle" and "FIRST", as the publisher sees them: the answerer's secrets are not in the file. """
    k = vector.bytes("k")
    outer_key = Derive(k, "first")
    vector.check("outer_key", outer_key)

    # The keys of an invitation, "Records of the store".
    reader = Reader(vector.bytes("stored_keys"))
    e, d, z, bundle_id = (reader.take(size) for size in (32, 32, 32, 4))
    not_after, kind = reader.number(8), reader.number(4)
    ek, dk = mlkem.keys(d, z)
    prologue = label("first") + vector.bytes("account") + vector.bytes("dev")
    handshake = Handshake("KXpsk2", True, prologue, vector.bytes("s_publisher"), e)
    noise1 = handshake.write(ek + bundle_id + u64(not_after) + u8(kind))
    vector.check("noise1", noise1)
    vector.check("bundle_id", bundle_id)
    vector.check("not_after", not_after)
    vector.check("stored_keys", e + d + z + bundle_id + u64(not_after) + u32(kind) + a_list(noise1))

    answer = vector.bytes("first")
    nonce = answer[1:25]
    reader = Reader(vector.need("first", xunseal(outer_key, nonce, answer[:1], answer[25:])))
    named, ct = reader.take(4), reader.take(mlkem.CIPHERTEXT)
    msg2 = reader.take(reader.number(4))
    # The ciphertext is made anew from what was encapsulated.
    shared, m = mlkem.decapsulate(dk, ct)
    if (shared, ct) != mlkem.encapsulate(ek, m):
        raise vector.wrong("first", "has a ciphertext for another key")
    handshake.psk = kem_psk(k, shared, ek, ct)
    payload = vector.need("first", handshake.read(msg2))
    vector.check("s_answerer_public", handshake.theirs["s"])
    device, payload_again = first_payload(payload)
    vector.check("dev_answerer", device)
    if payload_again != payload or named != bundle_id:
        raise vector.wrong("first", "has another payload")
    plain = bundle_id + ct + u32(len(msg2)) + msg2
    plain = padded(plain, [size - 41 for size in (8192, 32768, 61440)])
    vector.check("first", u8(2) + nonce + xseal(outer_key, nonce, u8(2), plain))

    prk = Extract(handshake.hash, None, *handshake.split())
    session = H("session", handshake.hash)[:16]
    vector.check("prk", prk)
    vector.check("session", session)
    vector.check("transcript", H(None, ct, msg2))
    return prk, session


def records(content):
    reader, found = Reader(content), []
    while reader.rest:
        found.append((reader.number(1), reader.take(reader.number(4))))
    return found


def envelope(vector, opened_first, sender, receiver):
    """ "Envelope": from the answerer, in epoch 0 of the session of that first contact. """
    prk, session = opened_first
    direction = 0 if sender < receiver else 1
    sealed = vector.bytes("envelope")
    kind, nonce, sealed_header, body = sealed[:1], sealed[1:25], sealed[25:73], sealed[73:]
    header = vector.need("envelope", xunseal(header_key(prk, direction), nonce, kind, sealed_header))
    reader = Reader(header)
    number, index, previous_count = (reader.number(4) for _ in range(3))
    key = chain_key(prk, direction)
    for _ in range(index):
        key = next_chain_key(key)
    aad = kind + nonce + sealed_header + session
    reader = Reader(vector.need("envelope", xunseal(message_key(key), nonce, aad, body)))
    inside = records(reader.take(reader.number(4)))

    # The mark in it, a record of type 2: "Heads, wants, marks".
    marks = [content for kind_of_record, content in inside if kind_of_record == 2]
    reader = Reader(marks[0] if marks else b"")
    for name, size in (("conv", 32), ("author_dev", 16), ("run", 8)):
        vector.check(name, reader.take(size))
    vector.check("seq", reader.number(4))
    vector.check("id", reader.take(32))

    plain = b"".join(u8(kind_of_record) + u32(len(content)) + content for kind_of_record, content in inside)
    plain = padded(u32(len(plain)) + plain, [size - 89 for size in (2048, 8192, 32768, 61440)])
    header = u32(number) + u32(index) + u32(previous_count) + u16(0) + bytes(18)
    again = u8(1) + nonce + xseal(header_key(prk, direction), nonce, u8(1), header)
    vector.check("envelope", again + xseal(message_key(key), nonce, again + session, plain))


def recompute_derived(file):
    first_epoch(file.at("epoch"))
    opened_first = first(file.at("first"))
    vector = file.at("kem")
    salt, shared, ek, ct = (vector.bytes(name) for name in ("salt", "shared", "ek", "ct"))
    vector.check("psk", kem_psk(salt, shared, ek, ct))
    devices = [file.at("first").bytes(name) for name in ("dev_answerer", "dev")]
    envelope(file.at("envelope"), opened_first, *devices)


# log.json: "Entries", "Heads, wants, marks".

def chain(vector):
    return vector.bytes("author_dev") + vector.bytes("run")


def entry(vector, conversation, k_self):
    vector.given("name")  # a remark
    deps = [chain(dep) + u32(dep.given("seq")) + dep.bytes("id") for dep in vector.all("deps")]
    head = u8(1) + conversation + chain(vector) + u32(vector.given("seq")) + vector.bytes("prev") + a_list(deps)
    head += u64(vector.given("lamport")) + u64(vector.given("wall_ms")) + u16(vector.given("kind"))
    salt, body, erased = vector.bytes("salt"), vector.bytes("body"), vector.given("erased")
    head += vector.bytes("mid") + H(None, salt, body)
    vector.check("head", head)
    entry_id = H("entry", head)
    vector.check("id", entry_id)
    mark_of_own = MAC(k_self, "own entry", entry_id)
    vector.check("self", mark_of_own)
    whole = u8(erased) + u16(len(head)) + head + mark_of_own
    vector.check("entry", whole if erased else whole + salt + body)
    return entry_id


def recompute_log(file):
    accounts = sorted(file.at("accounts").bytes(place) for place in range(2))
    conversation, k_self = H("pair", *accounts), file.bytes("k_self")
    file.check("conversation", conversation)
    for vector in file.all("message_ids"):
        vector.check("mid", MAC(k_self, "mid", conversation, vector.given("key").encode()))

    previous = bytes(32)
    for vector in file.all("entries"):
        vector.check("prev", previous)
        previous = entry(vector, conversation, k_self)

    heads = file.at("heads")
    listed = [chain(head) + u32(head.given("next")) + head.bytes("id") for head in heads.all("list")]
    read = [u32(head.given("read")) for head in heads.all("list")]
    heads.check("bytes", a_list([head + mark for head, mark in zip(listed, read)]))
    wants = file.at("wants")
    listed = [chain(want) + u32(want.given("from")) + u32(want.given("to")) for want in wants.all("list")]
    wants.check("bytes", a_list(listed))
    mark = file.at("mark")
    mark.check("bytes", conversation + chain(mark) + u32(mark.given("seq")) + mark.bytes("id"))


# step.json: "Steps".

def recompute_step(file):
    secrets = {side: (file.bytes("s_" + side), file.bytes("e_" + side)) for side in ("offerer", "acceptor")}
    publics = {side: x25519_public(static) for side, (static, _) in secrets.items()}
    for side, public in publics.items():
        file.check("s_{}_public".format(side), public)
    # The epoch that the step leads to: n + 1.
    number, session = file.given("epoch"), file.bytes("session")
    prologue = label("rekey") + session + u32(number)
    for name in ("account_offerer", "account_acceptor", "dev_offerer", "dev_acceptor"):
        prologue += file.bytes(name)
    file.check("prologue", prologue)
    chain_before = Expand(file.bytes("prk_before"), "chain")
    file.check("chain_before", chain_before)

    d, z = file.bytes("kem_d"), file.bytes("kem_z")
    ek, dk = mlkem.keys(d, z)
    file.check("ek", ek)
    offerer = Handshake("KKpsk2", True, prologue, *secrets["offerer"], publics["acceptor"])
    offer = offerer.write(ek)
    file.check("offer", offer)
    file.check("stored_offer", u32(number) + secrets["offerer"][1] + d + z + a_list(offer))

    acceptor = Handshake("KKpsk2", False, prologue, *secrets["acceptor"], publics["offerer"])
    heard = file.need("offer", acceptor.read(offer))
    # What the acceptor encapsulated is not in the file, but in the ciphertext for whoever has d and z.
    _, m = mlkem.decapsulate(dk, file.bytes("ct"))
    shared, ct = mlkem.encapsulate(heard, m)
    file.check("ct", ct)
    file.check("ss", shared)
    psk = kem_psk(chain_before, shared, ek, ct)
    file.check("psk", psk)
    offerer.psk = acceptor.psk = psk
    message = acceptor.write(b"")
    file.check("accept", ct + message)
    file.need("accept", offerer.read(message))

    for side in (offerer, acceptor):
        k1, k2 = side.split()
        file.check("handshake_hash", side.hash)
        file.check("k1", k1)
        file.check("k2", k2)
        epoch(file, Extract(side.hash, None, k1, k2))


# meeting.json: "Records at the meeting place".

def address(vector):
    ip = ip_bytes(vector.given("ip"))
    return u32(vector.given("transport")) + u32(int(len(ip) == 16)) + ip + u16(vector.given("port"))


def announcement(vector):
    relays = [a_list(relay.bytes("id")) + address(relay) for relay in vector.all("relays")]
    said = u8(1) + a_list(vector.bytes("peer")) + a_list([address(one) for one in vector.all("addresses")])
    return said + a_list(relays) + u64(vector.given("made_at_ms")) + u64(vector.given("until_ms"))


def meeting_record(vector, day_key, direction):
    key = MAC32(day_key, "rv", direction)
    vector.check("key", key)
    sealing = Expand(day_key, "rv seal", direction)
    vector.check("sealing_key", sealing)
    said, nonce = announcement(vector), vector.bytes("nonce")
    plain = padded(u16(len(said)) + said, [1024 - 24 - 16])
    vector.check("record", nonce + xseal(sealing, nonce, key, plain))


def recompute_meeting(file):
    vector = file.at("pair")
    key, day = vector.bytes("day_key"), vector.given("day")
    for later in vector.all("later"):
        while day < later.given("day"):
            key, day = Expand(key, "next day"), day + 1
        later.check("day_key", key)
    meeting_record(vector, key, vector.bytes("from") + vector.bytes("to"))
    vector = file.at("invitation")
    day_key = Derive(vector.bytes("secret"), "rv day", u32(vector.given("day")))
    vector.check("day_key", day_key)
    meeting_record(vector, day_key, u8(0))


# vault.json: "Files of a home".

def header(vector, preamble, wrapping_key, nonce, master_key):
    whole = preamble + nonce + xseal(wrapping_key, nonce, preamble, master_key)
    if preamble[9]:
        whole += H("vault", whole)[:16]
    vector.check("header", whole)


def recompute_vault(file):
    master_key, nonce = file.bytes("master_key"), file.bytes("nonce")
    vector = file.at("key_file")
    header(vector, b"CAUSERIE" + u8(1) + u8(0), vector.bytes("wrapping_key"), nonce, master_key)

    vector = file.at("passphrase")
    cost = [vector.given(name) for name in ("memory_kib", "passes", "lanes")]
    salt = vector.bytes("salt")
    wrapping_key = argon2id(vector.bytes("passphrase"), salt, *cost, 32)
    vector.check("wrapping_key", wrapping_key)
    preamble = b"CAUSERIE" + u8(1) + u8(1) + b"".join(u32(number) for number in cost) + salt
    header(vector, preamble, wrapping_key, nonce, master_key)

    vector = file.at("identity")
    sealed = sealed_file(Derive(master_key, "identity"), nonce, b"identity", vector.bytes("plain"))
    vector.check("sealed", sealed)
    recompute_ring(file.at("ring"), Derive(master_key, "ring"), nonce)


def recompute_ring(vector, ring_key, nonce):
    old, new = ((one.given("generation"), one.bytes("key")) for one in (vector.at("old"), vector.at("new")))
    old_keys, new_keys = (u32(generation) + key for generation, key in (old, new))
    for place, keys in enumerate((new_keys + old_keys, old_keys + bytes(36))):
        vector.check(f"slot_{place}", nonce + xseal(ring_key, nonce, b"ring" + u8(place), keys))
    record = vector.at("record")
    sealed = sealed_file(new[1], nonce, record.bytes("key"), record.bytes("plain"), new[0])
    record.check("sealed", sealed)


# cacophony.json: the published Noise vectors, from both sides.

def conversation_of(vector):
    protocol = vector.given("protocol_name").split("_")
    if protocol[0] != "Noise" or "_".join(protocol[2:]) != "25519_ChaChaPoly_SHA256":
        raise vector.wrong("protocol_name", "is not one of ours")
    sides = []
    for prefix in ("init", "resp"):
        static, ephemeral = vector.bytes(prefix + "_static"), vector.bytes(prefix + "_ephemeral")
        name = prefix + "_remote_static"
        remote = vector.bytes(name) if name in vector.content else None
        side = Handshake(protocol[1], not sides, vector.bytes(prefix + "_prologue"), static, ephemeral, remote)
        side.psk = vector.at(prefix + "_psks").bytes(0)
        sides.append(side)
    messages = vector.all("messages")
    for place, message in enumerate(messages[:2]):
        writer, reader = sides[place], sides[1 - place]
        payload = message.bytes("payload")
        sealed = writer.write(payload)
        message.check("ciphertext", sealed)
        message.check("payload", message.need("ciphertext", reader.read(sealed)))
    for side in sides:
        vector.check("handshake_hash", side.hash)
    for name, static in (("init_remote_static", "resp_static"), ("resp_remote_static", "init_static")):
        if name in vector.content:
            vector.check(name, x25519_public(vector.bytes(static)))
    ciphers = [Cipher(key) for key in sides[0].split()]
    for place, message in enumerate(messages[2:]):
        message.check("ciphertext", ciphers[place % 2].seal(b"", message.bytes("payload")))


def recompute_cacophony(file):
    for vector in file.all("vectors"):
        conversation_of(vector)


FILES = {
    "account.json": recompute_account,
    "derived.json": recompute_derived,
    "log.json": recompute_log,
    "meeting.json": recompute_meeting,
    "step.json": recompute_step,
    "vault.json": recompute_vault,
    "cacophony.json": recompute_cacophony,
}


def main(arguments):
    if not arguments or not set(arguments[1:]) <= set(FILES):
        print(__doc__, file=sys.stderr)
        return 2
    for name in arguments[1:] or FILES:
        try:
            file = Vector.load(arguments[0], name)
            file.recomputed_by(FILES[name])
            print("{}: {} values recomputed from {} given ones".format(name, *file.finish()))
        except Wrong as wrong:
            print(wrong, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
