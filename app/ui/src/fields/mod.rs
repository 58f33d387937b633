//! Custom fields: the page on which they are defined, how they are filled in, and how they are read.

mod define;
mod form;
mod list;
mod own;
pub(crate) mod rpc;
mod shown;

pub use define::FieldPage;
pub use form::{BlankFields, FieldInputs};
pub use list::FieldsPage;
pub use own::OwnFields;
pub use shown::facts;
