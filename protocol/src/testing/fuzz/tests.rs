use std::collections::BTreeSet;

use super::*;

#[test]
fn names_are_words_with_hyphens_and_name_one_target_each() {
    let names: BTreeSet<&str> = targets().map(|target| target.name).collect();
    assert_eq!(names.len(), targets().count());
    assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
}

#[test]
fn every_target_has_examples_and_takes_them() {
    for target in targets() {
        let examples = (target.examples)();
        assert!(!examples.is_empty(), "{} has no examples", target.name);
        assert_eq!(examples, (target.examples)(), "{} has other examples each time", target.name);
        let mut take = (target.begin)();
        for example in examples {
            take(&example);
        }
    }
}

#[test]
fn a_seed_says_everything_and_bytes_are_bounded() {
    let corpus = [b"a sound example".to_vec(), vec![0; 200]];
    let spoilt = |seed| {
        let mut mutator = Mutator::new(seed, 100);
        (0..500).map(|_| mutator.spoil(&corpus)).collect::<Vec<_>>()
    };
    assert_eq!(spoilt(1), spoilt(1));
    assert_ne!(spoilt(1), spoilt(2));
    let all: BTreeSet<Vec<u8>> = spoilt(1).into_iter().collect();
    assert!(all.len() > 300, "{} of 500", all.len());
    assert!(all.iter().all(|bytes| bytes.len() <= 100) && all.iter().any(Vec::is_empty));
    assert!(Mutator::new(3, 100).spoil(&[]).len() <= 100);
}
