//! Crashes at every boundary: each story runs once for each write that either side makes in it, and the engine crashes
//! before that write, after it, and after what the turn had to say was said. It is started again on what was durable,
//! and whoever had no answer asks again. In the end nothing that was answered or told is lost, nothing appears twice, no
//! key or nonce was used twice, both sides show the same, and nobody was told of a repair that only a loss makes needed.

mod life;
mod oracles;

use core::time::Duration;

use life::{ALICE, BOB, CAROL, Life, Story};

use crate::{
    answer::{Answer, ContactState, Verification},
    command::{Command, ConversationMark},
    event::NoticeKind,
    limits,
    testing::Bench,
};

const A_MOMENT: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_secs(150);

/// What most stories begin with.
fn friends(life: &mut Life) {
    life.bench.befriend(ALICE, BOB);
}

/// Both know each other, and have said so much that a step is due soon.
fn talked(life: &mut Life) {
    friends(life);
    for number in 0..limits::STEP_AFTER_MESSAGES {
        life.writes(ALICE, BOB, &format!("before {number}"));
    }
    life.passes(A_MOMENT);
}

fn talk(life: &mut Life, what: &str) {
    life.writes(ALICE, BOB, &format!("{what} by Alice"));
    life.passes(A_MOMENT);
    life.writes(BOB, ALICE, &format!("{what} by Bob"));
    life.passes(A_MOMENT);
}

/// Bob takes a link of Alice's.
fn meet(life: &mut Life, wait: Duration) {
    let link = life.invites(ALICE, false);
    life.accepts(BOB, &link);
    life.passes(wait);
}

/// Alice removes Bob, and they meet anew.
fn part_and_meet(life: &mut Life, keep_history: bool) {
    let contact = life.bench.reference(BOB);
    life.does(ALICE, &Command::RemoveContact { contact, keep_history });
    life.passes(A_MOMENT);
    if !keep_history {
        life.forgets(ALICE);
    }
    meet(life, A_WHILE);
    talk(life, "again");
}

#[test]
fn when_two_meet_by_a_link() {
    Story::new(
        1,
        |_| {},
        |life| {
            meet(life, A_MOMENT);
            talk(life, "first words");
        },
    )
    .is_told();
}

#[test]
fn when_two_meet_by_a_request() {
    Story::new(
        2,
        |_| {},
        |life| {
            let link = life.invites(ALICE, true);
            life.accepts(BOB, &link);
            life.passes(A_MOMENT);
            let contact = life.bench.reference(BOB);
            life.does(ALICE, &Command::AcceptContact { contact });
            life.passes(A_MOMENT);
            talk(life, "first words");
        },
    )
    .is_told();
}

#[test]
fn when_messages_are_written_received_and_read() {
    Story::new(3, friends, |life| {
        for number in 0..3 {
            life.writes(ALICE, BOB, &format!("hers {number}"));
        }
        life.writes(BOB, ALICE, "his");
        life.passes(A_MOMENT);
        for (who, with) in [(BOB, ALICE), (ALICE, BOB)] {
            let conversation = life.bench.reference(with);
            life.does(who, &Command::MarkRead { conversation });
        }
        life.passes(A_MOMENT);
        life.writes(ALICE, BOB, &"long ".repeat(3_000));
        life.passes(A_MOMENT);
    })
    .is_told();
}

#[test]
fn when_what_waited_is_sent() {
    Story::new(4, friends, |life| {
        life.bench.part(ALICE, BOB);
        for number in 0..4 {
            life.writes(ALICE, BOB, &format!("hers {number}"));
            life.writes(BOB, ALICE, &format!("his {number}"));
        }
        life.bench.join(ALICE, BOB);
        life.passes(A_WHILE);
    })
    .is_told();
}

#[test]
fn when_a_session_steps_to_fresh_keys() {
    Story::new(5, talked, |life| {
        for round in 0..2 {
            life.passes(limits::STEP_AFTER);
            for number in 0..limits::STEP_AFTER_MESSAGES / 2 {
                talk(life, &format!("{round} {number}"));
            }
        }
    })
    .is_told();
}

#[test]
fn when_the_ring_is_rotated() {
    Story::new(6, talked, |life| {
        talk(life, "something to erase");
        life.passes(limits::ROTATE_AFTER + A_MOMENT);
        talk(life, "after it");
    })
    .is_told();
}

#[test]
fn when_a_contact_is_renamed_verified_marked_blocked_and_unblocked() {
    Story::new(7, friends, |life| {
        let contact = life.bench.reference(BOB);
        let (bob, conversation) = (|| contact.clone(), contact.clone());
        life.does(ALICE, &Command::RenameContact { contact: bob(), name: "Robert".to_owned() });
        life.does(ALICE, &Command::VerifyContact { contact: bob() });
        for mark in [ConversationMark::Pinned(true), ConversationMark::Draft("half a thought".to_owned())] {
            life.does(ALICE, &Command::MarkConversation { conversation: conversation.clone(), mark });
        }
        life.does(ALICE, &Command::BlockContact { contact: bob() });
        life.passes(A_MOMENT);
        life.does(ALICE, &Command::UnblockContact { contact: bob() });
        life.passes(A_WHILE);
    })
    .and_then(|life| {
        let contact = life.bench.contact(ALICE, BOB).unwrap();
        assert_eq!(
            (contact.name.as_str(), contact.verification, contact.state),
            ("Robert", Verification::Verified, ContactState::Active)
        );
        let Ok(Answer::Conversations(all)) = life.bench.command(ALICE, Command::ListConversations) else {
            panic!("no conversations")
        };
        assert!(all[0].pinned && all[0].draft == "half a thought");
    })
    .is_told();
}

#[test]
fn when_a_contact_is_removed_with_all_that_was_said() {
    Story::new(8, talked, |life| part_and_meet(life, false)).is_told();
}

#[test]
fn when_a_contact_is_removed_and_the_history_is_kept() {
    Story::new(9, talked, |life| part_and_meet(life, true)).is_told();
}

#[test]
fn when_an_invitation_is_revoked_and_another_one_replaces_it() {
    Story::new(
        10,
        |_| {},
        |life| {
            let first = life.invites(ALICE, false);
            let Ok(Answer::Invitations(all)) = life.asks(ALICE, &Command::ListInvitations) else {
                panic!("no invitations")
            };
            for view in all {
                let invitation = crate::command::Reference::new(&view.id.to_string());
                life.does(ALICE, &Command::RevokeInvitation { invitation });
            }
            life.accepts(BOB, &first);
            life.passes(A_MOMENT);
            meet(life, A_WHILE);
            talk(life, "by the second");
        },
    )
    .is_told();
}

#[test]
fn when_servers_are_learned() {
    let servers = || [1, 2].map(|number| Bench::relay(number).address);
    Story::new(11, friends, move |life| {
        life.bench.uses(ALICE, &servers());
        life.passes(A_WHILE);
    })
    .and_then(move |life| {
        life.bench.advance(A_WHILE);
        assert_eq!(life.bench.peers[BOB].engine.as_ref().unwrap().servers(), servers());
    })
    .is_told();
}

#[test]
fn when_two_find_each_other_at_the_meeting_place() {
    Story::new(12, friends, |life| {
        life.bench.stands(ALICE, &[1]);
        life.bench.stands(BOB, &[2]);
        life.bench.part(ALICE, BOB);
        life.passes(A_WHILE);
        talk(life, "over a relay");
        life.passes(Duration::from_secs(86_400));
        talk(life, "a day later");
    })
    .is_told();
}

#[test]
fn when_a_lost_store_is_repaired() {
    Story::new(13, talked, |life| {
        life.bench.stop(BOB);
        life.bench.lose_store(BOB);
        life.hears_again(BOB);
        life.bench.start(BOB);
        life.passes(A_WHILE);
        talk(life, "mended");
    })
    .with_notices(&[NoticeKind::KeysRenewed, NoticeKind::StoreRepaired])
    .is_told();
}

#[test]
fn when_somebody_who_lost_everything_is_merged_with_who_they_were() {
    Story::new(
        14,
        |life| {
            friends(life);
            life.bench.befriend(ALICE, CAROL);
            life.writes(ALICE, BOB, "to who he was");
            life.passes(A_MOMENT);
            life.bench.stop(BOB);
            life.is_gone(BOB);
            life.forgets(CAROL);
        },
        |life| {
            let (new, old) = (life.bench.reference(CAROL), life.bench.reference(BOB));
            life.does(ALICE, &Command::MergeContacts { new, old });
            life.passes(A_MOMENT);
            life.writes(ALICE, CAROL, "to who she is");
            life.writes(CAROL, ALICE, "by who she is");
            life.passes(A_MOMENT);
        },
    )
    .is_told();
}

/// Each of these mistakes shows in a short story, so the oracles can fail.
#[test]
fn mistakes_that_only_a_crash_brings_to_light_show() {
    use crate::testing::plant::{self, Plant};
    let story = || {
        Story::new(3, friends, |life| {
            for number in 0..9 {
                life.writes(ALICE, BOB, &format!("message {number}"));
            }
            life.passes(A_MOMENT);
        })
    };
    assert!(story().is_told_with_every_crash().is_ok());
    for planted in [Plant::SayBeforeWrite, Plant::AckUnstored, Plant::NonceRepeated, Plant::KeyIgnored] {
        plant::set(Some(planted));
        let told = story().is_told_with_every_crash();
        plant::set(None);
        assert!(told.is_err(), "{planted:?} does not show");
    }
}
