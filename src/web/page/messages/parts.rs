//! What the pages of messages are made of.

use super::story::{Line, Tone};
use crate::web::page::{
    outside::outside_whole,
    parts::time,
    texts::{Arg, Texts},
};
use maud::{Markup, html};

/// A sentence of a story, in the words of whoever reads it. What is quoted of ours is English.
pub(super) fn sentence(texts: Texts, line: &Line, quotes_ours: bool) -> Markup {
    let args: Vec<(&str, Arg<'_>)> =
        line.values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    let class = match line.tone {
        Tone::Plain => "said",
        Tone::Good => "said good",
        Tone::Care => "said warn",
        Tone::Bad => "said bad",
    };
    html! {
        div class=(class) {
            p {
                bdi { (texts.say(line.key, &args)) }
                @if let Some(at) = line.time { " " (time(at.unix_time())) }
            }
            @if let Some(quote) = &line.quote { blockquote lang=[quotes_ours.then_some("en")] { (outside_whole(quote)) } }
        }
    }
}
