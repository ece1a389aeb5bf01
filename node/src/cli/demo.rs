//! `demo`: the main job, start to end, on this machine, by two real nodes in temporary homes.
//!
//! ```text
//! move in → meet by an invitation → talk both ways → Bob leaves, messages wait → Bob is back: all, in order, once each
//! ```
//!
//! Every step says what was measured and has a limit of time; the first that does not hold ends the demo. Nothing is
//! assumed: what counts is what each side's own history and states say afterwards.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use self::person::{Person, expect};
use super::{
    errors::Failure,
    output::{Paint, Printer},
};

mod person;

/// Messages each way while both are there.
const TURNS: usize = 10;

/// Messages that wait for Bob.
const WAITING: usize = 1_000;

/// For whatever needs no more than a few frames. Chosen: a busy machine.
const STEP_PATIENCE: Duration = Duration::from_secs(30);

/// For a thousand messages, written or caught up with. Chosen.
const LONG_STEP_PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn demo(printer: &mut Printer) -> Result<(), Failure> {
    let mut script = Script { printer, steps: Vec::new() };
    let outcome = play(&mut script).await;
    let Script { printer, steps } = script;
    let report = json!({"ok": outcome.is_ok(), "steps": steps});
    let ended = outcome.is_ok();
    printer.result(&report, |_, paint| last_line(ended, paint))?;
    outcome
}

async fn play(script: &mut Script<'_>) -> Result<(), Failure> {
    let (mut alice, mut bob) = script
        .step("Alice and Bob start their nodes", STEP_PATIENCE, async {
            let alice = Person::moves_in("Alice").await?;
            let bob = Person::moves_in("Bob").await?;
            let measured = format!("listening on {}", alice.listening()?.join(" "));
            Ok(((alice, bob), measured))
        })
        .await?;
    let outcome = together(script, &alice, &mut bob).await;
    let left = script
        .step("Both stop", STEP_PATIENCE, async {
            alice.leaves().await?;
            bob.leaves().await?;
            Ok(((), "closed cleanly".to_owned()))
        })
        .await;
    outcome.and(left)
}

async fn together(script: &mut Script<'_>, alice: &Person, bob: &mut Person) -> Result<(), Failure> {
    script.step("They meet by an invitation", STEP_PATIENCE, meet(alice, bob)).await?;
    let mut said = script.step("They talk both ways", STEP_PATIENCE, talk(alice, bob)).await?;
    script
        .step("Bob goes away, Alice goes on writing", LONG_STEP_PATIENCE, async {
            bob.leaves().await?;
            write_to_nobody(alice, &mut said).await
        })
        .await?;
    script
        .step(
            "Bob comes back and has all of them, in order, once each",
            LONG_STEP_PATIENCE,
            catch_up(bob, &said),
        )
        .await?;
    script
        .step("Alice knows that they arrived", STEP_PATIENCE, async {
            alice.until(async || Ok(alice.queued().await? == 0)).await?;
            let messages = alice.history().await?;
            let arrived = messages.iter().all(|message| message.has_arrived());
            expect(arrived, "a message of Alice's is not delivered")?;
            Ok(((), format!("{} messages delivered, none waits", messages.len())))
        })
        .await?;
    script
        .step("Both stores are whole", STEP_PATIENCE, async {
            let entries = [alice.checked_entries().await?, bob.checked_entries().await?];
            let [hers, his] = entries;
            Ok(((), format!("{hers} and {his} entries, no gap")))
        })
        .await
}

async fn meet(alice: &Person, bob: &Person) -> Result<((), String), Failure> {
    let link = alice.invites().await?;
    bob.accepts(link).await?;
    alice.until(async || alice.is_with_other().await).await?;
    bob.until(async || bob.is_with_other().await).await?;
    let (hers, his) = (alice.safety_number().await?, bob.safety_number().await?);
    expect(hers == his, "the safety numbers differ")?;
    Ok(((), format!("safety number on both sides: {hers}")))
}

/// One after the other, each once the other's has come: so there is only one right order.
async fn talk(alice: &Person, bob: &Person) -> Result<(Vec<String>, String), Failure> {
    let mut said = Vec::new();
    let mut times = Vec::new();
    for turn in 1..=TURNS {
        for (author, reader) in [(alice, bob), (bob, alice)] {
            let text = format!("{} says {turn}", author.name());
            let began = Instant::now();
            author.writes(&text).await?;
            reader.until(async || Ok(reader.newest().await?.as_deref() == Some(&text))).await?;
            times.push(began.elapsed());
            said.push(text);
        }
    }
    for person in [alice, bob] {
        person.until(async || Ok(person.queued().await? == 0)).await?;
        expect(person.texts().await? == said, "a history is not what was said")?;
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let measured = format!("{} messages, each there after {} (median)", said.len(), spoken(median));
    Ok((said, measured))
}

async fn write_to_nobody(alice: &Person, said: &mut Vec<String>) -> Result<((), String), Failure> {
    alice.until(async || Ok(!alice.is_with_other().await?)).await?;
    let began = Instant::now();
    let texts: Vec<String> = (1..=WAITING).map(|number| format!("Message {number} of {WAITING}")).collect();
    alice.writes_many(&texts).await?;
    let took = began.elapsed();
    let waiting = usize::try_from(alice.queued().await?).unwrap_or(usize::MAX);
    expect(waiting == WAITING, "some messages do not wait, or claim more than that")?;
    said.extend(texts);
    Ok(((), format!("{WAITING} messages safe on disk after {}", spoken(took))))
}

async fn catch_up(bob: &mut Person, said: &[String]) -> Result<((), String), Failure> {
    let began = Instant::now();
    bob.comes_back().await?;
    let bob = &*bob;
    let last = said.last();
    bob.until(async || {
        // The whole history is read only once its end is right.
        Ok(bob.newest().await?.as_ref() == last && bob.texts().await? == said)
    })
    .await?;
    let took = began.elapsed();
    Ok(((), format!("{WAITING} messages {} after his start", spoken(took))))
}

/// Plays one step after the other and tells how each went.
struct Script<'a> {
    printer: &'a mut Printer,
    steps: Vec<Value>,
}

impl Script<'_> {
    async fn step<T>(
        &mut self,
        title: &str,
        patience: Duration,
        work: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        let outcome = match timeout(patience, work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Failure::new(
                "demo_failed",
                format!("\"{title}\" took more than {}", spoken(patience)),
                "Is this machine very busy, or does something forbid connections on 127.0.0.1?",
            )),
        };
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let measured = match &outcome {
            Ok((_, measured)) => measured.clone(),
            Err(failure) => failure.kind.clone(),
        };
        let step = json!({"step": title, "ok": outcome.is_ok(), "millis": millis, "measured": measured});
        if !self.printer.is_json() {
            self.printer.result(&step, step_line)?;
        }
        self.steps.push(step);
        outcome.map(|(result, _)| result)
    }
}

fn step_line(step: &Value, paint: Paint) -> String {
    let mark = if step.get("ok") == Some(&Value::Bool(true)) { paint.green("✓") } else { paint.red("✗") };
    let text = |name| super::words::text(step, name);
    let millis = step.get("millis").and_then(Value::as_u64).unwrap_or_default();
    let time = paint.dim(&format!("({})", spoken(Duration::from_millis(millis))));
    format!("{mark} {} {time}\n    {}", text("step"), text("measured"))
}

fn last_line(ended: bool, paint: Paint) -> String {
    if ended { paint.green("Every step held.") } else { paint.red("Not every step held.") }
}

fn spoken(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_fails_or_takes_too_long_is_told_and_ends_the_demo() {
        let mut printer = Printer::to(true, Box::new(std::io::sink()));
        let mut script = Script { printer: &mut printer, steps: Vec::new() };
        let minute = Duration::from_secs(60);
        let held = script.step("one", minute, async { Ok((7, "seven".to_owned())) }).await;
        assert_eq!(held, Ok(7));
        let failing = async { expect(false, "it is not so").map(|()| ((), String::new())) };
        assert_eq!(script.step("two", minute, failing).await.unwrap_err().exit_code(), 1);
        let endless = std::future::pending::<Result<((), String), Failure>>();
        let failure = script.step("three", Duration::ZERO, endless).await.unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        let held: Vec<bool> = script.steps.iter().map(|step| step["ok"] == true).collect();
        assert_eq!(held, [true, false, false]);
        assert_eq!(script.steps[0]["measured"], "seven");
    }

    #[test]
    fn times_are_spoken_in_the_unit_that_fits() {
        assert_eq!(spoken(Duration::from_micros(1_999)), "1 ms");
        assert_eq!(spoken(Duration::from_millis(999)), "999 ms");
        assert_eq!(spoken(Duration::from_millis(1_250)), "1.2 s");
    }
}
