use crate::{
    http::{Page, Question, serve_http},
    inbound::Socket,
};
use hyper::StatusCode;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::watch;

/// Where the authority looks (RFC 8555 §8.3).
const PATH: &str = "/.well-known/acme-challenge/";

type Answers = Arc<Mutex<HashMap<String, String>>>;

/// Answers the challenges of an authority over HTTP, and nothing else.
#[derive(Debug, Clone, Default)]
pub struct Responder(Answers);

/// An answer that is given until this is dropped.
#[derive(Debug)]
pub(super) struct Answer {
    answers: Answers,
    token: String,
}

impl Responder {
    /// Answers challenges on `socket`, for ever.
    pub async fn serve(self, socket: Socket) {
        let (_for_ever, retired) = watch::channel(false);
        let page = move |Question { path, .. }: Question| {
            let token = path.strip_prefix(PATH);
            let answer = token.and_then(|token| self.0.lock().get(token).cloned());
            let page = answer.map(|answer| Page::plain(StatusCode::OK, answer));
            std::future::ready(page.unwrap_or_else(Page::not_found))
        };
        serve_http(socket, None, retired, page).await;
    }

    pub(super) fn answer(&self, token: &str, answer: String) -> Answer {
        self.0.lock().insert(token.to_owned(), answer);
        Answer { answers: Arc::clone(&self.0), token: token.to_owned() }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.token);
    }
}
