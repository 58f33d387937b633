//! Pieces that several pages use.

mod avatar;
mod awaited;
mod copy;
mod feedback;
mod field;
mod focus;
mod fold;
mod inert;
mod markup;
mod menu;
mod opener;
mod picker;
mod priority;
mod question;
mod table;
mod textarea;
mod title;
mod when;

pub use avatar::{Avatar, avatar_of, face};
pub use awaited::{awaited, fetched, unread};
pub use copy::{CopyButton, Secret, copy};
pub use feedback::{EmptyState, ErrorNotice, Toaster, Toasts, provide_toasts, toast_error, toaster};
pub use field::{Area, Field, NameAgain, ReadOnly, ReasonOfLoss, field_error, options, submit};
pub use focus::{bring_into_view, focus_main, focus_page, focus_soon, hand_on, is_lost, keep_focus, settled};
pub use fold::close_like_menu;
#[cfg(not(feature = "ssr"))]
pub(crate) use inert::next_element;
pub use markup::Markup;
pub use menu::{Menu, MenuList};
pub use opener::{Opener, Opening};
pub use picker::{Choice, Picker};
pub use priority::{PriorityMark, StatusMark, priority_mark, state_icon, state_word, status_mark};
pub use question::Question;
pub use table::{Column, row_button, table, table_of};
pub use textarea::{TextArea, escaped};
pub use title::Title;
pub use when::{Ahead, When, clock, clock_time, set_clocks, when};
