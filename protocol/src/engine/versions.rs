//! Links to programs of other versions: each ends with a sentence in the log, and everything else goes on.

use core::time::Duration;

use crate::{
    ids::{DialId, LinkId, TransportId},
    input::{Input, LinkEnds, Way},
    testing::Bench,
};

const ALICE: usize = 0;
const BOB: usize = 1;

/// What Alice's log says of a link on which these frames come, dialled by her or not.
fn said_of(frames: &[&[u8]], dialled_by_us: bool) -> String {
    let mut bench = Bench::new(1, &["Alice", "Bob"]);
    bench.befriend(ALICE, BOB);
    bench.settle();
    let before = bench.peers[ALICE].logged.len();
    let link = LinkId::new(1_000);
    let id = |byte| TransportId::new(&[byte; 32]).unwrap();
    let dial = dialled_by_us.then_some(DialId::new(1_000));
    let ends = LinkEnds { own: id(1), peer: id(2), dial, address: None, way: Way::Direct };
    bench.input(ALICE, Input::LinkUp { link, ends });
    for frame in frames {
        bench.input(ALICE, Input::Frame { link, bytes: frame.to_vec() });
    }
    let said = bench.peers[ALICE].logged[before..].join("\n");
    bench.input(ALICE, Input::LinkDown { link });
    bench.send(ALICE, BOB, "we go on").unwrap();
    bench.advance(Duration::from_secs(1));
    assert_eq!(bench.texts(BOB, ALICE), ["we go on"]);
    said
}

fn greeting(min: u8, max: u8) -> Vec<u8> {
    [&[min, max][..], &[9; 32]].concat()
}

#[test]
fn a_range_of_versions_without_ours_is_refused_with_which_side_is_behind() {
    for dialled_by_us in [true, false] {
        let said = |min, max| said_of(&[&greeting(min, max)], dialled_by_us);
        assert!(said(2, 3).contains("refused: the other side speaks only newer versions"), "{}", said(2, 3));
        assert!(said(0, 0).contains("refused: the other side speaks only older versions"), "{}", said(0, 0));
        assert!(said(2, 1).contains("refused: malformed hello"), "{}", said(2, 1));
        assert_eq!(said(0, 2), "", "one that has ours is spoken with");
    }
}

#[test]
fn a_hello_of_older_programs_is_told_from_nonsense() {
    for dialled_by_us in [true, false] {
        for (class, slots) in [(0_u8, 4), (1, 16), (2, 64)] {
            let tokens = [&[class][..], &vec![7; 16 * slots]].concat();
            let said = said_of(&[&greeting(1, 1), &tokens], dialled_by_us);
            assert!(said.contains("refused: the other side says hello as older programs did"), "{said}");
        }
        let said = said_of(&[&greeting(1, 1), b"nonsense"], dialled_by_us);
        assert!(said.contains("refused: malformed hello"), "{said}");
    }
}
