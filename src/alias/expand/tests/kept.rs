//! Aliases that a store has kept from before they were refused.

use super::*;

#[test]
fn a_kept_alias_that_is_an_open_relay_is_not_followed_and_nothing_is_lost() {
    let later = "451 4.3.5 This address is set up wrongly here, try again later";
    for (regex, destination) in [
        (r"^(.+)=(.+)@x\.test$", "$1@$2"),
        (r"^(.+)@x\.test$", "me@$1"),
        (".*", "a@y.test"),
        (r"^a=b@(x|z)\.test$", "a@y.test"),
    ] {
        let mut aliases = table("a@x.test p@y.test\n*@x.test all@y.test");
        let address = AliasAddress::parse(&format!("/{regex}/")).unwrap();
        let action = Action::forward(&address, ["sound@y.test", destination]).unwrap();
        aliases.patterns.push(Alias::kept(address, action));
        let run = |recipient| {
            let recipient = Mailbox::parse(recipient).unwrap();
            outcome(now(expand(&recipient, &aliases, ExpansionLimits::default())).unwrap())
        };
        assert_eq!(run("a=b@x.test"), later, "{regex}");
        assert_eq!(run("a@x.test"), "p@y.test", "{regex}");
    }
}
