//! Who works at the shop, what they run, and how they talk about it.

/// Whose cloud a workspace lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    Aws,
    Azure,
    Gcp,
}

/// A workspace, as the company set it up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workspace {
    pub(super) name: &'static str,
    pub(super) environment: &'static str,
    pub(super) team: &'static str,
    pub(super) expected_every: Option<&'static str>,
    pub(super) description: &'static str,
    pub(super) cloud: Cloud,
    pub(super) region: &'static str,
    pub(super) account: &'static str,
    pub(super) scans_a_day: u8,
    /// Its pipeline broke this many days ago, and nobody noticed.
    pub(super) silent_for_days: Option<i64>,
}

const fn workspace(
    name: &'static str,
    environment: &'static str,
    team: &'static str,
    cloud: Cloud,
    region: &'static str,
    account: &'static str,
) -> Workspace {
    Workspace {
        name,
        environment,
        team,
        expected_every: Some("6h"),
        description: "",
        cloud,
        region,
        account,
        scans_a_day: 4,
        silent_for_days: None,
    }
}

/// Every workspace of the shop.
pub(super) const WORKSPACES: [Workspace; 12] = [
    Workspace {
        description: "Storefront and cart",
        ..workspace(
            "shop/storefront/prod",
            "production",
            "storefront",
            Cloud::Aws,
            "eu-central-1",
            "418203957716",
        )
    },
    Workspace {
        description: "Storefront and cart, before release",
        scans_a_day: 2,
        expected_every: Some("12h"),
        ..workspace(
            "shop/storefront/staging",
            "staging",
            "storefront",
            Cloud::Aws,
            "eu-central-1",
            "518840172263",
        )
    },
    Workspace {
        description: "Checkout and orders",
        ..workspace(
            "shop/checkout/prod",
            "production",
            "checkout",
            Cloud::Aws,
            "eu-central-1",
            "418203957716",
        )
    },
    Workspace {
        description: "Checkout and orders, before release",
        scans_a_day: 2,
        expected_every: Some("12h"),
        ..workspace(
            "shop/checkout/staging",
            "staging",
            "checkout",
            Cloud::Aws,
            "eu-central-1",
            "518840172263",
        )
    },
    Workspace {
        description: "Card data: in scope of PCI DSS",
        expected_every: Some("3h"),
        scans_a_day: 8,
        ..workspace(
            "payments/vault/prod",
            "production",
            "payments",
            Cloud::Aws,
            "eu-west-1",
            "730551928840",
        )
    },
    Workspace {
        description: "Search and recommendations",
        ..workspace(
            "search/prod",
            "production",
            "discovery",
            Cloud::Gcp,
            "europe-west3",
            "brightcart-search-prod",
        )
    },
    Workspace {
        description: "Events, warehouse, reports",
        scans_a_day: 3,
        expected_every: Some("8h"),
        ..workspace(
            "data/platform/prod",
            "production",
            "data",
            Cloud::Gcp,
            "europe-west1",
            "brightcart-data-prod",
        )
    },
    Workspace {
        description: "Stock and suppliers",
        scans_a_day: 3,
        expected_every: Some("8h"),
        ..workspace(
            "erp/inventory/prod",
            "production",
            "backoffice",
            Cloud::Azure,
            "westeurope",
            "7c2f61d4-5a0e-4b63-9d1c-3f8be0a9d527",
        )
    },
    Workspace {
        description: "Networks, DNS, transit",
        ..workspace(
            "platform/network",
            "shared",
            "platform",
            Cloud::Aws,
            "eu-central-1",
            "906117382255",
        )
    },
    Workspace {
        description: "People and machines: roles, policies, keys",
        ..workspace(
            "platform/identity",
            "shared",
            "platform",
            Cloud::Aws,
            "us-east-1",
            "906117382255",
        )
    },
    Workspace {
        description: "Playground: nobody promises anything",
        scans_a_day: 1,
        expected_every: None,
        ..workspace(
            "sandbox/dev",
            "development",
            "platform",
            Cloud::Aws,
            "eu-west-1",
            "221009475518",
        )
    },
    Workspace {
        description: "Newsletters and vouchers; the pipeline moved in autumn",
        silent_for_days: Some(6),
        ..workspace(
            "marketing/campaigns/prod",
            "production",
            "marketing",
            Cloud::Azure,
            "northeurope",
            "2b9d07e1-88c4-4f0f-b0a6-91d7c4e5aa38",
        )
    },
];

/// Why something is to be reverted.
pub(super) const APPROVALS: [&str; 7] = [
    "Opened by hand during Tuesday's incident and never closed: put it back.",
    "Changed in the console, nobody in the team knows why. Revert to what the code says.",
    "The code is right. The next apply will restore it.",
    "Confirmed with the owner: it was a test that was left behind.",
    "Violates our baseline for production accounts, so it goes.",
    "Left over from load testing, and it costs money every day.",
    "Security asked for the declared value to be back before the audit.",
];

/// Why a live value stays.
pub(super) const REJECTIONS: [&str; 6] = [
    "Autoscaling owns this value: the code should ignore it.",
    "The change is right, the code lags behind. Merge request is open.",
    "Agreed with the vendor for the migration, stays until the end of the quarter.",
    "Set by the cloud provider itself, we can't declare it.",
    "Wanted: support needs it to reach the customers' systems.",
    "An emergency fix that we keep. The module will follow.",
];

/// What people say beside a decision.
pub(super) const COMMENTS: [&str; 7] = [
    "Asked in #team-platform who did this.",
    "CloudTrail says it was the break-glass role, Sunday night.",
    "Same as last month, see the one that was resolved.",
    "I'll take it after stand-up.",
    "Not urgent, the instance is drained anyway.",
    "Blocked by the freeze until Monday.",
    "Looks like the operator does it on every upgrade.",
];

/// What was noted when somebody took one over.
pub(super) const NOTES: [&str; 4] = [
    "Needs a look at the access logs first.",
    "Waiting for an answer from the owner.",
    "Will check against the change calendar.",
    "Probably the autoscaler, to be confirmed.",
];

/// What a tool says when it fails.
pub(super) const FAILURES: [&str; 3] = [
    "Error: error configuring the provider: AccessDenied: not authorized to perform sts:AssumeRole.",
    "Error: acquiring the state lock: another run holds it since 02:14 UTC.",
    "Error: reading the bucket's policy: RequestError: connection reset by peer.",
];
