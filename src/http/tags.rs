//! The sections of the contract.

use poem_openapi::Tags;

/// The section of the contract that an operation stands in.
#[derive(Debug, Clone, Copy, Tags)]
pub enum Tag {
    /// Resources whose live state differs from the declared one, and what is decided about them.
    Drifts,
    /// What needs somebody's eyes.
    Alerts,
    /// The units that a tool plans: a Terraform root module, a stack.
    Workspaces,
    /// Runs of a tool over a workspace, pushed as the tool's own output.
    Scans,
    /// Counts, trends and costs for people.
    Metrics,
    /// Changes as they happen.
    Events,
    /// The record of who did what.
    Audit,
    /// Signing in and out.
    SignIn,
    /// People's accounts.
    Users,
    /// Machines' credentials.
    ApiKeys,
    /// Whether the server runs and how it fares.
    Operations,
}
