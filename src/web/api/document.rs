//! The OpenAPI document: of the routes themselves, with what is the same of all.

use super::{super::problem, all, json};
use axum::body::Body;
use hyper::{Response, StatusCode};
use std::sync::LazyLock;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, ContentBuilder, Info, OpenApi, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
        schema::{AdditionalProperties, Ref, Schema},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// What routes with a token are secured by.
const TOKEN: &str = "token";

/// Answers that any route may give, and why.
const OF_ALL: [(StatusCode, &str); 6] = [
    (StatusCode::BAD_REQUEST, "The request cannot be read."),
    (StatusCode::REQUEST_TIMEOUT, "The request did not come in time."),
    (StatusCode::PAYLOAD_TOO_LARGE, "The request has more than 64 KiB."),
    (
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The head of the request has more than 16 KiB, or 100 fields.",
    ),
    (StatusCode::INTERNAL_SERVER_ERROR, "Something failed; the log says what."),
    (StatusCode::SERVICE_UNAVAILABLE, "The database cannot be used now, or it takes too long."),
];

/// Answers that any route with a token may give.
const OF_TOKENS: [(StatusCode, &str); 3] = [
    (StatusCode::UNAUTHORIZED, "No token is shown, or one that is not good."),
    (StatusCode::FORBIDDEN, "The token may not do that."),
    (
        StatusCode::TOO_MANY_REQUESTS,
        "The token has used up its day, or too many wrong tokens came; Retry-After says how long it takes.",
    ),
];

/// The document.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(make);
    &DOCUMENT
}

/// This document
///
/// Needs no token.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "about",
    security(()),
    responses((status = 200, description = "The document.", content_type = "application/json", body = serde_json::Value)),
)]
pub(super) async fn show() -> Response<Body> {
    json(StatusCode::OK, document())
}

fn make() -> OpenApi {
    let mut document = all().into_openapi();
    document.info = Info::new("Onward", "1");
    document.info.description = Some(
        "Aliases, domains, blocks, the queue and what became of messages. See docs/API.md.".into(),
    );
    let mut schemas = vec![(problem::Document::name().into_owned(), problem::Document::schema())];
    problem::Document::schemas(&mut schemas);
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token, as `onward token add` prints it."))
        .build();
    let known = document.components.take().unwrap_or_default();
    let components = ComponentsBuilder::from(known)
        .schemas_from_iter(schemas)
        .security_scheme(TOKEN, SecurityScheme::Http(scheme));
    let mut components = components.build();
    components.schemas.values_mut().for_each(close);
    document.components = Some(components);
    for item in document.paths.paths.values_mut() {
        // Every answer to GET has a tag.
        for (operation, is_get) in operations(item) {
            if is_get {
                let same = ResponseBuilder::new().description("It is what If-None-Match names.");
                operation.responses.responses.insert("304".into(), RefOr::T(same.build()));
            }
            conclude(operation);
        }
    }
    document
}

/// Objects that say nothing of other fields have none.
fn close(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && !object.properties.is_empty()
    {
        object.additional_properties.get_or_insert(Box::new(AdditionalProperties::FreeForm(false)));
    }
}

/// The operations of a path, and whether each is GET.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let PathItem { get, post, patch, delete, .. } = item;
    let all = [(get, true), (post, false), (patch, false), (delete, false)];
    all.into_iter().filter_map(|(operation, is_get)| Some((operation.as_mut()?, is_get)))
}

/// Adds what is the same of all operations.
fn conclude(operation: &mut Operation) {
    let is_open = operation.security.is_some();
    if !is_open {
        operation.security = Some(vec![SecurityRequirement::new::<_, [_; 0], &str>(TOKEN, [])]);
    }
    let of_tokens = OF_TOKENS.iter().filter(|_| !is_open);
    for (status, what) in OF_ALL.iter().chain(of_tokens) {
        fault(operation, *status, what);
    }
    if operation.request_body.is_some() {
        fault(operation, StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is no JSON.");
        fault(operation, StatusCode::UNPROCESSABLE_ENTITY, "Fields hold what is not accepted.");
    } else if operation.parameters.is_some() {
        fault(operation, StatusCode::UNPROCESSABLE_ENTITY, "Parameters hold what is not accepted.");
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.content.is_empty()
            && response.description.ends_with('!')
        {
            response.description.pop();
            response.content.insert("application/problem+json".into(), RefOr::T(problem_content()));
        }
    }
}

fn fault(operation: &mut Operation, status: StatusCode, what: &str) {
    let response = ResponseBuilder::new()
        .description(what)
        .content("application/problem+json", problem_content())
        .build();
    let responses = &mut operation.responses.responses;
    responses.entry(status.as_str().to_owned()).or_insert(RefOr::T(response));
}

fn problem_content() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build()
}
