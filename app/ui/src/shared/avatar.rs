use super::Markup;
use domain::text;
use leptos::prelude::*;

/// A person's initials on a colour of their own. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    #[prop(into)] name: String,
    /// `xs`, `lg`, `xl`; nothing for the usual size.
    #[prop(optional)]
    size: &'static str,
) -> impl IntoView {
    avatar(&name, size).element()
}

/// The same inside of other markup.
pub fn avatar(name: &str, size: &'static str) -> Markup {
    let class = match size {
        "xs" => "avatar avatar--xs",
        "lg" => "avatar avatar--lg",
        "xl" => "avatar avatar--xl",
        _ => "avatar",
    };
    Markup::new("<span aria-hidden=\"true\" class=\"")
        .raw(class)
        .raw("\" data-hue=\"")
        .number(text::hue(name, 8).into())
        .raw("\" title=\"")
        .text(name)
        .raw("\">")
        .text(text::initials(name))
        .raw("</span>")
}
