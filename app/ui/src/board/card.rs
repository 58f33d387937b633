//! What a card says.

use crate::shared::{Markup, avatar_of};
use domain::{board::Card, tag::Tag};

/// Subjects up to so many characters fit into the lines that a card has for them.
const SHORT: usize = 60;

/// A card. What is done to it is heard by the board: a thousand cards have no listeners of their own.
pub fn card(of: &Card, tags: &[Tag], by_company: bool) -> Markup {
    let id = of.id.0;
    let company = of.company.as_ref().filter(|_| !by_company);
    let card = Markup::new("<li class=\"card\" id=\"card-")
        .number(id)
        .raw("\" data-urgency=\"")
        .raw(of.urgency.word())
        .raw("\" data-importance=\"")
        .raw(of.importance.word())
        .raw("\"><a class=\"card__subject")
        // Only what may not fit is made to be cut off: scrolling pays for each clip.
        .raw(if of.subject.chars().count() > SHORT { " is-long" } else { "" })
        .raw("\" draggable=\"false\" aria-describedby=\"board-keys\" href=\"/tickets/")
        .number(id)
        .raw("\">")
        .text(&of.subject)
        .raw("</a><div class=\"card__meta\"><span>#")
        .number(id)
        .raw("</span><span class=\"card__who\">")
        .text(company.map_or(&of.requester, |c| &c.name))
        .raw("</span>");
    let card = match &of.assignee {
        Some(assignee) => card.with(avatar_of(assignee, "")),
        None => card,
    };
    let mut card = card.raw("</div>");
    let mut tags = tags.iter().filter(|t| of.tags.contains(&t.id)).peekable();
    if tags.peek().is_some() {
        card = card.raw("<ul class=\"tags\">");
        for tag in tags {
            card = card
                .raw("<li class=\"tag\" data-colour=\"")
                .number(tag.colour.into())
                .raw("\">")
                .text(&tag.name)
                .raw("</li>");
        }
        card = card.raw("</ul>");
    }
    card.raw("</li>")
}
