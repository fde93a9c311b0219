//! The latest messages to one address, in short, for a page of something else.

use super::{
    list::{badge, path},
    search::Search,
};
use crate::{
    address::Mailbox,
    admin::trace::{self, Filter},
    web::page::{
        outside::outside,
        parts::{Table, time},
        trouble::Trouble,
        visitor::Visitor,
    },
};
use maud::{Markup, html};

/// Messages that are shown.
const SHOWN: usize = 10;

/// The latest messages to `to`, as far as the visitor may see them, with the way to all of them. As many are looked at as is
/// quick.
///
/// # Errors
/// When the journal cannot be read.
pub(crate) async fn recent(visitor: &Visitor, to: &Mailbox) -> Result<Markup, Trouble> {
    let texts = visitor.texts;
    let domains = visitor.own().await?;
    let filter = Filter { to: Some(to.to_string()), domains, ..Filter::default() };
    let page = trace::latest(&visitor.site.place, &filter, None, SHOWN).await?;
    let mut table = Table::new(&texts.say("messages-recent", &[]))
        .text(&texts.say("messages-column-time", &[]))
        .text(&texts.say("messages-column-from", &[]))
        .text(&texts.say("messages-column-outcome", &[]))
        .text(&texts.say("messages-column-reply", &[]));
    for record in &page.records {
        table.row(vec![
            html! { a href=(path(&record.id)) { (time(record.time.unix_time())) } },
            outside(&record.sender()),
            badge(texts, record.outcome),
            html! { span .reply { (outside(&record.reply)) } },
        ]);
    }
    let search = Search { to: to.to_string(), ..Search::default() };
    Ok(html! {
        (table.or_empty(&texts.say("messages-recent-none", &[])))
        @if let (true, Some(next)) = (page.records.len() < SHOWN, page.next) {
            p .so-far { (texts.say("messages-so-far", &[])) " " (time(next.time().unix_time())) }
        }
        p { a href=(search.path(None)) { (texts.say("messages-recent-all", &[])) } }
    })
}
