//! People and groups that a provider announces (SCIM 2.0): their accounts are there, with a role, before they come, and are
//! blocked at once when they leave.
//!
//! A provider acts by its token ([`token`]), as [`domain::actor::Who::Provider`]. Whom it sees is the view `scim_visible`, and
//! only that. All changes of one desk wait for each other ([`crate::access::take_turn`]): two announcements of the same person
//! at once make one account, and nobody keeps a role that is being taken away.

pub mod groups;
pub mod people;
pub mod rights;
pub mod token;
