use super::*;

#[test]
fn a_text_has_1_to_32768_bytes_of_utf_8() {
    assert_eq!(checked(b"x".to_vec()).unwrap(), "x");
    assert_eq!(checked(Vec::new()).unwrap_err().kind, "empty");
    assert!(checked(vec![b'x'; TEXT_BYTES_MAX]).is_ok());
    assert_eq!(checked(vec![b'x'; TEXT_BYTES_MAX + 1]).unwrap_err().kind, "too_long");
    let failure = checked(vec![0xff]).unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.exit_code()), ("not_utf8", 1));
}

#[test]
fn standard_input_is_read_as_it_is_and_no_further_than_needed() {
    assert_eq!(read_bounded(&b" as it is \n"[..]).unwrap(), b" as it is \n");
    assert_eq!(read_bounded(io::repeat(b'x')).unwrap().len(), TEXT_BYTES_MAX + 1);
}

#[test]
fn no_two_keys_are_the_same() {
    let key = idempotency_key().unwrap();
    assert_eq!(key.len(), 32);
    assert_ne!(key, idempotency_key().unwrap());
}
