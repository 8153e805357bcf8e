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
            /// Returns the text that is sent.
            #[inline]
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

        impl $crate::params::ToParam for $name {
            #[inline]
            fn to_param(&self) -> $crate::params::ParamValue {
                $crate::params::ParamValue::text(self.as_str())
            }
        }

        impl $crate::params::Param<$name> for $name {}
        impl $crate::params::Param<[$name]> for $name {}
        impl<A> $crate::params::Param<(A, $name)> for $name {}
    )*};
}
