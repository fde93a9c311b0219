//! Accounts: who may send mail here. An administrator's alone: what accounts send is the server's good name.

use super::{
    faults,
    form::{Fields, Form, Query, Segment},
    notices::Notice,
    outside::outside,
    parts::{Field, Table, time},
    shell::Tab,
    texts::Texts,
    trouble::Trouble,
    visitor::{Admin, Visitor},
};
use crate::{
    account::{
        AccountError, Label, Login, MAX_PASSWORDS, MAX_SEND_AS, SendAs, State, StoredPassword,
    },
    address::Mailbox,
    admin::{Error, accounts},
    store::AccountChangeError,
    web::Site,
};
use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use hyper::{Response, StatusCode};
use maud::{Markup, html};
use zeroize::Zeroizing;

/// Accounts of a page.
const PAGE: usize = 50;
/// Addresses of one that are shown.
const SHOWN: usize = 5;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/accounts", get(list).post(add))
        .route("/accounts/{name}/switch", post(switch))
        .route("/accounts/{name}/password", post(add_password))
        .route("/accounts/{name}/password/revoke", post(revoke_password))
}

/// What is wrong with a field.
type Wrong = (&'static str, String);

async fn list(Admin(visitor): Admin, Query(query): Query) -> Result<Response<Body>, Trouble> {
    page(&visitor, StatusCode::OK, query.one("after"), &Fields::default(), None).await
}

/// Makes an account with its first password.
async fn add(Admin(visitor): Admin, Form(fields): Form) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let (name, may, label) = match wanted(texts, &fields) {
        Ok(wanted) => wanted,
        Err(wrong) => return refused(&visitor, &fields, wrong).await,
    };
    let account = match accounts::add(&visitor.site.store, name, may).await {
        Ok(account) => account,
        Err(error) => {
            let wrong = of_field(texts, error)?;
            return refused(&visitor, &fields, wrong).await;
        }
    };
    visitor.did("account made", &account.name);
    let password = accounts::add_password(&visitor.site.store, &account.name, label).await?;
    Ok(once(&visitor, &account.name, &password))
}

fn wanted(texts: Texts, fields: &Fields) -> Result<(Mailbox, Vec<SendAs>, Label), Wrong> {
    let name = Mailbox::parse(fields.one("name"));
    let name = name.map_err(|error| ("name", faults::address(texts, error)))?;
    let lines = fields.one("send_as").split(['\n', '\r', ',']).map(str::trim);
    let may = lines.filter(|line| !line.is_empty()).map(|line| {
        SendAs::parse(line).map_err(|error| ("send_as", faults::account(texts, &error)))
    });
    let label = Label::parse(fields.one("label"));
    let label = label.map_err(|error| ("label", faults::account(texts, &error)))?;
    Ok((name, may.collect::<Result<_, _>>()?, label))
}

async fn refused(
    visitor: &Visitor,
    fields: &Fields,
    wrong: Wrong,
) -> Result<Response<Body>, Trouble> {
    page(visitor, StatusCode::UNPROCESSABLE_ENTITY, "", fields, Some(wrong)).await
}

/// Which field is at fault, and why.
///
/// # Errors
/// Where none is.
fn of_field(texts: Texts, error: Error) -> Result<Wrong, Trouble> {
    let one = |send_as: &SendAs| [("address", send_as.to_string().into())];
    Ok(match &error {
        Error::AccountChange(AccountChangeError::Exists(_)) => {
            ("name", texts.say("accounts-exists", &[]))
        }
        Error::AccountChange(AccountChangeError::NotHosted(send_as)) => {
            ("send_as", texts.say("accounts-not-hosted", &one(send_as)))
        }
        Error::AccountChange(AccountChangeError::NoAlias(send_as)) => {
            ("send_as", texts.say("accounts-no-alias", &one(send_as)))
        }
        Error::AccountChange(AccountChangeError::LabelTaken { .. }) => {
            ("label", texts.say("accounts-label-taken", &[]))
        }
        Error::Account(AccountError::TooManySendAs)
        | Error::AccountChange(AccountChangeError::Account(AccountError::TooManySendAs)) => {
            ("send_as", texts.say("accounts-too-many-addresses", &[("most", MAX_SEND_AS.into())]))
        }
        Error::AccountChange(AccountChangeError::Account(AccountError::TooManyPasswords(_))) => {
            ("label", texts.say("accounts-too-many-passwords", &[("most", MAX_PASSWORDS.into())]))
        }
        Error::Account(why) | Error::AccountChange(AccountChangeError::Account(why)) => {
            ("name", faults::account(texts, why))
        }
        _ => return Err(trouble(error)),
    })
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::AccountChange(AccountChangeError::Store(error)) => error.into(),
        Error::AccountChange(
            AccountChangeError::NoSuchAccount(_) | AccountChangeError::NoSuchPassword { .. },
        ) => Trouble::NotFound,
        error => error.into(),
    }
}

/// A password, this once: in the answer itself, as nothing of it is kept.
fn once(visitor: &Visitor, name: &Mailbox, password: &Zeroizing<String>) -> Response<Body> {
    let texts = visitor.texts;
    let content = html! {
        div .card .secret role="status" {
            p { strong { (texts.say("accounts-once", &[])) } }
            dl {
                dt { (texts.say("accounts-name", &[])) } dd { (outside(&name.to_string())) }
                dt { (texts.say("accounts-password", &[])) } dd { code #secret { (password.as_str()) } }
            }
            p {
                button type="button" data-copy="secret" hidden data-copied=(texts.say("tokens-copied", &[])) { (texts.say("tokens-copy", &[])) }
            }
        }
        p { a .button href="/accounts" { (texts.say("accounts-back", &[])) } }
    };
    visitor.page_with(
        StatusCode::CREATED,
        Tab::Accounts,
        &texts.say("accounts-password-made", &[]),
        &content,
    )
}

async fn switch(
    Admin(visitor): Admin,
    Segment(name): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let (texts, name) = (visitor.texts, named(&name)?);
    let is_on = match fields.one("to") {
        "enabled" => true,
        "disabled" => false,
        _ => return Err(Trouble::Malformed),
    };
    accounts::set_enabled(&visitor.site.store, &name, is_on).await.map_err(trouble)?;
    visitor.did(if is_on { "account enabled" } else { "account disabled" }, &name);
    let args = [("account", name.to_string().into())];
    let text = match is_on {
        true => texts.say("accounts-enabled", &args),
        false => texts.say("accounts-disabled", &args),
    };
    Ok(visitor.done(Notice::new(text), "/accounts"))
}

async fn add_password(
    Admin(visitor): Admin,
    Segment(name): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let name = named(&name)?;
    let wrong = match Label::parse(fields.one("label")) {
        Err(error) => faults::account(visitor.texts, &error),
        Ok(label) => match accounts::add_password(&visitor.site.store, &name, label).await {
            Ok(password) => {
                visitor.did("password made", &name);
                return Ok(once(&visitor, &name, &password));
            }
            Err(error) => of_field(visitor.texts, error)?.1,
        },
    };
    let args = [("account", name.to_string().into()), ("why", wrong.into())];
    let text = visitor.texts.say("accounts-no-password", &args);
    Ok(visitor.done(Notice::new(text), "/accounts"))
}

async fn revoke_password(
    Admin(visitor): Admin,
    Segment(name): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let name = named(&name)?;
    let label = Label::parse(fields.one("label")).map_err(|_| Trouble::NotFound)?;
    accounts::revoke_password(&visitor.site.store, &name, &label).await.map_err(trouble)?;
    visitor.did("password revoked", &format_args!("{name} ({label})"));
    let args = [("account", name.to_string().into()), ("label", label.as_str().into())];
    let text = visitor.texts.say("accounts-password-revoked", &args);
    Ok(visitor.done(Notice::new(text), "/accounts"))
}

fn named(name: &str) -> Result<Mailbox, Trouble> {
    Mailbox::parse(name).map_err(|_| Trouble::NotFound)
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    after: &str,
    typed: &Fields,
    wrong: Option<Wrong>,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let behind = Some(after.to_owned()).filter(|after| !after.is_empty());
    let found = visitor.site.store.accounts(behind.as_deref()).await?;
    let is_cut = found.accounts.len() > PAGE;
    let shown = found.accounts.get(..PAGE).unwrap_or(&found.accounts);
    // The store goes on behind the name of the last one.
    let next = match is_cut {
        true => shown.last().map(|login| login.account.name.to_key()),
        false => found.next.clone(),
    };
    let mut table = Table::new(&texts.say("accounts-title", &[]))
        .text(&texts.say("accounts-name", &[]))
        .text(&texts.say("accounts-state", &[]))
        .text(&texts.say("accounts-send-as", &[]))
        .text(&texts.say("accounts-passwords", &[]))
        .actions(&texts.say("accounts-actions", &[]));
    for login in shown {
        table.row(row(texts, login));
    }
    let wrong =
        |field: &str| wrong.as_ref().filter(|(of, _)| *of == field).map(|(_, what)| what.as_str());
    let field = |name: &'static str, label: String, hint: String, lines: u8| {
        Field {
            name,
            label: &label,
            hint: &hint,
            value: typed.one(name),
            error: wrong(name),
            lines,
            ..Field::default()
        }
        .markup()
    };
    let content = html! {
        p .lead { (texts.say("accounts-about", &[])) }
        (table.or_empty(&texts.say("accounts-none", &[])))
        @if let Some(next) = next {
            @let query = form_urlencoded::Serializer::new(String::new()).append_pair("after", &next).finish();
            p { a href=(format!("/accounts?{query}")) { (texts.say("accounts-next", &[])) } }
        }
        h2 { (texts.say("accounts-add", &[])) }
        form method="post" action="/accounts" {
            (field("name", texts.say("accounts-name", &[]), texts.say("accounts-name-hint", &[]), 1))
            (field("send_as", texts.say("accounts-send-as", &[]), texts.say("accounts-send-as-hint", &[]), 3))
            (field("label", texts.say("accounts-label", &[]), texts.say("accounts-label-hint", &[]), 1))
            button .main { (texts.say("accounts-add-button", &[])) }
        }
    };
    Ok(visitor.page_with(status, Tab::Accounts, &texts.say("accounts-title", &[]), &content))
}

fn row(texts: Texts, Login { account, passwords }: &Login) -> Vec<Markup> {
    let name = account.name.to_string();
    let place = |what: &str| format!("{}/{what}", place_of(&account.name));
    let is_on = account.state == State::Enabled;
    let state = match &account.state {
        State::Enabled => html! { span .badge .good { (texts.say("accounts-is-enabled", &[])) } },
        State::Disabled => html! { span .badge .bad { (texts.say("accounts-is-disabled", &[])) } },
        State::Frozen { reason, since } => html! {
            span .badge .bad { (texts.say("accounts-is-frozen", &[])) }
            div .hint { (outside(reason)) " " (time(*since)) }
        },
    };
    vec![
        outside(&name),
        state,
        html! {
            @for one in account.may.iter().take(SHOWN) { div { (outside(&one.to_string())) } }
            @if let Some(more @ 1..) = account.may.len().checked_sub(SHOWN) {
                div { (texts.say("accounts-more", &[("count", more.into())])) }
            }
        },
        html! {
            @for password in passwords { (password_line(texts, &name, &place("password/revoke"), password)) }
            form .row method="post" action=(place("password")) {
                input name="label" placeholder=(texts.say("accounts-label", &[])) aria-label=(texts.say("accounts-label-of", &[("account", name.as_str().into())]));
                button { (texts.say("accounts-password-add", &[])) }
            }
        },
        html! {
            form method="post" action=(place("switch")) {
                input type="hidden" name="to" value=(if is_on { "disabled" } else { "enabled" });
                @if is_on {
                    button .danger aria-label=(texts.say("accounts-disable-one", &[("account", name.as_str().into())])) { (texts.say("accounts-disable", &[])) }
                } @else {
                    button aria-label=(texts.say("accounts-enable-one", &[("account", name.as_str().into())])) { (texts.say("accounts-enable", &[])) }
                }
            }
        },
    ]
}

fn password_line(texts: Texts, account: &str, place: &str, password: &StoredPassword) -> Markup {
    let label = password.label.as_str();
    html! {
        form .row method="post" action=(place) {
            span {
                (outside(label))
                @if let Some(used) = password.last_use { div .hint { (time(used.time)) } }
            }
            input type="hidden" name="label" value=(label);
            button .quiet aria-label=(texts.say("accounts-password-revoke-one", &[("account", account.into()), ("label", label.into())])) {
                (texts.say("accounts-password-revoke", &[]))
            }
        }
    }
}

fn place_of(name: &Mailbox) -> String {
    let address = crate::alias::AliasAddress::Exact(name.clone());
    super::aliases::place_of(&address).replacen("/aliases/", "/accounts/", 1)
}
