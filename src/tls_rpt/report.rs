use super::{PolicyType, Row};
use crate::{
    address::{Domain, Mailbox},
    time::UnixTime,
};
use flate2::{Compression, write::GzEncoder};
use jiff::{Timestamp, tz::TimeZone};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, content_type::ContentType, date::Date, raw::Raw},
    mime::MimePart,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write, time::Duration};

/// What one domain is told about one day (RFC 8460 §4.4, §5.3).
#[derive(Debug)]
pub struct Report<'a> {
    /// The domain that the report is about.
    pub domain: &'a str,
    /// The day that the report is about, in days since 1970.
    pub day: u64,
    /// Our own name.
    pub hostname: &'a Domain,
    /// Whom to ask about the report, and from whom it comes.
    pub contact: &'a Mailbox,
    /// The name of the report.
    pub id: &'a str,
    /// The results of this domain and day.
    pub rows: &'a [Row],
    /// The lines of its MTA-STS policy, if that is known.
    pub policy: Vec<String>,
}

/// The mail addresses in the TXT records at `_smtp._tls.`; none unless exactly one of them is of TLS-RPT
/// (RFC 8460 §3).
pub fn report_to<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Mailbox> {
    let mut records = texts.into_iter().filter_map(|text| {
        let (version, rest) = text.split_once(';')?;
        (version.trim() == "v=TLSRPTv1").then_some(rest)
    });
    let (Some(fields), None) = (records.next(), records.next()) else { return Vec::new() };
    let rua = fields.split(';').find_map(|field| field.trim().strip_prefix("rua="));
    let uris = rua.unwrap_or_default().split(',').map(str::trim);
    let addresses = uris.filter_map(|uri| uri.strip_prefix("mailto:"));
    // Whoever wants more than two copies has a list.
    addresses.filter_map(|address| Mailbox::parse(address).ok()).take(2).collect()
}

/// Whether a TXT record is one of TLS-RPT that somebody is told by: by mail or by https.
pub fn is_record(text: &str) -> bool {
    let Some((version, fields)) = text.split_once(';') else { return false };
    let rua = fields.split(';').find_map(|field| field.trim().strip_prefix("rua="));
    let mut uris = rua.unwrap_or_default().split(',').map(str::trim);
    version.trim() == "v=TLSRPTv1"
        && uris.any(|uri| match uri.strip_prefix("mailto:") {
            Some(address) => Mailbox::parse(address).is_ok(),
            None => uri.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()),
        })
}

impl Report<'_> {
    /// The report by itself.
    pub fn json(&self) -> Value {
        let mut policies: BTreeMap<&str, (u64, u64, Vec<Value>)> = BTreeMap::new();
        for row in self.rows {
            let (good, bad, details) = policies.entry(&row.policy).or_default();
            if row.result.is_empty() {
                *good += row.count;
                continue;
            }
            *bad += row.count;
            let mut detail =
                json!({ "result-type": row.result, "failed-session-count": row.count });
            if let Some(detail) = detail.as_object_mut()
                && !row.host.is_empty()
            {
                detail.insert("receiving-mx-hostname".to_owned(), json!(row.host));
            }
            details.push(detail);
        }
        let policies = policies.into_iter().map(|(kind, (good, bad, details))| {
            let mut policy = json!({ "policy-type": kind, "policy-domain": self.domain });
            if let Some(policy) = policy.as_object_mut()
                && kind == PolicyType::Sts.as_str()
            {
                policy.insert("policy-string".to_owned(), json!(self.policy));
            }
            json!({
                "policy": policy,
                "summary": {
                    "total-successful-session-count": good,
                    "total-failure-session-count": bad,
                },
                "failure-details": details,
            })
        });
        json!({
            "organization-name": self.hostname.as_str(),
            "date-range": {
                "start-datetime": time(self.begin()),
                "end-datetime": time(self.end()),
            },
            "contact-info": self.contact.to_string(),
            "report-id": self.id,
            "policies": policies.collect::<Vec<_>>(),
        })
    }

    /// The message that brings it to `to`. ASCII with CRLF line ends.
    pub fn to_message(&self, to: &Mailbox, now: UnixTime) -> Vec<u8> {
        let submitter = self.contact.domain();
        let name = format!(
            "{submitter}!{}!{}!{}!{}.json.gz",
            self.domain,
            self.begin().as_secs(),
            self.end().as_secs(),
            self.id
        );
        let text = format!(
            "This is an aggregate TLS report of {} about mail to {}.\r\n",
            self.hostname, self.domain
        );
        let report = ContentType::new("multipart/report")
            .attribute("report-type", "tlsrpt")
            .attribute("boundary", format!("=_{}", self.id));
        let parts = vec![
            MimePart::new("text/plain", text),
            MimePart::new("application/tlsrpt+gzip", self.compressed()).attachment(name),
        ];
        let subject = format!(
            "Report Domain: {} Submitter: {submitter} Report-ID: <{}@{}>",
            self.domain, self.id, self.hostname
        );
        let mut message = Vec::new();
        MessageBuilder::new()
            .from(Address::new_address(None::<&str>, self.contact.to_string()))
            .to(Address::new_address(None::<&str>, to.to_string()))
            .subject(subject)
            .header("TLS-Report-Domain", Raw::new(self.domain))
            .header("TLS-Report-Submitter", Raw::new(submitter.as_str()))
            .date(Date::new(Timestamp::from(now).as_second()))
            .message_id(format!("{}@{}", self.id, self.hostname))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .body(MimePart::new(report, parts))
            .serialize(&mut message);
        message
    }

    fn begin(&self) -> UnixTime {
        UnixTime::of_day(self.day)
    }

    /// The last second of the day.
    fn end(&self) -> UnixTime {
        UnixTime::of_day(self.day + 1) - Duration::from_secs(1)
    }

    fn compressed(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory cannot fail.
        let _ = encoder.write_all(self.json().to_string().as_bytes());
        encoder.finish().unwrap_or_default()
    }
}

fn time(time: UnixTime) -> String {
    let time = Timestamp::from(time).to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(policy: &str, host: &str, result: &str, count: u64) -> Row {
        let [policy, host, result] = [policy, host, result].map(str::to_owned);
        Row { domain: "sink.test".to_owned(), policy, host, result, count }
    }

    #[test]
    fn records_that_somebody_is_told_by() {
        for (text, expected) in [
            ("v=TLSRPTv1; rua=mailto:a@b.test", true),
            ("v=TLSRPTv1;rua=https://x.test/", true),
            ("v=TLSRPTv1; rua=http://x.test/, mailto:a@b.test", true),
            ("v=TLSRPTv1; rua=http://x.test/", false),
            ("v=TLSRPTv1; rua=mailto:nobody", false),
            ("v=TLSRPTv1; rua=https://", false),
            ("v=TLSRPTv1", false),
            ("v=TLSRPTv2; rua=mailto:a@b.test", false),
        ] {
            assert_eq!(is_record(text), expected, "{text}");
        }
    }

    #[test]
    fn where_to() {
        let to = |texts: &[&str]| {
            let to = report_to(texts.iter().copied());
            to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(to(&["v=TLSRPTv1; rua=mailto:a@b.test"]), "a@b.test");
        let many =
            "v=TLSRPTv1;rua=https://x.test/,mailto:a@b.test, mailto:c@d.test,mailto:e@f.test";
        assert_eq!(to(&["v=spf1 -all", many]), "a@b.test c@d.test");
        assert_eq!(to(&["v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv1; rua=mailto:c@d.test"]), "");
        assert_eq!(to(&["v=TLSRPTv1; rua=mailto:nobody", "x"]), "");
        assert_eq!(to(&["v=TLSRPTv2; rua=mailto:a@b.test"]), "");
    }

    #[test]
    fn what_is_told() {
        let rows = [
            row("sts", "", "", 5),
            row("sts", "mx.sink.test", "certificate-expired", 2),
            row("no-policy-found", "", "", 1),
        ];
        let hostname = Domain::parse("mx.example.org").unwrap();
        let report = Report {
            domain: "sink.test",
            day: 20_000,
            hostname: &hostname,
            contact: &Mailbox::parse("postmaster@example.org").unwrap(),
            id: "0123456789abcdef",
            rows: &rows,
            policy: vec!["version: STSv1".to_owned()],
        };
        let expected = json!({
            "organization-name": "mx.example.org",
            "date-range": {
                "start-datetime": "2024-10-04T00:00:00Z",
                "end-datetime": "2024-10-04T23:59:59Z",
            },
            "contact-info": "postmaster@example.org",
            "report-id": "0123456789abcdef",
            "policies": [
                {
                    "policy": { "policy-type": "no-policy-found", "policy-domain": "sink.test" },
                    "summary": {
                        "total-successful-session-count": 1, "total-failure-session-count": 0
                    },
                    "failure-details": [],
                },
                {
                    "policy": {
                        "policy-type": "sts",
                        "policy-domain": "sink.test",
                        "policy-string": ["version: STSv1"],
                    },
                    "summary": {
                        "total-successful-session-count": 5, "total-failure-session-count": 2
                    },
                    "failure-details": [{
                        "result-type": "certificate-expired",
                        "failed-session-count": 2,
                        "receiving-mx-hostname": "mx.sink.test",
                    }],
                },
            ],
        });
        assert_eq!(report.json(), expected);
        let to = Mailbox::parse("tls@report.test").unwrap();
        let message = report.to_message(&to, UnixTime::new(1_728_086_400));
        let text = String::from_utf8(message).unwrap();
        for part in [
            "From: <postmaster@example.org>\r\n",
            "To: <tls@report.test>\r\n",
            "TLS-Report-Domain: sink.test\r\n",
            "TLS-Report-Submitter: example.org\r\n",
            "report-type=\"tlsrpt\"",
            "application/tlsrpt+gzip",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().all(|line| line.len() <= 998));
    }
}
