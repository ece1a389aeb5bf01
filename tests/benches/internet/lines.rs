//! Talk over slow lines, directly and relayed, beside raw sockets over the same ones.

use std::time::Duration;

use causerie_tests::Slowness;

use crate::{
    figures::{Times, kib_a_second, millis, number},
    raw::{self, Raw},
    talk::{Place, Talk, Way},
};

/// What a home's line carries each way. Chosen: fibre to a home.
const BITS_PER_SECOND: u64 = 100_000_000;

/// Bytes at once where nothing is lost: longer than it takes to find out how much a line carries.
const BYTES: usize = 16 << 20;

/// Bytes at once where something is: thirty losses.
const BYTES_WITH_LOSS: usize = 4 << 20;

/// Every combination, or those of which all these words are true: `20`, `100`, `0`, `1`, `direct`, `relayed`.
pub(crate) fn measure(words: &[String]) {
    for round_trip in [20, 100] {
        for loss in [0, 1] {
            for way in [Way::Direct, Way::Relayed] {
                let its = [round_trip.to_string(), loss.to_string(), way.word().to_owned()];
                // Of the numbers the first is the round trip, the second the loss.
                let numbers: Vec<&String> = words.iter().filter(|word| word.parse::<u32>().is_ok()).collect();
                let fits = numbers.iter().zip(&its).all(|(word, one)| *word == one);
                let mut ways = words.iter().filter(|word| word.parse::<u32>().is_err());
                if fits && ways.all(|word| *word == its[2]) && cell(round_trip, loss, way).is_none() {
                    return;
                }
            }
        }
    }
}

fn cell(round_trip: u64, loss: u32, way: Way) -> Option<()> {
    let slowness = Slowness {
        delay: Duration::from_micros(round_trip * 1_000 / 4),
        lost_of_10000: loss * 50,
        bits_per_second: Some(BITS_PER_SECOND),
    };
    let bytes = if loss == 0 { BYTES } else { BYTES_WITH_LOSS };
    let place = Place::with(way, slowness)?;
    let raws = [raw::of_this_machine(), raw::CUBIC].map(|control| {
        let raw = match way {
            Way::Direct => raw::direct(&place.internet, bytes, control),
            Way::Relayed => raw::spliced(&place.internet, bytes, control),
        };
        (control, raw)
    });
    let talk = place.talk(bytes);
    print(&format!("round trip {round_trip} ms, loss {loss} %, {}", way.word()), &raws, &talk, bytes);
    let lost = [1, 2].map(|home| place.internet.frames(home));
    println!("  on the lines of both homes: {lost:?}\n");
    Some(())
}

fn print(what: &str, raws: &[(&str, Raw); 2], talk: &Talk, bytes: usize) {
    println!("{what}");
    let (_, raw) = &raws[0];
    let row = |name: &str, times: &Times, beside: f64, ratio_of: &str| {
        let ratio = times.median() / beside;
        println!(
            "  {name:<44} p50 {:9.1} ms   p99 {:9.1} ms   {ratio:5.2} × {ratio_of}",
            times.median(),
            times.p99()
        );
    };
    let trip = raw.round_trips.median();
    println!("  {:<44} p50 {trip:9.1} ms   p99 {:9.1} ms", "raw round trip", raw.round_trips.p99());
    row("raw connect until the first byte is back", &raw.connects, trip, "raw round trip");
    row("link accepted until online", &talk.meets, trip, "raw round trip");
    row("link accepted until the first text is there", &talk.first_texts, trip, "raw round trip");
    row("start until what waited is there", &talk.restarts, trip, "raw round trip");
    row("lone message, one way", &talk.lone, trip / 2.0, "half a raw round trip");
    println!(
        "  longest: first text {:.0} ms, restart {:.0} ms, lone message {:.0} ms",
        talk.first_texts.longest(),
        talk.restarts.longest(),
        talk.lone.longest()
    );
    let raw_rate = kib_a_second(bytes, raw.bulk);
    for (control, raw) in raws {
        println!(
            "  {:<44} {:9.0} KiB/s, after {:.0} ms",
            format!("raw, as many bytes ({control})"),
            kib_a_second(bytes, raw.bulk),
            millis(raw.bulk)
        );
    }
    for bulk in &talk.bulks {
        let rate = kib_a_second(bytes, bulk.there);
        println!(
            "  {:<44} {rate:9.0} KiB/s = {:.0} messages/s   {:.2} × raw   written after {:.0} ms, there after {:.0} ms",
            format!("{} messages of {} KiB, over {}", bulk.messages, bulk.text_bytes / 1_024, talk.over),
            number(bulk.messages) / bulk.there.as_secs_f64(),
            rate / raw_rate,
            millis(bulk.written),
            millis(bulk.there)
        );
    }
}
