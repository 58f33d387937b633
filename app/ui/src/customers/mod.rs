//! Customers for staff: their list, their pages, and the plain forms that change them.

mod company;
mod erase;
mod form;
pub(crate) mod frames;
mod list;
mod lists;
mod merge;
pub(crate) mod merging;
mod page;
pub(crate) mod pieces;
pub mod rpc;
mod second_factor;
pub(crate) mod underway;

pub use company::ConvertPage;
pub use erase::EraseCustomerPage;
pub use form::{EditCustomerPage, NewCustomerPage};
pub use list::{CustomersPage, customer_table};
pub use merge::MergeCustomersPage;
pub use page::CustomerPage;
pub use second_factor::SecondFactorOfCustomerPage;
