//! Any lines of a client within a SASL exchange: credentials within bounds or none, after two challenges at most, and
//! nothing of them shows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::sasl::{Exchange, Progress};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let mut progress = Exchange::begin(lines.next().unwrap_or_default());
    for _ in 0..3 {
        match progress {
            Ok(Progress::Challenge(exchange, challenge)) => {
                assert!(challenge.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                let Some(line) = lines.next() else { return };
                progress = exchange.respond(line);
            }
            Ok(Progress::Done(credentials)) => {
                for field in [&credentials.name, &credentials.password] {
                    let field = field.expose();
                    assert!((1..=255).contains(&field.len()) && !field.contains('\0'));
                }
                let shown = "Credentials { name: Secret(..), password: Secret(..) }";
                assert_eq!(format!("{credentials:?}"), shown);
                return;
            }
            Err(_) => return,
        }
    }
    panic!("more than two challenges");
});
