//! Pieces that several pages use.

mod avatar;
mod feedback;
mod field;
mod menu;
mod priority;
mod textarea;
mod when;

pub use avatar::Avatar;
pub use feedback::{EmptyState, ErrorNotice, Toasts, provide_toasts, toast, toast_error};
pub use field::Field;
pub use menu::Menu;
pub use priority::{PriorityMark, StatusMark, state_icon, state_word};
pub use textarea::TextArea;
pub use when::When;
