use super::*;
use proptest::prelude::*;

/// Yields its bytes in pieces of the given sizes.
struct Pieces<'a>(&'a [u8], Vec<usize>, usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let wanted = self.1[self.2 % self.1.len()].max(1);
        self.2 += 1;
        let count = wanted.min(buffer.len()).min(self.0.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// The members of a document's root, or how it failed.
fn walk(input: impl Read) -> Result<Vec<(String, String)>> {
    let mut window = Window::new(input);
    let mut members = Vec::new();
    if !window.enter(b'{')? {
        return Err(window.unexpected("an object"));
    }
    let mut first = true;
    loop {
        window.keep();
        let Some(key) = window.next_member(first)? else {
            break;
        };
        first = false;
        window.peek()?;
        let start = window.mark();
        window.skip_value(1)?;
        let value = start..window.mark();
        let text = |range| String::from_utf8_lossy(window.slice(range)).into_owned();
        members.push((text(&key), text(&value)));
        window.release();
    }
    Ok(members)
}

#[test]
fn values_are_told_apart_without_being_parsed() {
    let members =
        walk(&br#" { "a" : [1, {"b":"]}\"\\"}] , "c":-1.5e+3,"d":"","e":null } "#[..]).unwrap();
    let values: Vec<_> = members.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        values,
        [r#"[1, {"b":"]}\"\\"}]"#, "-1.5e+3", "\"\"", "null"]
    );
}

#[test]
fn errors_name_the_byte_and_the_line() {
    let error = walk(&b"{\n\"a\": [1, 2}"[..]).unwrap_err().to_string();
    assert!(error.contains("byte 12 (line 2)"), "{error}");
    let error = walk(&b"{\n\"a\": [1, \"x"[..]).unwrap_err().to_string();
    assert!(
        error.contains("cut off") && error.contains("byte 13"),
        "{error}"
    );
    for wrong in [
        "{\"a\" 1}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,}",
        "[",
        "{\"a\":[<]}",
    ] {
        assert!(walk(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(walk(nested(127).as_bytes()).is_ok());
    let error = walk(nested(128).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("128 levels"), "{error}");
    assert!(walk(nested(1_000_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn the_way_bytes_arrive_changes_nothing(
        bytes in proptest::collection::vec(
            proptest::sample::select(br#"{}[]",:\ 1atrue"#.to_vec()), 0..60),
        sizes in proptest::collection::vec(1usize..9, 1..5),
    ) {
        let whole = walk(&bytes[..]).map_err(|error| error.to_string());
        let pieces = walk(Pieces(&bytes, sizes, 0)).map_err(|error| error.to_string());
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn what_serde_reads_is_split_alike(text in "\\{(\"[a-c\\\\\"]{1,3}\":(1|\"x\\\\\\\\\"|\\[\\]|\\{\"q\":2\\}),?){0,4}\\}") {
        if let Ok(serde_json::Value::Object(object)) = serde_json::from_str(&text) {
            let members = walk(text.as_bytes()).unwrap();
            for (key, value) in members {
                let key: String = serde_json::from_str(&key).unwrap();
                prop_assert!(object.contains_key(&key));
                prop_assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok());
            }
        }
    }
}
