//! Runs the program: messages arrive although the receiver fails at first.

use testkit::program::{run, within};

#[test]
fn messages_arrive_at_the_third_attempt() {
    within(|| {
        let text = run(env!("CARGO_BIN_EXE_bridge-courier"), &[]).success();
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
