//! What customers see of what the desk has noted of them.

use super::shown::shown;
use crate::erased::Sometimes;
use domain::fields::{Own, Shown};
use leptos::prelude::*;

/// On one's own page: nothing where there is nothing to see.
#[component]
pub fn OwnFields(fields: Own) -> impl IntoView {
    let Own { own, company } = fields;
    view! { {section("About you", own)} {section("About your company", company)} }.into_any()
}

fn section(title: &'static str, fields: Vec<Shown>) -> AnyView {
    (!fields.is_empty())
        .shown(|| {
            view! {
                <section class="section">
                    <div class="section__head">
                        <h2 class="section__title">{title}</h2>
                    </div>
                    <dl class="box facts">{shown(fields.into_iter())}</dl>
                    <p class="field__hint">"Our team keeps this. Tell us if it is wrong."</p>
                </section>
            }
        })
        .into_any()
}
