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
    let class = match size {
        "xs" => "avatar avatar--xs",
        "lg" => "avatar avatar--lg",
        "xl" => "avatar avatar--xl",
        _ => "avatar",
    };
    view! {
        <span class=class data-hue=text::hue(&name, 8) title=name.clone() aria-hidden="true">
            {text::initials(&name)}
        </span>
    }
}
