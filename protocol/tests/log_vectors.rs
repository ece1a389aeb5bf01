//! Replays `vectors/log.json`: what a second implementation, written from the specification alone, makes of the same
//! values. Every derived id and every byte on the wire must be the same.
#![cfg(not(feature = "stand-in"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use causerie_protocol::{
    ids::{AccountId, ConversationId, DeviceId, EntryId, MessageId, RunId},
    log::{
        ChainHead, ChainId, Mark, Want, conversation_id, decode_heads, decode_wants, encode_heads,
        encode_wants,
        entry::{Dep, Entry, Head, Profile, VERSION, keyed_message_id, kind},
    },
    moment::WallTime,
    secret::Secret,
};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/log.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn chain(value: &Value) -> ChainId {
    ChainId {
        author_dev: DeviceId::from_bytes(array(&value["author_dev"])),
        run: RunId::from_bytes(array(&value["run"])),
    }
}

fn id(value: &Value) -> EntryId {
    EntryId::from_bytes(array(value))
}

fn conv(vectors: &Value) -> ConversationId {
    ConversationId::from_bytes(array(&vectors["conversation"]))
}

#[test]
fn conversation_and_message_ids() {
    let vectors = vectors();
    let [a, b] = [0, 1].map(|account| AccountId::from_bytes(array(&vectors["accounts"][account])));
    assert_eq!(conversation_id(a, b), conv(&vectors));
    assert_eq!(conversation_id(b, a), conv(&vectors));
    let k_self = Secret::new(array(&vectors["k_self"]));
    for keyed in vectors["message_ids"].as_array().unwrap() {
        let mid = keyed_message_id(&k_self, &conv(&vectors), keyed["key"].as_str().unwrap());
        assert_eq!(mid, MessageId::from_bytes(array(&keyed["mid"])));
    }
}

#[test]
fn entries() {
    let vectors = vectors();
    let k_self = Secret::new(array(&vectors["k_self"]));
    for vector in vectors["entries"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let deps = vector["deps"].as_array().unwrap().iter().map(|dep| Dep {
            chain: chain(dep),
            seq: number(&dep["seq"]),
            id: id(&dep["id"]),
        });
        let head = Head {
            version: VERSION,
            conv: conv(&vectors),
            chain: chain(vector),
            seq: number(&vector["seq"]),
            prev: id(&vector["prev"]),
            deps: deps.collect(),
            lamport: vector["lamport"].as_u64().unwrap(),
            wall: WallTime::from_millis(vector["wall_ms"].as_u64().unwrap()),
            kind: u16::try_from(number(&vector["kind"])).unwrap(),
            mid: MessageId::from_bytes(array(&vector["mid"])),
            body_hash: [0; 32],
        };
        let body = bytes(&vector["body"]);
        let composed = Entry::compose(head, array(&vector["salt"]), &body, &k_self).unwrap();
        assert_eq!(composed.id(), id(&vector["id"]), "{name}");
        let encoded = bytes(&vector["entry"]);
        let decoded = Entry::decode(&encoded).unwrap();
        assert_eq!(decoded.id(), composed.id(), "{name}");
        assert_eq!(decoded.head(), composed.head(), "{name}");
        assert!(decoded.is_of(&k_self), "{name}");
        assert_eq!(decoded.encode(), encoded, "{name}");
        if vector["erased"].as_bool().unwrap() {
            assert_eq!(decoded.body(), None, "{name}");
        } else {
            assert_eq!(composed.encode(), encoded, "{name}");
            assert_eq!(decoded.body(), Some(body.as_slice()), "{name}");
        }
        if decoded.head().kind == kind::PROFILE {
            assert_eq!(Profile::decode(&body).unwrap().name, "Ada");
        }
    }
}

#[test]
fn heads_wants_and_marks() {
    let vectors = vectors();
    let heads = vectors["heads"]["list"].as_array().unwrap().iter();
    let heads: Vec<_> = heads
        .map(|head| ChainHead {
            chain: chain(head),
            next: number(&head["next"]),
            id: id(&head["id"]),
            read: number(&head["read"]),
        })
        .collect();
    let expected = bytes(&vectors["heads"]["bytes"]);
    assert_eq!(encode_heads(&heads).unwrap(), expected);
    assert_eq!(decode_heads(&expected).unwrap(), heads);
    let want = &vectors["wants"]["list"][0];
    let want = Want { chain: chain(want), from: number(&want["from"]), to: number(&want["to"]) };
    let expected = bytes(&vectors["wants"]["bytes"]);
    assert_eq!(encode_wants(&[want]).unwrap(), expected);
    assert_eq!(decode_wants(&expected).unwrap(), [want]);
    let vector = &vectors["mark"];
    let mark = Mark {
        conv: conv(&vectors),
        chain: chain(vector),
        seq: number(&vector["seq"]),
        id: id(&vector["id"]),
    };
    assert_eq!(mark.encode().unwrap(), bytes(&vector["bytes"]));
}
