//! The server behind the binary `docket`: configuration, the router and everything that talks to the network.

pub mod api;
pub mod app;
pub mod config;
mod customers;
pub mod database;
pub mod demo;
pub mod desk;
pub mod files;
pub mod forms;
pub mod identify;
mod imports;
pub mod live;
pub mod mail;
mod outage;
pub mod outgoing;
mod pack;
pub mod portal;
pub mod post;
pub mod private;
pub mod problem;
mod remote_images;
pub mod serve;
mod settings;
pub mod signals;
pub mod site;
mod together;
pub mod work;
