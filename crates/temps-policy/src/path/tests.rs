use proptest::prelude::*;

use super::*;

#[test]
fn r_edge_8_what_programs_read_differently_is_refused() {
    use PathError::*;
    for (target, error) in [
        ("", NotAbsolute),
        ("a", NotAbsolute),
        ("*", NotAbsolute),
        ("http://a/b", NotAbsolute),
        ("/a/../b", DotSegment),
        ("/a/..", DotSegment),
        ("/./a", DotSegment),
        ("/%2e%2e/a", DotSegment),
        ("/%2E./a", DotSegment),
        ("/.%2e", DotSegment),
        ("/..;x/a", DotSegment),
        ("/a%2Fb", Separator),
        ("/a%2fb", Separator),
        ("/a\\b", Separator),
        ("/a%5cb", Separator),
        ("/a%5C..%5Cb", Separator),
        ("/a%00b", Control),
        ("/a%0d%0ab", Control),
        ("/a%7f", Control),
        ("/%c2%80", Control),
        ("/a%", Escape),
        ("/a%2", Escape),
        ("/a%zz", Escape),
        ("/%c0%af", NotUtf8),
        ("/%c0%ae%c0%ae/", NotUtf8),
        ("/%ed%a0%80", NotUtf8),
        ("/%ff", NotUtf8),
        ("/%e4", NotUtf8),
        ("/a?b c", Control),
    ] {
        assert_eq!(NormalPath::parse(target), Err(error), "{target}");
    }
}

#[test]
fn r_edge_8_equal_paths_have_one_spelling() {
    for (target, normal) in [
        ("/", "/"),
        ("/a//b", "/a//b"),
        ("/a;x=1/b", "/a;x=1/b"),
        ("/%61%2d%7E", "/a-~"),
        ("/%3a%3B", "/%3A%3B"),
        ("/ä", "/%C3%A4"),
        ("/%c3%a4", "/%C3%A4"),
        ("/a|b^", "/a%7Cb%5E"),
        ("/A/b", "/A/b"),
        ("/a...b/...", "/a...b/..."),
        ("/a%20b?q=%2e%2F&x=/../", "/a%20b?q=%2e%2F&x=/../"),
    ] {
        assert_eq!(NormalPath::parse(target).unwrap().path_and_query(), normal, "{target}");
    }
}

#[test]
fn the_query_is_apart_from_the_path() {
    let path = NormalPath::parse("/a%20b?c=d?e").unwrap();
    assert_eq!((path.path(), path.query(), path.decoded().as_str()), ("/a%20b", Some("c=d?e"), "/a b"));
    assert_eq!(NormalPath::parse("/a?").unwrap().query(), Some(""));
    assert_eq!(NormalPath::parse("/a").unwrap().query(), None);
}

proptest! {
    /// What the application reads from the forwarded text is what the rules were asked about: reading it again changes nothing.
    #[test]
    fn r_edge_8_the_normal_form_is_a_fixed_point(target in "/([a-zA-Z0-9./%;\\\\ä~-]|%[0-9a-fA-F]{2}){0,24}(\\?[a-z%=&]{0,8})?") {
        if let Ok(path) = NormalPath::parse(&target) {
            let again = NormalPath::parse(path.path_and_query()).unwrap();
            prop_assert_eq!(&again, &path);
            let decoded = path.decoded();
            prop_assert!(!decoded.split('/').any(|segment| segment == ".." || segment == "."));
            prop_assert_eq!(decoded.matches('/').count(), path.path().matches('/').count());
        }
    }
}
