use crate::support::onward::Onward;

const ALICE: &str = "alice@sender.test";
const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

#[test]
fn forward_and_reverse_at_any_time() {
    let onward = Onward::builder().domain("example.org").build();
    let rewritten = onward.srs_forward_at(ALICE, NOW);
    let reverse =
        |address: &str, at: u64| onward.cli(&["srs", "reverse", address, "--at", &at.to_string()]);
    for days in [0, 1, 20] {
        let reversed = reverse(&rewritten, NOW + days * DAY);
        assert_eq!((reversed.code, reversed.stdout.as_str()), (Some(0), "alice@sender.test\n"));
    }
    // The time stamp comes round every 1024 days.
    let reversed = reverse(&rewritten, NOW + 1024 * DAY);
    assert_eq!(reversed.code, Some(0));

    let forged = rewritten.replace("alice@", "mallory@");
    let elsewhere = rewritten.replace("@example.org", "@elsewhere.test");
    for (address, at, why) in [
        (rewritten.as_str(), NOW + 23 * DAY, "expired"),
        (&forged, NOW, ""),
        (&elsewhere, NOW, "example.org"),
        ("SRS0=nonsense@example.org", NOW, ""),
        (ALICE, NOW, ""),
        ("not an address", NOW, ""),
    ] {
        let refused = reverse(address, at);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{address}");
        assert_eq!(refused.stderr.lines().count(), 1, "one line says why: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{address}: {}", refused.stderr);
    }
}

#[test]
fn forward_leaves_alone_what_needs_no_rewriting() {
    let onward = Onward::builder()
        .domain("example.org")
        .config("srs.exempt_domains = [\"partner.test\"]")
        .build();
    for address in ["me@example.org", "carl@partner.test", "<>"] {
        assert_eq!(onward.srs_forward(address), address);
    }
    assert_eq!(onward.cli(&["srs", "forward", "no address"]).code, Some(1));
    assert_eq!(onward.cli(&["srs", "forward"]).code, Some(2));
}
