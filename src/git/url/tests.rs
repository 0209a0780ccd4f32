//! Addresses as users write them.

use super::*;
use crate::secret::ExposeSecret as _;

fn url(text: &str) -> GitUrl {
    GitUrl::parse(text).unwrap().0
}

#[test]
fn reads_every_form() {
    let cases = [
        ("https://gitlab.example.com/shop/infra.git", "https://gitlab.example.com/shop/infra.git"),
        ("gitlab.example.com/shop/infra.git", "https://gitlab.example.com/shop/infra.git"),
        ("localhost:3000/shop/infra", "https://localhost:3000/shop/infra"),
        ("http://127.0.0.1:8080/infra.git", "http://127.0.0.1:8080/infra.git"),
        ("git@gitlab.example.com:shop/infra.git", "ssh://git@gitlab.example.com/shop/infra.git"),
        ("gitlab.example.com:shop/infra.git", "ssh://gitlab.example.com/shop/infra.git"),
        ("ssh://git@gitlab.example.com:2222/shop/infra.git", "ssh://git@gitlab.example.com:2222/shop/infra.git"),
        ("file:///srv/git/my%20infra.git", "/srv/git/my infra.git"),
        ("file:///srv/git@home/infra.git", "/srv/git@home/infra.git"),
        ("https://host/%40a/infra.git", "https://host/%40a/infra.git"),
        ("/srv/git/infra.git", "/srv/git/infra.git"),
        ("../infra", "../infra"),
        ("repos/infra.git", "repos/infra.git"),
        ("infra.git", "infra.git"),
    ];
    for (text, shown) in cases {
        assert_eq!(url(text).to_string(), shown, "{text}");
    }
}

#[test]
fn takes_credentials_out() {
    let (url, credentials) = GitUrl::parse("https://oauth2:p%40ss@gitlab.example.com/shop/infra.git").unwrap();
    let credentials = credentials.unwrap();
    assert_eq!(url.to_string(), "https://gitlab.example.com/shop/infra.git");
    assert_eq!((credentials.username.as_str(), credentials.password.expose_secret()), ("oauth2", "p@ss"));
    let (url, credentials) = GitUrl::parse("bot:secret@gitlab.example.com/shop/infra.git").unwrap();
    assert_eq!(url.to_string(), "https://gitlab.example.com/shop/infra.git");
    assert_eq!(credentials.unwrap().password.expose_secret(), "secret");
}

#[test]
fn refuses_what_is_no_repository() {
    let cases = [
        ("", UrlError::Empty),
        ("git://host/x", UrlError::Scheme("git".to_owned())),
        ("https://host/", UrlError::Path),
        ("https://host/x?private_token=a", UrlError::Query),
        ("https://tok/en@host/x", UrlError::At),
        ("https://user:12/en@host/x", UrlError::At),
        ("https://user:1@2/en@host/x", UrlError::At),
        ("https://tok\\en@host/x", UrlError::At),
        ("tok.en/more@host/x", UrlError::At),
        ("ssh://tok/en@host/x", UrlError::At),
        ("ssh://-oProxyCommand=x/y", UrlError::Host),
        ("git@-oProxyCommand=x:y", UrlError::Host),
    ];
    for (text, error) in cases {
        assert_eq!(GitUrl::parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn names_the_repository_briefly() {
    assert_eq!(url("https://h/a/shop/infra.git").short(), "shop/infra");
    assert_eq!(url("git@h:infra.git/").short(), "infra");
    assert_eq!(url("/srv/git/infra.git").short(), "git/infra");
    assert_eq!(url(".").short(), ".");
}
