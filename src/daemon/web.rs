//! What is served by HTTP to programs with a token and to people. It stands above the daemon, which is given it.

use super::{figures::Figures, pages::Pages};
use crate::{
    config::{Config, Served},
    http::{Application, Client, Fault, Page, Question},
    store::{Place, Store},
};
use async_trait::async_trait;
use hyper::{Method, Request, Response, StatusCode, body::Bytes, http::request::Parts};
use std::{fmt, sync::Arc};

/// What programs with a token and people ask.
#[async_trait]
pub trait Web: fmt::Debug + Send + Sync {
    /// The application by a configuration, for a listener where `serve` is to be had. What it counts goes on through those
    /// that follow.
    fn application(
        &self,
        config: &Config,
        place: &Place,
        store: &Store,
        figures: Arc<dyn Figures>,
        serve: &[Served],
    ) -> Arc<dyn Application>;

    /// Writes down now and then, for ever, what is kept in memory.
    async fn follow(&self, store: &Store);

    /// Writes it down at the end.
    async fn finish(&self, store: &Store);
}

/// An application, and the pages that are to be had on the same listener.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) application: Arc<dyn Application>,
    pub(super) pages: Pages,
}

#[async_trait]
impl Application for Beside {
    async fn answer(&self, client: Client, request: Request<Bytes>) -> Response<Bytes> {
        let question = Question::of(&request);
        if !self.pages.take(&question) {
            return self.application.answer(client, request).await;
        }
        let page = match *request.method() {
            Method::GET | Method::HEAD => self.pages.clone().page(question).await,
            _ => Page::plain(StatusCode::METHOD_NOT_ALLOWED, ""),
        };
        page.into_response()
    }

    fn told<'a>(&self, path: &'a str) -> &'a str {
        self.application.told(path)
    }

    fn fault(&self, head: Option<&Parts>, fault: Fault) -> Response<Bytes> {
        self.application.fault(head, fault)
    }
}
