//! Proofs by capture: whoever sees every byte, on the network, at a relay, in the meeting place, or as a contact, sees
//! no more than the threat model says; and who chose not to be seen is not.
//!
//! What must not be there is looked for in every spelling; what nobody thought of is found because it lasts: it is in two
//! runs of a home, and in nothing that others say at the same places ([`lasting`](causerie_tests::capture::lasting)). That
//! these would find a leak is shown by planting one. Packets need root and network namespaces; passed over elsewhere.

mod choices;
mod meeting_place;
mod network;
mod servers;

use std::fs;

use causerie_protocol::{secret::Secret, vault::Vault};
use causerie_tests::{Person, Traces, packets};

const TEXTS: [&str; 3] =
    ["the blue heron lands at dawn", "Der Schlüssel liegt unterm Stein", "rendezvous: platform nine at noon"];

/// A role: listens to packets on a host.
#[test]
fn recorder() {
    packets::record();
}

/// What must not be seen of these people: accounts, names, texts, keys of devices, secrets.
fn traces_of(people: &[&Person]) -> Traces {
    let mut traces = Traces::default();
    for text in TEXTS {
        traces = traces.of_text(text);
    }
    for person in people {
        traces = traces.of_text(person.name()).of_id(person.id());
        for part in keys_of(person).windows(16).filter(|part| is_a_key(part)) {
            traces = traces.of_bytes(&format!("a key of {}", person.name()), part);
        }
    }
    traces
}

/// The part of an identity file that is its owner's: keys, ids and signatures (`protocol/src/account/identity.rs`).
fn keys_of(person: &Person) -> Vec<u8> {
    let read = |name: &str| fs::read(person.home().join(name)).unwrap();
    let key = Secret::new(*read("vault.key").first_chunk().unwrap());
    let vault = Vault::open(&read("vault.hdr"), &key).unwrap();
    let plain = vault.unseal_identity(&read("identity")).unwrap();
    let length = u32::from_be_bytes(*plain[2..6].first_chunk().unwrap()) as usize;
    assert!(length > 300, "{length} bytes are no owner");
    plain[6..6 + length].to_vec()
}

/// What is almost as random as a key. Others are lengths, versions, times and names.
fn is_a_key(part: &[u8]) -> bool {
    part.iter().filter(|byte| **byte == 0).count() < 3
}
