//! Runs the program: messages arrive although the receiver fails at first.

use std::process::Command;

use testkit::within;

#[test]
fn messages_arrive_at_the_third_attempt() {
    within(|| {
        let output = Command::new(env!("CARGO_BIN_EXE_bridge-courier"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains("first, attempt 3: received 6 bytes"),
            "{text}"
        );
        assert!(
            text.contains("third, attempt 1: received 6 bytes"),
            "{text}"
        );
        assert!(text.ends_with("3 messages have arrived\n"), "{text}");
    });
}
