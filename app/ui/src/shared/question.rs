use crate::erased::Rows;
use crate::icons::{Ico, Icon};
use leptos::prelude::*;

/// What is asked once before something is done that is hard to take back. Its answer is `sure`.
pub struct Question {
    /// Where the answer is sent.
    pub action: String,
    pub title: String,
    /// What comes of it.
    pub text: &'static str,
    /// What is sent along: names and values.
    pub fields: Vec<(&'static str, String)>,
    /// Name, value and words of the button that does it.
    pub yes: (&'static str, &'static str, &'static str),
    /// The address of the page without the question, and the words that lead there.
    pub no: (String, &'static str),
}

impl Question {
    pub fn ask(self) -> AnyView {
        let Self { action, title, text, fields, yes: (name, value, yes), no: (back, no) } = self;
        let hidden = |(name, value): (&'static str, String)| view! { <input type="hidden" name=name value=value /> };
        view! {
            <form method="post" action=action class="notice" data-kind="warning">
                <Ico icon=Icon::Alert />
                <p class="notice__title">{title}</p>
                <p>{text}</p>
                {fields.into_iter().map(hidden).rows()}
                <input type="hidden" name="sure" value="yes" />
                <div class="actions">
                    <button class="button button--danger" type="submit" name=name value=value>
                        {yes}
                    </button>
                    // The address is that of this page: only a new one forgets the question.
                    <a class="button" href=back rel="external">
                        {no}
                    </a>
                </div>
            </form>
        }
        .into_any()
    }
}
