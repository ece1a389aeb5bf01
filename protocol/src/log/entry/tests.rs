use super::*;

fn k_self() -> Secret {
    Secret::new([5; 32])
}

fn head(seq: u32) -> Head {
    let dep = |run| Dep {
        chain: ChainId { author_dev: DeviceId::from_bytes([7; 16]), run: RunId::from_bytes([run; 8]) },
        seq: 3,
        id: EntryId::from_bytes([run; 32]),
    };
    Head {
        version: VERSION,
        conv: ConversationId::from_bytes([1; 32]),
        chain: ChainId { author_dev: DeviceId::from_bytes([2; 16]), run: RunId::from_bytes([3; 8]) },
        seq,
        prev: EntryId::from_bytes([if seq == 0 { 0 } else { 4 }; 32]),
        deps: vec![dep(1), dep(2)],
        lamport: 9,
        wall: WallTime::from_millis(1_000),
        kind: kind::TEXT,
        mid: MessageId::from_bytes([6; 16]),
        body_hash: [0; 32],
    }
}

fn text(body: &[u8]) -> Result<Entry, EntryError> {
    Entry::compose(head(1), [8; 16], body, &k_self())
}

#[test]
fn an_entry_reads_back() {
    let entry = text("Grüße".as_bytes()).unwrap();
    let again = Entry::decode(&entry.encode()).unwrap();
    assert_eq!(again, entry);
    assert_eq!(again.text(), Some("Grüße"));
    assert!(again.is_of(&k_self()));
    assert!(!again.is_of(&Secret::new([4; 32])));
    assert_eq!(format!("{entry:?}").find("Grüße"), None);
}

#[test]
fn an_erased_entry_keeps_its_id() {
    let entry = text(b"words").unwrap();
    let erased = Entry { content: None, ..entry.clone() };
    let again = Entry::decode(&erased.encode()).unwrap();
    assert_eq!(again.id(), entry.id());
    assert_eq!((again.body(), again.text()), (None, None));
    let mut with_rest = erased.encode();
    with_rest.push(0);
    assert_eq!(Entry::decode(&with_rest), Err(EntryError::Malformed));
}

#[test]
fn no_bit_can_differ() {
    let entry = text(b"words").unwrap();
    let bytes = entry.encode();
    for (byte, bit) in (0..bytes.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << bit;
        // Where it is still an entry, it is another one, which our mark does not fit.
        if let Ok(other) = Entry::decode(&flipped) {
            assert!(!other.is_of(&k_self()), "byte {byte} bit {bit}");
        }
    }
    for length in 0..bytes.len() {
        assert!(Entry::decode(&bytes[..length]).is_err(), "length {length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Entry::decode(&longer), Err(EntryError::BodyHash));
}

#[test]
fn bodies_are_bounded() {
    for (length, is_text) in [(0, false), (1, true), (32_768, true), (32_769, false)] {
        assert_eq!(text(&vec![b'x'; length]).is_ok(), is_text, "{length}");
    }
    assert_eq!(text(&[0xff]), Err(EntryError::Body));
    for (length, fits) in [(0, true), (57_344, true), (57_345, false)] {
        let mut head = head(0);
        head.kind = 99;
        let entry = Entry::compose(head, [8; 16], &vec![0xff; length], &k_self());
        assert_eq!(entry.is_ok(), fits, "{length}");
        if let Ok(entry) = entry {
            assert!(entry.encode().len() <= ENTRY_BYTES_MAX);
            assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_refused_where_it_arrives() {
    let mut head = head(0);
    head.kind = 99;
    for body in [vec![b'x'; 32_769], Vec::new(), vec![0xc3]] {
        let salt = [8; 16];
        let honest = Entry::compose(head.clone(), salt, &body, &k_self()).unwrap();
        let mut lying = honest.head().clone();
        lying.kind = kind::TEXT;
        let forged = Entry { head_bytes: codec::encode(&lying).unwrap(), ..honest };
        assert_eq!(Entry::decode(&forged.encode()), Err(EntryError::Body));
    }
}

#[test]
fn heads_are_well_formed_or_refused() {
    type Change<'a> = &'a dyn Fn(&mut Head);
    let dep_of = |head: &Head| Dep { chain: head.chain, seq: 0, id: head.prev };
    let wrong: [(&str, Change<'_>); 9] = [
        ("older version", &|head| head.version = 0),
        ("seq too high", &|head| head.seq = SEQ_MAX),
        ("first with prev", &|head| head.seq = 0),
        ("later without prev", &|head| head.prev = NO_ENTRY),
        ("deps descending", &|head| head.deps.reverse()),
        ("deps doubled", &|head| head.deps[1] = head.deps[0]),
        ("dep in own chain", &|head| head.deps = vec![dep_of(head)]),
        ("lamport below seq", &|head| head.lamport = u64::from(head.seq)),
        ("17 deps", &|head| {
            let dep = head.deps[0];
            head.deps = (0..17_u8)
                .map(|run| Dep { chain: ChainId { run: RunId::from_bytes([run; 8]), ..dep.chain }, ..dep })
                .collect();
        }),
    ];
    let good = text(b"words").unwrap();
    for (name, change) in wrong {
        let mut head = good.head().clone();
        change(&mut head);
        let forged = Entry { head_bytes: codec::encode(&head).unwrap(), ..good.clone() };
        assert_eq!(Entry::decode(&forged.encode()), Err(EntryError::Malformed), "{name}");
    }
    let mut newer = good.encode();
    newer[3] = VERSION + 1;
    assert_eq!(Entry::decode(&newer), Err(EntryError::Newer));
}

#[test]
fn the_longest_head_fits_its_bound() {
    let mut head = head(1);
    let dep = head.deps[0];
    head.deps = (0..16_u8)
        .map(|run| Dep { chain: ChainId { run: RunId::from_bytes([run; 8]), ..dep.chain }, ..dep })
        .collect();
    let entry = Entry::compose(head, [8; 16], b"x", &k_self()).unwrap();
    assert_eq!(entry.head_bytes.len(), HEAD_BYTES_MAX);
    assert!(Entry::decode(&entry.encode()).is_ok());
}

#[test]
fn profiles_read_back_and_are_bounded() {
    let profile = |length: usize| Profile { name: "ä".repeat(length) };
    let bytes = profile(64).encode().unwrap();
    assert_eq!(Profile::decode(&bytes), Some(profile(64)));
    assert_eq!(Profile::decode(&profile(65).encode().unwrap()), None);
    assert_eq!(Profile::decode(&[bytes.as_slice(), &[0]].concat()), None);
    assert_eq!(Profile::decode(b"name"), None);
}

#[test]
fn a_conversation_is_the_same_from_both_sides() {
    let a = AccountId::from_bytes([1; 32]);
    let b = AccountId::from_bytes([2; 32]);
    assert_eq!(conversation_id(a, b), conversation_id(b, a));
    assert_ne!(conversation_id(a, b), conversation_id(a, a));
}
