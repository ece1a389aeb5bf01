//! Links, and who comes by them: introductions that are cut, forged, crossed or crowded out, and how many people a
//! device can know and still be recognised by each.

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr};

use super::hostile::meddle;
use crate::{
    address::{Address, Transport},
    answer::{Answer, CommandError, ContactState, InvitationState},
    command::{Command, Reference},
    contact::{introduction, link_code::Link},
    engine::State,
    entropy::{Entropy, TurnRandom},
    event::{Event, NoticeKind},
    ids::{AccountId, CommandId, LinkId, TransportId},
    input::{Input, LinkEnds, Way},
    limits,
    link::Phase,
    secret::Secret,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn state(bench: &mut Bench, who: usize, of: usize) -> Option<ContactState> {
    bench.contact(who, of).map(|contact| contact.state)
}

fn assert_they_talk(bench: &mut Bench, one: usize, two: usize, when: &str) {
    for (from, to) in [(one, two), (two, one)] {
        let text = format!("{from} to {to} {when}");
        bench.send(from, to, &text).unwrap_or_else(|error| panic!("{when}: {error:?}"));
        bench.advance(Duration::from_secs(10));
        let arrived = bench.texts(to, from).iter().filter(|one| **one == text).count();
        assert_eq!(arrived, 1, "{text}\n{:#?}", story(bench, [one, two]));
    }
}

/// What the log was told on both sides, and how they see each other: for a failure.
fn story(bench: &mut Bench, people: [usize; 2]) -> Vec<String> {
    let [one, two] = people;
    let mut lines = vec![format!("{:?}", bench.contact(one, two)), format!("{:?}", bench.contact(two, one))];
    for who in people {
        lines.extend(bench.peers[who].logged.iter().rev().take(15).map(|line| format!("{who}: {line}")));
    }
    lines
}

fn invitations(bench: &mut Bench, who: usize) -> Vec<InvitationState> {
    match bench.command(who, Command::ListInvitations) {
        Ok(Answer::Invitations(all)) => all.into_iter().map(|one| one.state).collect(),
        other => panic!("{other:?}"),
    }
}

fn noticed(bench: &Bench, who: usize, kind: NoticeKind) -> usize {
    let told = bench.peers[who].events.iter();
    told.filter(|event| matches!(event, Event::Notice { kind: told, .. } if *told == kind)).count()
}

/// Answers links of so many people whom nobody will ever meet.
fn answer_strangers(bench: &mut Bench, who: usize, count: usize) {
    let mut random = TurnRandom::new(&Entropy::new([9; 32]));
    let commands: Vec<(CommandId, Command)> = (0..count)
        .map(|number| {
            let link = Link {
                account: AccountId::from_bytes(random.bytes()),
                secret: Secret::new(random.bytes()),
                bundle_hash: random.bytes(),
                not_after: u64::MAX,
                reusable: false,
                ask: false,
                hints: Vec::new(),
            };
            let id = CommandId::new(1_000_000 + u64::try_from(number).unwrap());
            (id, Command::AcceptInvitation { link: link.encode(), name: None, ignore_end: false })
        })
        .collect();
    for some in commands.chunks(limits::COMMANDS_PER_TURN_MAX) {
        bench.input(who, Input::Commands(some.to_vec()));
    }
}

fn ends(number: u8, ip: IpAddr) -> LinkEnds {
    LinkEnds {
        own: TransportId::new(&[1; 32]).unwrap(),
        peer: TransportId::new(&[number; 32]).unwrap(),
        dial: None,
        way: Way::Direct,
        address: Some(Address { transport: Transport::Tcp, ip, port: 4_000 }),
    }
}

fn unknown_links(bench: &Bench, who: usize) -> usize {
    let links = &bench.peers[who].engine.as_ref().unwrap().state.links;
    links.iter().filter(|(_, link)| matches!(link.phase, Phase::Nonce(_))).count()
}

#[test]
fn who_knows_more_people_than_a_hello_says_is_still_recognised() {
    let mut bench = Bench::new(30, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    // Links of more people than one hello has slots, answered later than the contact was made.
    answer_strangers(&mut bench, ALICE, 1_100);
    for _ in 0..100 {
        assert!(!bench.invite(BOB, false, false).is_empty());
    }
    for who in [ALICE, BOB] {
        bench.stop(who);
        bench.start(who);
        bench.advance(Duration::from_secs(10));
        assert_they_talk(&mut bench, ALICE, BOB, &format!("after {who} started"));
    }
    // And whoever answers the newest of many links is let in.
    let mut bench = Bench::new(31, &["Alice", "Bob"]);
    let links: Vec<String> =
        (0..limits::INVITATIONS_MAX).map(|_| bench.invite(ALICE, false, false)).collect();
    bench.accept(BOB, links.last().unwrap()).unwrap();
    bench.advance(Duration::from_secs(5));
    assert_they_talk(&mut bench, ALICE, BOB, "by the newest link");
}

#[test]
fn strangers_near_are_left_alone_until_a_link_makes_them_known() {
    for first in [ALICE, BOB] {
        let mut bench = Bench::new(45, &["Alice", "Bob"]);
        for round in 0..20 {
            bench.discover(first, 1 - first);
            bench.discover(1 - first, first);
            bench.advance(Duration::from_secs(5));
            if round == 0 {
                assert_eq!(bench.links(), 0);
            }
        }
        let said: usize = bench.peers.iter().map(|peer| peer.sent).sum();
        assert!(said <= 8, "{said} frames between strangers");
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
        let Ok(Answer::Invitation(view)) = bench.command(ALICE, command) else { panic!("an invitation") };
        bench.advance(Duration::from_secs(5));
        bench.accept(BOB, &view.link.unwrap()).unwrap();
        bench.advance(Duration::from_secs(5));
        assert!(bench.contact(BOB, ALICE).unwrap().online, "{first} heard the other first");
    }
}

#[test]
fn somebody_near_whose_first_link_breaks_is_dialled_again() {
    for frames in 0..8 {
        let mut bench = Bench::new(46, &["Alice", "Bob"]);
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
        let Ok(Answer::Invitation(view)) = bench.command(ALICE, command) else { panic!("an invitation") };
        bench.accept(BOB, &view.link.unwrap()).unwrap();
        bench.discover(BOB, ALICE);
        bench.discover(ALICE, BOB);
        for _ in 0..frames {
            bench.step();
        }
        bench.part(ALICE, BOB);
        bench.advance(Duration::from_secs(30));
        bench.join(ALICE, BOB);
        bench.advance(Duration::from_secs(90));
        assert!(bench.contact(BOB, ALICE).unwrap().online, "after {frames} frames");
    }
}

#[test]
fn silent_links_keep_nobody_out() {
    let mut bench = Bench::new(32, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.stop(BOB);
    for number in 0..200_u8 {
        let link = LinkId::new(10_000 + u64::from(number));
        bench
            .input(ALICE, Input::LinkUp { link, ends: ends(number, Ipv4Addr::new(10, 0, 0, number).into()) });
    }
    assert_eq!(unknown_links(&bench, ALICE), limits::UNKNOWN_LINKS_MAX);
    bench.start(BOB);
    bench.settle();
    assert!(bench.contact(ALICE, BOB).unwrap().online);
    bench.advance(limits::HANDSHAKE_PATIENCE);
    assert_eq!(unknown_links(&bench, ALICE), 0);
}

#[test]
fn one_address_has_few_unknown_links_and_loopback_is_exempt() {
    let mut bench = Bench::new(33, &["Alice"]);
    for number in 0..20_u8 {
        let link = LinkId::new(10_000 + u64::from(number));
        bench.input(ALICE, Input::LinkUp { link, ends: ends(number, Ipv4Addr::new(10, 0, 0, 1).into()) });
    }
    assert_eq!(unknown_links(&bench, ALICE), limits::UNKNOWN_LINKS_PER_ADDRESS_MAX);
    for number in 0..20_u8 {
        let link = LinkId::new(20_000 + u64::from(number));
        bench.input(ALICE, Input::LinkUp { link, ends: ends(number, Ipv4Addr::LOCALHOST.into()) });
    }
    assert_eq!(unknown_links(&bench, ALICE), limits::UNKNOWN_LINKS_PER_ADDRESS_MAX + 20);
}

#[test]
fn somebody_whose_hellos_were_nobodys_is_let_in_once_there_is_a_link_to_answer() {
    let mut bench = Bench::new(39, &["Alice"]);
    let from = || ends(1, Ipv4Addr::new(10, 0, 0, 1).into());
    let dialled = |bench: &mut Bench, number| {
        bench.input(ALICE, Input::LinkUp { link: LinkId::new(number), ends: from() });
        links_of(bench, ALICE).contains(&LinkId::new(number)) && unknown_links(bench, ALICE) > 0
    };
    meddle(&mut bench, ALICE, |state, turn| {
        for _ in 0..limits::UNMATCHED_HELLOS_PER_MINUTE {
            state.reach.on_unmatched(LinkId::new(u64::MAX), &from(), true, turn.now.moment);
        }
    });
    assert!(!dialled(&mut bench, 10_000), "tiresome");
    let _link = bench.invite(ALICE, false, false);
    assert!(dialled(&mut bench, 10_001), "it may be to answer the link");
}

#[test]
fn what_is_still_on_its_way_when_somebody_consents_does_no_harm() {
    let mut bench = Bench::new(34, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, true);
    bench.accept(BOB, &link).unwrap();
    bench.settle();
    let before: Vec<LinkId> = links_of(&bench, BOB);
    // Bob shows that he still waits, and at this moment Alice consents.
    meddle(&mut bench, BOB, |state, turn| {
        introduction::on_tick(state, turn);
    });
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::AcceptContact { contact }).unwrap();
    bench.settle();
    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Active));
    assert_eq!(links_of(&bench, BOB), before, "the link on which he waited is the one they talk on");
}

fn links_of(bench: &Bench, who: usize) -> Vec<LinkId> {
    bench.peers[who].engine.as_ref().unwrap().state.links.iter().map(|(link, _)| link).collect()
}

#[test]
fn an_introduction_survives_the_loss_of_either_store_at_any_moment() {
    for ask in [false, true] {
        for victim in [ALICE, BOB] {
            for frames in 0..14 {
                let when = format!("{victim} lost the store after {frames} frames, ask {ask}");
                let mut bench = Bench::new(35, &["Alice", "Bob"]);
                let link = bench.invite(ALICE, false, ask);
                bench.accept(BOB, &link).unwrap();
                for _ in 0..frames {
                    bench.step();
                }
                bench.stop(victim);
                bench.lose_store(victim);
                bench.start(victim);
                bench.advance(A_WHILE);
                let contact = bench.reference(BOB);
                bench.command(ALICE, Command::AcceptContact { contact }).ok();
                bench.advance(A_WHILE);
                assert!(bench.peers[ALICE].engine.is_some() && bench.peers[BOB].engine.is_some());
                if bench.contact(ALICE, BOB).is_none() {
                    // The link itself was lost before it was answered: a new one mends it.
                    assert_eq!(victim, ALICE, "{when}");
                    assert_eq!(state(&mut bench, BOB, ALICE), Some(ContactState::Pending), "{when}");
                    let link = bench.invite(ALICE, false, false);
                    bench.accept(BOB, &link).unwrap();
                    bench.advance(A_WHILE);
                }
                assert_they_talk(&mut bench, ALICE, BOB, &when);
            }
        }
    }
}

#[test]
fn an_acknowledgement_that_was_not_durable_costs_nothing() {
    // As when somebody else who holds the link says STORED: the answer is repeated until a live channel stands.
    let mut bench = Bench::new(36, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, true, false);
    let before = bench.writes(ALICE);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(30));
    assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request));
    bench.stop(ALICE);
    bench.lose_writes(ALICE, bench.writes(ALICE) - before);
    bench.start(ALICE);
    bench.advance(A_WHILE);
    assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::AcceptContact { contact }).unwrap();
    bench.advance(A_WHILE);
    assert_they_talk(&mut bench, ALICE, BOB, "in the end");
}

#[test]
fn another_holder_of_a_link_can_neither_refuse_nor_take_an_answer_for_the_inviter() {
    let mut bench = Bench::new(37, &["Alice", "Bob", "Carol"]);
    let link = bench.invite(ALICE, true, false);
    let decoded = Link::decode(&link).unwrap();
    // Carol has a link of her own with the same secret, and Alice is away; the hint is where Carol is.
    let carols = bench.invite(CAROL, true, false);
    let hints = Link::decode(&carols).unwrap().hints;
    meddle(&mut bench, CAROL, |state: &mut State, _| {
        for row in
            state.invitations.recognised(crate::testing::BEGINNING).map(|(row, _)| row).collect::<Vec<_>>()
        {
            let invitation = state.invitations.get_mut(row).unwrap();
            invitation.secret = decoded.secret.clone();
            invitation.revoked = true;
        }
    });
    bench.stop(ALICE);
    bench.accept(BOB, &Link { hints, ..decoded }.encode()).unwrap();
    bench.advance(A_WHILE);
    assert_eq!(
        state(&mut bench, BOB, ALICE),
        Some(ContactState::Pending),
        "Carol's refusal counts for nothing"
    );
    assert!(bench.peers[BOB].logged.iter().any(|line| line.contains("the inviter did not sign")));
    bench.part(BOB, CAROL);
    bench.start(ALICE);
    // Alice has no address of Bob and Bob none of hers: her next link brings them together.
    let again = bench.invite(ALICE, false, false);
    bench.accept(BOB, &again).unwrap();
    bench.advance(A_WHILE);
    assert_they_talk(&mut bench, ALICE, BOB, "in spite of Carol");
}

#[test]
fn who_answered_a_link_is_let_in_when_their_own_link_is_answered() {
    for away in [false, true] {
        let mut bench = Bench::new(38, &["Alice", "Bob"]);
        let (asks, other) = (bench.invite(ALICE, false, true), bench.invite(BOB, false, true));
        bench.accept(BOB, &asks).unwrap();
        bench.advance(Duration::from_secs(10));
        assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request));
        if away {
            bench.stop(BOB);
        }
        bench.accept(ALICE, &other).unwrap();
        if away {
            bench.start(BOB);
        }
        bench.advance(A_WHILE);
        assert_they_talk(&mut bench, ALICE, BOB, "by links that crossed");
    }
}

#[test]
fn links_that_cross_at_any_moment_make_one_contact_each() {
    for frames in 0..24 {
        for cuts in [0, 10] {
            let mut bench = Bench::new(39, &["Alice", "Bob"]);
            let (one, two) = (bench.invite(ALICE, false, false), bench.invite(BOB, false, false));
            bench.accept(BOB, &one).unwrap();
            bench.cuts_percent = cuts;
            for _ in 0..frames {
                bench.step();
            }
            bench.accept(ALICE, &two).unwrap();
            bench.advance(Duration::from_secs(20));
            bench.cuts_percent = 0;
            bench.advance(A_WHILE);
            assert_they_talk(&mut bench, ALICE, BOB, &format!("after {frames} frames, {cuts} cuts"));
            for who in [ALICE, BOB] {
                let Ok(Answer::Contacts(all)) = bench.command(who, Command::ListContacts) else { panic!() };
                assert_eq!(all.len(), 1);
            }
        }
    }
}

#[test]
fn a_new_link_of_a_contact_renews_the_keys_when_they_meet() {
    for away in [false, true] {
        let mut bench = Bench::new(40, &["Alice", "Bob"]);
        bench.befriend(ALICE, BOB);
        bench.send(ALICE, BOB, "old keys").unwrap();
        bench.advance(Duration::from_secs(1));
        let before = bench.sessions(BOB, ALICE);
        let link = bench.invite(ALICE, false, false);
        if away {
            bench.stop(ALICE);
        }
        bench.accept(BOB, &link).unwrap();
        if away {
            bench.start(ALICE);
        }
        bench.advance(A_WHILE);
        assert_eq!(bench.sessions(BOB, ALICE), before + 1, "away {away}");
        assert_eq!(invitations(&mut bench, ALICE).last(), Some(&InvitationState::Used), "away {away}");
        assert_they_talk(&mut bench, ALICE, BOB, "with new keys");
        assert_eq!(bench.texts(BOB, ALICE)[0], "old keys");
    }
}

#[test]
fn one_link_waits_a_request_and_the_newest_of_too_many() {
    let mut bench = Bench::new(41, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, true, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(2));
    for _ in 0..6 {
        bench.vanish(BOB);
        bench.start(BOB);
        bench.advance(Duration::from_millis(1_500));
        let waiting = bench.peers[ALICE].engine.as_ref().unwrap().state.links.iter();
        assert_eq!(waiting.filter(|(_, link)| introduction::is_waiting(link)).count(), 1);
    }
}

#[test]
fn who_waits_notices_that_the_inviter_is_gone() {
    let mut bench = Bench::new(42, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, true, false);
    bench.accept(BOB, &link).unwrap();
    bench.advance(Duration::from_secs(60));
    assert_eq!(links_of(&bench, BOB).len(), 1, "it stays while both show themselves");
    bench.vanish(ALICE);
    bench.advance(Duration::from_secs(20));
    assert_eq!(links_of(&bench, BOB).len(), 0);
}

#[test]
fn removed_contacts_make_room() {
    let mut bench = Bench::new(43, &["Alice", "Bob"]);
    answer_strangers(&mut bench, ALICE, limits::CONTACTS_MAX);
    let link = bench.invite(BOB, false, false);
    assert!(matches!(bench.accept(ALICE, &link), Err(CommandError::Full(_))));
    let Ok(Answer::Contacts(all)) = bench.command(ALICE, Command::ListContacts) else { panic!() };
    assert_eq!(all.len(), limits::CONTACTS_MAX);
    let contact = Reference::new(&all[0].id.to_string());
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.accept(ALICE, &link).unwrap();
    bench.advance(Duration::from_secs(5));
    assert_they_talk(&mut bench, ALICE, BOB, "as the last of many");
}

#[test]
fn a_bundle_is_given_once_a_link() {
    let mut bench = Bench::new(44, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, true, false);
    bench.accept(BOB, &link).unwrap();
    let mut asked = false;
    while bench.step() {
        let invited = bench.peers[BOB].engine.as_ref().unwrap().state.links.iter();
        let invited: Vec<LinkId> =
            invited.filter(|(_, one)| matches!(one.phase, Phase::Invited(_))).map(|(link, _)| link).collect();
        if let (Some(link), false) = (invited.first(), asked) {
            asked = true;
            for _ in 0..3 {
                meddle(&mut bench, BOB, |state, turn| introduction::ask_for_body(state, turn, *link));
            }
        }
    }
    assert!(asked && bench.peers[ALICE].logged.iter().any(|line| line.contains("asked twice")));
    assert_eq!(noticed(&bench, ALICE, NoticeKind::AnsweredTwice), 0);
}

#[test]
fn a_link_that_breaks_while_somebody_near_becomes_known_is_dialled_again() {
    for frames in 0..16 {
        let mut bench = Bench::new(47, &["Alice", "Bob"]);
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
        let Ok(Answer::Invitation(view)) = bench.command(ALICE, command) else { panic!("an invitation") };
        // They hear of each other while they are strangers.
        bench.discover(BOB, ALICE);
        bench.discover(ALICE, BOB);
        bench.advance(Duration::from_secs(30));
        bench.accept(BOB, &view.link.unwrap()).unwrap();
        for _ in 0..frames {
            bench.step();
        }
        bench.part(ALICE, BOB);
        bench.advance(Duration::from_secs(30));
        bench.join(ALICE, BOB);
        bench.advance(Duration::from_secs(90));
        assert!(
            bench.contact(BOB, ALICE).unwrap().online,
            "after {frames} frames {:#?}",
            story(&mut bench, [ALICE, BOB])
        );
    }
}

#[test]
fn who_was_ignored_is_met_by_their_own_link() {
    for seed in 60..68 {
        for reusable in [false, true] {
            for can_dial in [None, Some(ALICE), Some(BOB)] {
                let mut bench = Bench::new(seed, &["Alice", "Bob"]);
                let asks = bench.invite(ALICE, reusable, true);
                bench.accept(BOB, &asks).unwrap();
                bench.advance(Duration::from_secs(5));
                let contact = bench.reference(BOB);
                bench.command(ALICE, Command::IgnoreContact { contact }).unwrap();
                bench.advance(Duration::from_secs(5));
                let hints = can_dial.is_none_or(|who| who == ALICE);
                let command =
                    Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints };
                let Ok(Answer::Invitation(view)) = bench.command(BOB, command) else { panic!() };
                if can_dial == Some(ALICE) {
                    meddle(&mut bench, BOB, |state, _| {
                        let rows: Vec<_> = state.contacts.iter().map(|(row, _)| row).collect();
                        for row in rows {
                            let contact = state.contacts.get_mut(row).unwrap();
                            contact.addresses.clear();
                            contact.answer.as_mut().unwrap().hints.clear();
                        }
                    });
                    bench.part(ALICE, BOB);
                    bench.join(ALICE, BOB);
                }
                bench.accept(ALICE, &view.link.unwrap()).unwrap();
                bench.advance(A_WHILE * 2);
                assert_they_talk(
                    &mut bench,
                    ALICE,
                    BOB,
                    &format!("seed {seed}, reusable {reusable}, can dial {can_dial:?}"),
                );
            }
        }
    }
}

#[test]
fn who_was_removed_and_is_met_by_a_link_that_breaks_is_let_in_by_what_they_say_again() {
    for frames in 0..14 {
        let mut bench = Bench::new(61, &["Alice", "Bob"]);
        let asks = bench.invite(ALICE, true, true);
        bench.accept(BOB, &asks).unwrap();
        bench.advance(Duration::from_secs(5));
        let contact = bench.reference(BOB);
        bench.command(ALICE, Command::IgnoreContact { contact }).unwrap();
        let command =
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true };
        let Ok(Answer::Invitation(view)) = bench.command(BOB, command) else { panic!("an invitation") };
        bench.accept(ALICE, &view.link.unwrap()).unwrap();
        for _ in 0..frames {
            bench.step();
        }
        // From here on Alice does not know any more where Bob is.
        meddle(&mut bench, ALICE, |state, _| {
            let row = state.contacts.iter().map(|(row, _)| row).next().unwrap();
            let contact = state.contacts.get_mut(row).unwrap();
            contact.addresses.clear();
            contact.answer.iter_mut().for_each(|answer| answer.hints.clear());
        });
        bench.part(ALICE, BOB);
        bench.join(ALICE, BOB);
        bench.advance(A_WHILE * 2);
        assert_they_talk(&mut bench, ALICE, BOB, &format!("after {frames} frames"));
    }
}

#[test]
fn a_link_with_somebody_elses_secret_keeps_nobody_from_being_met() {
    for first in [true, false] {
        let mut bench = Bench::new(48, &["Alice", "Bob", "Carol"]);
        let link = bench.invite(ALICE, true, false);
        let carols = Link::decode(&bench.invite(CAROL, false, false)).unwrap();
        // Carol, who holds Alice's link, hands Bob one of her own with Alice's secret in it.
        let secret = Link::decode(&link).unwrap().secret;
        let crafted = Link { secret, hints: Vec::new(), ..carols }.encode();
        bench.accept(BOB, if first { &crafted } else { &link }).unwrap();
        let second = bench.accept(BOB, if first { &link } else { &crafted });
        assert!(
            matches!(second, Err(CommandError::WrongState(text)) if text.contains("forged")),
            "{second:?}"
        );
        if first {
            let contact = bench.reference(CAROL);
            bench.command(BOB, Command::RemoveContact { contact, keep_history: false }).unwrap();
            bench.accept(BOB, &link).unwrap();
        }
        bench.advance(A_WHILE);
        assert_eq!(state(&mut bench, ALICE, BOB), Some(ContactState::Request), "first {first}");
    }
}

#[test]
fn new_keys_of_somebody_whose_old_channel_still_seems_to_stand_are_used_after_one_unanswered_ping() {
    let mut bench = Bench::new(49, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.send(ALICE, BOB, "before").unwrap();
    bench.advance(Duration::from_secs(1));
    let link = bench.invite(ALICE, false, false);
    bench.vanish(BOB);
    bench.start(BOB);
    let contact = bench.reference(ALICE);
    bench.command(BOB, Command::RemoveContact { contact, keep_history: true }).unwrap();
    bench.accept(BOB, &link).unwrap();
    bench.send(BOB, ALICE, "by new keys already").unwrap();
    bench.advance(limits::TWIN_PATIENCE - Duration::from_millis(100));
    assert_eq!(bench.texts(ALICE, BOB), ["before"]);
    bench.advance(Duration::from_millis(200));
    assert_eq!(bench.texts(ALICE, BOB), ["before", "by new keys already"]);
    bench.advance(A_WHILE);
    assert_they_talk(&mut bench, ALICE, BOB, "by new keys");
    for who in [ALICE, BOB] {
        assert_eq!(noticed(&bench, who, NoticeKind::KeysRenewed), 0, "{who}");
    }
}

#[test]
fn a_hello_that_is_under_way_while_a_link_is_answered_keeps_nobody_apart() {
    for dialler in [ALICE, BOB] {
        for (before, between) in (0..8).flat_map(|before| (0..8).map(move |between| (before, between))) {
            let mut bench = Bench::new(52, &["Alice", "Bob"]);
            // They find each other on their network and in no other way.
            bench.discover(dialler, 1 - dialler);
            bench.advance(limits::NEARBY_PATIENCE - Duration::from_millis(1));
            bench.discover(1 - dialler, dialler);
            bench.now = bench.now + Duration::from_millis(1);
            bench.input(dialler, Input::Timeout);
            for _ in 0..before {
                bench.step();
            }
            let command =
                Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
            let Ok(Answer::Invitation(view)) = bench.command(ALICE, command) else { panic!("an invitation") };
            for _ in 0..between {
                bench.step();
            }
            bench.accept(BOB, &view.link.unwrap()).unwrap();
            bench.advance(Duration::from_secs(10));
            let met = bench.contact(ALICE, BOB).is_some_and(|contact| contact.online);
            assert!(met, "{dialler} dialled, {before} frames before the link, {between} before its answer");
        }
    }
}

#[test]
fn an_address_where_somebody_else_is_now_keeps_nobody_from_being_met_at_another() {
    for stranger in [false, true] {
        // The bench connects to whom it made first.
        let (carol, bob) = (1, 2);
        let mut bench = Bench::new(51, &["Alice", "Carol", "Bob"]);
        bench.befriend(ALICE, bob);
        if !stranger {
            bench.befriend(ALICE, carol);
        }
        for who in [carol, bob] {
            bench.stop(who);
        }
        // Carol has an address that Bob had, and Bob another one; neither knows where Alice is.
        let elsewhere = carols_address();
        meddle(&mut bench, ALICE, |state, _| {
            let rows: Vec<_> = state.contacts.iter().map(|(row, _)| row).collect();
            let contact = state.contacts.get_mut(rows[0]).unwrap();
            contact.addresses.insert(0, elsewhere);
        });
        for who in [carol, bob] {
            bench.start(who);
            meddle(&mut bench, who, |state, _| {
                let rows: Vec<_> = state.contacts.iter().map(|(row, _)| row).collect();
                for row in rows {
                    state.contacts.get_mut(row).unwrap().addresses.clear();
                }
            });
        }
        bench.part(ALICE, bob);
        bench.part(ALICE, carol);
        bench.join(ALICE, bob);
        bench.join(ALICE, carol);
        bench.advance(A_WHILE * 2);
        assert!(bench.contact(ALICE, bob).unwrap().online, "stranger {stranger}");
        assert!(stranger || bench.contact(ALICE, carol).unwrap().online);
    }
}

/// The bench gives everybody a port of their own on this machine.
const fn carols_address() -> Address {
    Address { transport: Transport::Tcp, ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 1_001 }
}
