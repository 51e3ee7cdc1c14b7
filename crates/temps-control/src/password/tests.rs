use temps_model::EmailAddress;
use temps_testkit::TestDatabase;

use super::{
    policy::{Strength, judge},
    *,
};
use crate::testing;

fn judged(text: &str) -> Strength {
    let email: EmailAddress = "marguerite@example.com".parse().unwrap();
    judge(text, 12, &["temps.localhost", email.as_str(), "Lea Martin"])
}

fn typed(text: &str) -> Password {
    Password::typed(&Secret::new(text.to_owned())).unwrap()
}

async fn passwords(parallel: usize) -> (Passwords, TestDatabase) {
    let database = TestDatabase::sqlite();
    let pepper = testing::pepper(&database).await;
    (Passwords::new(parallel, &pepper), database)
}

#[test]
fn r_auth_8_a_bad_password_is_refused_in_words() {
    for (text, says) in [
        ("short", "at least 12 characters"),
        ("password1234", "easy to guess"),
        ("aaaaaaaaaaaa", "easy to guess"),
        ("marguerite12", "built of your name"),
        ("temps.localhost", "built of your name"),
        ("leamartin123", "built of your name"),
        ("Lea-Martin-2026!", "built of your name"),
        (&"a".repeat(1_025), "longer than 1,024 bytes"),
    ] {
        let judged = judged(text);
        assert!(judged.refused.as_ref().is_some_and(|why| why.contains(says)), "{text}: {judged:?}");
        assert!(judged.score < 3, "{text}: {judged:?}");
    }
    for text in [
        "correct horse battery staple",
        "Überraschung am Dienstagmorgen",
        "lea eats seventeen purple umbrellas",
        &"wörter ".repeat(100),
    ] {
        assert_eq!(judged(text).refused, None, "{text}");
    }
}

#[tokio::test]
async fn every_character_of_a_long_password_counts_and_spelling_in_unicode_does_not() {
    let (passwords, _database) = passwords(2).await;
    let long = format!("{}x", "correct horse battery staple ".repeat(30));
    let hash = passwords.hash(typed(&long)).await.unwrap();
    let guess = Guess::for_test();
    let verify = async |text: &str| passwords.verify(typed(text), Some(hash.clone()), &guess).await.unwrap();
    assert_eq!(verify(&long).await, Verified::Right);
    assert_eq!(verify(&long[..long.len() - 1]).await, Verified::Wrong);
    let composed = passwords.hash(typed("Überraschung am Dienstag")).await.unwrap();
    let decomposed = typed("U\u{308}berraschung am Dienstag");
    assert_eq!(passwords.verify(decomposed, Some(composed), &guess).await.unwrap(), Verified::Right);
}

#[tokio::test]
async fn a_hash_from_before_the_pepper_or_with_weaker_parameters_is_right_and_outdated() {
    let (passwords, _database) = passwords(1).await;
    let verify = async |hash: String| {
        passwords
            .verify(typed("correct horse battery staple"), Some(Secret::new(hash)), &Guess::for_test())
            .await
            .unwrap()
    };
    let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
    let same = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, 1, None).unwrap());
    for argon2 in [weaker, same] {
        let hash = argon2.hash_password(b"correct horse battery staple").unwrap().to_string();
        assert_eq!(verify(hash).await, Verified::RightButOutdated);
    }
    let hash = passwords.hash(typed("correct horse battery staple")).await.unwrap();
    let without_pepper = hash.expose().replace(",keyid=cGVwcGVy", "");
    assert_ne!(&without_pepper, hash.expose(), "{}", hash.expose());
    assert_eq!(verify(without_pepper).await, Verified::Wrong, "the pepper is part of the hash");
    for broken in ["", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$AA$AA", "x"] {
        assert_eq!(verify(broken.to_owned()).await, Verified::Wrong, "{broken}");
    }
}

#[tokio::test]
async fn without_a_hash_nothing_is_right() {
    let (passwords, _database) = passwords(1).await;
    let verified = passwords.verify(typed("correct horse battery staple"), None, &Guess::for_test()).await.unwrap();
    assert_eq!(verified, Verified::Wrong);
}

#[tokio::test]
async fn r_auth_13_a_flood_of_logins_is_bounded_and_answered_429() {
    let (passwords, _database) = passwords(1).await;
    let guess = Guess::for_test();
    let attempts = (0..200).map(|_| passwords.verify(typed("x"), None, &guess));
    let answers = futures_util::future::join_all(attempts).await;
    let refused = answers
        .iter()
        .filter(|answer| answer.as_ref().is_err_and(|problem| problem.status() == StatusCode::TOO_MANY_REQUESTS))
        .count();
    assert_eq!(refused, 200 - 1 - QUEUE);
    assert_eq!(passwords.admitted.load(Ordering::Relaxed), 0, "every place was given back");
}
