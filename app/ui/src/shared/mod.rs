//! Pieces that several pages use.

mod avatar;
mod awaited;
mod feedback;
mod field;
mod menu;
mod picker;
mod priority;
mod textarea;
mod when;

pub use avatar::Avatar;
pub use awaited::awaited;
pub use feedback::{EmptyState, ErrorNotice, Toaster, Toasts, provide_toasts, toast_error, toaster};
pub use field::Field;
pub use menu::Menu;
pub use picker::{Choice, Picker};
pub use priority::{PriorityMark, StatusMark, state_icon, state_word};
pub use textarea::TextArea;
pub use when::{ClockTime, When, clock};
