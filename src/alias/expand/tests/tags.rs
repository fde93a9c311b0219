//! What becomes of a `+tag`.

use super::*;

#[test]
fn a_tag_goes_down_the_chain_as_far_as_it_is_kept() {
    let aliases = "hello@x.test a@y.test b+own@y.test team@z.test
        team@z.test c@y.test
        hello+exact@x.test d@y.test
        plain@x.test e@y.test keep=false
        via@x.test plain@x.test
        /^r-(.)\\+?.*@x\\.test$/ $1@y.test
        *@z.test f@y.test
        postmaster: p@y.test";
    let kept = format!("keep_tag\n{aliases}");
    for (recipient, without, with) in [
        ("hello@x.test", "a@y.test b+own@y.test c@y.test", "a@y.test b+own@y.test c@y.test"),
        ("Hello+T@x.test", "a@y.test b+own@y.test c@y.test", "a+T@y.test b+own@y.test c+T@y.test"),
        ("hello+exact@x.test", "d@y.test", "d@y.test"),
        ("plain+t@x.test", "e@y.test", "e@y.test"),
        ("via+t@x.test", "e@y.test", "e@y.test"),
        ("r-q+t@x.test", "q@y.test", "q@y.test"),
        ("any+t@z.test", "f@y.test", "f@y.test"),
    ] {
        assert_eq!(expanded(aliases, recipient), without, "{recipient}");
        assert_eq!(expanded(&kept, recipient), with, "{recipient}");
    }
    let one = "hello@x.test a@y.test keep=true";
    assert_eq!(expanded(one, "hello+t@x.test"), "a+t@y.test");
}

#[test]
fn tags_that_are_kept_make_no_endless_loop() {
    for aliases in [
        "keep_tag\na@x.test b@x.test\nb@x.test a@x.test",
        "keep_tag\na@x.test a+x@x.test",
        "keep_tag\na@x.test b@x.test\nb+t@x.test a+t@x.test",
    ] {
        assert_eq!(expanded(aliases, "a+t@x.test"), LOOP, "{aliases}");
    }
}
