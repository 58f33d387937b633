//! The place of the form to write in, which is there before what makes it work.
//!
//! The server renders the whole form. The browser leaves it alone until its part has come, and takes it over then as it
//! stands: what has been typed stays where it is, with cursor, undo and all.

use super::Begun;
use crate::erased::dynamic;
use crate::tickets::{head::first_name, state::TicketState, work::Work};
use domain::{attachment::Attachment, timeline::Draft};
use leptos::prelude::*;

#[component]
pub fn ComposerPlace(
    state: TicketState,
    drafts: Vec<Draft>,
    unsent: Vec<Attachment>,
    signature: String,
    work: Work,
) -> impl IntoView {
    let begun = Begun::new(state, &drafts, unsent, signature);
    #[cfg(feature = "ssr")]
    let form = {
        let _ = work;
        view! { <super::Composer begun /> }.into_any()
    };
    #[cfg(not(feature = "ssr"))]
    let form = browser::form(begun, work);
    view! {
        <div class="composer-wrap">
            <Typing state />
            {form}
        </div>
    }
    .into_any()
}

#[component]
fn Typing(state: TicketState) -> impl IntoView {
    let words = move || {
        let names: Vec<String> =
            state.looking.with(|l| l.iter().filter(|p| p.typing).map(|p| first_name(&p.name)).collect());
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} is typing…")),
            [one, other] => Some(format!("{one} and {other} are typing…")),
            _ => Some("Several people are typing…".to_owned()),
        }
    };
    view! {
        <p class="typing" aria-live="polite">
            {dynamic(move || {
                words()
                    .map(|words| {
                        view! {
                            <span class="typing__dots" aria-hidden="true">
                                <i></i>
                                <i></i>
                                <i></i>
                            </span>
                            {words}
                        }
                    })
            })}
        </p>
    }
    .into_any()
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use super::super::light::Light;
    use super::Begun;
    use crate::erased::effect;
    use crate::keys::{Command, on_command};
    use crate::shared::{Markup, next_element, settled};
    use crate::tickets::work::{Piece, Work};
    use crate::type_ahead::{self, Awaited};
    use domain::ticket::Writing;
    use leptos::{
        attr::Attribute,
        prelude::*,
        tachys::{
            html::attribute::any_attribute::AnyAttribute,
            hydration::Cursor,
            renderer::types::{Element, Node},
            view::{Mountable, Position, PositionState, Render, add_attr::AddAnyAttr},
        },
        task::spawn_local,
    };
    use std::{cell::RefCell, rc::Rc};
    use wasm_bindgen::JsCast;

    /// The form, now or as soon as its part has come.
    pub fn form(begun: Begun, work: Work) -> AnyView {
        on_command(move |command| {
            let writing = match command {
                Command::Reply => Writing::Reply,
                Command::Note => Writing::Note,
                _ => return,
            };
            // Once it is here, the form listens itself.
            if untrack(|| work.is_here()) {
                return;
            }
            work.ask();
            if writing != begun.writing || !focus_field() {
                begun.want(writing);
                type_ahead::wait(Awaited::Composer);
            }
        });
        // A view is built and taken over when its component has long returned: outside of it, nothing in it would live.
        let owner = Owner::current().unwrap_or_default();
        Late { begun, work, owner }.into_any()
    }

    /// Puts the cursor where the server has rendered a field. Returns whether there is one.
    fn focus_field() -> bool {
        let field = document().query_selector(".composer textarea").ok().flatten();
        field.and_then(|f| f.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|field| field.focus().is_ok())
    }

    type Shown = Rc<RefCell<Option<<AnyView as Render>::State>>>;

    struct Late {
        begun: Begun,
        work: Work,
        owner: Owner,
    }

    /// What stands in the page: the form, and until that works, what the server has rendered, or an empty box.
    struct LateState {
        first: Option<Element>,
        shown: Shown,
    }

    impl Late {
        /// Puts the form in the place of `first`, or where the server has rendered that, takes it over, as soon as its part
        /// is here.
        fn wait(self, first: Element, rendered: bool) -> LateState {
            let Self { begun, work, owner } = self;
            let shown = Shown::default();
            let state = LateState { first: Some(first.clone()), shown: shown.clone() };
            let mut light = rendered.then(|| Light::new(&first, begun, work));
            let wait = move || {
                if shown.borrow().is_some() {
                    return;
                }
                let Some(form) = work.make(Piece::Composer(begun)) else { return };
                let made = if rendered {
                    let at = PositionState::new(Position::Current);
                    begun.draft_of(begun.writing).as_rendered(|| form.hydrate::<true>(&Cursor::new(first.clone()), &at))
                } else {
                    let mut made = form.build();
                    first.insert_before_this(&mut made);
                    first.clone().unmount();
                    made
                };
                shown.replace(Some(made));
                let light = light.take();
                spawn_local(async move {
                    settled().await;
                    if let Some(light) = light {
                        light.hand_over();
                    }
                    type_ahead::arrived(Awaited::Composer);
                });
            };
            owner.with(|| effect(wait));
            state
        }
    }

    impl Render for Late {
        type State = LateState;

        fn build(self) -> LateState {
            let now = |this: &Self| this.work.make(Piece::Composer(this.begun)).map(Render::build);
            match untrack(|| self.owner.with(|| now(&self))) {
                Some(form) => LateState { first: None, shown: Rc::new(RefCell::new(Some(form))) },
                None => {
                    let empty = Markup::new("<div class=\"composer\" aria-busy=\"true\"></div>");
                    match empty.element().make() {
                        Some(first) => self.wait(first, false),
                        None => LateState { first: None, shown: Shown::default() },
                    }
                }
            }
        }

        /// Another ticket: nothing of the form before goes over to it.
        fn rebuild(self, state: &mut LateState) {
            let mut new = self.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
        }
    }

    impl Mountable for LateState {
        fn unmount(&mut self) {
            match &mut *self.shown.borrow_mut() {
                Some(shown) => shown.unmount(),
                None => self.first.unmount(),
            }
        }

        fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
            match &mut *self.shown.borrow_mut() {
                Some(shown) => shown.mount(parent, marker),
                None => self.first.mount(parent, marker),
            }
        }

        fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
            match &*self.shown.borrow() {
                Some(shown) => shown.insert_before_this(child),
                None => self.first.insert_before_this(child),
            }
        }

        fn elements(&self) -> Vec<Element> {
            match &*self.shown.borrow() {
                Some(shown) => shown.elements(),
                None => self.first.iter().cloned().collect(),
            }
        }
    }

    impl AddAnyAttr for Late {
        type Output<New: Attribute> = Self;

        /// It takes none.
        fn add_any_attr<New: Attribute>(self, _: New) -> Self
        where
            Self: RenderHtml,
        {
            self
        }
    }

    impl RenderHtml for Late {
        type AsyncOutput = Self;
        type Owned = Self;

        const MIN_LENGTH: usize = 0;

        fn dry_resolve(&mut self) {}

        async fn resolve(self) -> Self {
            self
        }

        /// The server renders the form itself.
        fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

        fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> LateState {
            match next_element(cursor, position) {
                Some(first) => self.wait(first, true),
                None => LateState { first: None, shown: Shown::default() },
            }
        }

        fn into_owned(self) -> Self {
            self
        }
    }
}
