//! The one number of an RSA key that OpenSSH's format leaves out and ring wants; this module must not sign.

#![deny(clippy::disallowed_methods)]

/// `d mod (prime - 1)`, big-endian and without leading zeros; none when the prime is none.
///
/// Bit by bit: a few thousand steps, once a run, on the user's own key.
pub(super) fn exponent(d: &[u8], prime: &[u8]) -> Option<Vec<u8>> {
    let mut modulus: Vec<u8> = prime.iter().copied().skip_while(|&byte| byte == 0).collect();
    let last = modulus.last_mut().filter(|last| **last & 1 == 1)?;
    *last -= 1;
    // One byte more, so that doubling never overflows.
    modulus.insert(0, 0);
    let mut rest = vec![0; modulus.len()];
    for bit in d.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
        double(&mut rest, bit);
        if rest >= modulus {
            subtract(&mut rest, &modulus);
        }
    }
    Some(rest.into_iter().skip_while(|&byte| byte == 0).collect())
}

/// Doubles a number and adds a bit.
fn double(number: &mut [u8], bit: u8) {
    let mut carry = bit;
    for byte in number.iter_mut().rev() {
        let next = *byte >> 7;
        *byte = *byte << 1 | carry;
        carry = next;
    }
}

/// Takes a number from one of the same length that isn't smaller.
fn subtract(number: &mut [u8], less: &[u8]) {
    let mut borrow = false;
    for (byte, less) in number.iter_mut().zip(less).rev() {
        let (once, first) = byte.overflowing_sub(*less);
        let (twice, second) = once.overflowing_sub(u8::from(borrow));
        *byte = twice;
        borrow = first || second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_remainder() {
        let bytes = |number: u64| number.to_be_bytes().to_vec();
        for (d, prime) in [(2753_u64, 61_u64), (2753, 53), (0xffff_ffff_ffff, 0xffff_fffb), (5, 0xff01)] {
            let expected: Vec<u8> = bytes(d % (prime - 1)).into_iter().skip_while(|&byte| byte == 0).collect();
            assert_eq!(exponent(&bytes(d), &bytes(prime)), Some(expected), "{d} {prime}");
        }
        assert_eq!(exponent(&[3], &[]), None);
        assert_eq!(exponent(&[3], &[8]), None);
    }
}
