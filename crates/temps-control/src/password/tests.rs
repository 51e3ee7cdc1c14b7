use super::*;

fn email() -> EmailAddress {
    "marguerite@example.com".parse().unwrap()
}

fn chosen(text: &str) -> Result<Password, Problem> {
    Password::chosen(&Secret::new(text.to_owned()), &email(), &["temps.localhost"])
}

#[test]
fn r_auth_8_a_bad_password_is_refused_in_words() {
    for (text, says) in [
        ("short", "at least 12 characters"),
        ("password1234", "easy to guess"),
        ("aaaaaaaaaaaa", "easy to guess"),
        ("marguerite12", "easy to guess"),
        ("temps.localhost", "easy to guess"),
        (&"a".repeat(1_025), "longer than 1,024 bytes"),
    ] {
        let problem = chosen(text).err().unwrap_or_else(|| panic!("{text} was accepted"));
        assert!(format!("{problem:?}").contains(says), "{text}: {problem:?}");
    }
    for text in ["correct horse battery staple", "Überraschung am Dienstagmorgen", &"wörter ".repeat(100)] {
        assert!(chosen(text).is_ok(), "{text}");
    }
}

#[tokio::test]
async fn every_character_of_a_long_password_counts_and_spelling_in_unicode_does_not() {
    let passwords = Passwords::new(2);
    let long = format!("{}x", "correct horse battery staple ".repeat(30));
    let hash = passwords.hash(chosen(&long).unwrap()).await.unwrap();
    let verify = async |text: &str| {
        passwords.verify(Password::typed(&Secret::new(text.to_owned())).unwrap(), Some(hash.clone())).await.unwrap()
    };
    assert!(verify(&long).await);
    assert!(!verify(&long[..long.len() - 1]).await);
    let composed = passwords.hash(chosen("Überraschung am Dienstag").unwrap()).await.unwrap();
    let decomposed = Password::typed(&Secret::new("U\u{308}berraschung am Dienstag".to_owned())).unwrap();
    assert!(passwords.verify(decomposed, Some(composed)).await.unwrap());
}

#[tokio::test]
async fn without_a_hash_nothing_is_right() {
    let passwords = Passwords::new(1);
    assert!(!passwords.verify(chosen("correct horse battery staple").unwrap(), None).await.unwrap());
}

#[tokio::test]
async fn r_auth_13_a_flood_of_logins_is_bounded_and_answered_429() {
    let passwords = Passwords::new(1);
    let attempts = (0..200).map(|_| passwords.verify(Password::typed(&Secret::new("x".to_owned())).unwrap(), None));
    let answers = futures_util::future::join_all(attempts).await;
    let refused = answers
        .iter()
        .filter(|answer| answer.as_ref().is_err_and(|problem| problem.status() == StatusCode::TOO_MANY_REQUESTS))
        .count();
    assert_eq!(refused, 200 - 1 - QUEUE);
    assert_eq!(passwords.admitted.load(Ordering::Relaxed), 0, "every place was given back");
}
