//! The providers that are known, with what they allow: one table, in the order in which names are looked for.

use super::Provider;

/// Gmail and Google Workspace: they share addresses.
pub static GOOGLE: Provider = Provider {
    name: "google",
    house: "google",
    domains: &["gmail.com", "googlemail.com"],
    countries: &[],
    tenants: &[],
    hosts: &["google.com", "googlemail.com"],
    wants_tls: true,
    connections: 5,
    messages: 50,
    rate: None,
    is_by_domain: false,
};

/// Outlook.com and its kin.
pub static OUTLOOK: Provider = Provider {
    name: "outlook",
    house: "microsoft",
    domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
    countries: &["outlook", "hotmail", "live"],
    tenants: &[],
    hosts: &["olc.protection.outlook.com"],
    wants_tls: true,
    connections: 5,
    messages: 50,
    rate: None,
    is_by_domain: false,
};

/// Microsoft 365, with other servers than Outlook.com.
pub static OFFICE365: Provider = Provider {
    name: "office365",
    house: "microsoft",
    domains: &[],
    countries: &[],
    tenants: &["onmicrosoft.com"],
    hosts: &["outlook.com", "mx.microsoft"],
    wants_tls: true,
    connections: 5,
    messages: 50,
    rate: None,
    is_by_domain: false,
};

/// Yahoo and AOL.
pub static YAHOO: Provider = Provider {
    name: "yahoo",
    house: "yahoo",
    domains: &["yahoo.com", "ymail.com", "rocketmail.com", "aol.com"],
    countries: &["yahoo"],
    tenants: &[],
    hosts: &["yahoodns.net"],
    wants_tls: true,
    connections: 10,
    messages: 20,
    rate: None,
    is_by_domain: false,
};

/// iCloud.
pub static APPLE: Provider = Provider {
    name: "apple",
    house: "apple",
    domains: &["icloud.com", "me.com", "mac.com"],
    countries: &[],
    tenants: &[],
    hosts: &["icloud.com", "apple.com"],
    wants_tls: true,
    connections: 10,
    messages: 5,
    rate: None,
    is_by_domain: false,
};

/// GMX and WEB.DE.
pub static GMX: Provider = Provider {
    name: "gmx",
    house: "gmx",
    domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "web.de"],
    countries: &["gmx"],
    tenants: &[],
    hosts: &["gmx.net", "web.de"],
    wants_tls: true,
    connections: 4,
    messages: 20,
    rate: None,
    is_by_domain: false,
};

/// Orange and Wanadoo.
pub static ORANGE: Provider = Provider {
    name: "orange",
    house: "orange",
    domains: &["orange.fr", "wanadoo.fr"],
    countries: &[],
    tenants: &[],
    hosts: &["orange.fr"],
    wants_tls: true,
    connections: 2,
    messages: 100,
    rate: None,
    is_by_domain: false,
};

/// Comcast and Xfinity.
pub static COMCAST: Provider = Provider {
    name: "comcast",
    house: "comcast",
    domains: &["comcast.net"],
    countries: &[],
    tenants: &[],
    hosts: &["comcast.net"],
    wants_tls: true,
    connections: 25,
    messages: 1000,
    rate: None,
    is_by_domain: false,
};

/// Mimecast, which takes mail for others.
pub static MIMECAST: Provider = Provider {
    name: "mimecast",
    house: "mimecast",
    domains: &[],
    countries: &[],
    tenants: &[],
    hosts: &["mimecast.com", "mimecast.co.za", "mimecast-offshore.com"],
    wants_tls: false,
    connections: 10,
    messages: 100,
    rate: None,
    is_by_domain: true,
};

/// Barracuda, which takes mail for others.
pub static BARRACUDA: Provider = Provider {
    name: "barracuda",
    house: "barracuda",
    domains: &[],
    countries: &[],
    tenants: &[],
    hosts: &["barracudanetworks.com"],
    wants_tls: false,
    connections: 10,
    messages: 15,
    rate: None,
    is_by_domain: false,
};

/// Netvigator.
pub static NETVIGATOR: Provider = Provider {
    name: "netvigator",
    house: "netvigator",
    domains: &["netvigator.com"],
    countries: &[],
    tenants: &[],
    hosts: &["netvigator.com"],
    wants_tls: false,
    connections: 5,
    messages: 10,
    rate: None,
    is_by_domain: false,
};

/// KPN.
pub static KPN: Provider = Provider {
    name: "kpn",
    house: "kpn",
    domains: &["kpnmail.nl"],
    countries: &[],
    tenants: &[],
    hosts: &["kpnmail.nl"],
    wants_tls: false,
    connections: 10,
    messages: 10,
    rate: None,
    is_by_domain: false,
};

/// QQ Mail.
pub static QQ: Provider = Provider {
    name: "qq",
    house: "qq",
    domains: &["qq.com", "foxmail.com"],
    countries: &[],
    tenants: &[],
    hosts: &["qq.com"],
    wants_tls: false,
    connections: 4,
    messages: 8,
    rate: None,
    is_by_domain: false,
};

/// NetEase.
pub static NETEASE: Provider = Provider {
    name: "netease",
    house: "netease",
    domains: &["163.com", "126.com"],
    countries: &[],
    tenants: &[],
    hosts: &["netease.com"],
    wants_tls: false,
    connections: 4,
    messages: 7,
    rate: None,
    is_by_domain: false,
};

/// Yahoo Japan, with other servers than Yahoo.
pub static YAHOO_JAPAN: Provider = Provider {
    name: "yahoo.co.jp",
    house: "yahoo",
    domains: &["yahoo.co.jp"],
    countries: &[],
    tenants: &[],
    hosts: &["yahoo.co.jp"],
    wants_tls: false,
    connections: 2,
    messages: 20,
    rate: Some((10, 1000)),
    is_by_domain: false,
};

/// All providers that are told apart; the first whose hosts a name is of has it.
pub static PROVIDERS: [&Provider; 15] = [
    &GOOGLE,
    &OUTLOOK,
    &OFFICE365,
    &YAHOO,
    &APPLE,
    &GMX,
    &ORANGE,
    &COMCAST,
    &MIMECAST,
    &BARRACUDA,
    &NETVIGATOR,
    &KPN,
    &QQ,
    &NETEASE,
    &YAHOO_JAPAN,
];
