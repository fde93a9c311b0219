use super::{
    auth, delivery, dns, dnsbl, filter, journal, limits, listen, reader::FromTable, root, route,
    schema::Section, spool, srs, tls,
};

/// Every table of the file, in the order of the documents.
pub(super) static SECTIONS: [&Section; 14] = [
    root::Keys::SECTION,
    listen::Keys::SECTION,
    srs::Keys::SECTION,
    delivery::Keys::SECTION,
    spool::Keys::SECTION,
    route::Keys::SECTION,
    tls::Keys::SECTION,
    tls::SniKeys::SECTION,
    dns::Keys::SECTION,
    auth::Keys::SECTION,
    filter::Keys::SECTION,
    limits::Keys::SECTION,
    journal::Keys::SECTION,
    dnsbl::Keys::SECTION,
];
