//! In which order the window is told what it is told.

use super::*;

/// A relay's ends, and what it tells.
fn bench() -> (broadcast::Sender<Arc<Event>>, mpsc::Sender<Coming>, mpsc::Receiver<Tell>) {
    let (happens, events) = broadcast::channel(8);
    let (coming, answers) = mpsc::channel(8);
    let (telling, tells) = mpsc::channel(8);
    tokio::spawn(relay(events, answers, Teller { telling, wake: Arc::new(|| {}) }));
    (happens, coming, tells)
}

fn something() -> Arc<Event> {
    Arc::new(Event::Listening { addresses: Vec::new() })
}

#[tokio::test]
async fn answers_are_told_in_the_order_of_what_was_asked() {
    let (_happens, coming, mut tells) = bench();
    let (first, answer) = oneshot::channel();
    coming.send((1, answer)).await.unwrap();
    let (second, answer) = oneshot::channel();
    coming.send((2, answer)).await.unwrap();
    second.send(Ok(Answer::Done)).unwrap();
    first.send(Err(NodeError::Stopped)).unwrap();
    assert!(matches!(tells.recv().await, Some(Tell::Answer(1, Err(NodeError::Stopped)))));
    assert!(matches!(tells.recv().await, Some(Tell::Answer(2, Ok(Answer::Done)))));
    drop(coming);
    assert!(tells.recv().await.is_none(), "it ends with the last answer");
}

#[tokio::test]
async fn what_happened_before_an_answer_is_told_before_it() {
    let (happens, coming, mut tells) = bench();
    for number in 0..20 {
        let (reply, answer) = oneshot::channel();
        coming.send((number, answer)).await.unwrap();
        happens.send(something()).unwrap();
        reply.send(Ok(Answer::Done)).unwrap();
        assert!(matches!(tells.recv().await, Some(Tell::Event(_))), "{number}");
        assert!(matches!(tells.recv().await, Some(Tell::Answer(told, _)) if told == number));
    }
    drop(happens);
    let (reply, answer) = oneshot::channel();
    coming.send((20, answer)).await.unwrap();
    drop(reply);
    let last = tells.recv().await;
    assert!(matches!(last, Some(Tell::Answer(20, Err(NodeError::Stopped)))), "also after the last event");
}
