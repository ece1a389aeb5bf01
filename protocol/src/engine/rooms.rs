//! Disks that are full for a while.

use core::time::Duration;

use crate::{
    answer::{CommandError, MessageState},
    command::Command,
    input::Input,
    room::Room,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;

const A_WHILE: Duration = Duration::from_secs(150);

fn two() -> Bench {
    let mut bench = Bench::new(9, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.send(ALICE, BOB, "before").unwrap();
    bench.settle();
    bench.send(BOB, ALICE, "before too").unwrap();
    bench.advance(A_WHILE);
    bench
}

#[test]
fn without_room_nothing_is_written_and_everything_can_be_read() {
    let mut bench = two();
    let key = |text: &str, bench: &Bench| Command::SendMessage {
        conversation: bench.reference(BOB),
        text: text.to_owned(),
        idempotency_key: Some("a key".to_owned()),
    };
    let known = key("with a key", &bench);
    let first = bench.command(ALICE, known.clone()).unwrap();
    bench.advance(A_WHILE);
    let writes = bench.writes(ALICE);
    bench.input(ALICE, Input::Room(Room::Full));
    bench.settle();
    assert_eq!(bench.links(), 0);
    for (room, refusal) in [(Room::ReadOnly, CommandError::ReadOnly), (Room::Full, CommandError::DiskFull)] {
        bench.input(ALICE, Input::Room(room));
        assert_eq!(bench.send(ALICE, BOB, "no"), Err(refusal.clone()));
        let bob = bench.reference(BOB);
        let refused = [
            Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: true },
            Command::RevokeInvitation { invitation: bob.clone() },
            Command::AcceptInvitation { link: String::new(), name: None, ignore_end: false },
            Command::AcceptContact { contact: bob.clone() },
            Command::IgnoreContact { contact: bob.clone() },
            Command::VerifyContact { contact: bob.clone() },
            Command::BlockContact { contact: bob.clone() },
            Command::UnblockContact { contact: bob.clone() },
            Command::RenameContact { contact: bob.clone(), name: "b".to_owned() },
            Command::MergeContacts { new: bob.clone(), old: bob.clone() },
            Command::RemoveContact { contact: bob.clone(), keep_history: false },
            Command::MarkRead { conversation: bob.clone() },
        ];
        for command in refused {
            assert_eq!(bench.command(ALICE, command), Err(refusal.clone()));
        }
    }
    assert_eq!(bench.texts(ALICE, BOB), ["before", "before too", "with a key"]);
    for command in [Command::Status, Command::ListInvitations, Command::ListContacts, Command::Check] {
        bench.command(ALICE, command).unwrap();
    }
    let again = bench.command(ALICE, known).unwrap();
    assert_eq!(format!("{again:?}").replace("Delivered", "Queued"), format!("{first:?}"));
    // The other side tries again and again meanwhile.
    bench.send(BOB, ALICE, "kept by Bob").unwrap();
    bench.advance(A_WHILE);
    assert_eq!(bench.writes(ALICE), writes, "something was written");
    assert_eq!(bench.history(BOB, ALICE).last().unwrap().state, MessageState::Queued);
    bench.input(ALICE, Input::Room(Room::Enough));
    bench.settle();
    assert_eq!(bench.history(BOB, ALICE).last().unwrap().state, MessageState::Delivered);
    bench.send(ALICE, BOB, "after").unwrap();
    bench.settle();
    let all = ["before", "before too", "with a key", "kept by Bob", "after"];
    assert_eq!(bench.texts(ALICE, BOB), all);
    assert_eq!(bench.texts(BOB, ALICE), all);
}

#[test]
fn a_deletion_rests_while_there_is_no_room_and_goes_on_afterwards() {
    let mut bench = two();
    for number in 0..3_000 {
        bench.send(ALICE, BOB, &format!("{number}")).unwrap();
    }
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.input(ALICE, Input::Room(Room::Full));
    let (writes, records) = (bench.writes(ALICE), bench.peers[ALICE].store.len());
    bench.advance(A_WHILE);
    assert_eq!(bench.writes(ALICE), writes);
    bench.input(ALICE, Input::Room(Room::Enough));
    bench.advance(A_WHILE);
    assert!(bench.peers[ALICE].store.len() < records / 2);
}

#[test]
fn whoever_answers_a_link_on_a_full_disk_is_let_in_later() {
    let mut bench = Bench::new(10, &["Alice", "Bob"]);
    let link = bench.invite(ALICE, false, false);
    bench.input(ALICE, Input::Room(Room::Full));
    bench.accept(BOB, &link).unwrap();
    bench.advance(A_WHILE);
    assert!(!bench.contact(BOB, ALICE).unwrap().online);
    bench.input(ALICE, Input::Room(Room::Enough));
    bench.advance(A_WHILE);
    assert!(bench.contact(BOB, ALICE).unwrap().online);
    assert!(bench.contact(ALICE, BOB).unwrap().online);
}
