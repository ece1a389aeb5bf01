//! Homes with and without a passphrase, as a node opens them.

use std::fs;

use causerie_protocol::vault::passphrase::PassphraseError;
use tempfile::TempDir;

use super::*;
use crate::{Config, Node, init};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

fn cheap() -> Effort {
    Effort::Fixed(Cost::new(8, 1, 1).unwrap())
}

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    init(home.path(), "Alice", None).unwrap();
    home
}

/// Whether the home can be opened with this.
async fn opens(home: &TempDir, text: Option<&str>) -> Result<(), NodeError> {
    let config = Config { home: home.path().to_owned(), passphrase: text.map(passphrase), network: None };
    Node::start(config).await?.stop().await
}

#[tokio::test]
async fn a_passphrase_is_set_changed_and_removed() {
    let home = home();
    assert_eq!(opens(&home, None).await, Ok(()));
    assert_eq!(opens(&home, Some("not needed")).await, Ok(()));
    set(home.path(), None, &passphrase("one"), cheap()).unwrap();
    assert_eq!(opens(&home, None).await, Err(NodeError::Locked));
    assert_eq!(opens(&home, Some("two")).await, Err(NodeError::WrongPassphrase));
    assert_eq!(opens(&home, Some("one")).await, Ok(()));
    assert_eq!(set(home.path(), None, &passphrase("two"), cheap()), Err(NodeError::Locked));
    let wrong = passphrase("wrong");
    assert_eq!(set(home.path(), Some(&wrong), &passphrase("two"), cheap()), Err(NodeError::WrongPassphrase));
    assert_eq!(opens(&home, Some("one")).await, Ok(()));
    set(home.path(), Some(&passphrase("one")), &passphrase("two"), cheap()).unwrap();
    assert_eq!(opens(&home, Some("one")).await, Err(NodeError::WrongPassphrase));
    assert_eq!(opens(&home, Some("two")).await, Ok(()));
    assert_eq!(remove(home.path(), None), Err(NodeError::Locked));
    assert_eq!(remove(home.path(), Some(&wrong)), Err(NodeError::WrongPassphrase));
    remove(home.path(), Some(&passphrase("two"))).unwrap();
    assert_eq!(opens(&home, None).await, Ok(()));
    assert_eq!(remove(home.path(), None), Err(NodeError::NoPassphrase));
}

#[test]
fn a_passphrase_is_checked_and_nothing_is_changed() {
    let home = home();
    assert_eq!(check(home.path(), &passphrase("one")), Err(NodeError::NoPassphrase));
    set(home.path(), None, &passphrase("one"), cheap()).unwrap();
    let before = fs::read(home.path().join("vault.hdr")).unwrap();
    assert_eq!(check(home.path(), &passphrase("two")), Err(NodeError::WrongPassphrase));
    assert_eq!(check(home.path(), &passphrase("one")), Ok(()));
    assert_eq!(fs::read(home.path().join("vault.hdr")).unwrap(), before);
}

#[tokio::test]
async fn it_can_change_while_a_node_runs() {
    let home = home();
    let config = Config { home: home.path().to_owned(), passphrase: None, network: None };
    let node = Node::start(config).await.unwrap();
    assert!(!node.handle().has_passphrase());
    set(home.path(), None, &passphrase("one"), cheap()).unwrap();
    assert!(node.handle().has_passphrase());
    node.stop().await.unwrap();
    assert_eq!(opens(&home, None).await, Err(NodeError::Locked));
    assert_eq!(opens(&home, Some("one")).await, Ok(()));
}

#[tokio::test]
async fn whoever_has_not_the_passphrase_changes_nothing() {
    let home = home();
    set(home.path(), None, &passphrase("one"), cheap()).unwrap();
    assert!(!home.path().join("store").exists());
    assert_eq!(opens(&home, None).await, Err(NodeError::Locked));
    assert_eq!(opens(&home, Some("two")).await, Err(NodeError::WrongPassphrase));
    assert!(!home.path().join("store").exists());
}

#[tokio::test]
async fn a_home_that_somebody_else_holds_is_in_use_before_it_is_locked() {
    let home = home();
    set(home.path(), None, &passphrase("one"), cheap()).unwrap();
    let config = Config { home: home.path().to_owned(), passphrase: Some(passphrase("one")), network: None };
    let node = Node::start(config).await.unwrap();
    assert_eq!(opens(&home, None).await, Err(NodeError::HomeInUse));
    node.stop().await.unwrap();
}

#[test]
fn nobody_s_home_has_no_passphrase() {
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(set(nowhere.path(), None, &passphrase("one"), cheap()), Err(NodeError::NoIdentity));
    assert_eq!(remove(nowhere.path(), None), Err(NodeError::NoIdentity));
    assert_eq!(fs::read_dir(nowhere.path()).unwrap().count(), 0);
    assert_eq!(Passphrase::new(Vec::new()), Err(PassphraseError::Empty));
}

/// The one test that pays the real cost.
#[tokio::test]
async fn the_real_cost_is_what_this_machine_bears_and_a_home_can_have_it_from_the_beginning() {
    let home = tempfile::tempdir().unwrap();
    init(home.path(), "Alice", Some(&passphrase("one"))).unwrap();
    assert!(!home.path().join("vault.key").exists());
    let header = Header::read(&fs::read(home.path().join("vault.hdr")).unwrap()).unwrap();
    let Protection::Passphrase { cost, .. } = header.protection() else { panic!("a passphrase was set") };
    assert_eq!((cost.memory_kib(), cost.lanes()), (65_536, 1));
    assert!((1..=3).contains(&cost.passes()), "{cost:?}");
    assert_eq!(opens(&home, None).await, Err(NodeError::Locked));
    assert_eq!(opens(&home, Some("one")).await, Ok(()));
}

#[test]
fn slower_machines_pass_over_the_memory_less_often_but_once() {
    let passes = |millis| bearable(Duration::from_millis(millis)).passes();
    assert_eq!((passes(0), passes(500)), (3, 3));
    assert_eq!((passes(501), passes(750)), (2, 2));
    assert_eq!((passes(751), passes(1_500), passes(60_000)), (1, 1, 1));
    assert_eq!(bearable(Duration::MAX).passes(), 1);
    assert_eq!(bearable(Duration::MAX).memory_kib(), 65_536);
}
