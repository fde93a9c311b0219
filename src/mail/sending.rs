//! A transaction that is on its way to a destination.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::runtime::Handle;

/// One that whoever waits for its verdict carries on, which saves a task: mostly there is one for a message. It is not for
/// us to cut off, as behind the end of data the message is the destination's: dropped, it goes on as a task.
#[derive(Default)]
pub(super) struct Sending(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Sending {
    pub(super) fn of(sending: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(sending)))
    }
}

/// Ends never where nothing is sent, or not any more.
impl Future for Sending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sending) = &mut self.0 else { return Poll::Pending };
        let polled = sending.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}
