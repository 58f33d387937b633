use super::Markup;
use domain::{people::Person, text};
use leptos::prelude::*;

/// A person's picture, or their initials on a colour of their own. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    #[prop(into)] name: String,
    /// `xs`, `lg`, `xl`; nothing for the usual size.
    #[prop(optional)]
    size: &'static str,
    /// Where their picture is.
    #[prop(default = None)]
    picture: Option<String>,
) -> impl IntoView {
    face(&name, picture, size).element()
}

/// The same of somebody who is known, inside of other markup.
pub fn avatar_of(person: &Person, size: &'static str) -> Markup {
    face(&person.name, person.picture_path(), size)
}

/// The initials stay below the picture: they are what is seen until it has come, and where it does not come.
pub fn face(name: &str, picture: Option<String>, size: &'static str) -> Markup {
    let class = match size {
        "xs" => "avatar avatar--xs",
        "lg" => "avatar avatar--lg",
        "xl" => "avatar avatar--xl",
        _ => "avatar",
    };
    let face = Markup::new("<span aria-hidden=\"true\" class=\"")
        .raw(class)
        .raw("\" data-hue=\"")
        .number(text::hue(name, 8).into())
        .raw("\" title=\"")
        .text(name)
        .raw("\">")
        .text(text::initials(name));
    let face = match picture {
        Some(path) => face.raw("<img alt=\"\" loading=\"lazy\" src=\"").text(path).raw("\">"),
        None => face,
    };
    face.raw("</span>")
}
