use super::focus_main;
use crate::erased::{self, Sometimes, effect, handler};
use crate::icons::{Ico, Icon};
use crate::live::Live;
use domain::{Code, Error};
use leptos::{html, prelude::*};

/// A failure in its place on the page: what happened and what to do. `retry` fetches again what could not be fetched; that
/// is also done once the connection is back.
#[component]
pub fn ErrorNotice(error: Error, #[prop(optional)] retry: Option<Callback<()>>) -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(error.code.status()))
    {
        response.set_status(status);
    }
    let reference = error.reference.clone();
    // What is wrong with what was asked for stays wrong, what is not there or not theirs stays so, and who is signed out, too.
    let retry =
        retry.filter(|_| !matches!(error.code, Code::Invalid | Code::NotFound | Code::Forbidden | Code::SignedOut));
    let notice = NodeRef::<html::Div>::new();
    // The button goes away with the notice.
    let again = move |retry: Callback<()>| {
        let focused = document().active_element();
        if notice.get_untracked().is_some_and(|notice| notice.contains(focused.as_deref())) {
            focus_main();
        }
        retry.run(());
    };
    let sign_in = (error.code == Code::SignedOut).then(crate::app::sign_in_from_here);
    let by_itself =
        retry.filter(|_| matches!(error.code, Code::Unavailable | Code::Internal)).zip(use_context::<Live>());
    effect(move || {
        if let Some((retry, live)) = by_itself {
            live.when_back(move || again(retry));
        }
    });
    view! {
        <div class="notice" data-kind="error" role="alert" node_ref=notice>
            <Ico icon=Icon::Alert />
            <p class="notice__title">{error.code.title()}</p>
            <p>{error.in_words()}</p>
            {reference.map(|id| view! { <p class="notice__id">"Reference " {id}</p> })}
            {by_itself.map(|_| view! { <p>"It is tried again by itself once the connection is back."</p> })}
            {sign_in
                .map(|address| {
                    view! {
                        <div class="actions">
                            <a class="button" href=address rel="external">
                                "Sign in"
                            </a>
                        </div>
                    }
                })}
            {retry
                .map(|retry| {
                    view! {
                        <div class="actions">
                            <button
                                class="button"
                                type="button"
                                on:click=handler(move |_| again(retry))
                            >
                                "Try again"
                            </button>
                        </div>
                    }
                })}
        </div>
    }
    .into_any()
}

/// A list with nothing in it: says why, and what can be done.
#[component]
pub fn EmptyState(
    icon: Icon,
    #[prop(into)] title: String,
    #[prop(into, optional)] text: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Ico icon=icon />
            <p class="empty__title">{title}</p>
            {(!text.is_empty()).shown(|| view! { <p>{text}</p> })}
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </div>
    }
    .into_any()
}

#[derive(Clone)]
struct Toast {
    id: u32,
    text: String,
    error: bool,
    undo: Option<Callback<()>>,
}

#[derive(Clone, Copy)]
struct ToastList(RwSignal<Vec<Toast>>);

/// Makes [`toaster`] work below.
pub fn provide_toasts() {
    provide_context(ToastList(RwSignal::new(Vec::new())));
}

/// The toasts of this page, to be kept for later: after waiting for the server there is no context to find them in.
#[derive(Clone, Copy)]
pub struct Toaster(ToastList);

/// See [`Toaster`].
pub fn toaster() -> Toaster {
    Toaster(expect_context())
}

impl Toaster {
    /// A few words on what was just done, with a way back where there is one. Only in the browser.
    pub fn say(self, text: impl Into<String>, undo: Option<Callback<()>>) {
        show(self.0, text.into(), false, undo);
    }

    /// Like [`toast_error`].
    pub fn fail(self, error: &Error) {
        show(self.0, error.in_words(), true, None);
    }
}

fn show(list: ToastList, text: String, error: bool, undo: Option<Callback<()>>) {
    let ToastList(list) = list;
    let id = list.with_untracked(|l| l.last().map_or(1, |t| t.id + 1));
    list.update(|l| {
        if l.len() > 2 {
            l.remove(0);
        }
        l.push(Toast { id, text, error, undo });
    });
    let stays = std::time::Duration::from_secs(if error || undo.is_some() { 9 } else { 5 });
    set_timeout(move || list.update(|l| l.retain(|t| t.id != id)), stays);
}

/// A failure of something done in passing. Only in the browser.
pub fn toast_error(error: &Error) {
    show(expect_context(), error.in_words(), true, None);
}

/// Where toasts appear; once in a page.
#[component]
pub fn Toasts() -> impl IntoView {
    let ToastList(list) = expect_context();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {erased::list(
                move || list.get(),
                |toast| [toast.id.into(), 0, 0],
                move |toast| {
                    view! {
                        <div class="toast" data-kind=if toast.error { "error" } else { "ok" }>
                            <Ico icon=if toast.error { Icon::Alert } else { Icon::Ok } />
                            <span class="toast__text">{toast.text}</span>
                            {toast
                                .undo
                                .map(|undo| {
                                    view! {
                                        <button
                                            class="button button--ghost button--sm"
                                            type="button"
                                            on:click=handler(move |_| {
                                                focus_main();
                                                undo.run(());
                                                list.update(|l| l.retain(|t| t.id != toast.id));
                                            })
                                        >
                                            "Undo"
                                        </button>
                                    }
                                })}
                        </div>
                    }
                        .into_any()
                },
            )}
        </div>
    }
    .into_any()
}
