use causerie_protocol::event::NoticeKind;

use super::*;

fn notice(number: usize) -> Event {
    Event::Notice { kind: NoticeKind::Fork, text: number.to_string() }
}

fn log_with(starts: u64, rows: usize) -> EventLog {
    let log = EventLog::new(starts, WallTime::from_millis(1));
    for number in 1..=rows {
        log.push(&notice(number), WallTime::from_millis(1_000));
    }
    log
}

/// Everything that is there without waiting.
fn drain(subscription: &mut Subscription) -> Vec<Value> {
    let mut rows = Vec::new();
    while let Taken::Row(row) = subscription.take() {
        rows.push(row.to_value());
    }
    rows
}

fn texts(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["text"].as_str().unwrap_or("-")).collect()
}

#[test]
fn notices_from_before_anybody_followed_are_told_to_the_first_who_does() {
    let log = log_with(1, 2);
    log.push(&Event::Listening { addresses: Vec::new() }, WallTime::from_millis(1_000));
    let (early, mut following) = log.follow();
    assert_eq!(early.iter().map(|one| (**one).clone()).collect::<Vec<_>>(), [notice(1), notice(2)]);
    log.push(&notice(3), WallTime::from_millis(2_000));
    assert_eq!(*following.try_recv().unwrap(), notice(3));
    assert_eq!(log.follow().0, [], "they are told once");
    let many = log_with(1, 1_000);
    assert_eq!(many.follow().0.len(), EARLY_MAX);
}

#[test]
fn a_run_that_was_not_counted_and_the_next_one_are_told_apart() {
    let uncounted = EventLog::uncounted(7, WallTime::default());
    for number in 0..3 {
        uncounted.push(&notice(number), WallTime::default());
    }
    let counted = log_with(7, 10);
    for since in uncounted.origin()..=uncounted.origin() + 3 {
        let rows = drain(&mut counted.subscribe(Some(since)));
        assert_eq!((rows.len(), rows[0]["type"].as_str()), (11, Some("overflow")), "{since}");
    }
}

#[tokio::test]
async fn rows_carry_number_time_and_type() {
    let log = log_with(3, 1);
    let row = log.subscribe(Some(log.origin())).next().await.unwrap();
    assert_eq!(row.seq(), (3 << 32) + 1);
    assert_eq!(
        row.to_value(),
        json!({"seq": 12_884_901_889_u64, "at": "1970-01-01T00:00:01.000Z", "type": "notice", "kind": "fork", "text": "1"})
    );
}

#[tokio::test]
async fn without_since_only_what_follows_is_told() {
    let log = log_with(1, 5);
    let mut subscription = log.subscribe(None);
    assert!(drain(&mut subscription).is_empty());
    log.push(&notice(6), WallTime::default());
    assert_eq!(texts(&drain(&mut subscription)), ["6"]);
    assert_eq!(subscription.position(), log.latest());
}

#[tokio::test]
async fn since_replays_what_came_after_it() {
    let log = log_with(1, 5);
    assert_eq!(texts(&drain(&mut log.subscribe(Some((1 << 32) + 3)))), ["4", "5"]);
    assert!(drain(&mut log.subscribe(Some(log.latest()))).is_empty());
}

#[tokio::test]
async fn another_run_is_an_overflow_and_then_everything_kept() {
    let log = log_with(7, 2);
    for since in [0, (6 << 32) + 1, (7 << 32) + 3, u64::MAX] {
        let rows = drain(&mut log.subscribe(Some(since)));
        assert_eq!(rows[0]["type"], "overflow", "{since}");
        assert_eq!(rows[0]["missed"], 0);
        assert_eq!(rows[0]["seq"], log.origin());
        assert_eq!(texts(&rows[1..]), ["1", "2"]);
    }
}

#[tokio::test]
async fn rows_older_than_kept_are_counted_as_missed() {
    let log = log_with(1, ROWS_KEPT_MAX + 3);
    let rows = drain(&mut log.subscribe(Some(log.origin())));
    assert_eq!(rows.len(), ROWS_KEPT_MAX + 1);
    assert_eq!(rows[0]["type"], "overflow");
    assert_eq!(rows[0]["missed"], 3);
    assert_eq!(rows[0]["seq"], (1_u64 << 32) + 3);
    assert_eq!(rows[1]["text"], "4");
    // The first row that is kept is told without an overflow.
    assert_eq!(drain(&mut log.subscribe(Some((1 << 32) + 3)))[0]["text"], "4");
}

#[tokio::test]
async fn a_slow_follower_is_told_what_it_missed_and_holds_nobody_up() {
    let log = log_with(1, 0);
    let mut slow = log.subscribe(None);
    for number in 0..ROWS_KEPT_MAX + 10 {
        log.push(&notice(number), WallTime::default());
    }
    let rows = drain(&mut slow);
    assert_eq!(rows[0]["missed"], 10);
    assert_eq!(rows[1]["text"], "10");
    assert_eq!(rows.len(), ROWS_KEPT_MAX + 1);
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let log = log_with(1, 0);
    let text = "x".repeat(ROWS_KEPT_BYTES_MAX / 4);
    for _ in 0..5 {
        let kind = NoticeKind::Fork;
        log.push(&Event::Notice { kind, text: text.clone() }, WallTime::default());
    }
    assert!(log.shared.lock().bytes <= ROWS_KEPT_BYTES_MAX);
    let rows = drain(&mut log.subscribe(Some(log.origin())));
    assert_eq!(rows[0]["missed"], 2);
    assert_eq!(rows.len(), 4);
}

#[tokio::test]
async fn a_follower_wakes_up_and_ends_when_the_log_is_closed() {
    let log = log_with(1, 0);
    let mut subscription = log.subscribe(None);
    let follower = tokio::spawn(async move {
        let first = subscription.next().await.unwrap().to_value();
        (first, subscription.next().await)
    });
    tokio::task::yield_now().await;
    log.push(&notice(1), WallTime::default());
    tokio::task::yield_now().await;
    log.close();
    let (first, end) = follower.await.unwrap();
    assert_eq!(first["text"], "1");
    assert_eq!(end, None);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_nothing() {
    let log = log_with(1, 0);
    let mut subscription = log.subscribe(None);
    {
        let waiting = std::pin::pin!(subscription.next());
        assert!(futures::poll!(waiting).is_pending());
    }
    log.push(&notice(1), WallTime::default());
    assert_eq!(subscription.next().await.unwrap().to_value()["text"], "1");
}
