use super::{
    super::{Outcome, Recording, recorder::Recorder},
    *,
};
use crate::{address::ReversePath, store::StoreError};
use parking_lot::Mutex;
use std::sync::atomic::AtomicBool;
use tokio::sync::Notify;

/// A server that may be away, or slow.
#[derive(Clone, Default)]
struct Server {
    is_away: Arc<AtomicBool>,
    written: Arc<Mutex<Vec<String>>>,
    begun: Arc<Notify>,
    times: Arc<Mutex<Vec<Instant>>>,
    takes: Duration,
    /// There is always more to prune.
    prunes: bool,
}

#[async_trait(?Send)]
impl Writes for Server {
    async fn write(&mut self, entries: &[Entry], _: Millis) -> Result<Vec<Bounce>, JournalError> {
        if self.is_away.load(Ordering::Relaxed) {
            let (database, reason) = ("postgresql://db.test/d".into(), "gone".into());
            return Err(StoreError::Unreachable { database, reason }.into());
        }
        let ids = entries.iter().filter_map(|entry| match entry {
            Entry::New(record) => Some(record.id.clone()),
            Entry::Amendment(_) | Entry::Replacement(_) | Entry::Bounce(_) => None,
        });
        self.written.lock().extend(ids);
        self.times.lock().push(Instant::now());
        self.begun.notify_one();
        tokio::time::sleep(self.takes).await;
        Ok(Vec::new())
    }

    async fn prune(&mut self, _: Bounds, _: Millis) -> Result<bool, JournalError> {
        Ok(self.prunes)
    }

    async fn prune_counts(&mut self, _: Bounds, _: Millis) -> Result<(), JournalError> {
        Ok(())
    }
}

fn record(n: usize) -> Record {
    Record {
        id: n.to_string(),
        time: Millis::EPOCH,
        client: None,
        helo: String::new(),
        from: ReversePath::Null,
        srs_from: None,
        to: Vec::new(),
        outcome: Outcome::Forwarded,
        reply: String::new(),
        size: 0,
        ms: 0,
        attempts: Vec::new(),
        auth: String::new(),
        tls: String::new(),
        filter: None,
        detail: String::new(),
        ways: None,
        node: None,
    }
}

#[tokio::test]
async fn so_many_records_wait_for_a_server_and_no_more() {
    let server = Server::default();
    let recorder = Recorder::start(server.clone(), Bounds::default()).unwrap();
    server.is_away.store(true, Ordering::Relaxed);
    for n in 0..HELD + 50 {
        recorder.record_in_time(record(n)).await;
        if n % 5_000 == 0 {
            recorder.flush().await;
        }
    }
    recorder.flush().await;
    assert_eq!(server.written.lock().len(), 0);
    server.is_away.store(false, Ordering::Relaxed);
    recorder.flush().await;
    let written = server.written.lock().clone();
    let expected: Vec<String> = (0..HELD).map(|n| n.to_string()).collect();
    assert_eq!(written.len(), HELD);
    assert!(written == expected, "in the order in which they came");
}

/// Each transaction costs a server as much as a dozen records.
#[tokio::test]
async fn what_comes_during_a_transaction_gathers_before_the_next() {
    let server = Server { takes: Duration::from_millis(50), ..Server::default() };
    gathers(server).await;
}

#[tokio::test]
async fn what_gathers_is_written_no_sooner_because_there_is_more_to_prune() {
    // So the next look is due when what came meanwhile has not gathered yet.
    let server = Server { prunes: true, takes: GATHER * 4 / 5, ..Server::default() };
    gathers(server).await;
}

async fn gathers(server: Server) {
    let recorder = Recorder::start(server.clone(), Bounds::default()).unwrap();
    for n in 0..5 {
        recorder.record_in_time(record(n)).await;
        server.begun.notified().await;
    }
    recorder.flush().await;
    let times = server.times.lock().clone();
    for pair in times.windows(2) {
        let pause = pair[1] - pair[0] - server.takes;
        assert!(pause > GATHER / 2, "{pause:?}");
    }
    assert_eq!(server.written.lock().len(), 5);
}
