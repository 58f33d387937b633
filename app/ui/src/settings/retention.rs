//! How long tickets and customers are kept.

use super::{frame::page_of, rpc};
use crate::{
    flash::{ASKED, flash},
    shared::{Field, Question, submit},
};
use domain::retention::Periods;
use leptos::prelude::*;

/// `/settings/retention`.
#[component]
pub fn RetentionSettings() -> impl IntoView {
    page_of(
        "Data retention",
        "What is not needed any longer can be erased by itself, after as many months as you say. It is looked for once an hour, and the security log says how much went.",
        rpc::retention,
        |periods| view! { <RetentionForm periods /> }.into_any(),
    )
}

#[component]
fn RetentionForm(periods: Periods) -> impl IntoView {
    let mut flash = flash();
    let asked = flash.value(ASKED);
    let sent = flash.error.is_some() || !asked.is_empty();
    if !sent {
        for (name, months) in [("tickets", periods.tickets), ("customers", periods.customers)] {
            flash.values.push((name.into(), months.map(|n| n.to_string()).unwrap_or_default()));
        }
    }
    let messages = if sent { flash.value("messages") == "on" } else { periods.messages };
    if !asked.is_empty() {
        let fields = ["tickets", "customers", "messages"].map(|name| (name, flash.value(name)));
        let after = |name: &str, what: &str| match flash.value(name).as_str() {
            "" => None,
            "1" => Some(format!("{what} after 1 month")),
            months => Some(format!("{what} after {months} months")),
        };
        let periods = [after("tickets", "closed tickets"), after("customers", "customers")];
        let periods: Vec<String> = periods.into_iter().flatten().collect();
        // Without the form: what is answered is what was asked, and not what somebody has typed since.
        return Question {
            action: "/settings/retention".to_owned(),
            title: format!("Erase {}? So old by now: {asked}.", periods.join(" and ")),
            text: "Of tickets their content is erased, of customers all that is known of them. This cannot be undone, and nobody is asked again when others go.",
            fields: fields.into(),
            yes: ("save", "yes", "Erase from now on"),
            no: ("/settings/retention".to_owned(), "Leave it as it was"),
        }
        .ask();
    }
    view! {
        <form method="post" action="/settings/retention" class="stack" novalidate>
            <Field
                flash=flash.clone()
                name="tickets"
                label="Months that closed tickets keep their content"
                hint="Since anybody last touched them; empty: for ever. Then the subject, all messages, files and mails are erased, and from which addresses customers wrote. Number, state, dates, people, tags and the history of changes stay, so that statistics stay right."
                maxlength=3
            />
            <Field
                flash
                name="customers"
                label="Months that customers are kept"
                hint="Since they last wrote, signed in or had a ticket that was touched; empty: for ever. Then they are erased like by “Erase” on their page. Who has a ticket that is still being worked on stays, and so does whom a provider announces."
                maxlength=3
            />
            <label class="check">
                <input type="checkbox" name="messages" checked=messages autocomplete="off" />
                <span>
                    "Erase what those customers wrote, too"
                    <span class="field__hint">
                        " Their messages and the subjects of their tickets. Otherwise the words stay, without their name."
                    </span>
                </span>
            </label>
            <p class="muted">
                "The security log is kept for ever: the database refuses to delete from it, so that nobody covers their tracks. Names and addresses of customers are taken out of it when they are erased."
            </p>
            {submit("Save")}
        </form>
    }
    .into_any()
}
