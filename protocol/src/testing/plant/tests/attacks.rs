use super::{A_WHILE, ALICE, BOB, shows, two};
use crate::{
    account::device_list::SignedDeviceList,
    account::signature,
    delivery,
    event::{Event, NoticeKind},
    ids::{DialId, LinkId, MessageId, RunId, TransportId},
    input::{Input, LinkEnds, Way},
    link::live_channel,
    log::{
        ChainId,
        entry::{Entry, Head, NO_ENTRY, VERSION, kind},
    },
    moment::WallTime,
    testing::{Bench, Who, wires::Wire},
    wire::{codec, envelope::Record, frame::FrameKind},
};

use super::Plant;

fn channel(bench: &Bench, who: Who) -> LinkId {
    let state = bench.peers[who].engine.as_ref().unwrap().state();
    state.links.all_live().next().unwrap().0
}

/// A contact, or who has taken over a contact's device, names another device without having the account's key.
#[test]
fn a_list_of_devices_that_nobody_signed() {
    shows(Plant::SignatureUnchecked, || {
        let mut bench = two();
        let link = channel(&bench, BOB);
        bench.meddle(BOB, |state, turn| {
            let own = state.own.device_list();
            let (format, mut list): (u8, crate::account::device_list::DeviceList) =
                codec::decode(signature::body("devlist", own.bytes()).unwrap()).unwrap();
            list.version += 1;
            list.previous = own.hash();
            list.devices[0].capabilities = 77;
            let body = codec::encode(&(format, list)).unwrap();
            let forged = [b"causerie/1 devlist".as_slice(), &body, &[7; 64]].concat();
            live_channel::send(state, turn, link, FrameKind::DeviceList, &forged);
        });
        bench.settle();
        let told = |event: &Event| matches!(event, Event::Notice { kind: NoticeKind::DeviceListChanged, .. });
        let alice = &bench.peers[ALICE];
        let state = alice.engine.as_ref().unwrap().state();
        let (_, bob) = state.contacts.iter().next().unwrap();
        let versions =
            bob.device_list.as_deref().map(|list| SignedDeviceList::parse(list).unwrap().version());
        assert_eq!(versions == Some(2), alice.events.iter().any(told));
        versions == Some(2)
    });
}

/// Somebody between two contacts hands each hello of the one to the other.
#[test]
fn a_hello_that_is_passed_on() {
    shows(Plant::TokenUnbound, || {
        let mut bench = two();
        bench.part(ALICE, BOB);
        bench.peers[ALICE].logged.clear();
        let (to_bob, to_alice) = (LinkId::new(70_000), LinkId::new(70_001));
        bench.wires.insert(to_bob, Wire { owner: BOB, other: to_alice });
        bench.wires.insert(to_alice, Wire { owner: ALICE, other: to_bob });
        let between = |bytes: &[u8]| TransportId::new(bytes).unwrap();
        let ends = |own: &TransportId, peer: &[u8], dial| LinkEnds {
            own: own.clone(),
            peer: between(peer),
            dial,
            address: None,
            way: Way::Relayed,
        };
        let [alice, bob] = [ALICE, BOB].map(|who| bench.peers[who].transport.clone());
        let heard = ends(&alice, b"who looks like Bob", None);
        let dialled = ends(&bob, b"who looks like Alice", Some(DialId::new(70_000)));
        bench.input(ALICE, Input::LinkUp { link: to_alice, ends: heard });
        bench.input(BOB, Input::LinkUp { link: to_bob, ends: dialled });
        bench.settle();
        let nobody = |line: &String| line.contains("nobody we know");
        assert!(!bench.contact(ALICE, BOB).unwrap().online, "the handshake is bound to both ends, too");
        !bench.peers[ALICE].logged.iter().any(nobody)
    });
}

/// A contact brings an entry that Alice is to have written.
#[test]
fn words_that_are_put_into_a_mouth() {
    shows(Plant::SelfUnchecked, || {
        let mut bench = two();
        let link = channel(&bench, BOB);
        let alice = bench.peers[ALICE].engine.as_ref().unwrap().state().own.device();
        bench.meddle(BOB, |state, turn| {
            let row = *state.deliveries.keys().next().unwrap();
            let parties = delivery::parties(state, row).unwrap();
            let head = Head {
                version: VERSION,
                conv: state.conversations[&row].id(),
                chain: ChainId { author_dev: alice, run: RunId::from_bytes([9; 8]) },
                seq: 0,
                prev: NO_ENTRY,
                deps: Vec::new(),
                lamport: 1,
                wall: WallTime::from_millis(1),
                kind: kind::TEXT,
                mid: MessageId::from_bytes([9; 16]),
                body_hash: [0; 32],
            };
            let forged = Entry::compose(head, [1; 16], b"I owe you", state.own.k_self()).unwrap();
            let session = state.deliveries.get_mut(&row).unwrap().sending_session().unwrap();
            let envelope = session.seal(turn, &parties, &[Record::Entry(forged.encode())]).unwrap();
            live_channel::send(state, turn, link, FrameKind::Envelope, &envelope);
        });
        bench.settle();
        bench.history(ALICE, BOB).iter().any(|message| message.text.as_deref() == Some("I owe you"))
    });
}

/// A contact whose device seems to run twice says more than anybody needs to while that is found out.
#[test]
fn a_channel_that_floods_while_it_waits() {
    shows(Plant::QueueUnbounded, || {
        let mut bench = two();
        bench.vanish(BOB);
        bench.start(BOB);
        bench.settle();
        let before = format!("{:?}", bench.peers[ALICE].engine).len();
        let long = "x".repeat(30_000);
        for _ in 0..40 {
            bench.send(BOB, ALICE, &long).unwrap();
            bench.settle();
        }
        let grown = format!("{:?}", bench.peers[ALICE].engine).len().saturating_sub(before);
        let refused = bench.peers[ALICE].logged.iter().any(|line| line.contains("more than is kept"));
        assert!(refused || grown > 1_000_000, "{grown} letters more");
        bench.advance(A_WHILE);
        assert_eq!(bench.texts(ALICE, BOB).len(), 40);
        !refused
    });
}
