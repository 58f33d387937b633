//! Companies for staff: their list, their pages, and the plain forms that change them.

mod domains;
mod form;
mod list;
mod merge;
mod page;

pub use domains::OutsidePage;
pub use form::{EditCompanyPage, NewCompanyPage};
pub use list::CompaniesPage;
pub use merge::MergeCompaniesPage;
pub use page::CompanyPage;
