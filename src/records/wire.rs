//! A cursor over bytes from the wire: big-endian numbers and Kafka's varints. Every step is checked; `None` is "the bytes end
//! first" (or a varint that never ends).

/// The bytes that are still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire<'a>(pub(super) &'a [u8]);

macro_rules! big_endian {
    ($($name:ident: $of:ty),*) => {$(
        #[inline]
        pub(super) fn $name(&mut self) -> Option<$of> {
            let (head, tail) = self.0.split_first_chunk()?;
            self.0 = tail;
            Some(<$of>::from_be_bytes(*head))
        }
    )*};
}

#[expect(clippy::option_option, reason = "malformed and null are two things")]
impl<'a> Wire<'a> {
    big_endian!(i8: i8, i16: i16, i32: i32, u32: u32, i64: i64);

    /// The next `n` bytes.
    #[inline]
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    /// A zig-zag varint of at most five bytes (`org.apache.kafka.common.utils.ByteUtils.readVarint`).
    #[expect(clippy::inline_always, reason = "a call costs as much as the work; every record has seven")]
    #[inline(always)]
    pub(super) fn varint(&mut self) -> Option<i32> {
        // One or two bytes are nearly all that there are.
        match *self.0 {
            [a, ref rest @ ..] if a < 0x80 => {
                self.0 = rest;
                Some(zigzag(u32::from(a)))
            }
            [a, b, ref rest @ ..] if b < 0x80 => {
                self.0 = rest;
                Some(zigzag(u32::from(a & 0x7f) | u32::from(b) << 7))
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Option<i32> {
        crate::model::varint(&mut self.0)
    }

    /// A zig-zag varint of at most ten bytes (`ByteUtils.readVarlong`).
    #[expect(clippy::inline_always, reason = "a call costs as much as the work; every record has seven")]
    #[inline(always)]
    pub(super) fn varlong(&mut self) -> Option<i64> {
        match *self.0 {
            [a, ref rest @ ..] if a < 0x80 => {
                self.0 = rest;
                Some(i64::from(zigzag(u32::from(a))))
            }
            [a, b, ref rest @ ..] if b < 0x80 => {
                self.0 = rest;
                Some(i64::from(zigzag(u32::from(a & 0x7f) | u32::from(b) << 7)))
            }
            _ => self.long_varlong(),
        }
    }

    #[inline(never)]
    fn long_varlong(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..70_u32).step_by(7) {
            let (&byte, tail) = self.0.split_first()?;
            self.0 = tail;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        None
    }

    /// A varint length and so many bytes. As in Java's `DefaultRecord`, any negative length is null. Outer `None`: malformed.
    #[expect(clippy::inline_always, reason = "a call costs as much as the work; every record has seven")]
    #[inline(always)]
    pub(super) fn varint_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match usize::try_from(self.varint()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_negative) => Some(None),
        }
    }

    /// A 32-bit length and so many bytes; any negative length is null, as in Java's `LegacyRecord`.
    pub(super) fn nullable_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match usize::try_from(self.i32()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_negative) => Some(None),
        }
    }
}

#[inline]
fn zigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_their_whole_range() {
        let cases: [(&[u8], Option<i64>); 8] = [
            (&[0], Some(0)),
            (&[1], Some(-1)),
            (&[0x7f], Some(-64)),
            (&[0x80, 1], Some(64)),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], Some(i64::from(i32::MIN))),
            (&[0xfe, 0xff, 0xff, 0xff, 0x0f], Some(i64::from(i32::MAX))),
            (&[0x80], None),
            (&[], None),
        ];
        for (bytes, want) in cases {
            assert_eq!(Wire(bytes).varlong(), want, "{bytes:?}");
            assert_eq!(Wire(bytes).varint().map(i64::from), want, "{bytes:?}");
        }
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Wire(&most).varlong(), Some(i64::MIN));
        assert_eq!(Wire(&[0x80; 11]).varlong(), None);
        assert_eq!(Wire(&[0x80; 11]).varint(), None);
    }

    #[test]
    fn lengths_past_the_end_are_none_and_negative_ones_null() {
        assert_eq!(Wire(&[6, b'a', b'b']).varint_bytes(), None);
        assert_eq!(Wire(&[3]).varint_bytes(), Some(None));
        assert_eq!(Wire(&[0]).varint_bytes(), Some(Some(&[][..])));
        assert_eq!(Wire(&[0x7f, 0xff, 0xff, 0xff, 1]).nullable_bytes(), None);
    }
}
