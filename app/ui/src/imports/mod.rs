//! Customers, companies and tickets from a file, for staff: uploaded, looked at, tried, and then brought in.

mod mapping;
mod pages;
mod rpc;

pub use pages::{ImportPage, ImportsPage};
