//! The view of an element that is written as text.

use leptos::{
    attr::Attribute,
    prelude::*,
    tachys::{
        html::attribute::any_attribute::AnyAttribute,
        hydration::Cursor,
        renderer::{
            CastFrom,
            types::{Element, Node},
        },
        view::{Mountable, Position, PositionState, Render, add_attr::AddAnyAttr},
    },
};
use wasm_bindgen::JsCast;

/// An element that nothing inside of ever changes.
///
/// Leptos' own `InertElement` is for markup that stands in the code: it keeps each text that it ever saw for as long as
/// the page lives, and looks through all of them to make the next one. Texts with data in them are all different.
pub struct Inert(String);

impl Inert {
    pub(super) fn new(html: String) -> Self {
        Self(html)
    }

    /// The element, for a browser's page.
    pub fn make(&self) -> Option<Element> {
        thread_local! {
            // What stands in a template is parsed like any other markup, but loads nothing and starts nothing.
            static PARSER: Option<web_sys::HtmlTemplateElement> =
                document().create_element("template").ok().and_then(|t| t.dyn_into().ok());
        }
        PARSER.with(|parser| {
            let parser = parser.as_ref()?;
            parser.set_inner_html(&self.0);
            // Out of the template, which is needed again before the view is mounted.
            let made = parser.content().first_element_child()?;
            made.remove();
            Some(made)
        })
    }
}

/// Goes on to the element that stands where a view of one element is being taken over.
pub(crate) fn next_element(cursor: &Cursor, position: &PositionState) -> Option<Element> {
    match position.get() {
        Position::FirstChild => cursor.child(),
        Position::Current => {}
        _ => cursor.sibling(),
    }
    position.set(Position::NextChild);
    Element::cast_from(cursor.current())
}

/// The element in the page, and the text that it was made of.
pub struct InertState {
    html: String,
    element: Option<Element>,
}

impl Mountable for InertState {
    fn unmount(&mut self) {
        self.element.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.element.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.element.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.element.iter().cloned().collect()
    }
}

impl Render for Inert {
    type State = InertState;

    fn build(self) -> InertState {
        InertState { element: self.make(), html: self.0 }
    }

    fn rebuild(self, state: &mut InertState) {
        if self.0 != state.html {
            let mut made = self.make();
            state.element.insert_before_this(&mut made);
            state.element.unmount();
            *state = InertState { html: self.0, element: made };
        }
    }
}

impl AddAnyAttr for Inert {
    type Output<New: Attribute> = Self;

    /// It takes none: whoever wants another attribute writes another text.
    fn add_any_attr<New: Attribute>(self, _: New) -> Self
    where
        Self: RenderHtml,
    {
        self
    }
}

impl RenderHtml for Inert {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn html_len(&self) -> usize {
        self.0.len()
    }

    fn to_html_with_buf(self, buf: &mut String, position: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {
        buf.push_str(&self.0);
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> InertState {
        InertState { html: self.0, element: next_element(cursor, position) }
    }

    fn into_owned(self) -> Self {
        self
    }
}
