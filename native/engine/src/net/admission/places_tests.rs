use super::*;

fn places(unvalidated: usize, validated: usize, validated_each: usize) -> Places {
    Places::new(Limits {
        unvalidated,
        validated,
        validated_each,
    })
}

/// One network for each number.
fn group(number: u32) -> Group {
    Group::of(IpAddr::V4((0x0a00_0000 + number).into()))
}

fn displaces(id: u32) -> Verdict {
    Verdict::Displaces { id, silently: false }
}

#[test]
fn h5_one_address_cannot_take_all_places_and_a_place_comes_back() {
    let mut places = places(2, 4, 2);
    let (one, two) = (group(1), group(2));
    assert_eq!(places.arrive(1, one, true), Verdict::Admitted);
    assert_eq!(places.arrive(2, one, true), Verdict::Admitted);
    assert_eq!(places.arrive(3, one, true), Verdict::Refused);
    assert_eq!(places.arrive(4, one, false), Verdict::Refused, "before its handshake");
    assert_eq!(places.arrive(5, two, true), Verdict::Admitted);
    places.leave(1);
    assert_eq!(places.arrive(6, one, true), Verdict::Admitted);
}

#[test]
fn h5_a_dialer_that_completes_its_handshake_counts_for_its_address() {
    let mut places = places(4, 4, 2);
    for id in 1..=3 {
        assert_eq!(places.arrive(id, group(1), false), Verdict::Admitted);
    }
    assert_eq!(places.validate(1), Verdict::Admitted);
    assert_eq!(places.validate(1), Verdict::Admitted, "once is enough");
    assert_eq!(places.validate(2), Verdict::Admitted);
    assert_eq!(places.validate(3), displaces(3));
    places.leave(3);
    places.leave(2);
    assert_eq!(places.arrive(4, group(1), true), Verdict::Admitted);
}

#[test]
fn t4_unvalidated_dialers_displace_their_oldest_and_never_a_validated_one() {
    let mut places = places(2, 2, 2);
    assert_eq!(places.arrive(1, group(1), true), Verdict::Admitted);
    assert_eq!(places.arrive(2, group(2), true), Verdict::Admitted);
    let mut displaced = Vec::new();
    for id in 10..1000 {
        match places.arrive(id, group(id), false) {
            Verdict::Admitted => {}
            Verdict::Displaces { id, .. } => displaced.push(id),
            Verdict::Refused => panic!("{id} is refused"),
        }
    }
    assert_eq!(displaced, (10..998).collect::<Vec<_>>());
    assert_eq!(
        places.validate(10),
        Verdict::Admitted,
        "a displaced one has nothing to lose"
    );
    assert_eq!(places.validated.len(), 2, "and gets no place");
    assert_eq!([places.validate(1), places.validate(2)], [Verdict::Admitted; 2]);
}

#[test]
fn t4_made_up_datagrams_from_an_honest_address_do_not_use_up_its_places() {
    let mut places = places(16, 64, 8);
    for id in 1..=1000 {
        if let Verdict::Displaces { id, .. } = places.arrive(id, group(7), false) {
            places.leave(id);
        }
    }
    assert_eq!(places.arrive(2000, group(7), true), Verdict::Admitted);
    assert_eq!(places.arrive(2001, group(7), false), displaces(985));
    assert_eq!(places.validate(2001), Verdict::Admitted);
}

#[test]
fn t4_a_newcomer_displaces_the_oldest_of_the_network_that_holds_most() {
    let mut places = places(2, 5, 3);
    // The honest dialer is the oldest of all.
    places.arrive(1, group(1), true);
    for (id, network) in [(2, 2), (3, 3), (4, 2), (5, 3)] {
        assert_eq!(places.arrive(id, group(network), true), Verdict::Admitted);
    }
    assert_eq!(
        places.arrive(6, group(2), true),
        displaces(2),
        "networks 2 and 3 hold most"
    );
    assert_eq!(places.arrive(7, group(3), true), displaces(3));
    assert_eq!(places.arrive(8, group(4), true), displaces(4));
    assert_eq!(places.validate(1), Verdict::Admitted, "it still has its place");
    places.leave(1);
    assert_eq!(places.arrive(9, group(5), true), Verdict::Admitted);
}

#[test]
fn t4_of_single_dialers_the_oldest_is_displaced_and_never_the_newcomer() {
    let mut single = places(2, 2, 2);
    single.arrive(1, group(1), true);
    single.arrive(2, group(2), true);
    assert_eq!(single.arrive(3, group(3), true), displaces(1));
    let mut own = places(2, 1, 2);
    own.arrive(1, group(1), true);
    assert_eq!(own.arrive(2, group(1), true), displaces(1));
}

#[test]
fn t4_displaced_connections_are_bounded_too() {
    let mut places = places(1, 3, 1);
    places.arrive(1, group(1), false);
    let silent = |places: &mut Places, id: u32| match places.arrive(id, group(id), false) {
        Verdict::Displaces { silently, .. } => silently,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        [2, 3, 4, 5].map(|id| silent(&mut places, id)),
        [false, false, false, true]
    );
    places.leave(1);
    places.leave(2);
    assert!(!silent(&mut places, 6), "their ends make room for farewells");
}

#[test]
fn addresses_of_one_ipv6_network_count_as_one() {
    let of = |text: &str| Group::of(text.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
}
