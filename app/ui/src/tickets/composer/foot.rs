//! Below the field: tools, files, and the ways to send.

use super::Desk;
use crate::erased::{Rows, dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::Menu,
    tickets::editor::Tools,
};
use domain::workflow::Category;
use leptos::prelude::*;

#[component]
pub fn Foot(
    desk: Desk,
    /// Whether the form works: until then the browser itself must not send it anywhere.
    ready: RwSignal<bool>,
) -> impl IntoView {
    let verb = move || if desk.is_note() { "Add" } else { "Send" };
    let next = move || {
        let current = desk.state.ticket.with(|t| t.status);
        desk.state.workflow.with_value(|w| w.next(current).cloned().collect::<Vec<_>>())
    };
    view! {
        <div class="composer__foot">
            <Tools editor=desk.editor />
            <div class="composer__send">
                <Menu
                    class="button"
                    label="Send and set status"
                    up=true
                    end=true
                    button=ViewFn::from(move || {
                        view! {
                            <span class="hide-phone">{format!("{} and…", verb())}</span>
                            <Ico icon=Icon::ChevronUp />
                        }
                    })
                >
                    {dynamic(move || {
                        next()
                            .into_iter()
                            .map(|status| {
                                let id = status.id;
                                let name = match status.category {
                                    Category::Resolved => format!("{} and resolve", verb()),
                                    Category::Closed => format!("{} and close", verb()),
                                    _ => format!("{}, then {}", verb(), status.name),
                                };
                                view! {
                                    <button
                                        class="menu__item"
                                        type="button"
                                        role="menuitem"
                                        on:click=handler(move |_| desk.send(Some(id), false))
                                    >
                                        <span>{name}</span>
                                    </button>
                                }
                            })
                            .map(IntoAny::into_any).rows()
                    })}
                </Menu>
                <button
                    class="button button--primary"
                    type=reactive(move || if ready.get() { "submit" } else { "button" })
                    aria-keyshortcuts="Control+Enter"
                >
                    {dynamic(move || if desk.is_note() { "Add note" } else { "Send" })}
                    <kbd>"Ctrl ↵"</kbd>
                </button>
            </div>
        </div>
    }
    .into_any()
}
