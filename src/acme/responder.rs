use super::{
    AcmeError,
    shared::{Shared, failed, of_answer},
};
use crate::{
    http::{Page, Question, serve_http},
    inbound::Socket,
};
use hyper::StatusCode;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{Semaphore, watch};

/// Where the authority looks (RFC 8555 §8.3).
const PATH: &str = "/.well-known/acme-challenge/";
/// Questions about answers of other machines at once; anybody may ask.
const ASKED: usize = 4;
/// Longest token that is asked for.
const TOKEN: usize = 200;

type Answers = Arc<Mutex<HashMap<String, String>>>;

/// Answers the challenges of an authority over HTTP, and nothing else. Those of orders of other machines too, where these share
/// what they answer.
#[derive(Debug, Clone)]
pub struct Responder {
    answers: Answers,
    shared: Option<Arc<dyn Shared>>,
    asked: Arc<Semaphore>,
}

/// An answer that is given until this is dropped.
#[derive(Debug)]
pub(super) struct Answer {
    answers: Answers,
    shared: Option<Arc<dyn Shared>>,
    token: String,
}

impl Responder {
    /// One that answers for this machine, or for all that share.
    pub fn new(shared: Option<Arc<dyn Shared>>) -> Self {
        Self { answers: Answers::default(), shared, asked: Arc::new(Semaphore::new(ASKED)) }
    }

    /// Answers challenges on `socket`, for ever.
    pub async fn serve(self, socket: Socket) {
        let (_for_ever, retired) = watch::channel(false);
        let page = move |Question { path, .. }: Question| {
            let responder = self.clone();
            async move {
                let answer = match path.strip_prefix(PATH) {
                    Some(token) => responder.find(token).await,
                    None => None,
                };
                let page = answer.map(|answer| Page::plain(StatusCode::OK, answer));
                page.unwrap_or_else(Page::not_found)
            }
        };
        serve_http(socket, None, retired, page).await;
    }

    pub(super) fn shared(&self) -> Option<&dyn Shared> {
        self.shared.as_deref()
    }

    pub(super) async fn answer(&self, token: &str, answer: String) -> Result<Answer, AcmeError> {
        if let Some(shared) = &self.shared {
            shared.keep(&of_answer(token), Some(&answer)).await.map_err(failed)?;
        }
        self.answers.lock().insert(token.to_owned(), answer);
        let (answers, shared) = (Arc::clone(&self.answers), self.shared.clone());
        Ok(Answer { answers, shared, token: token.to_owned() })
    }

    async fn find(&self, token: &str) -> Option<String> {
        let own = self.answers.lock().get(token).cloned();
        if own.is_some() {
            return own;
        }
        let shared = self.shared.as_ref()?;
        let is_one = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if token.is_empty() || token.len() > TOKEN || !token.bytes().all(is_one) {
            return None;
        }
        let _turn = self.asked.try_acquire().ok()?;
        shared.text(&of_answer(token)).await.ok().flatten()
    }
}

impl Answer {
    /// Ends it for all machines.
    pub(super) async fn forget(self) {
        if let Some(shared) = &self.shared
            && let Err(error) = shared.keep(&of_answer(&self.token), None).await
        {
            tracing::debug!(error, "an answer that nobody asks for any more is left");
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.token);
    }
}
