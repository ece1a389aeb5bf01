//! Tests of the way to a contact: what they find, what they leave alone, and what is refused.

use core::time::Duration;

use crate::{
    answer::{AddressOutcome, AddressSource, Answer, CommandError, DialFailure, StepResult, Trial},
    command::{Command, Reference},
    event::Event,
    ids::CommandId,
    input::Input,
    limits,
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

const A_WHILE: Duration = Duration::from_secs(150);

fn friends() -> Bench {
    let mut bench = Bench::new(31, &["Alice", "Bob", "Carol"]);
    bench.befriend(ALICE, BOB);
    bench.peers[ALICE].logged.clear();
    bench
}

fn command(bench: &Bench, whom: usize) -> Command {
    Command::TestContact { contact: bench.reference(whom) }
}

#[track_caller]
fn tested(bench: &mut Bench, who: usize, whom: usize) -> Trial {
    let command = command(bench, whom);
    match bench.command(who, command) {
        Ok(Answer::Trial(trial)) => *trial,
        other => panic!("a test, not {other:?}"),
    }
}

fn steps(trial: &Trial) -> [StepResult; 5] {
    [trial.known, trial.dialled, trial.agreed, trial.online, trial.answered]
}

use StepResult::{Done, Failed, NotTried};

#[test]
fn over_a_channel_that_stands_only_a_ping_is_said() {
    let mut bench = friends();
    let (links, sent, events) = (bench.links(), bench.peers[ALICE].sent, bench.peers[ALICE].events.len());
    let trial = tested(&mut bench, ALICE, BOB);
    assert_eq!(steps(&trial), [Done, NotTried, Done, Done, Done]);
    assert!(trial.round_trip.is_some());
    assert_eq!((bench.links(), bench.peers[ALICE].sent), (links, sent + 1));
    assert_eq!(bench.peers[ALICE].events.len(), events, "something was told");
    bench.advance(A_WHILE);
    assert_eq!(bench.peers[ALICE].events.len(), events, "the channel was disturbed");
}

#[test]
fn whoever_is_away_fails_at_the_dial_and_is_met_as_before() {
    let mut bench = friends();
    bench.stop(BOB);
    bench.advance(A_WHILE);
    bench.refused = Some(DialFailure::Refused);
    let began = bench.now;
    let trial = tested(&mut bench, ALICE, BOB);
    assert_eq!(steps(&trial), [Done, Failed, NotTried, NotTried, NotTried]);
    let [only] = trial.addresses.as_slice() else { panic!("one address, not {:?}", trial.addresses) };
    assert_eq!(only.source, AddressSource::Met);
    assert_eq!(only.outcome, AddressOutcome::Failed(DialFailure::Refused));
    assert!(bench.now.since(began) < Duration::from_secs(1), "it waits for nothing");
    let logged = bench.peers[ALICE].logged.join("\n");
    assert!(!logged.contains("127.0.0.1"), "{logged}");

    bench.start(BOB);
    bench.advance(limits::REDIAL_FIRST * 2);
    assert!(bench.contact(ALICE, BOB).unwrap().online, "the wait after a test is a short one");
    assert_eq!(tested(&mut bench, ALICE, BOB).answered, Done);
}

#[test]
fn whoever_comes_back_is_found_by_the_test_itself() {
    let mut bench = friends();
    bench.part(ALICE, BOB);
    bench.advance(A_WHILE);
    bench.join(ALICE, BOB);
    let trial = tested(&mut bench, ALICE, BOB);
    assert_eq!(steps(&trial), [Done; 5]);
    assert_eq!(trial.addresses[0].outcome, AddressOutcome::Answered);
}

#[test]
fn of_somebody_never_met_no_address_may_be_known() {
    let mut bench = friends();
    let invite = Command::CreateInvitation { reusable: false, ask: false, expires_in: None, hints: false };
    let Ok(Answer::Invitation(invitation)) = bench.command(CAROL, invite) else { panic!("an invitation") };
    bench.accept(ALICE, &invitation.link.unwrap()).unwrap();
    let trial = tested(&mut bench, ALICE, CAROL);
    assert_eq!(steps(&trial), [Failed, NotTried, NotTried, NotTried, NotTried]);
    assert_eq!((trial.addresses.len(), trial.nearby), (0, 0));
}

#[test]
fn somebody_else_at_the_address_is_not_them() {
    let mut bench = friends();
    bench.stop(BOB);
    // As the bench gives them: one after the other from 1,000.
    let port = 1_001;
    bench.moves(BOB, 9);
    bench.moves(CAROL, port);
    bench.advance(A_WHILE);
    let trial = tested(&mut bench, ALICE, BOB);
    assert_eq!(steps(&trial), [Done, Failed, NotTried, NotTried, NotTried]);
    let at_their_place = trial.addresses.iter().find(|one| one.address.port == port).unwrap();
    assert_eq!(at_their_place.outcome, AddressOutcome::Failed(DialFailure::SomebodyElse));
    assert!(bench.peers[CAROL].events.iter().all(|event| !matches!(event, Event::ContactAdded(_))));
}

#[test]
fn whoever_has_not_let_us_in_is_there_and_is_left_in_peace() {
    let mut bench = friends();
    let link = bench.invite(CAROL, false, true);
    bench.accept(ALICE, &link).unwrap();
    bench.advance(Duration::from_secs(5));
    let links = bench.links();
    let trial = tested(&mut bench, ALICE, CAROL);
    assert_eq!(steps(&trial), [Done, Done, Failed, NotTried, NotTried]);
    assert!(trial.awaits_consent);
    assert_eq!(bench.links(), links, "one introduction is enough");
}

#[test]
fn a_channel_that_carries_nothing_fails_at_the_ping_and_the_test_does_not_end_it() {
    let mut bench = friends();
    bench.hush(ALICE, BOB);
    let began = bench.now;
    let trial = tested(&mut bench, ALICE, BOB);
    assert_eq!(steps(&trial), [Done, NotTried, Done, Done, Failed]);
    let took = bench.now.since(began);
    assert!(took <= limits::TRIAL_PATIENCE + Duration::from_millis(4), "{took:?}");
    assert!(trial.round_trip.is_none());
    assert!(!bench.peers[ALICE].events.iter().any(|event| matches!(event, Event::ContactOffline(_))));
}

#[test]
fn one_test_at_a_time() {
    let mut bench = friends();
    bench.hush(ALICE, BOB);
    let first = command(&bench, BOB);
    bench.input(ALICE, Input::Commands(vec![(CommandId::new(1 << 40), first.clone())]));
    assert!(matches!(bench.command(ALICE, first), Err(CommandError::WrongState(_))));
    bench.advance(A_WHILE);
    assert_eq!(tested(&mut bench, ALICE, BOB).answered, Done);
}

#[test]
fn nobody_who_is_not_met_is_tested() {
    let mut bench = friends();
    let nobody = Command::TestContact { contact: Reference::new("nobody at all") };
    assert_eq!(bench.command(ALICE, nobody), Err(CommandError::NotFound));
    let contact = bench.reference(BOB);
    bench.command(ALICE, Command::BlockContact { contact: contact.clone() }).unwrap();
    let test = command(&bench, BOB);
    assert!(matches!(bench.command(ALICE, test.clone()), Err(CommandError::WrongState(_))));
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: true }).unwrap();
    assert_eq!(bench.command(ALICE, test), Err(CommandError::NotFound));
}

#[test]
fn whoever_is_removed_meanwhile_ends_the_test() {
    let mut bench = friends();
    bench.hush(ALICE, BOB);
    let contact = bench.reference(BOB);
    bench.input(ALICE, Input::Commands(vec![(CommandId::new(1 << 40), command(&bench, BOB))]));
    bench.command(ALICE, Command::RemoveContact { contact, keep_history: false }).unwrap();
    bench.befriend(CAROL, ALICE);
    assert_eq!(tested(&mut bench, ALICE, CAROL).answered, Done, "another one may begin");
}
