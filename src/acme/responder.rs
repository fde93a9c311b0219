use crate::net::{Accepted, Socket};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

/// Where the authority looks (RFC 8555 §8.3).
const PATH: &str = "/.well-known/acme-challenge/";
/// Connections at once.
const CONNECTIONS: usize = 32;
/// For a whole connection: an authority asks one thing.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// Serves for ever.
    pub async fn serve(self, socket: Socket) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let (_for_ever, retired) = watch::channel(false);
        let begin = |accepted, tasks: &mut JoinSet<()>| {
            let Accepted::Tcp(stream, _) = accepted else { return };
            // Whoever comes beyond is turned away: an authority tries again.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { return };
            let answers = Arc::clone(&self.0);
            tasks.spawn(async move {
                let _place = place;
                let service = service_fn(|request: Request<Incoming>| {
                    let response = respond(&answers, &request);
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .max_buf_size(16 << 10)
                    .serve_connection(TokioIo::new(stream), service);
                let _ = timeout(PATIENCE, connection).await;
            });
        };
        socket.serve(retired, begin).await;
    }

    pub(super) fn answer(&self, token: &str, answer: String) -> Answer {
        lock(&self.0).insert(token.to_owned(), answer);
        Answer { answers: Arc::clone(&self.0), token: token.to_owned() }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        lock(&self.answers).remove(&self.token);
    }
}

fn respond(answers: &Answers, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let token = request.uri().path().strip_prefix(PATH);
    let answer = token.filter(|_| request.method() == Method::GET);
    let answer = answer.and_then(|token| lock(answers).get(token).cloned());
    let (status, body) = match answer {
        Some(answer) => (StatusCode::OK, answer),
        None => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}

fn lock(answers: &Answers) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}
