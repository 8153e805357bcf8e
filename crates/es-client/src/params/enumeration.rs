//! The macro that makes an enum of the values that a parameter may have.

/// Defines enums whose members have a name in Rust and a text on the wire.
macro_rules! enumerations {
    ($( $(#[$doc:meta])* $name:ident { $($member:ident $text:literal,)* } )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                $member,
            )*
        }

        impl $name {
            /// The text as it is sent.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $text,)*
                }
            }
        }

        impl AsRef<str> for $name {
            #[inline]
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::params::param::Enumeration for $name {
            #[inline]
            fn text(self) -> &'static str {
                self.as_str()
            }
        }
    )*};
}
