//! Below the field: tools, files, and the ways to send.

use super::Desk;
use crate::erased::{dynamic, handler, reactive};
use crate::{
    icons::{Ico, Icon},
    shared::Menu,
    tickets::{markdown::Tool, rpc, uploads::files_of},
};
use domain::{attachment::ACCEPT, workflow::Category};
use leptos::{html, prelude::*, task::spawn_local};

#[component]
pub fn Foot(desk: Desk) -> impl IntoView {
    let chooser = NodeRef::<html::Input>::new();
    let tool = move |tool: Tool, icon: Icon, name: &'static str| {
        view! {
            <button
                class="button button--ghost button--icon"
                type="button"
                aria-label=name
                data-tip=name
                data-tip-side="top"
                disabled=reactive(move || desk.preview.with(Option::is_some))
                on:click=handler(move |_| desk.use_tool(tool))
            >
                <Ico icon />
            </button>
        }
    };
    let show_preview = move |_| {
        if desk.preview.with_untracked(Option::is_some) {
            return desk.write(desk.mode.get_untracked());
        }
        let body = desk.draft().text.get_untracked();
        spawn_local(async move {
            match rpc::preview(body).await {
                Ok(html) => desk.preview.set(Some(html)),
                Err(error) => desk.state.toaster.fail(&error.0),
            }
        });
    };
    let verb = move || if desk.is_note() { "Add" } else { "Send" };
    let next = move || {
        let current = desk.state.ticket.with(|t| t.status);
        desk.state.workflow.with_value(|w| w.next(current).cloned().collect::<Vec<_>>())
    };
    view! {
        <div class="composer__foot">
            <div class="composer__tools" role="toolbar" aria-label="Format">
                {tool(Tool::Bold, Icon::Bold, "Bold")}
                {tool(Tool::Italic, Icon::Italic, "Italic")}
                {tool(Tool::List, Icon::List, "List")}
                {tool(Tool::Link, Icon::Link, "Link")}
                {tool(Tool::Quote, Icon::Quote, "Quote")}
                {tool(Tool::Code, Icon::Code, "Code")}
                <button
                    class="button button--ghost button--icon"
                    type="button"
                    aria-label="Attach files"
                    data-tip="Attach files"
                    data-tip-side="top"
                    on:click=handler(move |_| {
                        if let Some(chooser) = chooser.get_untracked() {
                            chooser.click();
                        }
                    })
                >
                    <Ico icon=Icon::Paperclip />
                </button>
                <input
                    type="file"
                    multiple
                    hidden
                    accept=ACCEPT
                    node_ref=chooser
                    aria-label="Files to attach"
                    on:change=handler(move |_| {
                        if let Some(chooser) = chooser.get_untracked() {
                            desk.uploads.add(files_of(chooser.files()));
                            // The same file can be chosen again.
                            chooser.set_value("");
                        }
                    })
                />
                <button
                    class="button button--ghost button--icon"
                    type="button"
                    aria-label="Preview"
                    aria-pressed=reactive(move || desk.preview.with(Option::is_some).to_string())
                    data-tip="Preview"
                    data-tip-side="top"
                    on:click=handler(show_preview)
                >
                    <Ico icon=Icon::Eye />
                </button>
            </div>
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
                            .map(IntoAny::into_any).collect_view()
                    })}
                </Menu>
                <button class="button button--primary" type="submit" aria-keyshortcuts="Control+Enter">
                    {dynamic(move || if desk.is_note() { "Add note" } else { "Send" })}
                    <kbd>"Ctrl ↵"</kbd>
                </button>
            </div>
        </div>
    }
    .into_any()
}
