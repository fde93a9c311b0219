use super::{
    api, auth, delivery, digest, dns, dnsbl, events, filter, journal, limits, listen, provider,
    reader::FromTable, root, route, schema::Section, spool, srs, store, submission, tls, web,
};

/// Every table of the file, in the order of the documents.
pub(super) static SECTIONS: [&Section; 21] = [
    root::Keys::SECTION,
    store::Keys::SECTION,
    listen::Keys::SECTION,
    srs::Keys::SECTION,
    delivery::Keys::SECTION,
    spool::Keys::SECTION,
    route::Keys::SECTION,
    provider::Keys::SECTION,
    tls::Keys::SECTION,
    tls::SniKeys::SECTION,
    dns::Keys::SECTION,
    auth::Keys::SECTION,
    filter::Keys::SECTION,
    limits::Keys::SECTION,
    submission::Keys::SECTION,
    api::Keys::SECTION,
    web::Keys::SECTION,
    journal::Keys::SECTION,
    dnsbl::Keys::SECTION,
    events::Keys::SECTION,
    digest::Keys::SECTION,
];
