//! Notices what other nodes and the command line change. That is asked each second; a notice of the server only makes it sooner.

use super::{
    FAREWELL, Node, Postgres,
    access::{reading, writing},
    copy,
    rows::{nodes, queue, sharing},
    schema,
    servers::Reached,
    snapshot,
};
use crate::store::{StoreError, error::told_again};
use std::{
    future::poll_fn,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};
use tokio_postgres::AsyncMessage;

/// How often the database is asked what changed.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many times in its lease a node says that it serves.
const BEATS: u32 = 6;
/// How long it is until notices are asked for again, where there is no way to them.
const REST: Duration = Duration::from_secs(2);

/// The tasks that watch.
#[derive(Debug)]
pub(super) struct Following {
    stop: oneshot::Sender<()>,
    asking: JoinHandle<()>,
}

impl Following {
    pub(super) fn start(store: &Arc<Postgres>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let asking = tokio::spawn(ask(Arc::downgrade(store), stopped));
        Self { stop, asking }
    }

    /// Ends them.
    pub(super) async fn end(self) {
        drop(self.stop);
        let mut asking = self.asking;
        // A task that panicked has ended too; one that waits for a server that does not answer is cut off.
        if timeout(FAREWELL, &mut asking).await.is_err() {
            asking.abort();
        }
    }
}

/// Asks what changed, until the store is closed or gone.
async fn ask(store: Weak<Postgres>, mut stopped: oneshot::Receiver<()>) {
    let hint = Arc::new(Notify::new());
    // It ends with this.
    let mut hearing = JoinSet::new();
    hearing.spawn(hear(Weak::clone(&store), Arc::clone(&hint)));
    // The lease began when the store was opened.
    let mut beat = Instant::now();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            () = hint.notified() => {}
            () = sleep(INTERVAL) => {}
        }
        let Some(store) = store.upgrade() else { return };
        let mut looked = store.look().await;
        if let (Ok(is_other), Some(node)) = (&looked, &store.node)
            && (*is_other || Instant::now() >= beat)
        {
            looked = store.beat(node).await.map(|()| false);
            beat = Instant::now() + node.lease / BEATS;
            store.access.end_idle();
        }
        told_again(&store.trouble, looked.err());
    }
}

/// Hears notices of the server.
async fn hear(store: Weak<Postgres>, hint: Arc<Notify>) {
    loop {
        let reached = match store.upgrade() {
            Some(store) => store.access.servers().reach().await.map_err(|error| error.to_string()),
            None => return,
        };
        let heard = match reached {
            Ok(reached) => try_hear(reached, &hint).await,
            Err(error) => Err(error),
        };
        if let Err(error) = heard {
            tracing::debug!(error, "no notices of changes, which are asked for all the same");
        }
        // What was missed meanwhile is asked for now.
        hint.notify_one();
        sleep(REST).await;
    }
}

async fn try_hear(reached: Reached, hint: &Notify) -> Result<(), String> {
    let Reached { client, mut connection, .. } = reached;
    let listen = client.batch_execute("LISTEN onward");
    let mut listen = std::pin::pin!(listen);
    let mut listens = false;
    loop {
        let message = tokio::select! {
            heard = &mut listen, if !listens => {
                heard.map_err(|error| error.to_string())?;
                listens = true;
                hint.notify_one();
                continue;
            }
            message = poll_fn(|cx| connection.poll_message(cx)) => message,
        };
        match message {
            Some(Ok(AsyncMessage::Notification(_))) => hint.notify_one(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Ok(()),
        }
    }
}

impl Postgres {
    /// Reads what changed; true where domains or aliases did.
    pub(super) async fn look(&self) -> Result<bool, StoreError> {
        self.access.servers().look();
        let is_back = !self.is_prepared.load(Ordering::Relaxed);
        if is_back {
            let mut client = self.access.client().await?;
            schema::prepare(&mut client, &self.access.database).await?;
            self.is_prepared.store(true, Ordering::Relaxed);
        }
        let before = self.live.snapshot();
        if self.node.is_some() {
            self.me().await?;
        }
        let (now, changes) = reading!(self.access, tx => {
            self.memories.follow(tx).await?;
            let serving = sharing::serving(tx).await?;
            self.serving.send_if_modified(|seen| std::mem::replace(seen, serving) != serving);
            let seen = self.sealed.borrow().as_ref().map(|sealed| sealed.version.clone());
            if let Some(sealed) = sharing::sealed(tx, seen.as_deref()).await? {
                self.sealed.send_replace(Some(sealed));
            }
            let now = snapshot::load(tx, Some(&before)).await?;
            if let Some(mirror) = &self.mirror {
                let current = now.as_ref().unwrap_or(&before);
                // Also where it could not be written the last time.
                if !mirror.is_of(current.version) {
                    copy::follow(tx, mirror, current).await?;
                }
            }
            Ok((now, queue::changes(tx).await?))
        })?;
        let is_other = now.is_some();
        if let Some(now) = now {
            self.live.replace(now);
        }
        self.spool_changes
            .send_if_modified(|seen| std::mem::replace(seen, changes) != changes || is_back);
        match self.is_replaced.load(Ordering::Relaxed) {
            true => Err(self.replaced()),
            false => Ok(is_other),
        }
    }

    /// Says that this node serves.
    async fn beat(&self, node: &Node) -> Result<(), StoreError> {
        let (me, version) = (self.me().await?, self.live.snapshot().version);
        let is_known: bool =
            writing!(self.access, tx => Ok(nodes::renew(tx, me, node, version).await?))?;
        if is_known {
            return Ok(());
        }
        self.is_replaced.store(true, Ordering::Relaxed);
        Err(self.replaced())
    }

    fn replaced(&self) -> StoreError {
        let node = self.node.as_ref().map(|node| node.name.clone()).unwrap_or_default();
        StoreError::Replaced { database: self.access.database.name(), node }
    }
}
