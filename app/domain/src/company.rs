//! Customers' companies.

use crate::CompanyId;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyName {
    pub id: CompanyId,
    pub name: String,
}
